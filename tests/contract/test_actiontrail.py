# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed ActionTrail SDK reads a history from the simulator, and the calls that others made to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from alibabacloud_actiontrail20200706 import client as actiontrail
from alibabacloud_actiontrail20200706 import models
from alibabacloud_ecs20140526 import client as ecs
from alibabacloud_ecs20140526 import models as ecs_models
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

from simulator.services.actiontrail import ActionTrail

from .conftest import ESTATE, REGION

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDK's own
OPENED = {
    "id": "event-opened",
    "event": "AuthorizeSecurityGroup",
    "service": "Ecs",
    "region": REGION,
    "user": "ops",
    "source_ip": "203.0.113.10",
    "access_key": "LTAI5tOps",
    "request": {"SecurityGroupId": "sg-web", "Permissions.1.PortRange": "22/22"},
    "resources": {"ACS::ECS::SecurityGroup": ["sg-web"]},
    "time": "04:00:00",
    "days_ago": 3,
}
REFUSED = {
    "id": "event-refused",
    "event": "RevokeSecurityGroup",
    "service": "Ecs",
    "region": REGION,
    "user": "AliyunServiceRoleForSas:sas",
    "identity": "assumed-role",
    "error_code": "Forbidden.RAM",
    "error_message": "You are not authorized.",
    "time": "04:00:00",
    "days_ago": 2,
}
OTHERS = [
    {"id": "event-read", "event": "DescribeInstances", "service": "Ecs", "region": REGION, "rw": "Read",
     "time": "05:00:00", "days_ago": 2},
    {"id": "event-eip", "event": "AssociateEipAddress", "service": "Vpc", "region": REGION, "time": "06:00:00",
     "days_ago": 2},
    {"id": "event-far", "event": "CreateSecurityGroup", "service": "Ecs", "region": "ap-northeast-1",
     "time": "06:00:00", "days_ago": 2},
    {"id": "event-old", "event": "CreateSecurityGroup", "service": "Ecs", "region": REGION, "time": "06:00:00",
     "days_ago": 20},
    {"id": "event-gone", "event": "CreateSecurityGroup", "service": "Ecs", "region": REGION, "time": "06:00:00",
     "days_ago": 92},
]  # fmt: skip
GROUP = {"id": "sg-web", "region": REGION}


def config(key, region=REGION):
    """Configure a client that keeps its real endpoint, which names the region."""
    return Config(access_key_id=key[0], access_key_secret=key[1], region_id=region, protocol="HTTP")


@pytest.fixture
def proxied(sim, monkeypatch):
    """Reset to an account with a history; every client in this process reaches the simulator as its proxy."""
    sim.reset(
        {
            "accounts": [
                {
                    **ESTATE["accounts"][0],
                    "ecs": {"security_groups": [GROUP]},
                    "actiontrail": {"events": [OPENED, REFUSED, *OTHERS]},
                }
            ]
        }
    )
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, sim.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    return sim


@pytest.fixture
def lookup(proxied, key):  # noqa: ARG001 - the proxy
    """Make a LookupEvents call: its conditions as a mapping, all else as the SDK names it."""

    def ask(conditions=None, region=REGION, **options):
        wanted = [models.LookupEventsRequestLookupAttribute(key=name, value=value)
                  for name, value in (conditions or {}).items()]  # fmt: skip
        asked = models.LookupEventsRequest(lookup_attribute=wanted, **options)
        return actiontrail.Client(config(key, region)).lookup_events(asked).body

    return ask


def names(body):
    """Tell the events of an answer apart."""
    return [event["eventId"] for event in body.events]


def window(days):
    """Give the last so many days, as the API wants them."""
    present = datetime.now(UTC)
    form = "%Y-%m-%dT%H:%M:%SZ"
    return {"start_time": (present - timedelta(days=days)).strftime(form), "end_time": present.strftime(form)}


def test_events_of_the_last_week_come_newest_first(lookup):
    """Without a window it is seven days, of the one region that was asked."""
    body = lookup(max_results="50")
    assert names(body) == ["event-eip", "event-read", "event-refused", "event-opened"]
    assert not body.next_token
    assert names(lookup(direction="FORWARD")) == list(reversed(names(body)))
    assert names(lookup(region="ap-northeast-1")) == ["event-far"]
    assert (body.start_time, body.end_time) == (window(7)["start_time"], body.end_time)


def test_older_events_need_a_window_and_none_is_kept_for_ever(lookup):
    """Ninety days are kept, whatever is asked for."""
    assert names(lookup(**window(30)))[-1] == "event-old"
    assert names(lookup(**window(120)))[-1] == "event-old"


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({"ServiceName": "Vpc"}, ["event-eip"]),
        ({"EventName": "AuthorizeSecurityGroup"}, ["event-opened"]),
        ({"User": "ops"}, ["event-opened"]),
        ({"EventAccessKeyId": "LTAI5tOps"}, ["event-opened"]),
        ({"ResourceName": "sg-web"}, ["event-opened"]),
        ({"ResourceType": "ACS::ECS::SecurityGroup"}, ["event-opened"]),
        ({"EventId": "event-read"}, ["event-read"]),
        ({"ServiceName": "Ecs", "EventRW": "Write"}, ["event-refused", "event-opened"]),
        ({"ServiceName": "ecs"}, []),
        ({"EventRW": "Write", "User": "ops", "ServiceName": "Vpc"}, ["event-opened"]),
    ],
)
def test_conditions_are_exact_and_the_first_two_count(lookup, conditions, found):
    """Each condition narrows; letters have to be in the right case; a third one is ignored."""
    assert names(lookup(conditions)) == found


