# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a public address of the simulated network leads to."""

from __future__ import annotations

import copy
import json
import urllib.error
import urllib.request

import pytest

from simulator import Simulator
from simulator.errors import EstateError

REGION = "cn-hangzhou"
GUEST, OTHER = "203.0.113.7", "192.0.2.9"  # the groups and lists below know the guest's network
GUEST_6 = "2a00:1450::7"
SSH = [["i-1", 22]]
KNOWN = "203.0.113.0/24"
ESTATE = {
    "ecs": {
        "security_groups": [
            {
                "id": "sg-1",
                "region": REGION,
                "rules": [
                    {"source": KNOWN, "ports": "22/23"},
                    {"source": "2a00:1450::/32", "ports": "22/22"},
                ],
            },
            {"id": "sg-closed", "region": REGION},
            {
                "id": "sg-balancer",
                "region": REGION,
                "rules": [{"source": KNOWN, "ports": "22/22", "policy": "Drop"}],
            },
            {"id": "sg-nlb-only", "region": REGION, "rules": [{"source": "172.16.9.4/32", "ports": "22/22"}]},
        ],
        "instances": [
            {
                "id": "i-1",
                "region": REGION,
                "groups": ["sg-1"],
                "private_ip": "172.16.0.10",
                "secondary_ips": ["172.16.0.12"],
                "public_ip": "198.51.100.1",
                "ipv6": "2408:4000::1",
            },
            {"id": "i-2", "region": REGION, "groups": ["sg-closed"], "private_ip": "172.16.0.20"},
        ],
        "network_interfaces": [
            {
                "id": "eni-2",
                "region": REGION,
                "groups": ["sg-1"],
                "instance": "i-2",
                "private_ip": "172.16.0.21",
                "secondary_ips": ["172.16.0.22"],
            },
            {"id": "eni-loose", "region": REGION, "groups": ["sg-1"], "private_ip": "172.16.0.30"},
        ],
    },
    "vpc": {
        "eips": [
            {"id": "eip-eni", "region": REGION, "address": "198.51.100.2", "bound_to": "eni-2"},
            {
                "id": "eip-second",
                "region": REGION,
                "address": "198.51.100.3",
                "bound_to": "eni-2",
                "private_ip": "172.16.0.22",
            },
            {"id": "eip-loose", "region": REGION, "address": "198.51.100.4", "bound_to": "eni-loose"},
            {"id": "eip-clb", "region": REGION, "address": "198.51.100.5", "bound_to": "lb-inside"},
            {"id": "eip-nat", "region": REGION, "address": "198.51.100.6", "bound_to": "ngw-1"},
            {"id": "eip-all", "region": REGION, "address": "198.51.100.7", "bound_to": "ngw-1"},
            {"id": "eip-free", "region": REGION, "address": "198.51.100.8"},
        ],
        "nat_gateways": [
            {
                "id": "ngw-1",
                "region": REGION,
                "forward_table": "ftb-1",
                "forwards": [
                    {
                        "id": "fwd-ssh",
                        "external_ip": "198.51.100.6",
                        "external_port": "2222",
                        "internal_ip": "172.16.0.12",
                        "internal_port": "22",
                    },
                    {
                        "id": "fwd-range",
                        "external_ip": "198.51.100.6",
                        "external_port": "10/20",
                        "internal_ip": "172.16.0.10",
                        "internal_port": "20/30",
                    },
                    {
                        "id": "fwd-udp",
                        "external_ip": "198.51.100.6",
                        "external_port": "2222",
                        "internal_ip": "172.16.0.99",
                        "internal_port": "22",
                        "protocol": "UDP",
                    },
                    {
                        "id": "fwd-udp-alone",
                        "external_ip": "198.51.100.6",
                        "external_port": "22",
                        "internal_ip": "172.16.0.10",
                        "internal_port": "22",
                        "protocol": "UDP",
                    },
                    {
                        "id": "fwd-pending",
                        "external_ip": "198.51.100.6",
                        "external_port": "23",
                        "internal_ip": "172.16.0.10",
                        "internal_port": "22",
                        "status": "Pending",
                    },
                    {
                        "id": "fwd-closed",
                        "external_ip": "198.51.100.6",
                        "external_port": "24",
                        "internal_ip": "172.16.0.20",
                        "internal_port": "22",
                    },
                    {
                        "id": "fwd-nobody",
                        "external_ip": "198.51.100.6",
                        "external_port": "25",
                        "internal_ip": "172.16.0.99",
                        "internal_port": "22",
                    },
                    {
                        "id": "fwd-all",
                        "external_ip": "198.51.100.7",
                        "external_port": "any",
                        "internal_ip": "172.16.0.10",
                        "internal_port": "any",
                        "protocol": "Any",
                    },
                ],
            }
        ],
    },
    "slb": {
        "load_balancers": [
            {
                "id": "lb-1",
                "region": REGION,
                "address": "198.51.100.20",
                "servers": [{"server": "i-1"}, {"server": "i-2", "weight": 0}],
                "listeners": [
                    {"port": 2222, "protocol": "tcp", "backend_port": 22},
                    {"port": 80, "protocol": "http", "backend_port": 22},
                    {"port": 443, "protocol": "tcp", "server_group": "rsp-1"},
                    {"port": 444, "protocol": "tcp", "server_group": "rsp-1", "status": "stopped"},
                    {"port": 445, "protocol": "tcp", "master_slave_group": "rsp-2"},
                ],
            },
            {
                "id": "lb-inside",
                "region": REGION,
                "address": "172.16.0.99",
                "address_type": "intranet",
                "listeners": [{"port": 22, "protocol": "tcp", "server_group": "rsp-1"}],
            },
            {
                "id": "lb-off",
                "region": REGION,
                "address": "198.51.100.21",
                "status": "inactive",
                "listeners": [{"port": 22, "protocol": "tcp", "server_group": "rsp-1"}],
            },
        ],
        "server_groups": {
            "rsp-1": [{"server": "eni-2", "port": 22}],
            "rsp-2": [{"server": "i-1", "port": 22}, {"server": "i-2", "port": 22}],
        },
        "acls": {"acl-known": [KNOWN], "acl-empty": []},
    },
    "nlb": {
        "load_balancers": [
            {
                "id": "nlb-1",
                "region": REGION,
                "addresses": ["198.51.100.30"],
                "local_addresses": ["172.16.9.4"],
                "listeners": [
                    {"id": "lsn-1", "port": 22, "server_group": "sgp-1"},
                    {"id": "lsn-2", "start": 2000, "end": 2999, "server_group": "sgp-1"},
                    {"id": "lsn-3", "start": 3000, "end": 3999, "server_group": "sgp-all"},
                    {"id": "lsn-4", "port": 443, "protocol": "TCPSSL", "server_group": "sgp-1"},
                    {"id": "lsn-5", "port": 23, "protocol": "UDP", "server_group": "sgp-1"},
                    {"id": "lsn-6", "port": 24, "server_group": "sgp-1", "status": "Stopped"},
                ],
            }
        ],
        "server_groups": {"sgp-1": [{"server": "172.16.0.10", "port": 22}], "sgp-all": [{"server": "i-1", "port": 0}]},
    },
    "alb": {
        "load_balancers": [
            {
                "id": "alb-1",
                "region": REGION,
                "addresses": ["198.51.100.40"],
                "listeners": [{"id": "lsn-7", "port": 22, "server_groups": ["sgp-2"]}],
            }
        ],
        "server_groups": {"sgp-2": [{"server": "i-1", "port": 22}]},
    },
}


