# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the report's formats take from the catalogue of controls, also for a control that it does not know."""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.hardening.alicloud.plugins.module_utils.controls import CONTROLS

FRAMEWORKS = {
    "cis": "CIS",
    "cloud_config": "Cloud Config",
    "nist": "NIST 800-53",
    "iso27001": "ISO 27001",
    "pci": "PCI DSS",
    "soc2": "SOC 2",
}
SUGGESTED = "_suggested"


class Clause(NamedTuple):
    """A framework's name for a control; suggested: it is our own proposal, taken from no published pack."""

    framework: str
    clause: str
    suggested: bool

    @property
    def label(self) -> str:
        """Both names, as people read them."""
        return f"{FRAMEWORKS.get(self.framework, self.framework)} {self.clause}"


def name_of(risk: dict) -> str:
    """What people call the resource of a risk."""
    return risk["resource_name"] or risk["resource_id"] or risk["resource"]


def title(control: str, fallback: str, language: str = "en") -> str:
    """The control's title in that language."""
    titles = CONTROLS.get(control, {}).get("title", {})
    return titles.get(language) or titles.get("en") or fallback


def why(control: str) -> str:
    """Why the control matters, in English; empty where the catalogue does not tell."""
    return CONTROLS.get(control, {}).get("why", "")


def clauses(references: object) -> list[Clause]:
    """Every clause of a control's or risk's references (framework to list of clauses)."""
    if not isinstance(references, dict):
        return []
    return [
        Clause(name.removesuffix(SUGGESTED), str(clause), name.endswith(SUGGESTED))
        for name, found in references.items()
        for clause in (found if isinstance(found, list) else [found])
        if clause not in (None, "")
    ]


def standing(report: dict) -> list[dict]:
    """How each control of the catalogue, and each other one that has a risk, stands after the run.

    status: "failed" (open risks), "unknown" (not all could be read), "accepted" (only whitelisted risks are left),
    "met" (everything was looked at and no risk is left), "not_examined". counts: numbers of risks by status.
    """
    risks = report["risks"]
    found = [*CONTROLS, *dict.fromkeys(risk["control"] for risk in risks if risk["control"] not in CONTROLS)]
    return [_standing(control, [risk for risk in risks if risk["control"] == control], report) for control in found]


def _standing(control: str, risks: list[dict], report: dict) -> dict:
    statuses = [risk["status"] for risk in risks]
    looked = [one["complete"] for one in report["summaries"] if control in one["controls"]]
    if "open" in statuses:
        status = "failed"
    elif "unknown" in statuses or not all(looked):
        status = "unknown"
    elif not looked:
        status = "not_examined"
    else:
        status = "accepted" if "whitelisted" in statuses else "met"
    known = CONTROLS.get(control, {})
    return {
        "control": control,
        "title": risks[0]["title"] if risks else control,
        "severity": known.get("severity") or risks[0]["severity"],
        "status": status,
        "counts": {name: statuses.count(name) for name in ("open", "fixed", "whitelisted", "unknown")},
        "clauses": clauses(known.get("references") or risks[0]["references"] if known or risks else None),
    }
