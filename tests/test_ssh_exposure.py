# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh_exposure_info says of random estates, against single packets in the simulated network.

It is not documented whether a server's groups are asked about what a load balancer of layer 4 hands on with the
client's address, so the packets are sent in both of these worlds, and what is said has to hold in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import network_reads, paths
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.credentials import Keys
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import CloudError
from ansible_collections.hardening.alicloud.plugins.module_utils.targets import targets
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from simulator import Simulator, estate
from simulator.estate import load
from simulator.network import reach
from tests.estates import ELSEWHERE, REGION, SERVERS, SOURCES, SOURCES_6, SSH, keyed, random_account
from tests.harness import KEYS, REGISTRY, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ansible_collections.hardening.alicloud.plugins.module_utils.paths import Exposure, Path

FRONTS = (SSH, 80, 443, ELSEWHERE)
DENIABLE = (
    "ecs:DescribeInstances",
    "ecs:DescribeNetworkInterfaces",
    "ecs:DescribeSecurityGroupAttribute",
    "ecs:DescribePrefixListAttributes",
    "ecs:DescribePortRangeListEntries",
    "vpc:DescribeEipAddresses",
    "vpc:DescribeNatGateways",
    "vpc:DescribeForwardTableEntries",
    "vpc:DescribeIpv6Addresses",
    "slb:DescribeLoadBalancers",
    "slb:DescribeLoadBalancerListeners",
    "slb:DescribeLoadBalancerAttribute",
    "slb:DescribeVServerGroupAttribute",
    "slb:DescribeMasterSlaveServerGroupAttribute",
    "slb:DescribeAccessControlListAttribute",
    "nlb:ListLoadBalancers",
    "nlb:GetLoadBalancerAttribute",
    "nlb:ListListeners",
    "nlb:ListServerGroups",
    "nlb:ListServerGroupServers",
    "alb:ListLoadBalancers",
    "alb:GetLoadBalancerAttribute",
)
Packet = tuple[str, str, int]  # source, public address, port there


@dataclass(frozen=True)
class World:
    """An estate, as the module sees it and as it is: where packets end, in either of the two worlds."""

    seen: list[Exposure]
    asked: dict[Packet, list]
    unasked: dict[Packet, list]

    def arriving(self, ends: dict[Packet, list], exposure: Exposure) -> set[Packet]:
        """The packets that get to the server's port."""
        wanted = [exposure.server.id, exposure.port]
        return {packet for packet, places in ends.items() if wanted in places}


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """Give the one simulator of all examples."""
    with Simulator({"accounts": []}) as running:
        yield running
        assert not running.violations()


def play(sim: Simulator, account: dict, denied: list[str] = (), ports: dict[str, int] | None = None) -> World:
    """Look at the account as the module does, and send packets to every public address that it has."""
    sim.reset(keyed(account, denied, filtered=True))
    ends = [packets(load(keyed(account, (), filtered=filtered), ROOT, REGISTRY), account) for filtered in (True, False)]
    ports = ports or {}
    network = read(sim, ports={SSH, *ports.values()})
    if not denied:
        assert not network.gaps
        assert sorted(row["address"] for row in targets(network)) == sorted(set(addresses(account)))
    routes = paths.Routes(network)
    return World([routes.to(name, ports.get(name, SSH)) for name in network.servers], *ends)


def addresses(account: dict) -> Iterator[str]:
    """Every public address of the account."""
    yield from (one["address"] for one in account["vpc"]["eips"])
    for one in account["ecs"]["instances"]:
        yield from filter(None, (one["public_ip"], one.get("ipv6") if one.get("ipv6_bandwidth") else ""))
    yield from (one["address"] for one in account["slb"]["load_balancers"] if one["address_type"] == "internet")
    for kind in ("nlb", "alb"):
        yield from (address for one in account[kind]["load_balancers"] for address in one["addresses"])


def packets(world: estate.World, account: dict) -> dict[Packet, list]:
    """Where a new connection ends, from every source to every address and port."""
    return {
        (source, address, port): reach(world, source, address, port)
        for address in addresses(account)
        for source in (SOURCES_6 if ":" in address else SOURCES)
        for port in FRONTS
    }


def sampled(path: Path) -> tuple[set[Packet], set[Packet]]:
    """The packets of the sample that the path says to let through for sure, and those that it may."""
    sources = SOURCES_6 if ":" in path.address else SOURCES
    found = path.sources
    sure = {(source, path.address, path.port) for source in sources if source in found.sure}
    return sure, {(source, path.address, path.port) for source in sources if source in found.possible}