@pytest.fixture
def play(sim, estate):
    """Give a way to change the network, and to play it."""

    def start(change=lambda _sections: None):
        sections = copy.deepcopy(ESTATE)
        change(sections)
        estate["accounts"][0] |= sections
        sim.reset(estate)
        return sim

    return start


@pytest.mark.parametrize(
    ("address", "port", "ends"),
    [
        ("198.51.100.1", 22, SSH),
        ("198.51.100.1", 24, []),
        ("198.51.100.2", 22, [["i-2", 22]]),
        ("198.51.100.3", 23, [["i-2", 23]]),
        ("198.51.100.4", 22, []),
        ("198.51.100.5", 22, [["i-2", 22]]),
        ("198.51.100.6", 2222, SSH),
        ("198.51.100.6", 12, SSH),
        ("198.51.100.6", 13, [["i-1", 23]]),
        ("198.51.100.6", 21, []),
        ("198.51.100.6", 22, []),
        ("198.51.100.6", 23, []),
        ("198.51.100.6", 24, []),
        ("198.51.100.6", 25, []),
        ("198.51.100.7", 22, SSH),
        ("198.51.100.7", 80, []),
        ("198.51.100.8", 22, []),
        ("198.51.100.20", 2222, SSH),
        ("198.51.100.20", 22, []),
        ("198.51.100.20", 80, []),
        ("198.51.100.20", 443, [["i-2", 22]]),
        ("198.51.100.20", 444, []),
        ("198.51.100.20", 445, [["i-1", 22], ["i-2", 22]]),
        ("198.51.100.21", 22, []),
        ("198.51.100.30", 22, SSH),
        ("198.51.100.30", 2500, SSH),
        ("198.51.100.30", 3500, [["i-1", 3500]]),
        ("198.51.100.30", 443, SSH),
        ("198.51.100.30", 23, []),
        ("198.51.100.30", 24, []),
        ("198.51.100.40", 22, []),
        ("172.16.0.10", 22, []),
        ("172.16.0.99", 22, []),
        ("198.51.100.99", 22, []),
    ],
)
def test_where_an_address_leads(play, address, port, ends):
    """By each kind of path, a known guest gets as far as this."""
    assert play().reach(GUEST, address, port) == ends


