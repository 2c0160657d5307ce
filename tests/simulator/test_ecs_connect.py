# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can connect to whom in the simulated network."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from simulator.errors import EstateError

REGION = "cn-hangzhou"
WORLD, WORLD_6 = "8.8.8.8", "2a00::1"
OPEN = {"source": "0.0.0.0/0", "ports": "22/22"}


@pytest.fixture
def connect(sim, estate):
    """Give a way to try a connection to a server with some groups: each a list of rules, or a mapping."""

    def attempt(*groups, source=WORLD, port=22, server=None, more=None):
        made = [
            {"id": f"sg-{place}", "region": REGION, **(group if isinstance(group, dict) else {"rules": group})}
            for place, group in enumerate(groups)
        ]
        server = {
            "id": "i-1", "region": REGION, "groups": [each["id"] for each in made], "private_ip": "10.0.0.5",
            "eip": "198.51.100.5", "ipv6": "2400:3200::5", **(server or {}),
        }  # fmt: skip
        network = {"security_groups": made, "instances": [server], **(more or {})}
        for name in ("security_groups", "instances"):
            network[name] = [*{"security_groups": made, "instances": [server]}[name], *(more or {}).get(name, [])]
        estate["accounts"][0]["ecs"] = network
        sim.reset(estate)
        return sim.connect(source, "i-1", port)

    return attempt


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], False),
        ([OPEN], True),
        ([{**OPEN, "ports": "1/65535"}], True),
        ([{**OPEN, "ports": "23/65535"}], False),
        ([{"source": "0.0.0.0/0", "protocol": "ALL"}], True),
        ([{"source": "0.0.0.0/0", "protocol": "icmp"}], False),
        ([{**OPEN, "protocol": "UDP"}], False),
        ([{**OPEN, "source": "::/0"}], False),
        ([{**OPEN, "direction": "egress"}], False),
        ([{**OPEN, "source": "9.0.0.0/8"}], False),
        ([OPEN, {**OPEN, "policy": "Drop"}], False),
        ([OPEN, {**OPEN, "policy": "drop", "priority": 2}], True),
        ([{**OPEN, "priority": 2}, {**OPEN, "policy": "Drop", "source": "8.0.0.0/8"}], False),
        ([{**OPEN, "priority": 2}, {**OPEN, "policy": "Drop", "source": "9.0.0.0/8"}], True),
        ([{**OPEN, "priority": 110}, {**OPEN, "policy": "Drop", "priority": 110}], False),
        ([{**OPEN, "dest": "10.0.0.5/32"}], True),
        ([{**OPEN, "dest": "10.0.0.6/32"}], False),
        ([{**OPEN, "source_ports": "1/1023"}], False),
    ],
)
def test_one_group(connect, rules, expected):
    """The best rule that fits decides, a Drop wins ties, and nothing said is a Drop."""
    assert connect(rules) is expected


def test_rules_of_all_groups_of_an_interface_count_together(connect):
    """A Drop in one group outranks another's Accept."""
    assert connect([{**OPEN, "priority": 5}], []) is True
    assert connect([{**OPEN, "priority": 5}], [{**OPEN, "policy": "Drop", "priority": 4}]) is False
    assert connect([{**OPEN, "priority": 5}], [{**OPEN, "policy": "Drop", "priority": 6}]) is True


def test_families_are_apart(connect):
    """IPv6 comes by rules for IPv6, to a server that has an address of it."""
    rules = [{**OPEN, "source": "::/0"}]
    assert connect(rules, source=WORLD_6) is True
    assert connect([OPEN], source=WORLD_6) is False
    assert connect(rules, source=WORLD_6, server={"ipv6": ""}) is False


def test_the_internet_needs_a_public_address(connect):
    """A private source does not."""
    assert connect([OPEN], server={"eip": ""}) is False
    assert connect([OPEN], server={"eip": "", "public_ip": "198.51.100.6"}) is True
    assert connect([OPEN], source="10.0.0.9", server={"eip": ""}) is True


def test_a_stopped_server_answers_nobody(connect):
    """Whatever the rules say."""
    assert connect([OPEN], server={"status": "Stopped"}) is False


def test_lists_are_looked_into(connect):
    """Prefix lists and port lists."""
    lists = {
        "prefix_lists": [{"id": "pl-1", "region": REGION, "entries": ["9.0.0.0/8", "8.8.0.0/16"]}],
        "port_lists": [{"id": "prl-1", "region": REGION, "entries": ["80/80", "20/30"]}],
    }
    assert connect([{"source": "pl-1", "port_list": "prl-1"}], more=lists) is True
    assert connect([{"source": "pl-1", "port_list": "prl-1"}], more=lists, port=31) is False
    assert connect([{"source": "pl-1", "port_list": "prl-1"}], more=lists, source="7.7.7.7") is False


def test_members_of_a_basic_group_reach_each_other(connect):
    """Above every Drop, unless the group forbids it; never in an enterprise group."""
    neighbour = {"instances": [{"id": "i-2", "region": REGION, "groups": ["sg-0"], "private_ip": "10.0.0.6"}]}
    closed = [{**OPEN, "policy": "Drop"}]
    assert connect({"rules": closed}, source="10.0.0.6", more=neighbour) is True
    assert connect({"rules": closed, "inner_access": "Drop"}, source="10.0.0.6", more=neighbour) is False
    assert connect({"rules": closed, "type": "enterprise"}, source="10.0.0.6", more=neighbour) is False


def test_a_source_group_stands_for_its_members(connect):
    """Their private addresses, and nobody else's."""
    more = {
        "security_groups": [{"id": "sg-jump", "region": REGION}],
        "instances": [{"id": "i-2", "region": REGION, "groups": ["sg-jump"], "private_ip": "10.0.0.6"}],
    }
    rules = [{"source": "sg-jump", "ports": "22/22"}]
    assert connect(rules, source="10.0.0.6", more=more) is True
    assert connect(rules, source="10.0.0.7", more=more) is False


def test_any_interface_of_a_server_is_a_way_in(connect):
    """A second interface has groups of its own."""
    more = {
        "security_groups": [{"id": "sg-second", "region": REGION, "rules": [OPEN]}],
        "network_interfaces": [
            {"id": "eni-2", "region": REGION, "groups": ["sg-second"], "instance": "i-1", "eip": "198.51.100.9"}
        ],
    }
    assert connect([], more=more) is True


def test_the_classic_network_has_rules_for_inside_and_outside(connect):
    """A rule for one does not count for the other."""
    outside = {"vpc": "", "rules": [{**OPEN, "nic": "internet"}]}
    inside = {"vpc": "", "rules": [{**OPEN, "nic": "intranet"}]}
    assert connect(outside, server={"vpc": ""}) is True
    assert connect(inside, server={"vpc": ""}) is False
    assert connect(inside, server={"vpc": ""}, source="10.0.0.9") is True


def test_over_http(connect, sim):
    """The control plane answers the same, and nonsense with 400."""
    connect([OPEN])
    with urllib.request.urlopen(f"{sim.url}/_sim/connect?from=8.8.8.8&instance=i-1&port=22") as answer:  # noqa: S310
        assert json.load(answer) == {"accepted": True}
    for query in ("from=8.8.8.8&instance=i-none&port=22", "from=home&instance=i-1&port=22", "instance=i-1"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{sim.url}/_sim/connect?{query}")  # noqa: S310
        assert caught.value.code == 400
        caught.value.close()
    with pytest.raises(EstateError):
        sim.connect("8.8.8.8", "i-none", 22)
