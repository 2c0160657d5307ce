# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths by examples: what each thing on the way does to who reaches SSH."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import paths
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import Unread
from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import Lists, Rule
from ansible_collections.hardening.alicloud.plugins.module_utils.gates import shown
from ansible_collections.hardening.alicloud.plugins.module_utils.network import (
    ALB,
    CLB,
    NLB,
    SOMETHING,
    AccessList,
    Backend,
    Balancer,
    Eip,
    Forward,
    Gap,
    Gateway,
    Group,
    Interface,
    Ipv6,
    Listener,
    Network,
    Server,
    ServerGroup,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.targets import targets

HERE, THERE = "cn-hangzhou", "cn-shanghai"
OFFICE, WORLD = "203.0.113.0/28", "0.0.0.0/0"
DENIED = Unread("DescribeSomething", "Forbidden.RAM", "You are not authorized", "5F3C-1")


def group(name: str, *sources: str, **more: object) -> Group:
    """Give a security group that lets these in to SSH."""
    rules = [Rule(ports="22/22", **{"cidr6" if ":" in one else "cidr": one}, **more) for one in sources]
    return Group(name, HERE, rules=tuple(rules))


SERVER = Server("i-1", HERE, "web-1", vpc="vpc-1")
CARD = Interface(
    "eni-1", HERE, "i-1", primary=True, vpc="vpc-1", private_ips=("172.16.0.5", "172.16.0.6"), groups=("sg-1",)
)
BASE = Network().put(SERVER, CARD, group("sg-1", OFFICE))
EIP = Eip("eip-1", HERE, "198.51.100.7", bound_to="eni-1", kind="NetworkInterface")
BALANCER = Balancer("lb-1", HERE, CLB, addresses=("203.0.113.80",))
LISTENER = Listener("lb-1:tcp:2222", HERE, "lb-1", "tcp", 2222, 2222, 22, ("lb-1",))
MEMBERS = ServerGroup("lb-1", HERE, (Backend("i-1"),))
BALANCED = BASE.put(BALANCER, LISTENER, MEMBERS)
GATEWAY = Gateway("ngw-1", HERE, vpc="vpc-1")
NAT_EIP = Eip("eip-2", HERE, "198.51.100.9", bound_to="ngw-1", kind="Nat")


def forward(external: str = "22", internal: str = "22", protocol: str = "TCP", **more: object) -> Forward:
    """Give a DNAT entry to the server."""
    given = {"internal_ip": "172.16.0.6", **more}
    return Forward(
        "fwd-1", HERE, "ngw-1", "ftb-1", "198.51.100.9", external, internal_port=internal, protocol=protocol, **given
    )


def found(network: Network, port: int = 22) -> list[tuple]:
    """Kind, port, verdict and sources of each path."""
    exposure = paths.of(network, "i-1", port)
    return [(one.kind, one.port, one.verdict, shown(one.sources.sure)) for one in exposure.paths]


def stops(network: Network) -> list[str | None]:
    """Which kind of gate stops each path."""
    gates = [path.as_dict()["gates"] for path in paths.of(network, "i-1", 22).paths]
    return [next((one["kind"] for one in each if one["allows"] is False), None) for each in gates]


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (BASE, []),
        (BASE.put(replace(SERVER, public_ips=("198.51.100.1",))), [("public_ip", 22, "reachable", [OFFICE])]),
        (BASE.put(EIP), [("eip", 22, "reachable", [OFFICE])]),
        (BASE.put(replace(EIP, bound_to="i-1", kind="EcsInstance")), [("eip", 22, "reachable", [OFFICE])]),
        (BASE.put(replace(EIP, bound_to="")), []),
        (BASE.put(replace(EIP, bound_to="eni-other")), []),
        (BASE.put(GATEWAY, NAT_EIP, forward()), [("dnat", 22, "reachable", [OFFICE])]),
        (BASE.put(GATEWAY, NAT_EIP, forward("any", "any", "Any")), [("dnat", 22, "reachable", [OFFICE])]),
        (BASE.put(GATEWAY, NAT_EIP, forward("100/110", "20/30")), [("dnat", 102, "reachable", [OFFICE])]),
        (BASE.put(GATEWAY, NAT_EIP, forward("100/101", "20/21")), []),
        (BASE.put(GATEWAY, NAT_EIP, forward("22", "80")), []),
        (BASE.put(GATEWAY, NAT_EIP, forward(protocol="UDP")), []),
        (BASE.put(GATEWAY, NAT_EIP, forward(available=False)), [("dnat", 22, "unknown", [])]),
        (BASE.put(GATEWAY, NAT_EIP, forward("22,2222")), [("dnat", 22, "unknown", [])]),
        (BASE.put(GATEWAY, NAT_EIP, forward("22,2222", "80")), []),
        (BASE.put(GATEWAY, NAT_EIP, forward("2222", "")), [("dnat", 22, "unknown", [])]),
        (BASE.put(GATEWAY, NAT_EIP, forward(protocol="")), [("dnat", 22, "unknown", [])]),
        (BASE.put(replace(GATEWAY, vpc="vpc-2"), NAT_EIP, forward()), []),
        (BASE.put(replace(GATEWAY, internet=False), forward()), []),
        (BASE.put(replace(EIP, bound_to="havip-1", kind="HaVip")), [("eip", 22, "unknown", [])]),
        (BASE.put(replace(EIP, bound_to="havip-1", kind="HaVip", region=THERE)), []),
    ],
)
def test_ways_of_the_clients_own_address(network, expected):
    """Every way on which the client's address arrives is found, and judged by the interface's groups."""
    assert found(network) == expected


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (BALANCED, [("clb", 2222, "reachable", [OFFICE])]),
        (BALANCED.put(group("sg-1")), [("clb", 2222, "unknown", [])]),
        (BALANCED.put(replace(LISTENER, back_port=80)), []),
        (BALANCED.put(replace(LISTENER, protocol="udp")), []),
        (BALANCED.put(replace(LISTENER, protocol="http")), [("clb", 2222, "not_reachable", [])]),
        (BALANCED.put(replace(LISTENER, running=False)), [("clb", 2222, "not_reachable", [])]),
        (BALANCED.put(replace(BALANCER, active=False)), [("clb", 2222, "not_reachable", [])]),
        (BALANCED.put(replace(BALANCER, internet=False)), []),
        (
            BALANCED.put(replace(BALANCER, internet=False), replace(EIP, bound_to="lb-1")),
            [("clb", 2222, "reachable", [OFFICE])],
        ),
        (BALANCED.put(replace(MEMBERS, backends=(Backend("i-1", weight=0),))), [("clb", 2222, "not_reachable", [])]),
        (BALANCED.put(replace(MEMBERS, backends=(Backend("i-2"),))), []),
        (BALANCED.put(replace(MEMBERS, backends=(Backend("eni-1", 22),))), [("clb", 2222, "reachable", [OFFICE])]),
        (BALANCED.drop(MEMBERS), [("clb", 2222, "unknown", [])]),
        (BALANCED.drop(MEMBERS).put(replace(LISTENER, back_port=80)), []),
        (BALANCED.drop(MEMBERS).put(replace(LISTENER, protocol="https")), []),
        (BALANCED.put(replace(BALANCER, addresses=("2408:4000::80",))), [("clb", 2222, "unknown", [])]),
        (BALANCED.put(replace(BALANCER, kind=NLB, addresses=None)), [("nlb", 2222, "reachable", [OFFICE])]),
        (
            BALANCED.put(replace(BALANCER, kind=ALB), replace(LISTENER, protocol="https")),
            [("alb", 2222, "not_reachable", [])],
        ),
    ],
)
def test_ways_through_load_balancers(network, expected):
    """A listener leads to the port by its back port; what stops it stops it, and groups leave it unknown at most."""
    assert found(network) == expected


