# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed SDK of Security Center against the simulator."""

from __future__ import annotations

import copy

import pytest
from alibabacloud_sas20181203 import client as sas
from alibabacloud_sas20181203 import models
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

from .conftest import ESTATE

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDK's own
MOMENT = 1_772_164_875_000
SAS = {
    "weights": {"CLOUD_HC_HIGH_LEVEL": 4, "OTHER_ATTACH": 6},
    "vulnerabilities": [{"name": "example:2026-1", "type": "cve", "necessity": "asap", "time": "2026-02-01T00:00:00Z"}],
    "alerts": [
        {"id": 7, "name": "Unusual logon", "level": "remind", "dealed": "Y", "time": "2026-02-01T00:00:00Z"},
    ],
    "attacks": [{"source": "192.0.2.1", "internet_ip": "203.0.113.1", "count": 17, "time": "2026-02-27T04:01:15Z"}],
}


@pytest.fixture
def client(sim, key):
    """Give the SDK's client."""
    estate = copy.deepcopy(ESTATE)
    estate["accounts"][0]["sas"] = copy.deepcopy(SAS)
    sim.reset(estate)
    endpoint = sim.url.removeprefix("http://")
    yield sas.Client(Config(access_key_id=key[0], access_key_secret=key[1], endpoint=endpoint, protocol="HTTP"))
    assert sim.violations() == []
    sim.reset(ESTATE)


def item(client, word):
    """Find a check item."""
    asked = models.ListCheckResultRequest(lang="en", check_key=word, instance_types=["OSS"], page_size=100)
    [found] = client.list_check_result(asked).body.checks
    return found


def test_items_and_their_resources_fill_the_models(client):
    """ListCheckResult and ListCheckInstanceResult."""
    found = item(client, "permission")
    assert (found.instance_type, found.risk_level, found.status, found.vendor) == ("OSS", "HIGH", "NOT_PASS", "ALIYUN")
    asked = models.ListCheckInstanceResultRequest(check_id=found.check_id, lang="en", statuses=["NOT_PASS"])
    body = client.list_check_instance_result(asked).body
    [site] = body.basic_data
    assert (site.instance_id, site.region_id, site.status) == ("site", "cn-hangzhou", "NOT_PASS")
    assert site.instance_info.last_update_time > 0
    assert (body.page_info.count, body.page_info.total_count) == ("1", 1)


def test_the_score_fills_the_model(client):
    """DescribeSecureSuggestion: the score is a text; with an open vulnerability it is 80 at most."""
    body = client.describe_secure_suggestion(models.DescribeSecureSuggestionRequest(lang="en")).body
    assert (body.score, body.total_count) == ("80", 2)
    assert [(one.suggest_type, one.points, one.detail[0].sub_type) for one in body.suggestions] == [
        ("SS_CLOUD_HC", 4, "CLOUD_HC_HIGH_LEVEL"),
        ("OTHER", 6, "OTHER_ATTACH"),
    ]


def test_a_rule_comes_and_goes(client):
    """Both ways to whitelist, both ways to look at it, both ways to remove it."""
    found = item(client, "permission")
    places = [models.AddCheckInstanceResultWhiteListRequestInstanceList(instance_id="site", region_id="cn-hangzhou")]
    asked = models.AddCheckInstanceResultWhiteListRequest(
        check_id=found.check_id, instance_list=places, rule_type="WHITE", remark="because", client_token="once"
    )
    rule_id = client.add_check_instance_result_white_list(asked).body.rule_id
    whole = models.AddCheckResultWhiteListRequest(check_ids=[item(client, "version").check_id], remark="all")
    [other] = client.add_check_result_white_list(whole).body.rule_ids
    rules = client.list_check_rule(models.ListCheckRuleRequest(lang="en", rule_type="WHITE")).body.check_rules
    assert {rule.rule_id: (rule.scope_type, rule.remark) for rule in rules} == {
        int(rule_id): ("INSTNACE", "because"),
        other: ("ITEM", "all"),
    }
    named = client.list_check_rule_instance(models.ListCheckRuleInstanceRequest(rule_id=int(rule_id))).body
    assert [one.instance_id for one in named.check_rule_instances] == ["site"]
    client.remove_check_instance_result_white_list(
        models.RemoveCheckInstanceResultWhiteListRequest(check_id=found.check_id, instance_ids=["site"])
    )
    gone = models.RemoveCheckResultWhiteListRequest(check_ids=whole.check_ids, rule_id=other)
    assert client.remove_check_result_white_list(gone).body.success
    assert client.list_check_rule(models.ListCheckRuleRequest()).body.check_rules == []


def test_checks_can_be_asked_for(client):
    """VerifyCheckInstanceResult, VerifyCheckResult, SubmitCheck, GetCheckProcess."""
    number = item(client, "permission").check_id
    one = models.VerifyCheckInstanceResultRequest(check_id=number, instance_ids=["site"])
    task = client.verify_check_instance_result(one).body.data.task_id
    assert client.get_check_process(models.GetCheckProcessRequest(task_id=task)).body.status_code == "2"
    assert client.verify_check_result(models.VerifyCheckResultRequest(check_ids=[number])).body.data.task_id
    assert client.submit_check(models.SubmitCheckRequest(scan_range="FULL")).body.task_id


def test_threats_fill_the_models(client):
    """DescribeVulList, DescribeSuspEvents, ListAttackEventInfo."""
    asked = models.DescribeVulListRequest(type="cve", dealed="n", lang="en", current_page=1, page_size=100)
    [vulnerability] = client.describe_vul_list(asked).body.vul_records
    assert (vulnerability.name, vulnerability.necessity) == ("example:2026-1", "asap")
    alerts = models.DescribeSuspEventsRequest(dealed="Y", from_="sas", lang="en", current_page="1", page_size="100")
    [alert] = client.describe_susp_events(alerts).body.susp_events
    assert (alert.id, alert.level, alert.last_time) == (7, "remind", "2026-02-01 00:00:00")
    window = models.ListAttackEventInfoRequest(
        start_time=MOMENT, end_time=MOMENT, lang="en", current_page=1, page_size=100
    )
    body = client.list_attack_event_info(window).body
    assert [(one.src_ip, one.dst_port, one.status, one.first_time) for one in body.list] == [
        ("192.0.2.1", "22", "block", MOMENT)
    ]
    assert body.page_info.total_count == 1


def test_what_was_not_bought_is_refused(client, sim):
    """With the code that says so."""
    sim.reset(ESTATE)
    with pytest.raises(ClientException) as caught:
        client.list_check_result(models.ListCheckResultRequest())
    assert (caught.value.status_code, caught.value.code) == (400, "NoPurchase")
