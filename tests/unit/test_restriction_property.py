# SPDX-License-Identifier: GPL-3.0-or-later
"""The restriction's equation, and that nobody wanted is cut off on the way, over random groups and single packets."""

from __future__ import annotations

from ansible_collections.hardening.alicloud.plugins.module_utils.addresses import Addresses
from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import CLOUD_SERVICES, PRIVATE, PUBLIC
from ansible_collections.hardening.alicloud.plugins.module_utils.restriction import (
    Guard,
    Neighbours,
    identity,
    restrict,
)
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from tests.unit import brute_force
from tests.unit.brute_force import Packet
from tests.unit.strategies import (
    ADDRESSES,
    GROUPS,
    LISTS,
    PORT_LISTS,
    PORTS,
    PREFIX_LISTS,
    TARGET,
    rule_sets,
    wide_open,
)

ALLOWED = st.lists(
    st.sampled_from(("203.0.113.7/32", "8.8.0.0/16", "2001:db8::/32", "11.0.0.0/32", "10.1.0.0/16")), max_size=3
)
PACKETS = [
    *(Packet(address, port) for address in ADDRESSES for port in PORTS),
    *(Packet(address, port, source_port=80) for address in ADDRESSES for port in (21, 22)),
    *(Packet(address, port, target="10.0.0.77") for address in ADDRESSES for port in (21, 22)),
    *(Packet(address, 22, protocol) for address in ADDRESSES for protocol in ("UDP", "GRE", "ESP")),
    *(Packet(address, 0, "ICMP") for address in ADDRESSES if ":" not in address),
    *(Packet(address, 0, "ICMPV6") for address in ADDRESSES if ":" in address),
    *(Packet(address, 22, group=group) for address in ("10.1.2.3", "192.168.7.7") for group in GROUPS),
]


@st.composite
def guards(draw):
    """What is guarded, with and without private sources, with and without a list among the allowed ones."""
    allowed = Addresses.of(*draw(ALLOWED))
    lists = draw(st.sampled_from(((), ("pl-mixed",), ("pl-v6",))))
    named = {name: LISTS.prefixes[name] for name in lists}
    every = allowed | Addresses.merged(span for content in named.values() for span in content.spans)
    scope, kept = (PUBLIC, PRIVATE) if draw(st.booleans()) else ((PUBLIC | PRIVATE) - CLOUD_SERVICES, CLOUD_SERVICES)
    return Guard(draw(st.sampled_from(((22,), (22, 3389), (22, 23)))), scope - every, kept | allowed, named)


def accepts(rules, packet):
    return brute_force.accepts(rules, packet, PREFIX_LISTS, PORT_LISTS)


def is_unwanted(guard, packet):
    return packet.protocol == "TCP" and packet.port in guard.ports and packet.source in guard.unwanted


def accepted_without_the_unwanted(rules, guard, packet):
    """What the rules shall say of the packet afterwards: members of source groups keep their access."""
    by_group = packet.group and accepts([rule for rule in rules if rule.group or not rule.accepts], packet)
    return accepts(rules, packet) and bool(by_group or not is_unwanted(guard, packet))


def is_somewhere(packet):
    """A connection can come from there."""
    return packet.source in PUBLIC | PRIVATE


def states(rules, plan):
    """The group's rules between any two calls: rule by rule, which is finer than the calls are."""
    current = list(rules)
    yield list(current)
    for rule in plan.added:
        current.append(rule)
        yield list(current)
    for rule in plan.revoked:
        current.remove(rule)
        yield list(current)


@settings(max_examples=200, deadline=None)
@given(rules=st.one_of(rule_sets(), wide_open()), guard=guards())
def test_what_was_accepted_before_minus_the_unwanted(rules, guard):
    """The equation, for every packet: protocol, port, source port, target and source group included."""
    plan = restrict(rules, guard, LISTS)
    assume(not plan.obstacle)
    event(f"replaces {len(plan.revoked)} rules")
    event("cuts a hole" if any(not rule.accepts for rule in plan.added) else "cuts no hole")
    after = list(states(rules, plan))[-1]
    for packet in filter(is_somewhere, PACKETS):
        if plan.lossy and packet.protocol == "ESP":
            continue
        assert accepts(after, packet) == accepted_without_the_unwanted(rules, guard, packet), packet


@settings(max_examples=60, deadline=None)
@given(rules=st.one_of(rule_sets(), wide_open()), guard=guards())
def test_nothing_is_accepted_that_was_not(rules, guard):
    """Not even from addresses that no connection can come from."""
    plan = restrict(rules, guard, LISTS)
    for state in states(rules, plan):
        for packet in PACKETS:
            assert accepts(rules, packet) or not accepts(state, packet)


@settings(max_examples=60, deadline=None)
@given(rules=st.one_of(rule_sets(), wide_open()), guard=guards())
def test_nobody_wanted_is_cut_off_at_any_moment(rules, guard):
    """Between any two calls of the plan, everybody gets in who gets in both before and after."""
    plan = restrict(rules, guard, LISTS)
    all_states = list(states(rules, plan))
    wanted = [packet for packet in PACKETS if accepts(all_states[0], packet) and accepts(all_states[-1], packet)]
    for state in all_states:
        assert all(accepts(state, packet) for packet in wanted)


@settings(max_examples=60, deadline=None)
@given(rules=st.one_of(rule_sets(), wide_open()), guard=guards())
def test_a_second_plan_has_nothing_to_do(rules, guard):
    """What one restriction leaves needs no other, and no added rule is there already."""
    plan = restrict(rules, guard, LISTS)
    assume(not plan.obstacle)
    assert not {identity(rule) for rule in plan.added} & {identity(rule) for rule in rules}
    again = restrict(list(states(rules, plan))[-1], guard, LISTS)
    assert (again.added, again.revoked) == ((), ())


@settings(max_examples=100, deadline=None)
@given(rules=wide_open(), others=rule_sets(), spared=rule_sets(), guard=guards())
def test_a_hole_takes_nothing_from_groups_that_share_an_interface(rules, others, spared, guard):
    """The interface, whose rules are those of all its groups, lets in what it did, but for the unwanted.

    Those stay that a group lets in which is not restricted too.
    """
    plan = restrict(rules, guard, LISTS, Neighbours(tuple(others), tuple(spared)))
    assume(not plan.lossy and any(not rule.accepts for rule in plan.added))
    before, after = [*rules, *others, *spared], [*list(states(rules, plan))[-1], *others, *spared]
    for packet in filter(is_somewhere, PACKETS):
        if not is_unwanted(guard, packet) or accepted_without_the_unwanted(before, guard, packet):
            assert accepts(after, packet) == accepts(before, packet), packet
        else:
            assert accepts(before, packet) or not accepts(after, packet), packet
            assert not accepts(spared, packet) or packet.group, packet


@settings(max_examples=60, deadline=None)
@given(rules=st.one_of(rule_sets(), wide_open()), guard=guards())
def test_only_accepting_rules_are_removed(rules, guard):
    """A Drop is only added for guarded ports, and no rule gets a priority that the API does not take."""
    plan = restrict(rules, guard, LISTS)
    assert all(rule.accepts for rule in plan.revoked)
    assert all(1 <= rule.priority <= 100 for rule in plan.added)
    assert all(rule.description in {one.description for one in rules if one.accepts} for rule in plan.added)
    holes = [rule for rule in plan.added if not rule.accepts]
    assert all(rule.protocol == "TCP" and int(rule.ports.partition("/")[0]) in guard.ports for rule in holes)
    assert TARGET  # the packets' own target is one that some rules name