def test_a_load_balancer_finds_a_server_by_its_primary_interface():
    """Unless the backend is another interface, or one of its addresses."""
    second = Interface("eni-2", HERE, "i-1", vpc="vpc-1", private_ips=("172.16.1.5",), groups=("sg-2",))
    network = BALANCED.put(second, group("sg-2", WORLD))
    assert found(network) == [("clb", 2222, "reachable", [OFFICE])]
    for backend in (Backend("eni-2"), Backend("172.16.1.5"), Backend("i-1", ip="172.16.1.5")):
        assert found(network.put(replace(MEMBERS, backends=(backend,)))) == [("clb", 2222, "reachable", [WORLD])]


def test_any_interface_may_be_the_primary_one_where_none_is_known_to_be():
    """The static public address, EIPs of the server and load balancers lead somewhere."""
    network = BALANCED.put(
        replace(SERVER, public_ips=("198.51.100.1",)), replace(EIP, bound_to="i-1"), replace(CARD, primary=False)
    )
    expected = [("public_ip", 22, "reachable", [OFFICE]), ("eip", 22, "reachable", [OFFICE])]
    assert found(network) == [*expected, ("clb", 2222, "reachable", [OFFICE])]
    second = Interface("eni-2", HERE, "i-1", vpc="vpc-1", private_ips=("172.16.1.5",), groups=("sg-2",))
    assert paths.of(network.put(second, group("sg-1"), group("sg-2", OFFICE)), "i-1", 22).verdict == "reachable"


