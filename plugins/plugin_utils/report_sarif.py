# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as SARIF 2.1.0 (OASIS), for code scanning and for what else collects findings.

A risk is a result: open is kind "fail", unknown is kind "open" (SARIF's word for "could not be decided"), fixed is
kind "pass", whitelisted is kind "fail" with an accepted suppression. A resource is a logical location; it is given as
an artifact as well, since code scanning takes no result without one.
"""

from __future__ import annotations

import json
from urllib.parse import quote

from .report_controls import clauses, name_of, why
from .report_text import spoken

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
KINDS = {"open": "fail", "whitelisted": "fail", "fixed": "pass", "unknown": "open"}
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
# How code scanning sorts security rules: critical from 9.0, high from 7.0, medium from 4.0.
WEIGHTS = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
TOLD = ("status", "severity", "account_id", "region", "expected", "actual", "evidence", "changes", "blocked_by")


def as_sarif(report: dict, language: str = "en") -> str:  # noqa: ARG001  a format for machines
    """Write one SARIF log with one run."""
    controls = list(dict.fromkeys(risk["control"] for risk in report["risks"]))
    first = {control: next(risk for risk in report["risks"] if risk["control"] == control) for control in controls}
    run = {
        "tool": {"driver": _driver(report, [_rule(first[control]) for control in controls])},
        "automationDetails": {"id": f"hardening.alicloud/{'+'.join(report['run']['accounts'])}/{report['run']['id']}"},
        "invocations": [_invocation(report)],
        "results": [_result(risk, controls.index(risk["control"]), report) for risk in report["risks"]],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _driver(report: dict, rules: list[dict]) -> dict:
    version = report["run"]["collection_version"]
    return {"name": "hardening.alicloud", **({"version": version} if version else {}), "rules": rules}


def _rule(risk: dict) -> dict:
    text = why(risk["control"]) or risk["title"]
    tags = [f"external/{one.framework}/{one.clause}" for one in clauses(risk["references"]) if not one.suggested]
    return {
        "id": risk["control"],
        "shortDescription": {"text": risk["title"]},
        "fullDescription": {"text": text},
        "help": {"text": text},
        "defaultConfiguration": {"level": LEVELS[risk["severity"]]},
        "properties": {"tags": ["security", *dict.fromkeys(tags)], "security-severity": WEIGHTS[risk["severity"]]},
    }


def _result(risk: dict, rule: int, report: dict) -> dict:
    kind = KINDS[risk["status"]]
    told = {name: risk[name] for name in TOLD}
    return {
        "ruleId": risk["control"],
        "ruleIndex": rule,
        "kind": kind,
        "level": LEVELS[risk["severity"]] if kind == "fail" else "none",
        "message": {"text": _message(risk)},
        "locations": [_location(risk)],
        "partialFingerprints": {"riskId/v1": risk["id"]},
        "suppressions": _suppressions(risk),
        "properties": {**told, "isNew": risk["id"] in report["new"]},
    }


def _message(risk: dict) -> str:
    name = name_of(risk)
    if risk["status"] == "unknown":
        return f"{risk['title']}: {name} could not be judged ({spoken(risk['evidence']) or 'not readable'})."
    was = "was" if risk["status"] == "fixed" else "is"
    return f"{risk['title']}: {name} {was} {spoken(risk['actual']) or '-'}, expected {spoken(risk['expected']) or '-'}."


def _location(risk: dict) -> dict:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(risk["resource"], safe="/").replace("//", "/%2F")},
            "region": {"startLine": 1, "endLine": 1},
        },
        "logicalLocations": [
            {
                "name": name_of(risk),
                "fullyQualifiedName": risk["resource"],
                "kind": "resource",
            }
        ],
    }


def _suppressions(risk: dict) -> list[dict]:
    """An empty list says that suppressions were looked at and there is none."""
    if risk["status"] != "whitelisted":
        return []
    entry = risk["whitelist"] or {}
    properties = {name: entry[name] for name in ("owner", "expires") if entry.get(name)}
    return [
        {
            "kind": "external",
            "status": "accepted",
            "justification": entry.get("reason") or "accepted",
            "properties": properties,
        }
    ]


def _invocation(report: dict) -> dict:
    return {
        "executionSuccessful": not any(error["kind"] == "task" for error in report["errors"]),
        "startTimeUtc": report["run"]["started"],
        "endTimeUtc": report["run"]["finished"],
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": _notice(error)}} for error in report["errors"]
        ],
    }


def _notice(error: dict) -> str:
    parts = (error["host"], error["module"], error["what"], error["action"], error["code"], error["message"])
    return ": ".join(part for part in parts if part)