def is_justified(path: Path, packets_: set[Packet], world: World, exposure: Exposure) -> bool:
    """Whether something is unknown that can't be known: the worlds differ, or an NLB hides the client's address."""
    hidden = any("load balancer's own address is unconfirmed" in line for line in path.evidence)
    differing = world.arriving(world.asked, exposure) ^ world.arriving(world.unasked, exposure)
    return hidden or packets_ <= differing


def assert_sound(world: World) -> None:
    """Nothing that is said is wrong, in either world."""
    for exposure in world.seen:
        asked, unasked = (world.arriving(ends, exposure) for ends in (world.asked, world.unasked))
        sure = set().union(*(sampled(path)[0] for path in exposure.paths))
        possible = set().union(*(sampled(path)[1] for path in exposure.paths))
        assert sure <= asked & unasked
        if not exposure.gaps and exposure.server.status:
            blind = {path.address for path in exposure.paths if not path.address}
            assert blind or {one for one in asked | unasked if one not in possible} == set()
        if exposure.verdict == "not_reachable":
            assert not asked | unasked
        if sure:
            assert exposure.verdict == "reachable"
            assert {source for source, _address, _port in sure} <= {
                source for source in (*SOURCES, *SOURCES_6) if source in exposure.sources
            }


# A seed says nothing by its size, so there is nothing to shrink.
@settings(deadline=None, max_examples=60, phases=[Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 1 << 32))
def test_the_verdict_is_what_single_packets_get(sim, seed):
    """Reachable sources get in, not reachable means nobody does, unknown is only what nobody can know."""
    random = Random(seed)  # noqa: S311
    world = play(sim, random_account(random), ports={random.choice(SERVERS): ELSEWHERE})
    assert {exposure.server.id for exposure in world.seen} == set(SERVERS)
    assert_sound(world)
    for exposure in world.seen:
        # One listener may lead to two addresses of a server, of which one lets in for sure.
        sure = set().union(*(sampled(path)[0] for path in exposure.paths))
        for path in exposure.paths:
            assert is_justified(path, sampled(path)[1] - sure, world, exposure), path.as_dict()


@settings(deadline=None, max_examples=60, phases=[Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 1 << 32))
def test_what_can_not_be_read_makes_no_verdict_wrong(sim, seed):
    """Whatever is denied: who is said to get in does, and where nobody is said to, nobody does."""
    random = Random(seed)  # noqa: S311
    assert_sound(play(sim, random_account(random), random.sample(DENIABLE, random.randint(1, 3))))


# How the network is read


def read(sim: Simulator, regions: tuple[str, ...] = (), ports: Iterable[int] = (SSH,)) -> network_reads.Network:
    """The network of the account that is there, with the auditor's key."""
    identifier, secret, _unused = KEYS["auditor"]
    cloud = Cloud(Keys(identifier, secret, None), sim.url, 8)
    return network_reads.read(cloud, SimpleNamespace(regions=list(regions)), ports)


def large_account() -> dict:
    """An account whose every list is longer than a page."""
    account = random_account(Random(1))  # noqa: S311
    names = [f"i-{number}" for number in range(101)]
    placed = {"region": REGION, "groups": ["sg-a"]}
    account["ecs"]["instances"] = [
        {"id": name, **placed, "private_ip": f"10.0.0.{place}", "ipv6": f"2408:4000::{place:x}"}
        for place, name in enumerate(names)
    ]
    account["ecs"]["network_interfaces"] = [
        {"id": f"eni-{name}-{place}", **placed, "instance": name, "private_ip": f"10.{place}.1.{number}"}
        for number, name in enumerate(names)
        for place in range(1, 5)
    ]
    eips = [
        {"id": f"eip-{name}", "region": REGION, "address": f"47.0.0.{place}", "bound_to": name}
        for place, name in enumerate(names)
    ]
    gateways = [{"id": f"ngw-{place}", "region": REGION, "forward_table": f"ftb-{place}"} for place in range(51)]
    gateways[0]["forwards"] = [
        {
            "id": f"fwd-{place}",
            "external_ip": "47.1.0.1",
            "external_port": str(place),
            "internal_ip": "10.0.0.1",
            "internal_port": str(place),
        }
        for place in range(1, 52)
    ]
    account["vpc"] = {
        "eips": [*eips, {"id": "eip-nat", "region": REGION, "address": "47.1.0.1", "bound_to": "ngw-0"}],
        "nat_gateways": gateways,
    }
    listener = {"protocol": "tcp", "backend_port": 22, "acl_status": "on", "acls": ["acl-long"]}
    account["slb"] = {
        "acls": {"acl-long": [f"9.9.{place}.0/24" for place in range(51)]},
        "load_balancers": [
            {
                "id": "lb-1",
                "region": REGION,
                "address": "47.2.0.1",
                "servers": [{"server": name} for name in names],
                "listeners": [{"port": port, **listener} for port in range(1, 102)],
            }
        ],
    }
    account["nlb"] = account["alb"] = {}
    return account