def test_an_event_says_who_did_what(lookup):
    """The free-form parts hold the keys that the collection reads."""
    refused, opened = lookup({"ServiceName": "Ecs", "EventRW": "Write"}).events
    assert (opened["eventName"], opened["serviceName"], opened["acsRegion"]) == (
        "AuthorizeSecurityGroup",
        "Ecs",
        REGION,
    )
    assert opened["userIdentity"]["type"] == "ram-user"
    assert (opened["userIdentity"]["userName"], opened["sourceIpAddress"]) == ("ops", "203.0.113.10")
    assert opened["requestParameters"]["Permissions.1.PortRange"] == "22/22"
    assert opened["referencedResources"] == {"ACS::ECS::SecurityGroup": ["sg-web"]}
    assert "errorCode" not in opened
    assert refused["errorCode"] == "Forbidden.RAM"
    assert (refused["userIdentity"]["type"], refused["userIdentity"]["userName"]) == (
        "assumed-role",
        "AliyunServiceRoleForSas:sas",
    )


def test_pages_follow_each_other(lookup):
    """A token leads on, and only with the same request."""
    first = lookup(max_results="3")
    second = lookup(max_results="3", next_token=first.next_token)
    assert names(first) + names(second) == names(lookup(max_results="50"))
    assert not second.next_token
    with pytest.raises(ClientException) as caught:
        lookup(max_results="2", next_token=first.next_token)
    assert caught.value.code == "InvalidNextToken"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"max_results": "51"}, "InvalidParameter"),
        ({"start_time": "2026-01-01T00:00:00Z"}, "InvalidParameterCombination"),
        ({"start_time": "2026-01-01", "end_time": "2026-01-02"}, "InvalidParameter"),
        ({"start_time": "2026-01-02T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"}, "InvalidTimeRange"),
    ],
)
def test_what_is_refused(lookup, options, code):
    """Pages of more than fifty, half a window, times in another form."""
    with pytest.raises(ClientException) as caught:
        lookup(**options)
    assert caught.value.code == code


def test_calls_are_recorded(lookup, key):
    """Every writing call becomes an event, a refused one too; a reading one does not."""
    client = ecs.Client(config(key))
    rule = ecs_models.AuthorizeSecurityGroupRequestPermissions(
        ip_protocol="TCP", port_range="22/22", source_cidr_ip="0.0.0.0/0"
    )
    asked = {"region_id": REGION, "permissions": [rule]}
    client.authorize_security_group(ecs_models.AuthorizeSecurityGroupRequest(security_group_id="sg-web", **asked))
    with pytest.raises(ClientException):
        client.authorize_security_group(ecs_models.AuthorizeSecurityGroupRequest(security_group_id="sg-none", **asked))
    client.describe_security_groups(ecs_models.DescribeSecurityGroupsRequest(region_id=REGION))
    refused, made = lookup({"ServiceName": "Ecs", "EventRW": "Write"}).events[:2]
    assert made["requestParameters"]["Permissions.1.SourceCidrIp"] == "0.0.0.0/0"
    assert made["requestParameters"]["SecurityGroupId"] == "sg-web"
    assert made["responseElements"]["RequestId"] == made["requestId"]
    assert made["referencedResources"] == {"ACS::ECS::SecurityGroup": ["sg-web"]}
    assert (made["userIdentity"]["type"], made["userIdentity"]["userName"]) == ("ram-user", "client")
    assert made["userIdentity"]["accessKeyId"] == key[0]
    assert (refused["errorCode"], refused["responseElements"]) == ("InvalidSecurityGroupId.NotFound", None)
    assert not [event for event in lookup().events if event["eventName"] == "DescribeSecurityGroups"]


def test_a_limited_account_is_throttled(proxied, lookup):
    """An estate can say how many calls a second there may be; here none at all."""
    proxied.reset({"accounts": [{**ESTATE["accounts"][0], "actiontrail": {"rate": 0}}]})
    with pytest.raises(ClientException) as caught:
        lookup()
    assert caught.value.code == "Throttling.User"


def test_the_limit_is_one_of_calls_in_a_second():
    """What came a second ago counts no more, and neither does what was refused."""
    state = ActionTrail(rate=2)
    assert [state.throttles(moment) for moment in (0.0, 0.5, 0.9, 1.0, 1.4, 1.5)] == [
        False,
        False,
        True,
        False,
        True,
        False,
    ]
