# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Security Center: results that go stale, whitelists, and a score that both of them move."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import EstateError
from simulator.estate import load
from simulator.services import registry

VERSION = "2018-12-03"
LEVELS = {"CLOUD_HC_HIGH_LEVEL": 4, "CLOUD_HC_OTHER_LEVEL": 3, "OTHER_ATTACH": 6}
SAS = {
    "weights": LEVELS,
    "attacks": [{"source": "192.0.2.1", "time": "2026-02-27T04:01:15Z", "internet_ip": "203.0.113.1", "count": 17}],
}


@pytest.fixture
def center(sim, estate, writer):
    """Give a caller of Security Center on the estate, with `sas` as given."""

    def play(**sas):
        estate["accounts"][0]["sas"] = {**SAS, **sas}
        sim.reset(estate)
        return lambda action, **params: writer.rpc(VERSION, action, **params)

    return play


def item(call, key):
    """Find a check item by a word of its name."""
    [found] = call("ListCheckResult", Lang="en", CheckKey=key)["Checks"]
    return found


def statuses(call, key):
    """Give the status of each resource of an item."""
    answer = call("ListCheckInstanceResult", CheckId=item(call, key)["CheckId"], PageSize=100)
    return {one["InstanceId"]: one["Status"] for one in answer["BasicData"]}


def score(call, **params):
    """Ask for the score."""
    return call("DescribeSecureSuggestion", Lang="en", **params)["Score"]


def test_results_are_those_of_the_last_scan(center, writer):
    """A fix does not show until it is verified, and moves the score only then."""
    call = center()
    assert item(call, "permission")["Status"] == "NOT_PASS"
    assert statuses(call, "permission")["website"] == "NOT_PASS"
    assert score(call) == str(100 - 4 - 3 - 6)
    writer.bucket("website").put_bucket_acl("private")
    assert statuses(call, "permission")["website"] == "NOT_PASS"
    answer = call(
        "VerifyCheckInstanceResult", CheckId=item(call, "permission")["CheckId"], **{"InstanceIds.1": "website"}
    )
    assert answer["Data"]["TaskId"]
    assert statuses(call, "permission")["website"] == "PASS"
    assert score(call) == str(100 - 3 - 6)


def test_a_check_takes_its_time(center):
    """While it is under way, the item and its resource are being checked, and the task says so."""
    call = center(seconds=30)
    asked = {"CheckId": item(call, "permission")["CheckId"], "InstanceIds.1": "website"}
    task = call("VerifyCheckInstanceResult", **asked)["Data"]["TaskId"]
    assert item(call, "permission")["Status"] == "CHECKING"
    assert statuses(call, "permission")["website"] == "CHECKING"
    assert call("GetCheckProcess", TaskId=task)["StatusCode"] == "1"
    assert call("GetCheckProcess", TaskId="no-such-task")["StatusCode"] == "5"


def test_a_scan_sees_new_resources(center, writer):
    """What came since the last scan has no result until the next one."""
    call = center()
    writer.bucket("brand-new").put_bucket_acl("private")
    assert "brand-new" not in statuses(call, "version")
    call("SubmitCheck", ScanRange="FULL")
    assert statuses(call, "version")["brand-new"] == "NOT_PASS"


def test_refusals_come_as_successes(center):
    """HTTP 200 and an OperateCode; once they are used up, the request is accepted."""
    call = center(refusals=[{"code": "Throttling", "seconds": 1800}, {"code": "AuthorizationExhaust"}])
    assert call("SubmitCheck", ScanRange="FULL")["Data"] == {"OperateCode": "Throttling", "ThrottlingTimeSecond": 1800}
    asked = {"CheckIds.1": item(call, "permission")["CheckId"]}
    assert call("VerifyCheckResult", **asked)["Data"]["OperateCode"] == "AuthorizationExhaust"
    assert call("VerifyCheckResult", **asked)["Data"]["TaskId"]


