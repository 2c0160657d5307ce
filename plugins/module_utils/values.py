# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the collection as values: resource, change, finding."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .controls import CONTROLS
from .errors import Unread

COMPLIANT, NOT_APPLICABLE, OPEN, FIXED, WHITELISTED, UNKNOWN = (
    "compliant",
    "not_applicable",
    "open",
    "fixed",
    "whitelisted",
    "unknown",
)
# A resource counts once, under the first of these that any of its findings has.
PRECEDENCE = (OPEN, UNKNOWN, FIXED, WHITELISTED, COMPLIANT, NOT_APPLICABLE)
SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True)
class Resource:
    """What a control looks at; arn is its only identity."""

    arn: str
    type: str
    id: str
    name: str
    region: str
    account_id: str


@dataclass(frozen=True)
class Call:
    """One API call as data: product and action as the API names them, params as JSON values.

    partial: why the call can't bring back exactly what was, where it is an undo and that is so.
    """

    product: str
    action: str
    params: dict
    partial: str = ""

    def as_dict(self) -> dict:
        """The call as journals and results show it."""
        shown = {"product": self.product, "action": self.action, "params": self.params}
        return {**shown, "partial": self.partial} if self.partial else shown


@dataclass(frozen=True)
class Change:
    """One writing call on one resource, with the call that undoes it.

    before and after are what a person reads in a diff: lines without a line end.
    needs: ARNs of the resources whose own changes, if any are to be sent, have to be through before this one is.
    """

    resource: Resource
    call: Call
    undo: Call | None
    before: str
    after: str
    needs: tuple[str, ...] = ()

    def as_dict(self) -> dict:
        """The change as results and journals show it."""
        return {**self.call.as_dict(), "undo": self.undo.as_dict() if self.undo else None}


@dataclass(frozen=True)
class Finding:
    """One resource looked at under one control.

    status is COMPLIANT, NOT_APPLICABLE, OPEN or UNKNOWN as the assessment gives it; the run turns OPEN into
    WHITELISTED or FIXED. Every finding but the compliant and not applicable ones is a risk.
    changes are in the order of sending; blocked_by says why they were not or must not be sent. also: ARNs of other
    resources to which closing this one would do what closing them does.
    """

    control: str
    resource: Resource
    status: str
    expected: str = ""
    actual: str = ""
    evidence: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    blocked_by: str | None = None
    severity: str | None = None
    unread: tuple[Unread, ...] = ()
    whitelist: dict | None = None
    also: tuple[str, ...] = ()

    @property
    def is_risk(self) -> bool:
        """It belongs in a report of risks."""
        return self.status not in (COMPLIANT, NOT_APPLICABLE)

    @property
    def closable(self) -> bool:
        """The run may send this finding's changes."""
        return self.status == OPEN and not self.blocked_by and bool(self.changes)

    def because(self, sentence: str) -> Finding:
        """The same finding with one more sentence of evidence."""
        return replace(self, evidence=(*self.evidence, sentence))

    def as_risk(self) -> dict:
        """The risk as results and reports show it."""
        control = CONTROLS[self.control]
        return {
            "control": self.control,
            "title": control["title"]["en"],
            "severity": self.severity or control["severity"],
            "status": self.status,
            "account_id": self.resource.account_id,
            "region": self.resource.region,
            "resource": self.resource.arn,
            "resource_type": self.resource.type,
            "resource_id": self.resource.id,
            "resource_name": self.resource.name,
            "expected": self.expected,
            "actual": self.actual,
            "evidence": [*self.evidence, *(f"not readable: {one}" for one in self.unread)],
            "changes": [change.as_dict() for change in self.changes],
            "blocked_by": self.blocked_by,
            "whitelist": self.whitelist,
            "references": control["references"],
        }


@dataclass(frozen=True)
class Plan:
    """What a run would send: each change once, grouped by resource, in the order of sending."""

    changes: tuple[Change, ...] = field(default=())

    @classmethod
    def of(cls, findings: list[Finding]) -> Plan:
        """The changes of every finding that may be closed; what two findings share is sent once."""
        seen: list[Change] = []
        known: set[str] = set()
        for change in (change for finding in findings if finding.closable for change in finding.changes):
            identity = f"{change.resource.arn} {change.call.as_dict()!r}"
            if identity not in known:
                known.add(identity)
                seen.append(change)
        return cls(tuple(seen))

    def by_resource(self) -> dict[str, list[Change]]:
        """ARN to its changes, in order."""
        groups: dict[str, list[Change]] = {}
        for change in self.changes:
            groups.setdefault(change.resource.arn, []).append(change)
        return groups

    def waves(self) -> list[dict[str, list[Change]]]:
        """The groups of by_resource in the order of sending: each stands in a later wave than those that it needs."""
        waves, left = [], self.by_resource()
        while left:
            ready = {
                arn: changes
                for arn, changes in left.items()
                if not any(need in left and need != arn for change in changes for need in change.needs)
            }
            waves.append(ready or left)
            left = {arn: changes for arn, changes in left.items() if arn not in waves[-1]}
        return waves

    def diff(self) -> list[dict]:
        """Ansible's diff, one entry a resource."""
        return [
            {
                "before_header": arn,
                "after_header": arn,
                "before": "".join(f"{change.before}\n" for change in changes if change.before),
                "after": "".join(f"{change.after}\n" for change in changes if change.after),
            }
            for arn, changes in self.by_resource().items()
        ]


def summarise(findings: list[Finding]) -> dict[str, int]:
    """Counts of resources: how many were examined, and how many of them stand at each status."""
    standing: dict[str, str] = {}
    for finding in findings:
        arn = finding.resource.arn
        standing[arn] = min(standing.get(arn, NOT_APPLICABLE), finding.status, key=PRECEDENCE.index)
    counts = dict.fromkeys(("examined", COMPLIANT, OPEN, FIXED, WHITELISTED, UNKNOWN, NOT_APPLICABLE), 0)
    counts["examined"] = len(standing)
    for status in standing.values():
        counts[status] += 1
    return counts
