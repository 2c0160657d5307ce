# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that a lifecycle document must keep. Sources: OSS API reference, PutBucketLifecycle; EC pages 0014-…"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from simulator.errors import ApiError
from simulator.wires import xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_RULES = 1000
LONGEST_ID = 255
ELEMENTS = {
    "ID",
    "Prefix",
    "Status",
    "Expiration",
    "Transition",
    "AbortMultipartUpload",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
    "Tag",
    "Filter",
    "AtimeBase",
}
ACTIONS = {
    "Expiration",
    "Transition",
    "AbortMultipartUpload",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
}
DAYS = {"Days", "NoncurrentDays"}
DATES = {"CreatedBeforeDate", "Date"}


def check(document: str, *, may_overlap: bool = False) -> None:
    """Raise MalformedXML or InvalidArgument for a document that OSS would refuse."""
    rules = xml.parse(document, "LifecycleConfiguration").findall("Rule")
    if not 1 <= len(rules) <= MOST_RULES:
        raise xml.malformed()
    for rule in rules:
        _check_rule(rule)
    ids = Counter(rule.findtext("ID") for rule in rules if rule.findtext("ID"))
    if any(count > 1 for count in ids.values()):
        raise ApiError("InvalidArgument", "Rule ID must be unique.", 400)
    if not may_overlap:
        _refuse_overlap(rules)


def as_kept(document: str) -> str:
    """Give the document as OSS gives it back: oss2 writes Python's `True`, and reads nothing but `true`."""
    return re.sub(r">(True|False)<", lambda match: match[0].lower(), document)


def _check_rule(rule: Element) -> None:
    names = [child.tag for child in rule]
    unknown = set(names) - ELEMENTS
    if unknown or rule.findtext("Status") not in ("Enabled", "Disabled") or names.count("Prefix") > 1:
        raise xml.malformed()
    if len(rule.findtext("ID") or "") > LONGEST_ID or not ACTIONS & set(names):
        raise xml.malformed()
    for action in rule:
        if action.tag in ACTIONS:
            _check_action(action)


def _check_action(action: Element) -> None:
    when = [child for child in action if child.tag in DAYS | DATES | {"ExpiredObjectDeleteMarker"}]
    if len(when) != 1 or (action.tag.startswith("Noncurrent") and when[0].tag != "NoncurrentDays"):
        raise xml.malformed()
    if when[0].tag in DAYS and not ((when[0].text or "").isdigit() and int(when[0].text or "") > 0):
        raise ApiError("InvalidArgument", f"{when[0].tag} must be a positive integer.", 400)
    if action.tag.endswith("Transition") and not action.findtext("StorageClass"):
        raise xml.malformed()


def _refuse_overlap(rules: list[Element]) -> None:
    """Two enabled rules may not do the same to the same objects; rules told apart by tag or filter are let through."""
    seen: list[tuple[str, str]] = []
    for rule in rules:
        if rule.findtext("Status") != "Enabled" or rule.find("Tag") is not None or rule.find("Filter") is not None:
            continue
        prefix = rule.findtext("Prefix") or ""
        done = [
            (name, prefix)
            for name in {child.tag for child in rule} & (ACTIONS - {"Transition", "NoncurrentVersionTransition"})
        ]
        for action, mine in done:
            if any(action == other and (mine.startswith(theirs) or theirs.startswith(mine)) for other, theirs in seen):
                raise ApiError("InvalidArgument", f"Overlap for same action type {action}", 400)
        seen += done