def test_a_rule_for_a_resource_hides_that_resource_only(center):
    """Its status is WHITELIST; the item is, once nothing else fails it."""
    call = center()
    number = item(call, "version")["CheckId"]
    named = [name for name, status in statuses(call, "version").items() if status == "NOT_PASS"]
    remark = {"RuleType": "WHITE", "Remark": "because"}
    first = call("AddCheckInstanceResultWhiteList", CheckId=number, **remark, **{"InstanceIds.1": named[0]})["RuleId"]
    assert statuses(call, "version")[named[0]] == "WHITELIST"
    assert item(call, "version")["Status"] == "NOT_PASS"
    rest = {f"InstanceList.{place}.InstanceId": name for place, name in enumerate(named[1:], start=1)}
    call("AddCheckInstanceResultWhiteList", CheckId=number, **remark, **rest)
    assert item(call, "version")["Status"] == "WHITELIST"
    assert score(call) == str(100 - 4 - 6)
    call("RemoveCheckResultWhiteList", RuleId=first, **{"CheckIds.1": number})
    assert statuses(call, "version")[named[0]] == "NOT_PASS"


def test_a_rule_for_an_item_hides_what_comes_later(center, writer):
    """Whatever is scanned next stays hidden; that is why it is dangerous."""
    call = center()
    number = item(call, "permission")["CheckId"]
    [rule] = call("AddCheckResultWhiteList", Remark="all of it", **{"CheckIds.1": number})["RuleIds"]
    writer.bucket("next-leak").put_bucket_acl("public-read")
    call("SubmitCheck", ScanRange="FULL")
    assert item(call, "permission")["Status"] == "WHITELIST"
    [shown] = call("ListCheckRule", Lang="en", ScopeType="ITEM")["CheckRules"]
    assert (shown["RuleId"], shown["Remark"], shown["CheckId"]) == (rule, "all of it", number)


def test_resources_are_taken_out_of_rules(center):
    """A rule that has none left is gone."""
    call = center(rules=[{"check": "oss-versioning", "remark": "two", "instances": ["first", "second"]}])
    number = item(call, "version")["CheckId"]
    [rule] = call("ListCheckRule")["CheckRules"]
    assert rule["ScopeType"] == "INSTNACE"
    call("RemoveCheckInstanceResultWhiteList", CheckId=number, **{"InstanceIds.1": "first"})
    [left] = call("ListCheckRuleInstance", RuleId=rule["RuleId"])["CheckRuleInstances"]
    assert (left["InstanceId"], left["RegionId"]) == ("second", "cn-shanghai")
    call("RemoveCheckInstanceResultWhiteList", CheckId=number, **{"InstanceIds.1": "second"})
    assert call("ListCheckRule")["CheckRules"] == []


def test_names_depend_on_the_language(center):
    """Chinese is the default."""
    call = center()
    english, chinese = (call("ListCheckResult", **params)["Checks"] for params in ({"Lang": "en"}, {}))
    assert [one["CheckId"] for one in english] == [one["CheckId"] for one in chinese]
    assert not {one["CheckShowName"] for one in english} & {one["CheckShowName"] for one in chinese}


def test_ids_differ_between_accounts(sim, estate, clients):
    """Nobody can rely on them."""
    for account in estate["accounts"]:
        account["sas"] = {}
    sim.reset(estate)
    ids = [
        {one["CheckId"] for one in clients(user).rpc(VERSION, "ListCheckResult")["Checks"]}
        for user in ("root", "other")
    ]
    assert not ids[0] & ids[1]


