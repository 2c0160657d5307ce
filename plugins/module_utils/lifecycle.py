# SPDX-License-Identifier: GPL-3.0-or-later
"""OSS lifecycle documents: whether old versions expire, and the same document with a rule that makes them.

PutBucketLifecycle replaces the whole document, so what is there is kept element by element, known here or not.
"""

from __future__ import annotations

from itertools import chain, count
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

RULE = "hardening-noncurrent-versions"


def bounded(document: str | None, days: int) -> bool:
    """Some enabled rule for the whole bucket deletes versions so many days after they were replaced, or sooner."""
    return any(_days(rule) <= days for rule in _rules(_parse(document)) if _enabled(rule))


def with_bound(document: str | None, days: int) -> str:
    """The document with a rule that bounds the age of old versions.

    A rule for the whole bucket that already expires them, only later, gets the fewer days: a second one beside it
    would overlap. So does a rule of our own that somebody switched off, and is switched on, unless it was made to do
    more than that. Otherwise a rule of our own is added. A document that is in bounds already stays as it is.
    """
    root = _parse(document)
    if bounded(document, days):
        return ElementTree.tostring(root, encoding="unicode")
    rules = _rules(root)
    renewed = [rule for rule in rules if _enabled(rule)] or [rule for rule in rules if _is_ours_switched_off(rule)]
    for rule in renewed:
        rule.find("Status").text = "Enabled"
        rule.find("NoncurrentVersionExpiration/NoncurrentDays").text = str(days)
    if not renewed:
        root.append(_rule(_free_name(root), days))
    return ElementTree.tostring(root, encoding="unicode")


def _parse(document: str | None) -> Element:
    return ElementTree.fromstring(document) if document else Element("LifecycleConfiguration")


def _rules(root: Element) -> list[Element]:
    """The rules, on or off, that expire old versions and are narrowed by no prefix, tag or filter."""
    return [
        rule
        for rule in root.iterfind("Rule")
        if not rule.findtext("Prefix")
        and rule.find("Tag") is None
        and rule.find("Filter") is None
        and (rule.findtext("NoncurrentVersionExpiration/NoncurrentDays") or "").strip().isdecimal()
    ]


def _enabled(rule: Element) -> bool:
    return rule.findtext("Status") == "Enabled"


def _is_ours_switched_off(rule: Element) -> bool:
    """A rule as we add it, but off; what else somebody put into it would be switched on with it."""
    ours = sorted(child.tag for child in _rule(RULE, 1))
    return rule.findtext("ID") == RULE and sorted(child.tag for child in rule) == ours and not _enabled(rule)


def _free_name(root: Element) -> str:
    taken = {rule.findtext("ID") for rule in root.iterfind("Rule")}
    return next(name for name in chain([RULE], (f"{RULE}-{number}" for number in count(2))) if name not in taken)


def _days(rule: Element) -> int:
    return int(rule.findtext("NoncurrentVersionExpiration/NoncurrentDays"))


def _rule(name: str, days: int) -> Element:
    rule = Element("Rule")
    for tag, text in (("ID", name), ("Prefix", ""), ("Status", "Enabled")):
        SubElement(rule, tag).text = text
    SubElement(SubElement(rule, "NoncurrentVersionExpiration"), "NoncurrentDays").text = str(days)
    return rule