@pytest.mark.parametrize(
    ("kind", "entries", "expected"),
    [
        ("white", ("203.0.113.0/29",), ("reachable", ["203.0.113.0/29"])),
        ("white", ("8.8.8.8",), ("unknown", [])),
        ("white", ("10.0.0.0/8",), ("not_reachable", [])),
        ("white", (), ("reachable", [OFFICE])),
        ("black", (), ("reachable", [OFFICE])),
        ("black", ("203.0.113.0/29",), ("reachable", ["203.0.113.8/29"])),
        ("black", (WORLD,), ("not_reachable", [])),
        ("white", None, ("unknown", [])),
    ],
)
def test_access_control_lists(kind, entries, expected):
    """A white list lets by what is in it, a black list what is not, an empty one everybody; unread is unknown."""
    network = BALANCED.put(replace(LISTENER, acl=True, acl_type=kind, acls=("acl-1",)))
    if entries is not None:
        network = network.put(AccessList("acl-1", HERE, entries=entries))
    assert [one[2:] for one in found(network)] == [expected]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((), [OFFICE]),
        ((Rule(protocol="ALL", ports="-1/-1", policy="drop", cidr="203.0.113.0/29"),), ["203.0.113.8/29"]),
        ((Rule(ports="22/22", cidr="203.0.113.0/29"), Rule(policy="drop", priority=2, cidr=WORLD)), ["203.0.113.0/29"]),
        ((Rule(ports="80/80", policy="drop", cidr=WORLD),), [OFFICE]),
    ],
)
def test_own_groups_of_an_nlb_decide_what_their_rules_fit(rules, expected):
    """What no rule of an NLB's own groups fits is let in, unlike at a server."""
    listener = Listener("lsn-1", HERE, "lb-1", "tcp", 1, 65535, 0, ("lb-1",))
    own = Group("sg-lb", HERE, rules=rules)
    network = BALANCED.drop(LISTENER).put(replace(BALANCER, kind=NLB, groups=("sg-lb",)), listener, own)
    assert found(network) == [("nlb", 22, "reachable", expected)]


@pytest.mark.parametrize(
    ("local", "expected"), [((), "unknown"), (("203.0.113.4",), "reachable"), (("172.16.9.4",), "unknown")]
)
def test_an_nlb_that_hides_the_client_is_judged_by_its_own_address(local, expected):
    """Where the groups let the NLB itself in, everybody gets in; where they don't, that they are asked is not sure."""
    network = BALANCED.put(replace(BALANCER, kind=NLB, local_addresses=local), replace(MEMBERS, preserve_client=False))
    sources = [WORLD] if expected == "reachable" else []
    assert found(network) == [("nlb", 2222, expected, sources)]


@pytest.mark.parametrize(
    ("known", "expected"),
    [(Ipv6("2408:4000::5", HERE, 1), "reachable"), (Ipv6("2408:4000::5", HERE, 0), "not_reachable"), (None, "unknown")],
)
def test_ipv6_needs_bandwidth(known, expected):
    """Without internet bandwidth nobody comes by IPv6; where that is not known, neither is this."""
    network = BASE.put(replace(CARD, ipv6=("2408:4000::5",)), group("sg-1", "2001:db8::/32", WORLD))
    assert found(network.put(known) if known else network)[0][:3] == ("ipv6", 22, expected)


def test_rules_of_all_groups_of_the_interface_count_together():
    """A Drop in another group of the same interface keeps out; one of another interface does not."""
    drop = group("sg-2", WORLD, policy="drop")
    both = BASE.put(EIP, drop, replace(CARD, groups=("sg-1", "sg-2")))
    assert found(both) == [("eip", 22, "not_reachable", [])]
    other = Interface("eni-2", HERE, "i-1", private_ips=("172.16.1.5",), groups=("sg-2",))
    assert found(BASE.put(EIP, drop, other)) == [("eip", 22, "reachable", [OFFICE])]