def test_pages(center):
    """PageInfo tells how many there are; a page is 100 at most."""
    call = center()
    answer = call("ListCheckResult", PageSize=1, CurrentPage=2)
    info = answer["PageInfo"]
    assert (len(answer["Checks"]), info["CurrentPage"], info["PageSize"], info["Count"]) == (1, 2, 1, 1)
    assert info["TotalCount"] == len(call("ListCheckResult")["Checks"])


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("ListCheckResult", {"PageSize": 101}),
        ("ListCheckResult", {"Statuses.1": "BROKEN"}),
        ("ListCheckInstanceResult", {"CheckId": 1}),
        ("ListAttackEventInfo", {"StartTime": 0}),
        ("DescribeVulList", {"Type": "flu"}),
        ("DescribeSecureSuggestion", {"CalType": "home_security_score"}),
        ("RemoveCheckResultWhiteList", {"CheckIds.1": 1}),
    ],
)
def test_nonsense_is_refused(center, refused, action, params):
    """As the real API words it."""
    assert refused(center(), action, **params) == (400, "IllegalParam")


def test_what_was_not_bought_is_refused(center, refused, sim, estate, writer):
    """Single actions, or all of them for an account without Security Center."""
    call = center(not_purchased=["ListCheck*"])
    assert refused(call, "ListCheckResult") == (400, "NoPurchase")
    assert score(call) == "87"
    del estate["accounts"][0]["sas"]
    sim.reset(estate)
    assert refused(writer.rpc, VERSION, "DescribeSecureSuggestion") == (400, "NoPurchase")


def test_what_is_not_allowed_is_refused(center, refused, reader):
    """With Security Center's own code."""
    center()
    assert refused(reader.rpc, VERSION, "ListCheckResult") == (403, "NoPermission")


def test_a_score_has_thresholds_and_caps(center):
    """A type deducts no more than its threshold; open alerts leave 60 at most, and 10 are never lost."""
    assert score(center(thresholds={"SS_CLOUD_HC": 5})) == str(100 - 5 - 6)
    alert = {"id": 1, "name": "Unusual logon", "level": "remind", "time": "2026-02-01T00:00:00Z"}
    assert score(center(alerts=[alert])) == "60"
    assert score(center(alerts=[{**alert, "dealed": "Y"}])) == "87"
    fixed = [{"type": "SS_REINFORCE", "sub_type": "WEB_LOCK", "title": "", "points": 99}]
    assert score(center(fixed=fixed)) == "10"


def test_the_new_model_knows_no_attacks(center):
    """Its kinds of risk are its own."""
    call = center(models=["legacy", "home_security_score"], weights={**LEVELS, "SSI_SAS_CLOUD_HC_HIGH": 11})
    assert score(call, CalType="home_security_score") == "89"
    suggestions = call("DescribeSecureSuggestion", CalType="home_security_score")["Suggestions"]
    assert [one["SuggestType"] for one in suggestions] == ["SS_SAS_CLOUD_HC"]


def test_attacks_are_listed_by_window(center):
    """Both of its ends count."""
    call = center()
    moment = 1_772_164_875_000
    [attack] = call("ListAttackEventInfo", StartTime=moment, EndTime=moment, AttackType="5")["List"]
    assert (attack["SrcIp"], attack["FirstTime"], attack["Status"]) == ("192.0.2.1", moment, "block")
    assert call("ListAttackEventInfo", StartTime=moment + 1, EndTime=moment + 2)["List"] == []


def test_the_state_can_be_loaded_again(center, sim):
    """Stale results included."""
    call = center(rules=[{"check": "oss-access", "remark": "by hand", "instances": ["website"]}])
    call("SubmitCheck", ScanRange="FULL")
    item(call, "permission")
    state = sim.state()
    sim.reset(state)
    assert sim.state() == state


@pytest.mark.parametrize(
    "sas",
    [
        {"colour": "blue"},
        {"models": ["newest"]},
        {"rules": [{"check": "no-such-item"}]},
        {"attacks": [{"source": "192.0.2.1", "time": "yesterday"}]},
    ],
)
def test_an_estate_that_makes_no_sense_is_refused(estate, sas):
    """The simulator ignores nothing."""
    estate["accounts"][0]["sas"] = sas
    with pytest.raises(EstateError, match="sas"):
        load(estate, Path.cwd(), registry())
