# SPDX-License-Identifier: GPL-3.0-or-later
"""What a replay says of each past moment, against single packets sent at that moment in the simulated network.

Random calls are made to a random estate, and packets are sent after each of them. Then the events that the simulator
recorded are replayed backwards from the network as it is at the end. Whoever the replay lets in for sure at a moment
got in then, and whoever it keeps out did not; of what it calls unknown, anything may be true.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import network_history, network_reads, openings, trail
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.credentials import Keys
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import CloudError
from ansible_collections.hardening.alicloud.plugins.module_utils.paths import Routes
from ansible_collections.hardening.alicloud.plugins.module_utils.replay import back, matters
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from simulator import Simulator
from tests.estates import BLOCKS, GROUPS, INSIDE, LISTS, REGION, SERVERS, SOURCES, SSH, random_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.hardening.alicloud.plugins.module_utils.replay import Moment

FRONTS = (SSH, 80, 443, 2222)
ROOT_KEY = ("LTAI5tReplayRoot00000001", "replay-root-secret")
INTERFACES = ("eni-a", "eni-b", "eni-c", "eni-x31", "eni-x32")
INNER = ("172.16.0.0/24", "172.16.1.0/24")
CALLS = 14
Packet = tuple[str, str, int]
Call = tuple[str, str, dict]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """Give the one simulator of all examples."""
    with Simulator({"accounts": []}) as running:
        yield running
        assert not running.violations()


# Random calls, many of which the cloud refuses


def permission(random: Random) -> dict:
    """Write a rule that touches SSH, most of the time."""
    return {
        "IpProtocol": random.choice(("TCP", "tcp", "ALL")),
        "Policy": random.choice(("accept", "accept", "drop")),
        "Priority": random.choice(("1", "1", "2")),
        "SourceCidrIp": random.choice(BLOCKS[:4]),
    }


def ranged(rule: dict, random: Random) -> dict:
    """Give the rule ports that its protocol may have."""
    ports = "-1/-1" if rule["IpProtocol"] == "ALL" else random.choice(("22/22", "22/22", "1/65535", "80/80"))
    return rule | {"PortRange": ports}


def on_rules(random: Random, made: list[dict], rules: dict[str, list[str]]) -> Call:
    """Add, remove or change rules; what was added before is likely to be removed, or added again."""
    group = random.choice(GROUPS)
    fresh = {"SecurityGroupId": group, "Permissions": [ranged(permission(random), random)]}
    known = random.choice(made) if made and random.random() < 2 / 3 else fresh
    action = random.choice(("AuthorizeSecurityGroup", "RevokeSecurityGroup", "RevokeSecurityGroup", "by id", "change"))
    if action in ("by id", "change") and rules[group]:
        rule = random.choice(rules[group])
        if action == "by id":
            ids = random.sample(rules[group], random.choice((1, 1, min(2, len(rules[group])))))
            return "ecs", "RevokeSecurityGroup", {"SecurityGroupId": group, "SecurityGroupRuleId": ids}
        fields = {"SourceCidrIp": BLOCKS[:4], "DestCidrIp": INNER, "Policy": ("drop",), "Description": ("new",)}
        name = random.choice(tuple(fields))
        what = {name: random.choice(fields[name])}
        return "ecs", "ModifySecurityGroupRule", {"SecurityGroupId": group, "SecurityGroupRuleId": rule, **what}
    if not action.startswith("Revoke"):
        made.append(fresh)
        return "ecs", "AuthorizeSecurityGroup", random.choice((fresh, known))
    return "ecs", action, known


def on_members(random: Random) -> Call:
    """Move interfaces, and put them into other groups."""
    interface, group, server = random.choice(INTERFACES), random.choice(GROUPS), random.choice(SERVERS)
    target = random.choice(({"InstanceId": server}, {"NetworkInterfaceId": interface}))
    some = random.sample(GROUPS, random.randint(1, 2))
    moved = {"NetworkInterfaceId": interface, "InstanceId": server}
    stopping = random.choice(({}, {"StoppedMode": "KeepCharging"}, {"StoppedMode": "StopCharging"}))
    return random.choice(
        (
            ("ecs", "JoinSecurityGroup", {"SecurityGroupId": group, **target}),
            ("ecs", "LeaveSecurityGroup", {"SecurityGroupId": group, **target}),
            ("ecs", "ModifyInstanceAttribute", {"InstanceId": server, "SecurityGroupIds": some}),
            ("ecs", "ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": interface, "SecurityGroupId": some}),
            ("ecs", "AttachNetworkInterface", moved),
            ("ecs", "DetachNetworkInterface", moved),
            ("ecs", "StartInstance", {"InstanceId": server}),
            ("ecs", "StopInstance", {"InstanceId": server, **stopping}),
            ("ecs", "AllocatePublicIpAddress", {"InstanceId": server}),
        )
    )


def on_lists(random: Random) -> Call:
    """Change prefix lists and access control lists."""
    entry = [{"Cidr": random.choice(("8.8.8.0/24", "203.0.113.0/25", "9.9.9.0/24"))}]
    blocks = json.dumps([{"entry": random.choice(BLOCKS[1:5]), "comment": ""}])
    named = {"PrefixListId": random.choice(tuple(LISTS))}
    return random.choice(
        (
            ("ecs", "ModifyPrefixList", {**named, "AddEntry": entry}),
            ("ecs", "ModifyPrefixList", {**named, "RemoveEntry": entry}),
            ("slb", "AddAccessControlListEntry", {"AclId": random.choice(("acl-a", "acl-b")), "AclEntrys": blocks}),
            ("slb", "RemoveAccessControlListEntry", {"AclId": random.choice(("acl-a", "acl-b")), "AclEntrys": blocks}),
        )
    )


def on_addresses(random: Random, bound: list[tuple[str, str]], addresses: list[str], forwards: list[str]) -> Call:
    """Bind EIPs, and forward ports. bound: EIPs, each with what it is bound to."""
    eips = [name for name, _target in bound]
    known = random.choice(bound or [("eip-none", "i-none")])
    eip = {"AllocationId": random.choice(eips)} if eips else {"AllocationId": "eip-none"}
    target = random.choice((*SERVERS, *INTERFACES))
    kind = "EcsInstance" if target.startswith("i-") else "NetworkInterface"
    entry = {"ForwardTableId": "ftb-1", "ForwardEntryId": random.choice(forwards) if forwards else "fwd-none"}
    inner = {"InternalIp": random.choice(INSIDE), "InternalPort": "22", "IpProtocol": "tcp"}
    front = {"ExternalIp": random.choice(addresses), "ExternalPort": random.choice(("22", "2222"))}
    return random.choice(
        (
            ("vpc", "AllocateEipAddress", {}),
            ("vpc", "ReleaseEipAddress", eip),
            ("vpc", "AssociateEipAddress", {**eip, "InstanceId": target, "InstanceType": kind}),
            ("vpc", "AssociateEipAddress", {**eip, "InstanceId": target, "InstanceType": kind}),
            ("vpc", "UnassociateEipAddress", eip),
            ("vpc", "UnassociateEipAddress", {"AllocationId": known[0], "InstanceId": known[1]}),
            ("vpc", "CreateForwardEntry", {"ForwardTableId": "ftb-1", **front, **inner}),
            ("vpc", "ModifyForwardEntry", {**entry, "InternalIp": random.choice(INSIDE)}),
            ("vpc", "DeleteForwardEntry", entry),
        )
    )


def on_balancers(random: Random) -> Call:
    """Change listeners, and what stands behind them."""
    listener = {"LoadBalancerId": random.choice(("lb-0", "lb-1")), "ListenerPort": random.choice(FRONTS)}
    balancer = {"LoadBalancerId": listener["LoadBalancerId"]}
    server = random.choice(SERVERS)
    guard = random.choice(({}, {"AclStatus": "on", "AclType": "white", "AclId": "acl-a"}))
    lsn = {"ListenerId": f"lsn-{random.choice(FRONTS)}"}
    nlb = {"LoadBalancerId": "nlb-1", "ListenerProtocol": "TCP", "ListenerPort": random.choice(FRONTS)}
    return random.choice(
        (
            ("slb", "CreateLoadBalancerTCPListener", {**listener, "BackendServerPort": 22, "Bandwidth": -1, **guard}),
            ("slb", "SetLoadBalancerTCPListenerAttribute", {**listener, **guard}),
            ("slb", "SetLoadBalancerTCPListenerAttribute", {**listener, "VServerGroupId": "rsp-a", **guard}),
            ("slb", "SetLoadBalancerTCPListenerAttribute", {**listener, "VServerGroup": "off", **guard}),
            ("slb", "DeleteLoadBalancerListener", listener),
            ("slb", "StartLoadBalancerListener", listener),
            ("slb", "StopLoadBalancerListener", listener),
            ("slb", "AddBackendServers", {**balancer, "BackendServers": json.dumps([{"ServerId": server}])}),
            ("slb", "RemoveBackendServers", {**balancer, "BackendServers": json.dumps([{"ServerId": server}])}),
            ("nlb", "CreateListener", {**nlb, "ServerGroupId": "sgp-fixed"}),
            ("nlb", "DeleteListener", lsn),
        )
    )


class World:
    """A running account: makes calls to it, and keeps where packets ended after each one that went through."""

    def __init__(self, sim: Simulator, random: Random):
        account = random_account(random)
        network = {"groups_filter_balancers": random.random() < 1 / 2}
        keys = [{"id": ROOT_KEY[0], "secret": ROOT_KEY[1]}]
        sim.reset({"accounts": [{**account, "keys": keys, "network": network}]})
        self.sim, self.random = sim, random
        self.cloud = Cloud(Keys(*ROOT_KEY, None), sim.url, 8)
        self.made: list[dict] = []
        self.ends: dict[str, set[tuple[Packet, str]]] = {"": self.packets()}

    def step(self) -> None:
        """Make one call, and send packets."""
        product, action, params = self.call()
        try:
            answer = self.cloud.rpc(product, action, params, REGION)
        except CloudError:
            return
        self.ends[answer["RequestId"]] = self.packets()

    def call(self) -> Call:
        """Think of a call."""
        kind = self.random.choice(("rules", "rules", "members", "lists", "addresses", "addresses", "balancers"))
        vpc = self.state["vpc"]
        gateway = vpc["nat_gateways"][0]
        nat = [one["address"] for one in vpc["eips"] if one["bound_to"] == gateway["id"]] or ["192.0.2.1"]
        forwards = [one["id"] for one in gateway["forwards"]]
        return {
            "rules": lambda: on_rules(self.random, self.made, {name: self.rules(name) for name in GROUPS}),
            "members": lambda: on_members(self.random),
            "lists": lambda: on_lists(self.random),
            "addresses": lambda: on_addresses(
                self.random, [(one["id"], one["bound_to"]) for one in vpc["eips"]], nat, forwards
            ),
            "balancers": lambda: on_balancers(self.random),
        }[kind]()

    @property
    def state(self) -> dict:
        """The account as it is."""
        return self.sim.state()["accounts"][0]

    def rules(self, group: str) -> list[str]:
        """Give the ids of a group's inbound rules."""
        asked = {"SecurityGroupId": group, "Direction": "ingress"}
        answer = self.cloud.rpc("ecs", "DescribeSecurityGroupAttribute", asked, REGION)
        return [rule["SecurityGroupRuleId"] for rule in answer["Permissions"]["Permission"]]

    def packets(self) -> set[tuple[Packet, str]]:
        """Send a packet from every source to every address and port: those that came to SSH, and of which server."""
        account = self.state
        addresses = {one["address"] for one in account["vpc"]["eips"]}
        addresses |= {one["public_ip"] for one in account["ecs"]["instances"]} - {""}
        addresses |= {one["address"] for one in account["slb"]["load_balancers"] if one["address_type"] == "internet"}
        addresses |= {address for one in account["nlb"]["load_balancers"] for address in one["addresses"]}
        return {
            ((source, address, port), server)
            for address in addresses
            for source in SOURCES
            for port in FRONTS
            for server, at in self.sim.reach(source, address, port)
            if at == SSH
        }

    def replayed(self) -> tuple[list[Moment], trail.History]:
        """Every moment, out of today's network and the recorded events."""
        now = datetime.now(UTC) + timedelta(seconds=1)
        history = trail.read(self.cloud, [REGION], now - timedelta(hours=1), now)
        events = [event for event in history.events if matters(event)]
        named = network_history.named(history.events)
        network = network_reads.read(self.cloud, SimpleNamespace(regions=[]), (SSH,), also=named)
        return back(network_history.without_gone(network, named), events), history