@pytest.mark.parametrize(
    ("address", "port"),
    [("198.51.100.1", 22), ("198.51.100.2", 22), ("198.51.100.3", 22), ("198.51.100.6", 2222), ("198.51.100.7", 22)],
)
def test_groups_are_asked_about_the_client(play, address, port):
    """Where packets keep its address all the way: a stranger stays out."""
    assert play().reach(OTHER, address, port) == []


PATHS = [("198.51.100.1", 22), ("198.51.100.6", 2222), ("198.51.100.20", 2222), ("198.51.100.30", 22)]


@pytest.mark.parametrize(("address", "port"), PATHS)
def test_a_stopped_server_is_nowhere(play, address, port):
    """Whatever leads to it."""

    def stop(sections):
        sections["ecs"]["instances"][0]["status"] = "Stopped"

    assert play().reach(GUEST, address, port) == SSH
    assert play(stop).reach(GUEST, address, port) == []


@pytest.mark.parametrize(("address", "port"), [("198.51.100.6", 2222), ("198.51.100.30", 22)])
@pytest.mark.parametrize("kind", ["instances", "network_interfaces"])
def test_private_addresses_are_those_of_one_vpc(play, address, port, kind):
    """What has the same one in another VPC gets no packets; nor does what is attached to no instance."""

    def move(sections):
        sections["ecs"]["instances"][0]["vpc"] = "vpc-other"

    def detach(sections):
        first = sections["ecs"]["instances"][0]
        sections["ecs"]["network_interfaces"][1] |= {
            "private_ip": first["private_ip"],
            "secondary_ips": first["secondary_ips"],
        }
        move(sections)

    assert play(move if kind == "instances" else detach).reach(GUEST, address, port) == []


@pytest.mark.parametrize("settings", [{"status": "Inactive"}, {"address_type": "Intranet"}], ids=str)
def test_an_nlb_has_to_be_on_and_on_the_internet(play, settings):
    """Else it hands on nothing from there."""

    def change(sections):
        sections["nlb"]["load_balancers"][0] |= settings

    assert play(change).reach(GUEST, "198.51.100.30", 22) == []


def test_a_clb_hands_on_to_the_classic_network(play):
    """Its server there gets packets inside."""

    def age(sections):
        sections["ecs"]["instances"][0] |= {"vpc": "", "secondary_ips": [], "ipv6": ""}
        rules = [{"source": KNOWN, "ports": "22/22", "nic": "intranet"}]
        sections["ecs"]["security_groups"][0] |= {"vpc": "", "rules": rules}
        sections["network"] = {"groups_filter_balancers": True}

    sim = play(age)
    assert sim.reach(GUEST, "198.51.100.20", 2222) == SSH
    assert sim.reach(OTHER, "198.51.100.20", 2222) == []


