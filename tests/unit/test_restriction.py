# SPDX-License-Identifier: GPL-3.0-or-later
"""The restriction by examples: which rules stand afterwards, how few they are, and when it is refused."""

from __future__ import annotations

from dataclasses import replace

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


EVERYTHING = Rule(protocol="ALL", ports="-1/-1", cidr="8.0.0.0/6", id="sgr-1")
HOLE = [
    "accept all from 10.0.0.0/8 (priority 1)",
    "drop tcp 22 from 8.0.0.0/6 (priority 2)",
    "accept all from 8.0.0.0/6 (priority 3)",
]


def test_a_rule_for_all_protocols_gets_a_hole():
    """It stays, two priorities lower: what rules can't name stays allowed too."""
    plan = restrict([EVERYTHING], GUARD, Lists())
    assert describe(plan.added).splitlines() == HOLE
    assert (plan.revoked, plan.lossy) == ((EVERYTHING,), "")


@pytest.mark.parametrize(
    ("priority", "ranks"),
    [(97, (97, 98, 99)), (98, (98, 99, 100)), (99, (98, 99, 100)), (100, (98, 99)), (110, (98, 99))],
)
def test_a_hole_stays_among_the_priorities_that_there_are(priority, ranks):
    """A rule of the last one, or of a system's, stays as it is, and the hole comes before it."""
    plan = restrict([replace(EVERYTHING, priority=priority)], GUARD, Lists())
    assert tuple(rule.priority for rule in plan.added) == ranks
    assert len(plan.revoked) == (priority < 100)


@pytest.mark.parametrize(
    ("cidr", "rank", "let_in", "why"),
    [
        ("10.0.0.0/8", 100, (), "no priority is left"),
        ("10.0.0.0/8", 99, (), "no priority is left"),
        ("10.0.0.0/8", 98, (), ""),
        ("10.0.0.0/8", 99, ("10.0.0.0/8",), ""),
        ("10.0.0.0/8", 99, ("10.0.0.0/9",), "no priority is left"),
        ("8.8.8.8", 100, (), ""),
        ("203.0.113.7", 100, (), ""),
    ],
)
def test_a_hole_does_not_pass_a_drop_that_keeps_out_who_is_to_be_kept(cidr, rank, let_in, why):
    """At the last priorities the hole comes before its rule, and so before Drops that came before the rule."""
    drop = Rule(policy="drop", ports="22/22", cidr=cidr, priority=rank)
    open_ = [Rule(ports="22/22", cidr=one) for one in let_in]
    plan = restrict([replace(EVERYTHING, priority=100), drop, *open_], GUARD, Lists())
    assert why in plan.lossy
    assert bool(plan.lossy) == bool(why)


def test_a_hole_does_not_pass_a_drop_for_some_connections():
    """Of which nobody knows whom else it keeps out."""
    narrow = Rule(policy="drop", ports="22/22", cidr="8.8.8.8", to="10.0.0.9", priority=99)
    assert "leaves no room" in restrict([replace(EVERYTHING, priority=100), narrow], GUARD, Lists()).lossy
    assert restrict([replace(EVERYTHING, priority=98), narrow], GUARD, Lists()).lossy == ""


def test_what_another_hole_closes_is_no_loss():
    """A rule that can't have a hole of its own may need none, whichever of the two is looked at first."""
    narrow = Rule(protocol="ALL", ports="-1/-1", cidr="8.8.0.0/16", to="10.0.0.9", priority=100, id="sgr-2")
    whole = replace(EVERYTHING, cidr="8.0.0.0/7", priority=100)
    for rules in ([narrow, whole], [whole, narrow]):
        plan = restrict(rules, GUARD, Lists())
        assert (plan.lossy, plan.revoked) == ("", ())


@pytest.mark.parametrize(
    ("drop", "why"),
    [
        (
            {"protocol": "UDP", "ports": "53/53", "priority": 2},
            "'drop udp 53 from 9.9.9.9 (priority 2)' leaves no room",
        ),
        ({"ports": "22/23", "priority": 3}, "'drop tcp 22-23 from 9.9.9.9 (priority 3)' leaves no room"),
        ({"ports": "", "port_list": "prl-unread", "priority": 3}, "'drop tcp prl-unread from 9.9.9.9"),
        ({"ports": "22/22", "priority": 2}, ""),
        ({"ports": "80/80", "priority": 1}, ""),
        ({"ports": "80/80", "priority": 4}, ""),
    ],
)
def test_no_other_drop_gets_another_place(drop, why):
    """But one for guarded ports alone, which decides about nobody that is to be kept."""
    plan = restrict([EVERYTHING, Rule(policy="drop", cidr="9.9.9.9", **drop)], GUARD, Lists())
    assert why in plan.lossy
    assert bool(plan.lossy) == bool(why)
    assert any(not rule.accepts for rule in plan.added) == (not why)


def test_a_hole_is_not_cut_where_members_of_groups_would_fall_into_it():
    """Where private sources count; a Drop knows them by their addresses only."""
    members = Rule(ports="22/22", group="sg-2", priority=2)
    both = Guard((22,), GUARD.unwanted | PRIVATE, OFFICE)
    assert "members of source groups" in restrict([EVERYTHING, members], both, Lists()).lossy
    assert restrict([EVERYTHING, replace(members, priority=1)], both, Lists()).lossy == ""
    assert restrict([EVERYTHING, members], GUARD, Lists()).lossy == ""


def test_what_gets_no_hole_becomes_the_protocols_that_rules_can_name():
    """Here since nobody knows for whom else a Drop would speak."""
    plan = restrict([EVERYTHING], GUARD, Lists(), None)
    assert "is not known" in plan.lossy
    assert describe(plan.added).splitlines() == [
        "accept all from 10.0.0.0/8 (priority 1)",
        "accept tcp 1-21 from 8.0.0.0/6 (priority 1)",
        "accept tcp 23-65535 from 8.0.0.0/6 (priority 1)",
        "accept udp 1-65535 from 8.0.0.0/6 (priority 1)",
        "accept icmp from 8.0.0.0/6 (priority 1)",
        "accept gre from 8.0.0.0/6 (priority 1)",
    ]


def test_a_hole_that_was_begun_is_finished():
    """A run that was killed before it removed the old rule left both there."""
    begun = restrict([EVERYTHING], GUARD, Lists())
    plan = restrict([EVERYTHING, *begun.added], GUARD, Lists())
    assert (plan.needed, plan.added, plan.revoked) == (begun.needed, (), begun.revoked)


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