@pytest.mark.parametrize(
    ("private_ip", "expected"),
    [("172.16.0.5", "not_reachable"), ("172.16.0.6", "reachable"), (SOMETHING, "unknown")],
)
def test_rules_for_one_destination(private_ip, expected):
    """A rule for connections to one address of the interface says nothing of the others."""
    network = BASE.put(replace(EIP, private_ip=private_ip), group("sg-1", OFFICE, to="172.16.0.6/32"))
    assert paths.of(network, "i-1", 22).verdict == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [("Running", "reachable"), ("Stopped", "not_reachable"), ("Stopping", "unknown"), ("", "unknown")],
)
def test_the_server_has_to_run(status, expected):
    """A stopped server answers nobody, and of one between two states it is not known."""
    assert paths.of(BASE.put(EIP, replace(SERVER, status=status)), "i-1", 22).verdict == expected


@pytest.mark.parametrize(
    ("kind", "region", "expected"),
    [
        ("eips", HERE, "unknown"),
        ("interfaces", "", "unknown"),
        (NLB, HERE, "unknown"),
        ("forwards", HERE, "unknown"),
        ("eips", THERE, "not_reachable"),
        (ALB, HERE, "not_reachable"),
        ("groups", HERE, "not_reachable"),
        ("server_groups", HERE, "not_reachable"),
    ],
)
def test_not_reachable_needs_every_enumerator(kind, region, expected):
    """What could have shown a path and was not read leaves it unknown, but not for a stopped server."""
    network = replace(BASE, gaps=(Gap(kind, region, DENIED),))
    assert paths.of(network, "i-1", 22).verdict == expected
    assert paths.of(network.put(replace(SERVER, status="Stopped")), "i-1", 22).verdict == "not_reachable"
    open_all_the_same = paths.of(network.put(EIP), "i-1", 22)
    assert (open_all_the_same.verdict, shown(open_all_the_same.sources)) == ("reachable", [OFFICE])


@pytest.mark.parametrize(
    "network",
    [
        BASE.drop(group("sg-1")).put(EIP),
        BASE.put(EIP, replace(CARD, groups=None)),
        BASE.put(EIP, Group("sg-1", HERE, rules=(Rule(ports="22/22", prefix_list="pl-1"),))),
        BASE.put(EIP, Group("sg-1", HERE, rules=(Rule(port_list="prl-1", cidr=WORLD),))),
        BASE.drop(CARD).put(replace(SERVER, public_ips=("198.51.100.1",))),
    ],
)
def test_unread_rules_are_unknown(network):
    """Groups, prefix lists and port lists that could not be read are never taken for closed, nor for open."""
    exposure = paths.of(network, "i-1", 22)
    assert [(one.verdict, shown(one.sources.possible)) for one in exposure.paths] == [("unknown", [WORLD])]
    assert exposure.verdict == "unknown"


def test_an_unread_list_that_decides_nothing_is_no_doubt():
    """What is accepted in any case is reachable, whatever else may be accepted as well."""
    rules = (Rule(ports="22/22", cidr=OFFICE), Rule(ports="22/22", prefix_list="pl-1"))
    network = replace(BASE.put(EIP, Group("sg-1", HERE, rules=rules)), lists=Lists({}, {}))
    assert found(network) == [("eip", 22, "reachable", [OFFICE])]


def test_a_server_of_the_classic_network_is_judged_by_its_own_groups():
    """It has no interfaces; what load balancers hand on meets rules that are not read."""
    old = Server("i-1", HERE, classic=True, groups=("sg-1",), private_ips=("10.1.1.1",), public_ips=("198.51.100.1",))
    network = Network().put(old, group("sg-1", OFFICE))
    assert found(network) == [("public_ip", 22, "reachable", [OFFICE])]
    assert found(network.put(BALANCER, LISTENER, MEMBERS))[1] == ("clb", 2222, "unknown", [])


