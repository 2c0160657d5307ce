# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of addresses against sets of single addresses, and their spelling."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.addresses import NOTHING, Addresses
from hypothesis import given
from hypothesis import strategies as st

# A corner of each family, and the borders between them, small enough to be written out address by address.
CORNERS = ("203.0.113.0/27", "255.255.255.240/28", "::/124", "2001:db8::/124")
SINGLE = [str(address) for corner in CORNERS for address in ip_network(corner)]
BLOCKS = [str(block) for corner in CORNERS for new in range(1, 4) for block in ip_network(corner).subnets(new)]
sets = st.lists(st.sampled_from([*BLOCKS, *SINGLE]), max_size=6)


def written_out(texts):
    return {one for one in SINGLE if any(_in(one, text) for text in texts)}


def _in(address, text):
    one, block = ip_address(address), ip_network(text)
    return one.version == block.version and one in block


@given(ours=sets, theirs=sets)
def test_arithmetic_is_that_of_sets(ours, theirs):
    """Union, intersection and difference, their counts, and whether one holds the other."""
    left, right = Addresses.of(*ours), Addresses.of(*theirs)
    first, second = written_out(ours), written_out(theirs)
    for found, expected in (
        (left | right, first | second),
        (left & right, first & second),
        (left - right, first - second),
    ):
        assert {one for one in SINGLE if one in found} == expected
        assert found.v4 + found.v6 == len(expected)
        assert bool(found) == bool(expected)
        assert Addresses.of(*found.cidrs()) == found
    assert (left <= right) == (first <= second)
    assert (left == right) == (first == second)


@pytest.mark.parametrize(
    ("texts", "cidrs"),
    [
        (["10.0.0.1"], ["10.0.0.1/32"]),
        (["10.1.2.3/8"], ["10.0.0.0/8"]),
        (["0.0.0.0/1", "128.0.0.0/1"], ["0.0.0.0/0"]),
        (["::/1", "8000::/1"], ["::/0"]),
        (["10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8"], ["10.0.0.0/7"]),
        (["255.255.255.255", "::"], ["255.255.255.255/32", "::/128"]),
        ([], []),
    ],
)
def test_the_fewest_blocks(texts, cidrs):
    """Overlaps count once, neighbours become one, families never do."""
    assert Addresses.of(*texts).cidrs() == cidrs


@pytest.mark.parametrize("text", ["", "anywhere", "10.0.0.0/33", "10.0.0", "pl-1"])
def test_what_is_no_address_is_an_error(text):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="does not appear"):
        Addresses.of(text)


def test_nothing_is_false():
    """An empty set, however it came about."""
    assert not NOTHING
    assert not Addresses.of("10.0.0.0/8") - Addresses.of("0.0.0.0/0")
