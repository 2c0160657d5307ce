# SPDX-License-Identifier: GPL-3.0-or-later
"""Security Center's vulnerabilities, alerts, and the attacks that it saw: all of it data of the estate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.parameters import Int, Text

from .sas import LANG, bought, milliseconds, page, paged, sas, section

if TYPE_CHECKING:
    from simulator.call import Call

UNFIXED = 1


@sas.action(
    "DescribeVulList",
    params={
        **paged(default=10),
        **LANG,
        "Type": Text(required=True, choices=("cve", "sys", "cms", "app", "emg", "sca"), error="IllegalParam"),
        "Dealed": Text(choices=("y", "n"), error="IllegalParam"),
    },
)
@bought
def describe_vul_list(call: Call) -> dict[str, Any]:
    """List the vulnerabilities of a type."""
    dealed = call.params.get("Dealed")
    found = [
        each
        for each in section.of(call.account).vulnerabilities
        if each["type"] == call.params["Type"]
        and dealed in (None, "n" if each.get("status", UNFIXED) == UNFIXED else "y")
    ]
    part, info = page(found, call.params)
    numbers = {name: info[name] for name in ("CurrentPage", "PageSize", "TotalCount")}
    return {"VulRecords": [_vulnerability(each) for each in part], **numbers}


def _vulnerability(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": entry["name"],
        "AliasName": entry.get("alias", entry["name"]),
        "Type": entry["type"],
        "Necessity": entry.get("necessity", "later"),
        "Status": entry.get("status", UNFIXED),
        "InstanceId": entry.get("instance_id", ""),
        "InstanceName": entry.get("instance_name", ""),
        "RegionId": entry.get("region", ""),
        "FirstTs": milliseconds(entry["time"]),
        "LastTs": milliseconds(entry["time"]),
    }


@sas.action(
    "DescribeSuspEvents",
    params={
        **paged(),
        **LANG,
        "Dealed": Text(choices=("N", "Y"), error="IllegalParam"),
        "From": Text(choices=("sas",), error="IllegalParam"),
    },
)
@bought
def describe_susp_events(call: Call) -> dict[str, Any]:
    """List alerts."""
    dealed = call.params.get("Dealed")
    found = [each for each in section.of(call.account).alerts if dealed in (None, each.get("dealed", "N"))]
    part, info = page(found, call.params)
    return {"SuspEvents": [_alert(each) for each in part], **info}


def _alert(entry: dict[str, Any]) -> dict[str, Any]:
    moment = datetime.fromtimestamp(milliseconds(entry["time"]) / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "Id": entry["id"],
        "SecurityEventIds": str(entry["id"]),
        "AlarmEventName": entry["name"],
        "AlarmEventNameDisplay": entry["name"],
        "AlarmEventType": entry.get("type", ""),
        "AlarmEventTypeDisplay": entry.get("type", ""),
        "Level": entry["level"],
        "EventStatus": 1 if entry.get("dealed", "N") == "N" else 32,
        "InstanceId": entry.get("instance_id", ""),
        "InstanceName": entry.get("instance_name", ""),
        "InternetIp": entry.get("internet_ip", ""),
        "LastTime": moment,
        "LastTimeStamp": milliseconds(entry["time"]),
        "OccurrenceTime": moment,
        "OccurrenceTimeStamp": milliseconds(entry["time"]),
    }


@sas.action(
    "ListAttackEventInfo",
    params={
        **paged(),
        **LANG,
        "StartTime": Int(0, 2**53),
        "EndTime": Int(0, 2**53),
        "AttackType": Text(),
        "SrcIp": Text(),
        "DstPort": Text(),
        "AttackInstance": Text(),
    },
)
@bought
def list_attack_event_info(call: Call) -> dict[str, Any]:
    """List attacks within a window; both of its ends have to be given."""
    if "StartTime" not in call.params or "EndTime" not in call.params:
        raise ApiError("IllegalParam", "StartTime and EndTime are required.", 400)
    found = [_attack(number, each) for number, each in enumerate(section.of(call.account).attacks, start=1)]
    part, info = page((each for each in found if _is_asked_for(each, call.params)), call.params)
    return {"List": part, "PageInfo": info, "Code": "200", "HttpStatusCode": 200, "Success": True, "Message": "OK"}


def _is_asked_for(shown: dict[str, Any], params: dict[str, Any]) -> bool:
    if not params["StartTime"] <= shown["FirstTime"] <= params["EndTime"]:
        return False
    instance = params.get("AttackInstance")
    if instance and instance not in (shown["InstanceName"], shown["InternetIp"], shown["IntranetIp"]):
        return False
    return all(str(shown[name]) == params[name] for name in ("AttackType", "SrcIp", "DstPort") if name in params)


def _attack(number: int, entry: dict[str, Any]) -> dict[str, Any]:
    moment = milliseconds(entry["time"])
    shown = datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "Id": str(entry.get("id", number)),
        "AttackType": str(entry.get("type", "5")),
        "AttackTypeName": entry.get("type_name", "SSH brute-force attacks"),
        "Count": entry.get("count", 1),
        "SrcIp": entry["source"],
        "DstPort": str(entry.get("port", 22)),
        "FirstTime": moment,
        "FirstTimeStr": shown,
        "LatestTime": moment,
        "LatestTimeStr": shown,
        "InstanceName": entry.get("instance_name", ""),
        "InternetIp": entry.get("internet_ip", ""),
        "IntranetIp": entry.get("intranet_ip", ""),
        "Uuid": entry.get("uuid", ""),
        "Status": "block",
    }
