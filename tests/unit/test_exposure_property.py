# SPDX-License-Identifier: GPL-3.0-or-later
"""The sources that the judging computes, against a packet-by-packet evaluator written apart from it."""

from __future__ import annotations

from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import Lists, accepted
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit import brute_force
from tests.unit.brute_force import Packet
from tests.unit.strategies import ADDRESSES, LISTS, PORT_LISTS, PREFIX_LISTS, rule_sets


def lets_in(rules, address, port):
    """Whether a connection from the address may succeed: from one of the source ports, to one of the targets."""
    return any(
        brute_force.accepts(rules, Packet(address, port, source_port=source, target=target), PREFIX_LISTS, PORT_LISTS)
        for source in (1000, 40000)
        for target in ("10.0.0.9", "10.0.0.77", "10.0.0.1")
    )


def without_narrow_drops(rules):
    """A Drop for some connections only does not keep a source out: the judging leaves it aside."""
    return [rule for rule in rules if rule.accepts or not (rule.to or rule.source_ports)]


@settings(deadline=None)
@given(rules=rule_sets(), port=st.sampled_from((22, 80, 3389)))
def test_the_set_is_what_single_packets_get(rules, port):
    """Every address is in the set exactly when a packet from it gets through."""
    found = accepted(rules, port, LISTS)
    assert found.sure == found.possible
    packets = {address: lets_in(without_narrow_drops(rules), address, port) for address in ADDRESSES}
    assert {address: address in found.sure for address in ADDRESSES} == packets


@settings(deadline=None)
@given(rules=rule_sets(), port=st.sampled_from((22, 3389)), data=st.data())
def test_what_can_not_be_read_leaves_the_truth_between_the_two_answers(rules, port, data):
    """Whatever the unread lists hold: sure is accepted, and nothing outside possible is."""
    prefixes = data.draw(st.sets(st.sampled_from(sorted(PREFIX_LISTS))))
    ports = data.draw(st.sets(st.sampled_from(sorted(PORT_LISTS))))
    read = Lists(
        {name: value for name, value in LISTS.prefixes.items() if name not in prefixes},
        {name: value for name, value in LISTS.ports.items() if name not in ports},
    )
    truth, found = accepted(rules, port, LISTS), accepted(rules, port, read)
    assert found.sure <= truth.sure <= found.possible
