# SPDX-License-Identifier: GPL-3.0-or-later
"""Security Center's configuration checks: their results, and asking for another check."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from simulator.parameters import Bool, Each, Int, Param, Text

from .sas import (
    LANG,
    LEVELS,
    STATUSES,
    Result,
    Task,
    bought,
    find,
    item_status,
    items,
    known,
    page,
    paged,
    sas,
    section,
    status_of,
)

if TYPE_CHECKING:
    from simulator.call import Call
    from simulator.estate import Account

    from ._sas_items import Item

# What the two values stand for is UNCONFIRMED; the simulated account has one Security Center for both.
SITE: dict[str, Param] = {"RegionId": Text(choices=("cn-hangzhou", "ap-southeast-1"), error="IllegalParam")}
IDS = Each(Int(1, error="IllegalParam"))
WANTED_STATUSES = Each(Text(choices=STATUSES, error="IllegalParam"))


@sas.action(
    "ListCheckResult",
    params={
        **paged(),
        **LANG,
        **SITE,
        "CheckIds": IDS,
        "CheckKey": Text(),
        "InstanceTypes": Each(Text()),
        "RiskLevels": Each(Text(choices=LEVELS, error="IllegalParam")),
        "Statuses": WANTED_STATUSES,
    },
)
@bought
def list_check_result(call: Call) -> dict[str, Any]:
    """List check items with their status."""
    shown = [_item(call, item) for item in items(call.account)]
    part, info = page((each for each in shown if _is_wanted(each, call.params)), call.params)
    return {"Checks": part, "PageInfo": info}


def _is_wanted(shown: dict[str, Any], params: dict[str, Any]) -> bool:
    filters = {
        "CheckId": "CheckIds",
        "InstanceType": "InstanceTypes",
        "RiskLevel": "RiskLevels",
        "Status": "Statuses",
    }
    return params.get("CheckKey", "").lower() in shown["CheckShowName"].lower() and all(
        shown[field] in params[name] for field, name in filters.items() if name in params
    )


def _item(call: Call, item: Item) -> dict[str, Any]:
    results = section.of(call.account).results[item.key].values()
    return {
        "CheckId": item.number(call.account),
        "CheckShowName": item.names[call.params["Lang"]],
        "CheckType": "SYSTEM",
        "CheckSaleType": 1,
        "CheckPolicies": [],
        "InstanceType": item.type,
        "InstanceSubType": item.subtype,
        "LastCheckTime": max((result.last for result in results), default=0),
        "OperationType": "NOT_SUPPORT_REPAIR",
        "RiskLevel": item.level,
        "Status": item_status(call.account, item),
        "TaskId": "",
        "Vendor": "ALIYUN",
        "VendorShowName": "Alibaba Cloud",
    }


@sas.action(
    "ListCheckInstanceResult",
    params={
        **paged(),
        **LANG,
        "CheckId": Int(1, required=True, error="IllegalParam"),
        "InstanceIds": Each(Text()),
        "Statuses": WANTED_STATUSES,
    },
)
@bought
def list_check_instance_result(call: Call) -> dict[str, Any]:
    """List the resources of a check item, each with its own status."""
    item = find(call, call.params["CheckId"])
    results = section.of(call.account).results[item.key]
    shown = [_instance(call.account, item, name, result) for name, result in results.items()]
    filters = {"Status": "Statuses", "InstanceId": "InstanceIds"}
    found = [
        each
        for each in shown
        if all(each[field] in call.params[name] for field, name in filters.items() if name in call.params)
    ]
    part, info = page(found, call.params)
    return {"BasicData": part, "Checks": [], "Columns": [], "PageInfo": {**info, "Count": str(info["Count"])}}


def _instance(account: Account, item: Item, name: str, result: Result) -> dict[str, Any]:
    return {
        "Id": item.number(account) * 1000 + list(section.of(account).results[item.key]).index(name),
        "InstanceId": name,
        "InstanceName": result.name,
        "RegionId": result.region,
        "Status": status_of(account, item, name),
        "StatusMessage": "",
        "InstanceInfo": {"Config": [], "FirstUpdateTime": result.first, "LastUpdateTime": result.last},
    }


# --- asking for a check --------------------------------------------------------------------------------------------


@sas.action(
    "VerifyCheckInstanceResult",
    writes=True,
    params={
        "CheckId": Int(1, required=True, error="IllegalParam"),
        # Without it the real API answers 400 with the code -101.
        "InstanceIds": Each(Text(), required=True),
    },
)
@bought
def verify_check_instance_result(call: Call) -> dict[str, Any]:
    """Check some resources of an item again. A refusal comes as a success.

    The API's description has no time to wait here; it is answered where the estate gives one.
    """
    item = find(call, call.params["CheckId"])
    names = known(call, item, call.params["InstanceIds"])
    code, seconds = _refusal(call.account)
    if code:
        return {"Data": {"OperateCode": code, **({"ThrottlingTimeSecond": seconds} if seconds else {})}}
    return {"Data": {"TaskId": _start(call, [(item.key, name) for name in names]), "FailInstances": []}}


@sas.action(
    "VerifyCheckResult",
    writes=True,
    params={"CheckIds": Each(Int(1, error="IllegalParam"), required=True), "Force": Bool()},
)
@bought
def verify_check_result(call: Call) -> dict[str, Any]:
    """Check whole items again. A refusal comes as a success."""
    return _check_again(call, [find(call, number) for number in call.params["CheckIds"]])


@sas.action("SubmitCheck", writes=True, params={"ScanRange": Text(required=True, choices=("FULL", "POLICY"))})
@bought
def submit_check(call: Call) -> dict[str, Any]:
    """Scan everything. A refusal comes as a success."""
    answer = _check_again(call, items(call.account))
    return {"TaskId": answer["Data"].get("TaskId", ""), **answer}


def _check_again(call: Call, wanted: list[Item]) -> dict[str, Any]:
    code, seconds = _refusal(call.account)
    if code:
        return {"Data": {"OperateCode": code, "ThrottlingTimeSecond": seconds}}
    seen = {item.key: section.of(call.account).results[item.key] for item in wanted}
    now = {item.key: [subject.id for subject in item.look(call.account)] for item in wanted}
    pairs = [(key, name) for key, names in now.items() for name in dict.fromkeys([*seen[key], *names])]
    return {"Data": {"TaskId": _start(call, pairs)}}


def _refusal(account: Account) -> tuple[str, int]:
    """Take the next refusal that the estate has in store: its code, and the seconds to wait."""
    waiting = section.of(account).refusals
    refusal = waiting.pop(0) if waiting else {}
    return refusal.get("code", ""), refusal.get("seconds", 0)


def _start(call: Call, pairs: list[tuple[str, str]]) -> str:
    name = f"task-{call.request_id}"
    state = section.of(call.account)
    state.tasks[name] = Task(pairs, time.time() + state.seconds)
    return name


@sas.action("GetCheckProcess", params={"TaskId": Text(required=True)})
@bought
def get_check_process(call: Call) -> dict[str, Any]:
    """Tell how far a check is: status 1 is under way, 2 is over, 5 is unknown."""
    task = section.of(call.account).tasks.get(call.params["TaskId"])
    status = "5" if task is None else "1" if task.pairs else "2"
    total = len(task.pairs) if task else 0
    return {"TaskId": call.params["TaskId"], "StatusCode": status, "FinishCount": 0, "TotalCount": total}
