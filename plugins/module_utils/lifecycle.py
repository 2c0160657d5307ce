# SPDX-License-Identifier: GPL-3.0-or-later
"""OSS lifecycle documents: whether old versions expire, and the same document with a rule that makes them.

PutBucketLifecycle replaces the whole document, so what is there is kept element by element, known here or not.
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

RULE = "hardening-noncurrent-versions"


def bounded(document: str | None, days: int) -> bool:
    """Some enabled rule for the whole bucket deletes versions so many days after they were replaced, or sooner."""
    return any(_days(rule) <= days for rule in _whole_bucket_rules(_parse(document)))


def with_bound(document: str | None, days: int) -> str:
    """The document with a rule that bounds the age of old versions.

    A rule for the whole bucket that already expires them, only later, gets the fewer days: a second one beside it
    would overlap. Otherwise a rule of our own is added, in place of an earlier one of ours. A document that is in
    bounds already stays as it is.
    """
    root = _parse(document)
    if bounded(document, days):
        return ElementTree.tostring(root, encoding="unicode")
    later = [rule for rule in _whole_bucket_rules(root) if rule.findtext("ID") != RULE]
    if later:
        for rule in later:
            rule.find("NoncurrentVersionExpiration/NoncurrentDays").text = str(days)
    else:
        for rule in [rule for rule in root.iterfind("Rule") if rule.findtext("ID") == RULE]:
            root.remove(rule)
        root.append(_rule(days))
    return ElementTree.tostring(root, encoding="unicode")


def _parse(document: str | None) -> Element:
    return ElementTree.fromstring(document) if document else Element("LifecycleConfiguration")


def _whole_bucket_rules(root: Element) -> list[Element]:
    """The enabled rules that expire old versions and are narrowed by no prefix, tag or filter."""
    return [
        rule
        for rule in root.iterfind("Rule")
        if rule.findtext("Status") == "Enabled"
        and not (rule.findtext("Prefix") or "").strip()
        and rule.find("Tag") is None
        and rule.find("Filter") is None
        and (rule.findtext("NoncurrentVersionExpiration/NoncurrentDays") or "").strip().isdecimal()
    ]


def _days(rule: Element) -> int:
    return int(rule.findtext("NoncurrentVersionExpiration/NoncurrentDays"))


def _rule(days: int) -> Element:
    rule = Element("Rule")
    for name, text in (("ID", RULE), ("Prefix", ""), ("Status", "Enabled")):
        SubElement(rule, name).text = text
    SubElement(SubElement(rule, "NoncurrentVersionExpiration"), "NoncurrentDays").text = str(days)
    return rule
