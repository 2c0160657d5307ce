# SPDX-License-Identifier: GPL-3.0-or-later
"""Accepted risks: each with a reason, an owner and a date after which it counts no longer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase

from .controls import CONTROLS
from .errors import OptionError
from .values import OPEN, UNKNOWN, WHITELISTED, Finding

SPEC = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "control": {"type": "str", "required": True},
        "resource": {"type": "str", "required": True},
        "reason": {"type": "str", "required": True},
        "expires": {"type": "str", "required": True},
        "owner": {"type": "str", "required": True},
        "scope": {"type": "str", "choices": ["instance", "item"], "default": "instance"},
    },
}


@dataclass(frozen=True)
class Entry:
    """One accepted risk; resource is a shell pattern over ARN, id or name; expires is its last day (UTC).

    scope matters to Security Center's whitelist alone: item stands for all of a check item, what is to come included.
    """

    control: str
    resource: str
    reason: str
    expires: date
    owner: str
    scope: str = "instance"

    def covers(self, finding: Finding) -> bool:
        """It speaks of this finding, whatever its date."""
        resource = finding.resource
        return self.control == finding.control and any(
            fnmatchcase(known, self.resource) for known in (resource.arn, resource.id, resource.name)
        )

    def as_dict(self) -> dict:
        """The entry as a risk shows it."""
        return {"reason": self.reason, "owner": self.owner, "expires": self.expires.isoformat()}


def parse(raw: list[dict]) -> list[Entry]:
    """The option whitelist as entries; OptionError names the first entry that is not usable, by its place."""
    return [_entry(place, item) for place, item in enumerate(raw, start=1)]


def _entry(place: int, item: dict) -> Entry:
    where = f"whitelist entry {place} ({item.get('control')} on {item.get('resource')})"
    for key in ("control", "resource", "reason", "owner"):
        if not str(item.get(key) or "").strip():
            raise OptionError(
                f"{where} has no {key}: every accepted risk needs control, resource, reason, expires and owner."
            )
    try:
        expires = date.fromisoformat(str(item["expires"]))
    except ValueError:
        raise OptionError(f"{where} has the expiry date {item['expires']!r}: write it as YYYY-MM-DD.") from None
    scope = item.get("scope") or "instance"
    if scope == "item" and item["resource"] != "*":
        raise OptionError(
            f"{where} has the scope item, which accepts what is to come as well: its resource must be '*'."
        )
    return Entry(item["control"], item["resource"], item["reason"], expires, item["owner"], scope)


def accept(findings: list[Finding], entries: list[Entry], today: date) -> list[Finding]:
    """The findings with the accepted ones marked; an expired entry leaves its risk open and says so."""
    return [_accept(finding, entries, today) if finding.status == OPEN else finding for finding in findings]


def _accept(finding: Finding, entries: list[Entry], today: date) -> Finding:
    for entry in sorted(entries, key=lambda entry: entry.expires, reverse=True):
        if not entry.covers(finding):
            continue
        if entry.expires >= today:
            return replace(finding, status=WHITELISTED, whitelist=entry.as_dict())
        return finding.because(
            f"its whitelist entry expired on {entry.expires.isoformat()} (reason: {entry.reason}; owner: {entry.owner})"
        )
    return finding


def idle(entries: list[Entry], findings: list[Finding], module: str) -> list[str]:
    """One warning for each entry of this module's controls, or of no known control, that fits nothing here.

    While anything is unknown, no entry is called idle: it may be for just that.
    """
    whole = not any(finding.status == UNKNOWN for finding in findings)
    warnings = []
    for entry in entries:
        control = CONTROLS.get(entry.control)
        if control is None:
            warnings.append(
                f"whitelist: there is no control {entry.control!r}; the entry for {entry.resource} has no effect."
            )
        elif control["module"] == module and whole and not any(entry.covers(one) and one.is_risk for one in findings):
            warnings.append(
                f"whitelist: the entry for {entry.control} on {entry.resource} matches no risk; is it still needed?"
            )
    return warnings