@pytest.mark.parametrize(
    ("filter_", "source", "expected"),
    [(False, GUEST, True), (False, OTHER, True), (True, GUEST, True), (True, OTHER, False)],
)
def test_whether_groups_filter_what_balancers_hand_on_is_the_estates_choice(play, filter_, source, expected):
    """For a CLB, and for an NLB that preserves the client's address."""

    def choose(sections):
        sections["network"] = {"groups_filter_balancers": filter_}

    sim = play(choose)
    assert bool(sim.reach(source, "198.51.100.20", 2222)) is expected
    assert bool(sim.reach(source, "198.51.100.30", 22)) is expected


@pytest.mark.parametrize(("group", "expected"), [("sg-1", []), ("sg-nlb-only", SSH)])
@pytest.mark.parametrize("filter_", [False, True])
def test_without_the_clients_address_groups_are_asked_about_the_nlbs_own(play, group, expected, filter_):
    """Always, and about nothing else."""

    def hide(sections):
        sections["network"] = {"groups_filter_balancers": filter_}
        sections["nlb"]["server_groups"]["sgp-1"] = {
            "servers": [{"server": "i-1", "port": 22}],
            "preserve_client_ip": False,
        }
        sections["ecs"]["instances"][0]["groups"] = [group]

    assert play(hide).reach(OTHER, "198.51.100.30", 22) == expected


@pytest.mark.parametrize(("source", "expected"), [(GUEST, []), (OTHER, SSH)])
def test_an_nlbs_own_groups_keep_out_whom_they_name(play, source, expected):
    """And let in whom no rule fits."""

    def guard(sections):
        sections["nlb"]["load_balancers"][0]["security_groups"] = ["sg-balancer"]

    assert play(guard).reach(source, "198.51.100.30", 22) == expected


@pytest.mark.parametrize(
    ("settings", "known", "other"),
    [
        ({"acl_status": "off", "acls": ["acl-known"]}, True, True),
        ({"acl_status": "on", "acls": []}, True, True),
        ({"acl_status": "on", "acls": ["acl-empty"]}, True, True),
        ({"acl_status": "on", "acls": ["acl-known"]}, True, False),
        ({"acl_status": "on", "acls": ["acl-empty", "acl-known"]}, True, False),
        ({"acl_status": True, "acls": ["acl-known"]}, True, False),
        ({"acl_status": "on", "acl_type": "black", "acls": ["acl-known"]}, False, True),
        ({"acl_status": "on", "acl_type": "black", "acls": ["acl-empty"]}, True, True),
    ],
    ids=str,
)
def test_lists_of_a_listener(play, settings, known, other):
    """White lets in what is listed, black what is not, and lists without entries everybody."""

    def guard(sections):
        sections["slb"]["load_balancers"][0]["listeners"][0] |= settings

    sim = play(guard)
    assert bool(sim.reach(GUEST, "198.51.100.20", 2222)) is known
    assert bool(sim.reach(OTHER, "198.51.100.20", 2222)) is other


@pytest.mark.parametrize(("bandwidth", "expected"), [(1, SSH), (0, [])])
def test_ipv6_needs_bandwidth(play, bandwidth, expected):
    """Without, it is not on the internet; a client of the other family gets nowhere."""

    def limit(sections):
        sections["ecs"]["instances"][0]["ipv6_bandwidth"] = bandwidth

    sim = play(limit)
    assert sim.reach(GUEST_6, "2408:4000:0:0::1", 22) == expected
    assert sim.connect(GUEST_6, "i-1", 22) is bool(expected)
    assert sim.reach(GUEST, "2408:4000::1", 22) == sim.reach(GUEST_6, "198.51.100.1", 22) == []


def test_a_private_source_is_not_outside(play):
    """It does not come to a public address, whatever the rules say."""

    def open_(sections):
        sections["ecs"]["security_groups"][0]["rules"] = [{"source": "0.0.0.0/0"}]

    sim = play(open_)
    assert sim.reach(OTHER, "198.51.100.1", 22) == SSH
    assert sim.reach("172.16.0.99", "198.51.100.1", 22) == []


def test_rules_for_one_address_of_an_interface(play):
    """A rule's destination is the address that the packet goes to."""

    def aim(sections):
        sections["ecs"]["security_groups"][0]["rules"] = [
            {"source": "0.0.0.0/0", "ports": "22/22", "dest": "172.16.0.22/32"}
        ]

    sim = play(aim)
    assert sim.reach(GUEST, "198.51.100.2", 22) == []
    assert sim.reach(GUEST, "198.51.100.3", 22) == [["i-2", 22]]


