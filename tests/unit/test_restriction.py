# SPDX-License-Identifier: GPL-3.0-or-later
"""The restriction by examples: which rules stand afterwards, how few they are, and when it is refused."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.addresses import Addresses
from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import PRIVATE, PUBLIC, Lists, Rule
from ansible_collections.hardening.alicloud.plugins.module_utils.restriction import (
    Guard,
    describe,
    identity,
    restrict,
    room,
)

OFFICE = Addresses.of("203.0.113.7")
GUARD = Guard((22,), PUBLIC - OFFICE, PRIVATE | OFFICE)
KEPT = ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15"]


def added(*rules, guard=GUARD, lists=None):
    """Give what is added, as people read it."""
    return describe(restrict(rules, guard, lists or Lists()).added).splitlines()


def test_a_plain_rule_becomes_the_private_ranges_and_the_allowed_sources():
    """With its priority and its description."""
    plan = restrict([Rule(ports="22/22", cidr="0.0.0.0/0", priority=3, description="ops")], GUARD, Lists())
    assert sorted(rule.cidr for rule in plan.added) == sorted([*KEPT, "203.0.113.7/32"])
    assert {(rule.priority, rule.ports, rule.description) for rule in plan.added} == {(3, "22/22", "ops")}
    assert len(plan.revoked) == 1


def test_a_rule_for_all_ports_keeps_every_other_port_in_two_rules():
    """And the sources to keep, one rule each, keep all of them."""
    lines = added(Rule(ports="1/65535", cidr="0.0.0.0/0"))
    assert lines[:2] == [
        "accept tcp 1-65535 from 10.0.0.0/8 (priority 1)",
        "accept tcp 1-65535 from 100.64.0.0/10 (priority 1)",
    ]
    assert lines[-2:] == [
        "accept tcp 1-21 from 0.0.0.0/0 (priority 1)",
        "accept tcp 23-65535 from 0.0.0.0/0 (priority 1)",
    ]
    assert len(lines) == len(KEPT) + 1 + 2


@pytest.mark.parametrize(
    ("ports", "rest"),
    [("22/22", []), ("1/22", ["1/21"]), ("22/65535", ["23/65535"]), ("20/25", ["20/21", "23/25"])],
)
def test_the_edges_of_port_ranges(ports, rest):
    """No empty range is left over."""
    plan = restrict([Rule(ports=ports, cidr="8.0.0.0/8")], GUARD, Lists())
    assert [rule.ports for rule in plan.added] == rest


def test_new_rules_are_in_words_that_the_api_takes():
    """A protocol by number, and all ports of TCP, have been made in other ways."""
    plan = restrict([Rule(protocol="6", ports="-1/-1", cidr="10.0.0.0/7")], GUARD, Lists())
    assert [(rule.protocol, rule.ports, rule.cidr) for rule in plan.added] == [
        ("TCP", "1/65535", "10.0.0.0/8"),
        ("TCP", "1/21", "10.0.0.0/7"),
        ("TCP", "23/65535", "10.0.0.0/7"),
    ]


def test_neighbouring_guarded_ports_leave_one_gap():
    """Not one for each port."""
    guard = Guard((22, 23), GUARD.unwanted, GUARD.keep)
    assert added(Rule(ports="20/30", cidr="8.0.0.0/8"), guard=guard) == [
        "accept tcp 20-21 from 8.0.0.0/8 (priority 1)",
        "accept tcp 24-30 from 8.0.0.0/8 (priority 1)",
    ]


def test_what_another_rule_says_already_is_not_added():
    """At the same priority; at another one it may be needed."""
    inside = Rule(ports="1/100", cidr="10.0.0.0/8")
    wide = Rule(ports="22/22", cidr="8.0.0.0/6")
    assert added(inside, wide) == []
    assert added(inside, Rule(ports="22/22", cidr="8.0.0.0/6", priority=2)) == [
        "accept tcp 22 from 10.0.0.0/8 (priority 2)"
    ]


def test_two_rules_that_need_the_same_share_it():
    """Each new rule is added once."""
    lines = added(Rule(ports="22/22", cidr="8.0.0.0/6"), Rule(ports="22/22", cidr="10.0.0.0/7"))
    assert lines == ["accept tcp 22 from 10.0.0.0/8 (priority 1)"]


def test_a_rule_that_a_drop_makes_ineffective_is_left_alone():
    """Whoever it would let in is kept out already."""
    rules = [Rule(ports="1/65535", cidr="8.0.0.0/8"), Rule(policy="drop", ports="22/22", cidr="0.0.0.0/0")]
    plan = restrict(rules, GUARD, Lists())
    assert (plan.added, plan.revoked) == ((), ())


def test_rules_that_could_not_be_read_are_left_alone():
    """The others are replaced."""
    unread = Rule(ports="22/22", prefix_list="pl-1", id="sgr-1")
    plan = restrict([unread, Rule(ports="22/22", cidr="8.0.0.0/8", id="sgr-2")], GUARD, Lists())
    assert [rule.id for rule in plan.revoked] == ["sgr-2"]


def test_a_system_s_priority_passes_no_drop():
    """100 is the last that can be given: that must not lift the rule above a Drop."""
    rule = Rule(ports="22/22", cidr="8.0.0.0/6", priority=110)
    assert restrict([rule], GUARD, Lists()).obstacle is None
    assert restrict([rule, Rule(policy="drop", cidr="8.8.8.8", priority=100)], GUARD, Lists()).obstacle is None
    refused = restrict([rule, Rule(policy="drop", cidr="8.8.8.8", priority=105)], GUARD, Lists())
    assert "priority 110" in refused.obstacle
    assert refused.added == ()


def test_what_makes_two_rules_the_same():
    """Neither the id, nor the description, nor the spelling."""
    one = Rule(ports="-1/-1", protocol="ALL", cidr="10.1.0.0/8", id="sgr-1", description="one")
    assert identity(one) == identity(Rule(protocol="ALL", cidr="10.0.0.0/8", nic="intranet", source_ports="-1/-1"))
    for other in ({"priority": 2}, {"policy": "drop"}, {"cidr": "10.0.0.0/9"}, {"to": "10.0.0.5"}, {"nic": "internet"}):
        assert identity(Rule(protocol="ALL", cidr="10.0.0.0/8")) != identity(
            Rule(**{"protocol": "ALL", "cidr": "10.0.0.0/8", **other})
        )


def test_a_prefix_list_takes_as_much_room_as_it_may_have_entries():
    """Where the rule is by prefix list."""
    rules = [Rule(prefix_list="pl-1"), Rule(cidr="10.0.0.0/8", prefix_list="pl-1"), Rule(prefix_list="pl-2")]
    assert room(rules, {"pl-1": 20}) == 22