def said(moment: Moment, server: str) -> tuple[set[Packet], set[Packet] | None]:
    """Packets that get to the server for sure, and those that may; None for any."""
    exposure = Routes(moment.network).to(server, SSH)
    four = [path for path in exposure.paths if ":" not in path.address]
    sure, possible = (
        {
            (source, path.address, path.port)
            for path in four
            for source in SOURCES
            if path.address and source in getattr(path.sources, name)
        }
        for name in ("sure", "possible")
    )
    if exposure.verdict == "not_reachable":
        assert not sure
        return sure, possible
    anywhere = exposure.gaps or not exposure.server.status or any(not path.address for path in four)
    # Behind a listener that leads to nobody knows whom, the front port is one of many.
    return sure, None if anywhere else possible


# A seed says nothing by its size, so there is nothing to shrink.
@settings(deadline=None, max_examples=30, phases=[Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 1 << 32))
def test_every_moment_is_as_it_was_or_unknown(sim, seed):
    """Whoever a past moment lets in got in then; whoever it keeps out did not."""
    world = World(sim, Random(seed))  # noqa: S311
    for _call in range(CALLS):
        world.step()
    moments, _history = world.replayed()
    ends = world.ends[""]
    for moment in moments:
        ends = world.ends[moment.event.id] if moment.event else ends
        for server in SERVERS:
            arrived = {packet for packet, at in ends if at == server}
            sure, possible = said(moment, server)
            assert sure <= arrived, (moment.event, server)
            assert possible is None or arrived <= possible, (moment.event, server)