def test_over_http(play):
    """The control plane answers the same, and nonsense with 400."""
    sim = play()
    asked = f"{sim.url}/_sim/reach?from={GUEST}&address=198.51.100.1&port=22"
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        assert json.load(answer) == {"ends": SSH}
    for query in ("from=home&address=198.51.100.1&port=22", "from=8.8.8.8&address=x&port=22", "from=8.8.8.8"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{sim.url}/_sim/reach?{query}")  # noqa: S310
        assert caught.value.code == 400
        caught.value.close()


def test_a_dump_is_an_estate_again(play):
    """Nothing of the network gets lost; an `eip` of a server has become one of the list."""

    def shorten(sections):
        sections["ecs"]["network_interfaces"][1]["eip"] = "198.51.100.9"
        sections["vpc"]["eips"] = [each for each in sections["vpc"]["eips"] if each["id"] != "eip-loose"]
        sections["network"] = {"groups_filter_balancers": True}

    sim = play(shorten)
    state = sim.state()
    assert {each["id"]: each["bound_to"] for each in state["accounts"][0]["vpc"]["eips"]}[
        "eip-eni-loose"
    ] == "eni-loose"
    sim.reset(copy.deepcopy(state))
    assert sim.state() == state


def changed(*path, **values):
    """A change of one thing in the network, found by keys and places."""

    def change(sections):
        thing = sections
        for step in path:
            thing = thing[step]
        thing |= values

    return change


@pytest.mark.parametrize(
    "change",
    [
        changed("vpc", colour="red"),
        changed("vpc", "eips", 0, id="eip-second"),
        changed("vpc", "eips", 0, region="eu-west-1"),
        changed("vpc", "eips", 0, bound_to="eni-none"),
        changed("vpc", "eips", 0, bound_to="lb-1"),
        changed("vpc", "eips", 0, address="198.51.100.3"),
        changed("vpc", "eips", 0, private_ip="172.16.0.99"),
        changed("vpc", "eips", 0, private_ip="172.16.0.22"),
        changed("vpc", "nat_gateways", 0, network_type="intranet"),
        changed("vpc", "nat_gateways", 0, "forwards", 0, external_ip="198.51.100.8"),
        changed("vpc", "nat_gateways", 0, "forwards", 0, external_port="15"),
        changed("vpc", "nat_gateways", 0, "forwards", 0, external_ip="198.51.100.7"),
        changed("vpc", "nat_gateways", 0, "forwards", 0, external_port="ssh"),
        changed("vpc", "nat_gateways", 0, "forwards", 0, protocol="ICMP"),
        changed("vpc", "nat_gateways", 0, "forwards", 0, protocol="Any"),
        changed("vpc", "nat_gateways", 0, "forwards", 1, internal_port="20/31"),
        changed("slb", "load_balancers", 0, servers=[{"server": "i-none"}]),
        changed("slb", "load_balancers", 0, servers=[{"port": 22}]),
        changed("slb", "load_balancers", 0, "listeners", 0, acls=["acl-none"]),
        changed("slb", "load_balancers", 0, "listeners", 0, acl_status="maybe"),
        changed("slb", "acls", **{"acl-known": ["everybody"]}),
        changed("slb", "server_groups", **{"rsp-1": [{"server": "eni-none", "port": 22}]}),
        changed("nlb", "load_balancers", 0, security_groups=["sg-none"]),
        changed("nlb", "load_balancers", 0, local_addresses=[]),
        changed("nlb", "load_balancers", 0, addresses=["balancer.example.com"]),
        changed("ecs", "instances", 0, secondary_ips=["172.16.0.256"]),
        changed("nlb", "server_groups", **{"sgp-1": [{"server": "nowhere", "port": 22}]}),
        changed("alb", "server_groups", **{"sgp-2": {"servers": [], "sticky": True}}),
        changed(network={"groups_filter": True}),
    ],
)
def test_networks_that_make_no_sense_are_refused(estate, change):
    """Whatever is not there, is there twice, or cannot be."""
    sections = copy.deepcopy(ESTATE)
    change(sections)
    with pytest.raises(EstateError):
        Simulator({**estate, "accounts": [{**estate["accounts"][0], **sections}]})
