# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers as they are read: which lists are asked for, and what a region without the product means."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.balancers import Listener, read_balancers
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import (
    NO_HOST,
    NOT_THE_CLOUD,
    CloudError,
    OptionError,
    Unread,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.rpc import _unsent

from tests.unit.examples import ACCOUNT

REGION = "cn-hangzhou"


class FakeCloud:
    """An account in one region whose calls are answered from a table; calls keeps their names."""

    account_id = ACCOUNT

    def __init__(self, answers: dict[str, dict | CloudError]):
        self.answers = answers
        self.calls: list[str] = []
        self.warnings: list[str] = []

    def all_regions(self) -> list[str]:
        """The account's regions."""
        return [REGION]

    def map(self, function, items) -> list:
        """One after the other."""
        return [self._guarded(function, item) for item in items]

    @staticmethod
    def _guarded(function, item) -> object:
        try:
            return function(item)
        except CloudError as error:
            return error

    def rpc(self, product: str, action: str, params: dict, region: str) -> dict:
        """The table's answer; a list of answers is given page by page."""
        assert region == REGION
        self.calls.append(f"{product} {action}")
        answer = self.answers[f"{product} {action}"]
        if isinstance(answer, list):
            answer = answer[int(params.get("NextToken") or params.get("PageNumber", 1) - 1)]
        if isinstance(answer, CloudError):
            raise answer
        return answer


def options(**more: object) -> SimpleNamespace:
    """The options that reading needs."""
    return SimpleNamespace(**{"types": ["clb"], "regions": [], "names": ["*"], "tags": {}, "admin_ports": [22], **more})


def clbs(*ids: str, total: int | None = None) -> dict:
    """A page of DescribeLoadBalancers."""
    rows = [{"LoadBalancerId": one, "AddressType": "internet"} for one in ids]
    return {"LoadBalancers": {"LoadBalancer": rows}, "TotalCount": len(ids) if total is None else total}


def listener(port: int = 80, protocol: str = "http", **more: object) -> dict:
    """A row of DescribeLoadBalancerListeners."""
    return {"LoadBalancerId": "lb-1", "ListenerPort": port, "ListenerProtocol": protocol, **more}


NO_LOGS = {"LogsDownloadAttributes": {"LogsDownloadAttribute": []}, "TotalCount": 0}
LISTS = ["slb DescribeLoadBalancers", "slb DescribeAccessLogsDownloadAttribute", "slb DescribeLoadBalancerListeners"]


def cloud(*rows: dict, **more: object) -> FakeCloud:
    """An account with one CLB that has these listeners."""
    answers = dict(zip(LISTS, (clbs("lb-1"), NO_LOGS, {"Listeners": list(rows)}), strict=True))
    return FakeCloud({**answers, **more})


def refused(code: str) -> CloudError:
    """A call that was refused."""
    return CloudError("ListLoadBalancers", code, "no", "5F3C-1", 404)


def test_a_region_without_load_balancers_costs_one_call():
    """Nothing else is asked there, nor where the names leave all of them out."""
    empty = FakeCloud({LISTS[0]: clbs()})
    assert read_balancers(empty, options(), None) == []
    others = FakeCloud({LISTS[0]: clbs("lb-1", "lb-2")})
    assert read_balancers(others, options(names=["web-*"]), None) == []
    assert (empty.calls, others.calls) == (LISTS[:1], LISTS[:1])
    assert others.warnings == ["names: no load balancer in scope matches 'web-*'."]


def test_pages_are_read_to_their_end():
    """By number and by token."""
    one = cloud()
    one.answers[LISTS[0]] = [clbs("lb-1", total=2), clbs("lb-2", total=2)]
    one.answers[LISTS[2]] = [{"Listeners": [listener()], "NextToken": "1"}, {"Listeners": [listener(443, "https")]}]
    first, second = read_balancers(one, options(), None)
    assert [each.first for each in first.listeners] == [80, 443]
    assert second.listeners == ()
    assert one.calls == [LISTS[0], LISTS[0], LISTS[1], LISTS[2], LISTS[2]]


@pytest.mark.parametrize(
    "row", [{}, {"AddressType": None, "LoadBalancerName": None, "Tags": None}, {"Tags": {"Tag": None}}], ids=str
)
def test_what_a_row_leaves_out_is_not_missed(row):
    """Only the id has to be there."""
    one = cloud()
    one.answers[LISTS[0]] = {"LoadBalancers": {"LoadBalancer": [{"LoadBalancerId": "lb-1", **row}]}, "TotalCount": 1}
    (found,) = read_balancers(one, options(), None)
    assert (found.resource.name, found.exposure, found.tags) == ("lb-1", "", {})


@pytest.mark.parametrize("more", [{}, {"LogsDownloadAttributes": None}, {"LogsDownloadAttributes": {}}], ids=str)
@pytest.mark.parametrize(("total", "known"), [({"TotalCount": 0}, True), ({"TotalCount": 1}, False), ({}, False)])
def test_no_list_is_an_empty_one_only_where_it_is_counted_as_such(more, total, known):
    """Of settings that a list speaks of and does not show, nothing is known."""
    (found,) = read_balancers(cloud(**{LISTS[1]: {**more, **total}}), options(), None)
    assert found.log is None if known else found.log.code == NOT_THE_CLOUD


def test_a_list_without_its_count_may_go_on():
    """Then it is no list of everything."""
    (found,) = read_balancers(cloud(**{LISTS[0]: {"LoadBalancers": clbs("lb-1")["LoadBalancers"]}}), options(), None)
    assert found.unread.code == NOT_THE_CLOUD


def test_a_setting_that_names_no_place_is_none():
    """As it is with an ALB."""
    rows = [{"LoadBalancerId": "lb-1", "LogProject": "", "LogStore": ""}, {"LoadBalancerId": "lb-2"}]
    listed = {"LogsDownloadAttributes": {"LogsDownloadAttribute": rows}, "TotalCount": 2}
    (found,) = read_balancers(cloud(**{LISTS[1]: listed}), options(), None)
    assert found.log is None


def test_a_group_that_shows_no_servers_is_not_known():
    """That is another thing than an empty one."""
    answer = {"slb DescribeVServerGroupAttribute": {"BackendServers": None}}
    (found,) = read_balancers(cloud(listener(443, "tcp", VServerGroupId="rsp-1"), **answer), options(), None)
    assert found.listeners[0].back.code == NOT_THE_CLOUD


@pytest.mark.parametrize(
    ("row", "back"),
    [
        (listener(BackendServerPort=8080), {8080}),
        (listener(BackendServerPort=-520), set()),
        (listener(), set()),
        (listener(443, "tcp", VServerGroupId="rsp-1", BackendServerPort=9), {22}),
        (listener(443, "tcp", TCPListenerConfig={"MasterSlaveServerGroupId": "rsp-2"}), {3389}),
    ],
)
def test_the_ports_behind_a_clb(row, back):
    """A group's servers have their own; whatever else a row says of a port is a placeholder."""
    groups = {
        "slb DescribeVServerGroupAttribute": {"BackendServers": {"BackendServer": [{"Port": 22}]}},
        "slb DescribeMasterSlaveServerGroupAttribute": {
            "MasterSlaveBackendServers": {"MasterSlaveBackendServer": [{"Port": 3389}]}
        },
    }
    found = read_balancers(cloud(row, **groups), options(), None)[0].listeners
    assert found == (Listener(row["ListenerProtocol"], row["ListenerPort"], row["ListenerPort"], frozenset(back)),)


def test_a_group_is_read_once_and_only_for_tcp():
    """Two listeners share it; that of an HTTP listener is not looked at."""
    grouped = {"VServerGroupId": "rsp-1"}
    one = cloud(
        listener(1, "tcp", **grouped), listener(2, "tcp", **grouped), listener(3, "http", VServerGroupId="rsp-9")
    )
    one.answers["slb DescribeVServerGroupAttribute"] = refused("Forbidden.RAM")
    first, second, third = read_balancers(one, options(), None)[0].listeners
    assert isinstance(first.back, Unread)
    assert first.back == second.back
    assert third.back == frozenset()
    assert one.calls.count("slb DescribeVServerGroupAttribute") == 1


@pytest.mark.parametrize("code", [NO_HOST, "InvalidRegionId.NotFound"])
def test_a_region_that_does_not_offer_alb_has_none(code):
    """That is no failure to read; of CLB, which every region has, it is."""
    assert read_balancers(FakeCloud({"alb ListLoadBalancers": refused(code)}), options(types=["alb"]), None) == []
    (unread,) = read_balancers(FakeCloud({LISTS[0]: refused(code)}), options(), None)
    assert unread.unread.code == code


def test_what_is_refused_stands_for_all_of_its_kind():
    """A list that was denied is one unreadable stand-in; a wrong key ends the run."""
    (unread,) = read_balancers(
        FakeCloud({"alb ListLoadBalancers": refused("Forbidden.RAM")}), options(types=["alb"]), None
    )
    assert unread.resource.arn == f"acs:alb:{REGION}:{ACCOUNT}:loadbalancer/*"
    with pytest.raises(CloudError):
        read_balancers(FakeCloud({LISTS[0]: refused("InvalidAccessKeyId.NotFound")}), options(), None)


def test_a_second_look_reads_what_it_was_asked_for():
    """Only these regions and kinds, and no list of regions; a name from elsewhere is not missed there."""
    one = cloud(listener())
    arn = f"acs:slb:{REGION}:{ACCOUNT}:loadbalancer/lb-1"
    needed = frozenset({arn, f"acs:log:{REGION}:{ACCOUNT}:project/p", f"acs:ram:*:{ACCOUNT}:role/r"})
    given = options(regions=["nowhere"], names=["lb-1", "lb-elsewhere"])
    assert [each.resource.arn for each in read_balancers(one, given, needed)] == [arn]
    assert one.warnings == []
    assert read_balancers(one, options(), frozenset({f"{arn}0"})) == []


def test_a_region_that_the_account_does_not_have_is_refused():
    """A misspelt one would pass for a clean audit."""
    with pytest.raises(OptionError, match="cn-hangzou"):
        read_balancers(cloud(), options(regions=["cn-hangzou"]), None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[Errno -2] Name or service not known", NO_HOST),
        ("[Errno -5] No address associated with hostname", NO_HOST),
        ("[Errno -3] Temporary failure in name resolution", "ConnectionFailed"),
    ],
)
def test_a_host_that_is_not_there_is_no_broken_connection(text, code):
    """Only the name server's own word counts."""
    assert _unsent("ListLoadBalancers", "https://alb.cn-nowhere.aliyuncs.com", text).code == code
