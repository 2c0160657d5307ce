# SPDX-License-Identifier: GPL-3.0-or-later
"""How events are read, in how few calls, and what of them becomes values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import cloud as cloud_module
from ansible_collections.hardening.alicloud.plugins.module_utils import retry, trail
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.credentials import Keys
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import CloudError
from ansible_collections.hardening.alicloud.plugins.module_utils.moments import shown

NOW = datetime(2026, 2, 27, 12, tzinfo=UTC)
KEY = ("LTAI5tTrailRoot000000001", "trail-root-secret")
REGION = "cn-hangzhou"
ACCOUNT = {"id": "1234567890123456", "regions": [REGION], "keys": [{"id": KEY[0], "secret": KEY[1]}]}


def rows(*services: str, apart: timedelta) -> list[dict]:
    """Write a page of events, newest first, so far apart, of these products in turn."""
    return [
        {
            "eventTime": shown(NOW - apart * place),
            "serviceName": services[place % len(services)],
        }
        for place in range(trail.PAGE)
    ]


@pytest.mark.parametrize(
    ("page", "days", "wanted"),
    [
        (rows("Ecs", apart=timedelta(hours=3)), 7, False),  # one more page is all there is
        (rows("Oss", apart=timedelta(minutes=10)), 7, True),  # twenty more pages, and nothing that matters
        (rows("Ecs", "Vpc", apart=timedelta(minutes=10)), 7, False),  # they all matter
        (rows("Oss", "Oss", "Oss", "Ecs", apart=timedelta(minutes=10)), 7, True),
        (rows("Oss", "Oss", "Oss", "Ecs", apart=timedelta(minutes=60)), 7, False),
        (rows("Oss", apart=timedelta(0)), 7, True),  # all within one second
    ],
)
def test_products_are_asked_for_one_by_one_where_that_is_less(page, days, wanted):
    """It depends on how dense the events are, and on how many of them matter."""
    assert trail.split(page, NOW - timedelta(days=days), NOW) == wanted


@pytest.mark.parametrize(("days", "lengths"), [(7, [7]), (30, [30]), (31, [30, 1]), (90, [30, 30, 30])])
def test_a_query_spans_thirty_days_at_most(days, lengths):
    """A longer window is several that meet."""
    found = trail.windows(NOW - timedelta(days=days), NOW)
    assert [(last - first).days for first, last in found] == lengths
    assert [last for _first, last in found[:-1]] == [first for first, _last in found[1:]]
    assert (found[0][0], found[-1][1]) == (NOW - timedelta(days=days), NOW)


def seeded(service: str, minutes: float, **more: object) -> dict:
    """Write an event of the estate, so many minutes ago."""
    moment = shown(datetime.now(UTC) - timedelta(minutes=minutes))
    return {"event": "CreateThing", "service": service, "region": REGION, "time": moment, **more}


def look(sim, events: list[dict], days: int = 7, **more: object) -> tuple[trail.History, list[dict], Cloud]:
    """Read an estate's events; with the calls that it took."""
    running = sim({"accounts": [{**ACCOUNT, "actiontrail": {"events": events, **more}}]})
    cloud = Cloud(Keys(*KEY, None), running.url, 8)
    now = datetime.now(UTC)
    history = trail.read(cloud, [REGION], now - timedelta(days=days), now)
    return history, [call["params"] for call in running.journal()], cloud


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Let calls follow each other at once: what they wait is proved elsewhere."""
    monkeypatch.setitem(retry.APART, "actiontrail", 0.0)


def test_a_quiet_region_takes_one_call(sim):
    """One page of everything that writes; of that, what matters, the oldest first."""
    events = [seeded("Vpc", 5), seeded("Oss", 6), seeded("Ecs", 7), seeded("Ecs", 8, error_code="Forbidden.RAM")]
    history, calls, _cloud = look(sim, events)
    assert [event.service for event in history.events] == ["Ecs", "Vpc"]
    assert [call["LookupAttribute"] for call in calls] == [[{"Key": "EventRW", "Value": "Write"}]]
    assert calls[0]["MaxResults"] == 50


def test_a_region_with_much_else_is_asked_for_each_product(sim):
    """Thousands of others' events are never read: one page of them, and then a call for each product."""
    events = [seeded("Oss", number) for number in range(1000)] + [seeded("Nlb", 2000), seeded("Ecs", 1500)]
    history, calls, _cloud = look(sim, events)
    assert [event.service for event in history.events] == ["Nlb", "Ecs"]
    asked = [{one["Key"]: one["Value"] for one in call["LookupAttribute"]} for call in calls[1:]]
    assert asked == [{"ServiceName": service, "EventRW": "Write"} for service in trail.SERVICES]


