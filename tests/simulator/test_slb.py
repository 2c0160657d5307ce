# SPDX-License-Identifier: GPL-3.0-or-later
"""How the simulated load balancers deliver their logs, who may make them, and which estates make no sense."""

from __future__ import annotations

import copy
import json

import pytest

from simulator import Simulator
from simulator.errors import EstateError
from tests.simulator.conftest import ACCOUNT, Clients, policy

REGION = "cn-hangzhou"
SLB, ALB, MANAGER = "2014-05-15", "2020-06-16", "2020-03-31"
KEY = {"id": "LTAI5tKey", "secret": "the-secret", "user": "user"}
LAYER_7 = [{"port": 80, "protocol": "http"}]
LOGS = {"projects": [{"name": "logs", "region": REGION, "logstores": [{"name": "web"}]}]}
ROLE = "AliyunServiceRoleForSlbLogDelivery"


def estate(*policies: dict, **sections: object) -> dict:
    """An account with one key that has these policies (default: everything), and with these sections."""
    key = {**KEY, "policies": list(policies) or [policy("*")]}
    return {"accounts": [{"id": ACCOUNT, "keys": [key], "regions": [REGION, "cn-shanghai"], "sls": LOGS, **sections}]}


def balancer(**more: object) -> dict:
    """A section with one load balancer that has traffic."""
    return {"load_balancers": [{"id": "lb-1", "region": REGION, "traffic": True, **more}]}


@pytest.fixture
def play():
    """Start a simulator, and give the client of its key."""
    started = []

    def start(source: dict) -> Clients:
        started.append(Simulator(source).__enter__())
        return Clients(started[-1], KEY["id"], KEY["secret"])

    yield start
    violations = [violation for sim in started for violation in sim.violations()]
    for sim in started:
        sim.__exit__(None, None, None)
    assert violations == []


def set_logs(client: Clients, balancer_id: str = "lb-1") -> dict:
    """Switch a CLB's access logs on."""
    rules = json.dumps([{"LoadBalancerId": balancer_id, "LogProject": "logs", "LogStore": "web"}])
    return client.rpc(SLB, "SetAccessLogsDownloadAttribute", RegionId=REGION, LogsDownloadAttributes=rules)


def enable(client: Clients) -> dict:
    """Switch an ALB's access logs on, and look until that is done."""
    named = {"LoadBalancerId": "lb-1", "LogProject": "logs", "LogStore": "web"}
    answer = client.rpc(ALB, "EnableLoadBalancerAccessLog", RegionId=REGION, **named)
    for _unused in range(2):
        client.rpc(ALB, "ListLoadBalancers", RegionId=REGION)
    return answer


def entries(client: Clients) -> list[dict]:
    """What has been delivered."""
    return client.sim.state()["accounts"][0]["sls"]["projects"][0]["logstores"][0]["logs"]


@pytest.mark.parametrize(
    ("roles", "listeners", "traffic", "delivered"),
    [
        ([ROLE], LAYER_7, True, 1),
        (["AliyunLogArchiveRole"], LAYER_7, True, 1),
        ([], LAYER_7, True, 0),
        ([ROLE], [{"port": 53, "protocol": "udp"}], True, 0),
        ([ROLE], LAYER_7, False, 0),
    ],
)
def test_clb_logs_arrive_where_a_role_lets_them(play, roles, listeners, traffic, delivered):
    """Without a role the call succeeds, and nothing arrives; nor does it without layer 7 or without traffic."""
    trust = {"Version": "1", "Statement": []}
    ram = {"roles": [{"name": name, "trust": trust} for name in roles]}
    client = play(estate(slb=balancer(listeners=listeners, traffic=traffic), ram=ram))
    set_logs(client)
    assert len(entries(client)) == delivered


def test_alb_makes_its_role_and_delivers_when_the_job_is_done(play):
    """The role is part of the call; the entry comes with the effect."""
    client = play(estate(alb=balancer()))
    enable(client)
    assert [entry["app_lb_id"] for entry in entries(client)] == ["lb-1"]
    roles = client.sim.state()["accounts"][0]["ram"]["roles"]
    assert [(role["name"], role["service"]) for role in roles] == [
        ("AliyunServiceRoleForAlbLogDelivery", "logdelivery.alb.aliyuncs.com")
    ]