@settings(deadline=None, max_examples=10, phases=[Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 1 << 32))
def test_looking_only_at_what_changed_is_looking_at_all(sim, seed):
    """What is open at each moment is the same, whether or not the moments before it were looked at."""
    world = World(sim, Random(seed))  # noqa: S311
    for _call in range(CALLS):
        world.step()
    moments, _history = world.replayed()
    watch = openings.Watch((SSH, 80))
    for moment in moments:
        afresh = openings.Watch((SSH, 80))
        for one in (watch, afresh):
            one.look(moment.network)
        assert {name: state for name, state in watch.states.items() if state != openings.State()} == afresh.states


def test_the_calls_are_worth_something(sim):
    """Enough of the random calls go through, of every kind, and enough moments are known."""
    known, unknown, made = 0, 0, Counter()
    for seed in range(12):
        world = World(sim, Random(seed))  # noqa: S311
        for _call in range(CALLS):
            world.step()
        moments, history = world.replayed()
        made.update(event.name for event in history.events)
        for moment in moments[:-1]:
            for server in SERVERS:
                sure, possible = said(moment, server)
                known, unknown = (known + 1, unknown) if sure == possible else (known, unknown + 1)
    assert len(made) > 15
    assert known > unknown / 2  # most changes in this dense a world touch every server
