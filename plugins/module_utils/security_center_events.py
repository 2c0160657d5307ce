# SPDX-License-Identifier: GPL-3.0-or-later
"""What Security Center lists beside its checks: vulnerabilities, alerts, and the attacks that it saw. Reading only.

An alert is never handled from here, whatever its closing would do to the score.
"""

from __future__ import annotations

from datetime import datetime

from .moments import of_milliseconds
from .security_center import SecurityCenter

VULNERABILITY_TYPES = ("cve", "sys", "cms", "app", "emg", "sca")
NECESSITIES = {"asap": "high", "later": "medium", "nntf": "low"}
LEVELS = {"serious": "high", "suspicious": "medium", "remind": "low"}


def vulnerabilities(center: SecurityCenter, kind: str) -> list[dict]:
    """The open vulnerabilities of one type."""
    found = center.pages("DescribeVulList", {"Type": kind, "Dealed": "n", "Lang": "en"}, "VulRecords")
    return [
        {
            "name": entry.get("Name"),
            "title": entry.get("AliasName"),
            "type": entry.get("Type") or kind,
            "severity": NECESSITIES.get(str(entry.get("Necessity")), "medium"),
            "status": entry.get("Status"),
            **_where(entry),
            "last_seen": of_milliseconds(entry.get("LastTs")),
        }
        for entry in found
    ]


def alerts(center: SecurityCenter) -> list[dict]:
    """The alerts that nobody has handled."""
    found = center.pages("DescribeSuspEvents", {"Dealed": "N", "From": "sas", "Lang": "en"}, "SuspEvents")
    return [
        {
            "id": entry.get("Id"),
            "name": entry.get("AlarmEventNameDisplay") or entry.get("AlarmEventName"),
            "type": entry.get("AlarmEventTypeDisplay") or entry.get("AlarmEventType"),
            "severity": LEVELS.get(str(entry.get("Level")), "medium"),
            "level": entry.get("Level"),
            **_where(entry),
            "first_seen": of_milliseconds(entry.get("OccurrenceTimeStamp")),
            "last_seen": of_milliseconds(entry.get("LastTimeStamp")),
        }
        for entry in found
    ]


def attacks(center: SecurityCenter, since: datetime, until: datetime) -> list[dict]:
    """The attacks that were seen within the window, oldest first."""
    window = {"StartTime": int(since.timestamp() * 1000), "EndTime": int(until.timestamp() * 1000), "Lang": "en"}
    found = [
        {
            "id": entry.get("Id"),
            "type": entry.get("AttackType"),
            "type_name": entry.get("AttackTypeName"),
            "count": entry.get("Count"),
            "source": entry.get("SrcIp"),
            "port": _number(entry.get("DstPort")),
            "status": entry.get("Status"),
            **_where(entry),
            "uuid": entry.get("Uuid"),
            "first_seen": of_milliseconds(entry.get("FirstTime")),
            "last_seen": of_milliseconds(entry.get("LatestTime")),
        }
        for entry in center.pages("ListAttackEventInfo", window, "List")
    ]
    return sorted(found, key=lambda event: event["first_seen"] or "")


def _where(entry: dict) -> dict:
    return {
        "instance_id": entry.get("InstanceId"),
        "instance_name": entry.get("InstanceName"),
        "region": entry.get("RegionId"),
        "public_ip": entry.get("InternetIp"),
        "private_ip": entry.get("IntranetIp"),
    }


def _number(value: object) -> object:
    return int(value) if str(value or "").isdigit() else value