def test_alb_needs_the_right_to_make_its_role(play, refused):
    """The caller's right to switch logs on is not enough."""
    client = play(estate(policy("alb:*"), alb=balancer()))
    assert refused(enable, client) == (403, "Forbidden.RAM")


def test_rights_are_asked_for_each_load_balancer(play, refused):
    """Setting names the load balancer, listing names all."""
    mine = policy("slb:SetAccessLogsDownloadAttribute", resource=f"acs:slb:{REGION}:{ACCOUNT}:loadbalancer/lb-1")
    section = balancer()
    section["load_balancers"].append({"id": "lb-2", "region": REGION})
    client = play(estate(mine, slb=section))
    set_logs(client)
    assert refused(set_logs, client, "lb-2") == (403, "Forbidden.RAM")
    assert refused(client.rpc, SLB, "DescribeLoadBalancers", RegionId=REGION) == (403, "Forbidden.RAM")


def test_a_role_is_made_for_the_services_that_the_policy_names(play, refused):
    """The condition key ram:ServiceName is the service asked for."""
    one = {"StringEquals": {"ram:ServiceName": ["logdelivery.slb.aliyuncs.com"]}}
    client = play(estate(policy("ram:CreateServiceLinkedRole", Condition=one)))
    made = client.rpc(MANAGER, "CreateServiceLinkedRole", ServiceName="logdelivery.slb.aliyuncs.com")
    assert made["Role"]["RoleName"] == ROLE
    other = {"ServiceName": "logdelivery.alb.aliyuncs.com"}
    assert refused(client.rpc, MANAGER, "CreateServiceLinkedRole", **other) == (403, "NoPermission")


@pytest.mark.parametrize(
    "sections",
    [
        {"slb": {"load_balancers": [{"id": "lb-1"}]}},
        {"slb": balancer(region="eu-west-1")},
        {"slb": balancer(colour="red")},
        {"slb": balancer(listeners=[{"port": 80, "protocol": "smtp"}])},
        {"slb": balancer(listeners=[{"port": 80, "protocol": "tcp", "server_group": "rsp-none"}])},
        {"slb": balancer(access_log={"bucket": "logs"})},
        {"alb": {"load_balancers": [{"region": REGION}]}},
        {"alb": balancer(listeners=[{"id": "lsn-1", "port": 80, "server_groups": ["sgp-none"]}])},
        {"nlb": {"load_balancers": [{"id": "nlb-1"}]}},
        {
            "nlb": {
                "load_balancers": [{"id": "nlb-1", "region": REGION, "listeners": [{"id": "l", "server_group": "x"}]}]
            }
        },
        {"sls": {"projects": [{"name": "logs"}]}},
        {"sls": {"projects": [{"name": "logs", "region": REGION, "logstores": [{"ttl": 1}]}]}},
    ],
    ids=str,
)
def test_estates_that_make_no_sense_are_refused(sections):
    """Whatever the simulator would have to ignore is told when it is loaded."""
    with pytest.raises(EstateError):
        Simulator(estate(**sections))


def test_two_accounts_cannot_have_one_project():
    """Names are global."""
    twice = estate()
    twice["accounts"].append({**copy.deepcopy(twice["accounts"][0]), "id": "2", "keys": []})
    with pytest.raises(EstateError, match="global"):
        Simulator(twice)


def test_a_dump_is_an_estate_again(play):
    """Nothing of it gets lost."""
    client = play(
        estate(
            slb={
                **balancer(listeners=[{"port": 1, "protocol": "tcp", "server_group": "g"}]),
                "server_groups": {"g": [2]},
            },
            alb={**balancer(listeners=[{"id": "l", "port": 1, "server_groups": ["g"]}]), "server_groups": {"g": [2]}},
            nlb={"load_balancers": [{"id": "n", "region": REGION, "listeners": [{"id": "l", "start": 1, "end": 9}]}]},
        )
    )
    state = client.sim.state()
    client.sim.reset(copy.deepcopy(state))
    assert client.sim.state() == state
