# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as OCSF 1.5.0 Compliance Findings (class 2003) with the cloud profile: a JSON array, one event a risk."""

from __future__ import annotations

import json
from datetime import datetime

from .report_controls import Clause, clauses, name_of, why
from .report_text import spoken

VERSION = "1.5.0"
CLASS = 2003
SEVERITIES = {"low": 2, "medium": 3, "high": 4, "critical": 5}
STATUSES = {"open": (1, "New"), "unknown": (1, "New"), "whitelisted": (3, "Suppressed"), "fixed": (4, "Resolved")}
COMPLIANCE = {"open": (3, "Fail"), "whitelisted": (3, "Fail"), "fixed": (1, "Pass"), "unknown": (0, "Unknown")}
CREATE, UPDATE, CLOSE = (1, "Create"), (2, "Update"), (3, "Close")
TOLD = ("expected", "actual", "evidence", "changes", "blocked_by", "whitelist", "journal")


def as_ocsf(report: dict, language: str = "en") -> str:  # noqa: ARG001  a format for machines
    """Write every risk as an event."""
    return json.dumps([_event(risk, report) for risk in report["risks"]], indent=2, ensure_ascii=False) + "\n"


def _event(risk: dict, report: dict) -> dict:
    activity, activity_name = _activity(risk, report)
    status, status_name = STATUSES[risk["status"]]
    moment = _milliseconds(report["run"]["finished"])
    return {
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": f"Compliance Finding: {activity_name}",
        "time": moment,
        "severity_id": SEVERITIES[risk["severity"]],
        "severity": risk["severity"].capitalize(),
        "status_id": status,
        "status": status_name,
        "message": risk["title"],
        "metadata": _metadata(report),
        "cloud": _cloud(risk),
        "finding_info": {
            "uid": risk["id"],
            "title": risk["title"],
            "desc": why(risk["control"]) or risk["title"],
            "types": ["Cloud configuration"],
            "last_seen_time": moment,
        },
        "compliance": _compliance(risk),
        "resources": [_resource(risk)],
        "remediation": {"desc": f"Set it to: {spoken(risk['expected']) or risk['title']}"},
        "unmapped": {name: risk[name] for name in TOLD},
    }


def _activity(risk: dict, report: dict) -> tuple[int, str]:
    if risk["status"] == "fixed":
        return CLOSE
    return UPDATE if risk["id"] in {*report["still_open"], *report["unconfirmed"]} else CREATE


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


def _metadata(report: dict) -> dict:
    product = {"name": "hardening.alicloud", "vendor_name": "hardening.alicloud"}
    version = report["run"]["collection_version"]
    return {
        "version": VERSION,
        "profiles": ["cloud"],
        "product": {**product, "version": version} if version else product,
        "correlation_uid": report["run"]["id"],
    }


def _cloud(risk: dict) -> dict:
    cloud = {"provider": "Alibaba Cloud"}
    if risk["account_id"]:
        cloud["account"] = {"uid": risk["account_id"], "type": "Alibaba Cloud Account", "type_id": 99}
    return {**cloud, "region": risk["region"]} if risk["region"] else cloud


def _compliance(risk: dict) -> dict:
    found = clauses(risk["references"])
    status, name = COMPLIANCE[risk["status"]]
    detail = spoken(risk["evidence"])
    return {
        "control": risk["control"],
        "standards": list(dict.fromkeys(_standard(one) for one in found)) or ["hardening.alicloud"],
        "requirements": list(dict.fromkeys(one.label for one in found)),
        "status_id": status,
        "status": name,
        **({"status_details": [detail]} if detail else {}),
    }


def _standard(one: Clause) -> str:
    name = one.label.removesuffix(f" {one.clause}")
    return f"{name} (suggested)" if one.suggested else name


def _resource(risk: dict) -> dict:
    resource = {"uid": risk["resource"], "name": name_of(risk)}
    optional = {"type": risk["resource_type"], "region": risk["region"]}
    return {**resource, **{name: value for name, value in optional.items() if value}}