def test_the_first_gate_that_lets_nobody_by_stops_the_path():
    """A white list and a group without a common source: it is the group at which the packets end."""
    listed = AccessList("acl-1", HERE, entries=("10.0.0.0/8",))
    network = BALANCED.put(replace(LISTENER, acl=True, acls=("acl-1",)), listed, replace(SERVER, status="Stopped"))
    (path,) = paths.of(network, "i-1", 22).paths
    shown_ = path.as_dict()["gates"]
    assert [(gate["kind"], gate["allows"]) for gate in shown_] == [
        ("address", True), ("listener", True), ("acl", False), ("security_groups", True), ("instance", False),
    ]  # fmt: skip
    assert stops(network) == ["acl"]
    assert stops(BASE.put(EIP, group("sg-1"))) == ["security_groups"]
    assert stops(BASE.put(EIP)) == [None]


def test_every_address_that_leads_to_the_server():
    """Private ones first, then public ones, but none of a listener that speaks HTTP."""
    network = BALANCED.put(EIP, replace(LISTENER, protocol="http"))
    assert paths.of(network, "i-1", 22).addresses == ("172.16.0.5", "172.16.0.6", "198.51.100.7")
    assert paths.of(network.put(LISTENER), "i-1", 22).addresses[2:] == ("198.51.100.7", "203.0.113.80")


def test_a_server_that_is_not_there_has_no_exposure():
    """Asking for it is a mistake of the caller."""
    with pytest.raises(KeyError):
        paths.of(BASE, "i-2", 22)


def test_every_public_address_belongs_to_something():
    """An EIP of a load balancer or a gateway is listed as theirs, with the ports that are to be found at it."""
    inner = replace(BALANCER, id="lb-2", internet=False)
    network = BALANCED.put(
        replace(SERVER, public_ips=("198.51.100.1",)), inner, replace(EIP, bound_to="lb-2"), GATEWAY, NAT_EIP,
        forward("100/110", "20/30"), Eip("eip-3", HERE, "198.51.100.3"), replace(CARD, ipv6=("2408:4000::5",)),
        Ipv6("2408:4000::5", HERE, 5),
    )  # fmt: skip
    assert [(row["address"], row["kind"], row["id"], row["servers"]) for row in targets(network)] == [
        ("198.51.100.1", "instance", "i-1", ["i-1"]),
        ("198.51.100.3", "eip", "eip-3", []),
        ("198.51.100.7", "clb", "lb-2", []),
        ("198.51.100.9", "nat", "ngw-1", ["i-1"]),
        ("203.0.113.80", "clb", "lb-1", ["i-1"]),
        ("2408:4000::5", "ipv6", "eni-1", ["i-1"]),
    ]
    ports = {row["address"]: row["ports"] for row in targets(network)}
    assert ports["203.0.113.80"] == [{"first": 2222, "last": 2222, "protocol": "tcp", "back": [22]}]
    assert ports["198.51.100.9"] == [{"first": 100, "last": 110, "protocol": "tcp", "back": [20]}]


def test_a_private_address_is_that_of_one_vpc():
    """A gateway does not lead to the server that has the address in another one."""
    other = Server("i-2", HERE, "db", vpc="vpc-2")
    card = Interface("eni-2", HERE, "i-2", primary=True, vpc="vpc-2", private_ips=CARD.private_ips)
    network = BASE.put(GATEWAY, NAT_EIP, forward(), other, card)
    assert [row["servers"] for row in targets(network)] == [["i-1"]]
    assert [row["servers"] for row in targets(network.put(replace(GATEWAY, vpc="")))] == [["i-1", "i-2"]]


@pytest.mark.parametrize(
    ("outer", "inner", "shown_"),
    [
        ("22", "22", (22, 22, [])),
        ("100/110", "20/30", (100, 110, [20])),
        ("any", "any", (1, 65535, [])),
        ("22,2222", "22", (1, 65535, [22])),
        ("2222", "22,23", (2222, 2222, [])),
        ("", "", (1, 65535, [])),
    ],
)
def test_front_ports_that_are_not_understood_may_be_any(outer, inner, shown_):
    """Nothing is said of back ports then."""
    (row,) = targets(BASE.put(GATEWAY, NAT_EIP, forward(outer, inner)))
    (entry,) = row["ports"]
    assert (entry["first"], entry["last"], entry["back"]) == shown_


def test_putting_and_dropping_change_nothing_else():
    """A network with another thing in it shares all the rest with the one before."""
    changed = BASE.put(EIP, replace(CARD, groups=()))
    assert (changed.eips, changed.interfaces["eni-1"].groups, changed.servers) == ({"eip-1": EIP}, (), BASE.servers)
    assert BASE.interfaces["eni-1"].groups == ("sg-1",)
    assert changed.drop(EIP, EIP).put(CARD) == BASE