def test_pages_are_read_to_their_end_and_in_order(sim):
    """However many there are, each event once and the oldest first."""
    events = [seeded("Ecs", number / 2, id=f"event-{number}") for number in range(120)]
    history, calls, _cloud = look(sim, events)
    assert [event.id for event in history.events] == [f"event-{number}" for number in reversed(range(120))]
    assert len(calls) == 3


def test_events_of_one_second_keep_their_order(sim):
    """Within a second, ActionTrail's own order is all that there is."""
    moment = shown(datetime.now(UTC) - timedelta(minutes=5))
    events = [seeded("Ecs", 0, id=f"event-{number}") | {"time": moment} for number in range(5)]
    assert [event.id for event in look(sim, events)[0].events] == [f"event-{number}" for number in range(5)]


def test_a_long_window_is_read_in_parts(sim):
    """Ninety days are three queries; what is older is gone, and warned about."""
    events = [seeded("Ecs", 60 * 24 * days, id=f"day-{days}") for days in (1, 40, 80)]
    history, calls, cloud = look(sim, events, days=100)
    assert [event.id for event in history.events] == ["day-80", "day-40", "day-1"]
    assert len(calls) == 3
    assert "keeps 90 days" in cloud.warnings[0]
    assert history.complete_since == history.since


def test_a_region_that_can_not_be_read_is_unread(sim):
    """Its events are not taken for none."""
    running = sim({"accounts": [{**ACCOUNT, "regions": [REGION, "cn-shanghai"]}]})
    running.set_faults([{"action": "LookupEvents", "effect": "error", "status": 403, "code": "NoPermission"}])
    cloud = Cloud(Keys(*KEY, None), running.url, 8)
    now = datetime.now(UTC)
    history = trail.read(cloud, [REGION, "cn-shanghai"], now - timedelta(days=1), now)
    assert {region: one.code for region, one in history.unread.items()} == {
        REGION: "NoPermission",
        "cn-shanghai": "NoPermission",
    }
    assert history.complete_since is None


def test_a_page_may_be_empty_before_the_last():
    """It tells nothing of how busy the region is, so what is left is read as it comes."""
    answers = iter([{"Events": [], "NextToken": "more"}, {"Events": [ROW]}])
    cloud = SimpleNamespace(
        rpc=lambda *_asked: next(answers), map=lambda one, all_: [one(each) for each in all_], warnings=[]
    )
    history = trail.read(cloud, [REGION], NOW - timedelta(days=1), NOW)
    assert [event.id for event in history.events] == ["A-1"]


def test_a_wrong_key_ends_the_run(sim):
    """There is nothing to be found out with it."""
    running = sim({"accounts": [ACCOUNT]})
    cloud = Cloud(Keys(KEY[0], "wrong", None), running.url, 8)
    with pytest.raises(CloudError, match="SignatureDoesNotMatch"):
        trail.read(cloud, [REGION], NOW - timedelta(days=1), NOW)