def test_long_lists_are_read_to_their_end_and_each_thing_once(sim):
    """Nothing is missed on a second page, and no call is made twice."""
    sim.reset(keyed(large_account(), [], filtered=True))
    network = read(sim)
    assert not network.gaps
    counts = {
        "servers": 101, "interfaces": 505, "ipv6": 101, "eips": 102, "gateways": 51, "forwards": 51, "groups": 1,
        "balancers": 1, "listeners": 101, "server_groups": 1,
    }  # fmt: skip
    assert {name: len(getattr(network, name)) for name in counts} == counts
    assert len(network.acls["acl-long"].entries) == 51
    calls = [(call["product"], call["action"], sorted(call["params"].items())) for call in sim.journal()]
    assert len(calls) == len({str(call) for call in calls})
    # Regions; instances, interfaces and EIPs by two pages each; gateways by two; the lists of the balancers; groups;
    # IPv6 addresses by three pages; entries of each gateway, of one by two; listeners by two; servers; the ACL by two.
    assert len(calls) == 1 + 6 + 2 + 3 + 1 + 3 + 52 + 2 + 1 + 2


def test_addresses_are_asked_for_only_where_they_decide(sim):
    """Those of an NLB that puts its own in the client's place at a port that matters."""
    account = random_account(Random(1))  # noqa: S311
    groups = {
        f"sgp-{port}-{keeps}": {"servers": [{"server": "i-a", "port": port}], "preserve_client_ip": keeps}
        for port in (SSH, 80)
        for keeps in (False, True)
    }
    balancers = [
        {
            "id": f"nlb-{name}",
            "region": REGION,
            "addresses": [f"47.0.0.{place}"],
            "local_addresses": [f"172.16.9.{place}"],
            "listeners": [{"id": f"lsn-{name}", "port": 443, "server_group": name}],
        }
        for place, name in enumerate(groups)
    ]
    account["nlb"], account["alb"] = {"load_balancers": balancers, "server_groups": groups}, {}
    sim.reset(keyed(account, [], filtered=True))
    known = {one.id: one.local_addresses for one in read(sim).balancers.values()}
    asked = [call["params"]["LoadBalancerId"] for call in sim.journal() if call["action"] == "GetLoadBalancerAttribute"]
    assert asked == ["nlb-sgp-22-False"]
    assert [name for name, local in known.items() if local] == asked


def test_a_product_that_a_region_does_not_have_is_no_gap(sim):
    """An NLB or ALB that is not offered hides no path."""
    absent = {"effect": "error", "status": 404, "code": "InvalidRegionId.NotFound", "message": "not here"}
    sim.reset(keyed(random_account(Random(2)), [], filtered=True))  # noqa: S311
    sim.set_faults([{"product": product, **absent} for product in ("nlb", "alb")])
    assert not read(sim).gaps


def test_a_wrong_key_ends_the_run(sim):
    """Nothing would be readable, and nothing is to be said."""
    sim.reset(keyed(random_account(Random(2)), [], filtered=True))  # noqa: S311
    wrong = {"effect": "error", "status": 404, "code": "InvalidAccessKeyId.NotFound", "message": "no such key"}
    sim.set_faults([{"product": "vpc", "action": "DescribeEipAddresses", **wrong}])
    with pytest.raises(CloudError, match="InvalidAccessKeyId"):
        read(sim)


def test_regions_that_can_not_be_listed_can_be_named(sim):
    """The servers of regions that the option names are judged; that there may be others is a gap."""
    sim.reset(keyed(random_account(Random(2)), ["ecs:DescribeRegions"], filtered=True))  # noqa: S311
    nothing, named = read(sim), read(sim, (REGION,))
    assert [(gap.name, len(network.servers)) for network in (nothing, named) for gap in network.gaps] == [
        ("regions of the account", 0),
        ("regions of the account", 3),
    ]
    assert not paths.of(named, "i-a", SSH).gaps
