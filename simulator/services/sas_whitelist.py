# SPDX-License-Identifier: GPL-3.0-or-later
"""Security Center's whitelists of check items: rules for a whole item, or for some of its resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.parameters import Each, Int, Param, Text

from .sas import LANG, Rule, bought, find, items, page, paged, sas, section

if TYPE_CHECKING:
    from simulator.call import Call

LONGEST_REMARK = 65_535
SCOPES = ("INSTNACE", "ITEM")  # sic: so the API spells it
RULE: dict[str, Param] = {
    "RuleType": Text(choices=("WHITE",), default="WHITE", error="IllegalParam"),
    "Remark": Text(default=""),
    "ClientToken": Text(pattern=r"[!-~]{1,64}"),
}
PLACES = Each({"InstanceId": Text(required=True), "RegionId": Text()})


@sas.action(
    "AddCheckInstanceResultWhiteList",
    writes=True,
    params={
        **RULE,
        "CheckId": Int(1, required=True, error="IllegalParam"),
        "InstanceIds": Each(Text()),
        "InstanceList": PLACES,
    },
)
@bought
def add_check_instance_result_white_list(call: Call) -> dict[str, Any]:
    """Whitelist some resources of an item.

    What a second rule for the same does is UNCONFIRMED, and so is one for a resource without a result: both are kept.
    """
    names = call.params.get("InstanceIds") or [one["InstanceId"] for one in call.params.get("InstanceList", [])]
    if not names:
        raise call.product.missing("InstanceIds")
    item = find(call, call.params["CheckId"])
    return {"RuleId": str(_add(call, Rule(item.key, call.params["Remark"], list(names))))}


@sas.action(
    "AddCheckResultWhiteList",
    writes=True,
    params={**RULE, "CheckIds": Each(Int(1, error="IllegalParam"), required=True), "InstanceIds": Each(Text())},
)
@bought
def add_check_result_white_list(call: Call) -> dict[str, Any]:
    """Whitelist whole items, what comes later included; or some resources of them."""
    found = [find(call, number) for number in call.params["CheckIds"]]
    names = call.params.get("InstanceIds", [])
    rules = [Rule(item.key, call.params["Remark"], list(names)) for item in found]
    return {"RuleIds": [_add(call, rule) for rule in rules]}


def _add(call: Call, rule: Rule) -> int:
    if len(rule.remark.encode()) > LONGEST_REMARK:
        raise ApiError("IllegalParam", "The remark is too long.", 400)
    return section.of(call.account).add(rule)


@sas.action(
    "RemoveCheckResultWhiteList",
    writes=True,
    params={
        "CheckIds": Each(Int(1, error="IllegalParam"), required=True),
        "RuleId": Int(1, error="IllegalParam"),
        "InstanceIds": Each(Text()),
    },
)
@bought
def remove_check_result_white_list(call: Call) -> dict[str, Any]:
    """Remove one rule by its id; without one, every rule of the items."""
    keys = {find(call, number).key for number in call.params["CheckIds"]}
    rules = section.of(call.account).rules
    wanted = call.params.get("RuleId")
    found = [number for number, rule in rules.items() if rule.check in keys and wanted in (number, None)]
    if wanted and not found:
        raise ApiError("IllegalParam", f"The rule {wanted} does not exist.", 400)
    for number in found:
        _take(rules, number, call.params.get("InstanceIds"))
    return {"Success": True, "Code": "200", "Message": "successful"}


@sas.action(
    "RemoveCheckInstanceResultWhiteList",
    writes=True,
    params={
        "CheckId": Int(1, required=True, error="IllegalParam"),
        "InstanceIds": Each(Text(), required=True),
    },
)
@bought
def remove_check_instance_result_white_list(call: Call) -> dict[str, Any]:
    """Take resources out of every rule of an item, whoever made it."""
    item = find(call, call.params["CheckId"])
    rules = section.of(call.account).rules
    for number in [number for number, rule in rules.items() if rule.check == item.key and rule.instances]:
        _take(rules, number, call.params["InstanceIds"])
    return {}


def _take(rules: dict[int, Rule], number: int, instances: list[str] | None) -> None:
    """Remove a rule, or some resources of it; one that has none left goes too."""
    rule = rules[number]
    left = [name for name in rule.instances if instances and name not in instances]
    if left:
        rule.instances = left
    else:
        del rules[number]


@sas.action(
    "ListCheckRule",
    params={
        **paged(),
        **LANG,
        "CheckId": Int(1, error="IllegalParam"),
        "CheckName": Text(),
        "RuleType": Text(choices=("WHITE",), default="WHITE", error="IllegalParam"),
        "ScopeType": Text(choices=SCOPES, error="IllegalParam"),
    },
)
@bought
def list_check_rule(call: Call) -> dict[str, Any]:
    """List the rules, each with its remark."""
    by_key = {item.key: item for item in items(call.account)}
    shown = [
        {
            "AliUid": int(call.account.id),
            "CheckId": by_key[rule.check].number(call.account),
            "CheckShowName": by_key[rule.check].names[call.params["Lang"]],
            "InstanceType": by_key[rule.check].type,
            "InstanceSubType": by_key[rule.check].subtype,
            "Remark": rule.remark,
            "RuleId": number,
            "RuleType": "WHITE",
            "ScopeType": "INSTNACE" if rule.instances else "ITEM",
            "Vendor": 0,
            "VendorName": "ALIYUN",
        }
        for number, rule in sorted(section.of(call.account).rules.items())
    ]
    filters = {"CheckId": "CheckId", "ScopeType": "ScopeType", "CheckShowName": "CheckName"}
    found = [
        each
        for each in shown
        if all(call.params[name] == each[field] for field, name in filters.items() if name in call.params)
    ]
    part, info = page(found, call.params)
    return {"CheckRules": part, "PageInfo": info}


@sas.action("ListCheckRuleInstance", params={**paged(), "RuleId": Int(1, required=True), "InstanceList": PLACES})
@bought
def list_check_rule_instance(call: Call) -> dict[str, Any]:
    """List the resources of a rule; the answer has no numbers of pages."""
    rule = section.of(call.account).rules.get(call.params["RuleId"])
    if rule is None:
        raise ApiError("IllegalParam", f"The rule {call.params['RuleId']} does not exist.", 400)
    results = section.of(call.account).results[rule.check]
    shown = [
        {
            "InstanceId": name,
            "InstanceName": results[name].name if name in results else name,
            "RegionId": results[name].region if name in results else "",
        }
        for name in rule.instances
    ]
    wanted = {one["InstanceId"] for one in call.params.get("InstanceList", [])}
    part, _unused = page((each for each in shown if not wanted or each["InstanceId"] in wanted), call.params)
    return {"AliUid": int(call.account.id), "CheckRuleInstances": part, "Vendor": "ALIYUN"}