def test_regions_are_asked_together_but_no_faster_than_allowed(sim, monkeypatch):
    """Each call waits until half a second after the one before it; other products' calls wait for nothing."""
    waits: list[float] = []
    monkeypatch.setitem(retry.APART, "actiontrail", 0.5)

    def paced(workers: int, apart: float) -> retry.Pace:
        return retry.Pace(workers, apart, lambda: 0.0, waits.append)

    monkeypatch.setattr(cloud_module, "Pace", paced)
    regions = [REGION, "cn-shanghai", "ap-northeast-1"]
    running = sim({"accounts": [{**ACCOUNT, "regions": regions}]})
    cloud = Cloud(Keys(*KEY, None), running.url, 8)
    assert cloud.all_regions() == regions
    trail.read(cloud, regions, datetime.now(UTC) - timedelta(days=1), datetime.now(UTC))
    assert sorted(waits) == [0.5, 1.0]


# Values

ROW = {
    "eventId": "A-1",
    "eventTime": "2026-02-27T04:01:15Z",
    "eventName": "AuthorizeSecurityGroup",
    "serviceName": "Ecs",
    "acsRegion": REGION,
    "sourceIpAddress": "203.0.113.10",
    "userAgent": "console",
    "userIdentity": {"type": "ram-user", "userName": "ops", "accessKeyId": "LTAI5tSomething0000001"},
    "requestParameters": {
        "SecurityGroupId": "sg-1",
        "Permissions.2.PortRange": "443/443",
        "Permissions.1.PortRange": "22/22",
        "Tag.1.Key": "env",
    },
    "responseElements": {"RequestId": "A-1"},
}


def test_parameters_become_lists():
    """In the order of their numbers, not of the text."""
    event = trail.event_of(ROW)
    assert event.things("Permissions") == [{"PortRange": "22/22"}, {"PortRange": "443/443"}]
    assert (event.text("SecurityGroupId"), event.text("RequestId"), event.text("Other")) == ("sg-1", "A-1", "")
    assert event.access_key == "LTAI…0001"


@pytest.mark.parametrize(
    "given",
    [
        {"requestParameters": {"SecurityGroupIds.1": "sg-1", "SecurityGroupIds.2": "sg-2"}},
        {"requestParameters": {"SecurityGroupIds": ["sg-1", "sg-2"]}},
        {"requestParameters": {"SecurityGroupIds": '["sg-1", "sg-2"]'}},
        {"requestParameters": '{"SecurityGroupIds.1": "sg-1", "SecurityGroupIds.2": "sg-2"}'},
        {"requestParameters": None, "requestParameterJson": '{"SecurityGroupIds": ["sg-1", "sg-2"]}'},
    ],
)
def test_a_list_is_understood_in_every_form(given):
    """Flat, as a list, as JSON in a text, and all of the parameters as JSON."""
    assert trail.event_of({**ROW, **given}).texts("SecurityGroupIds") == ("sg-1", "sg-2")


@pytest.mark.parametrize(
    ("identity", "actor", "kind"),
    [
        ({"type": "root-account", "userName": "acme@example.com"}, "root", "root-account"),
        ({"type": "ram-user", "userName": "ops"}, "ops", "ram-user"),
        ({"type": "ram-user", "principalId": "2001"}, "2001", "ram-user"),
        ({"type": "assumed-role", "userName": "admin:alice"}, "admin:alice", "assumed-role"),
        (
            {"type": "assumed-role", "userName": "AliyunServiceRoleForSas:s"},
            "AliyunServiceRoleForSas:s",
            "service-role",
        ),
        ({"type": "assumed-role", "userName": "aliyunsasdefaultrole:s"}, "aliyunsasdefaultrole:s", "service-role"),
        ({"type": "assumed-role", "userName": "myaliyunrole:s"}, "myaliyunrole:s", "assumed-role"),
        ({"type": "system", "userName": ""}, "", "service-role"),
        (None, "", ""),
    ],
)
def test_who_did_it(identity, actor, kind):
    """People, roles that people take, and what products of the cloud do by themselves."""
    event = trail.event_of({**ROW, "userIdentity": identity})
    assert (event.actor, event.kind) == (actor, kind)


def test_an_event_can_do_without_most():
    """What is not there is empty."""
    event = trail.event_of({name: ROW[name] for name in ("eventId", "eventTime", "eventName", "serviceName")})
    assert (event.request, event.response, event.actor, event.region, event.source_address) == ({}, {}, "", "", "")
