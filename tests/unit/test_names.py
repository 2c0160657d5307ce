# SPDX-License-Identifier: GPL-3.0-or-later
"""Choosing by patterns."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.names import pick
from hypothesis import given
from hypothesis import strategies as st

BUCKETS = ["web-1", "web-2", "web-test-1", "logs"]


@pytest.mark.parametrize(
    ("patterns", "chosen", "unused"),
    [
        ([], BUCKETS, []),
        (["*"], BUCKETS, []),
        (["web-*"], ["web-1", "web-2", "web-test-1"], []),
        (["web-*", "!web-test-*"], ["web-1", "web-2"], []),
        (["!web-test-*", "web-*"], ["web-1", "web-2"], []),
        (["!web-*"], ["logs"], []),
        (["logs", "web-1"], ["web-1", "logs"], []),
        (["web-?"], ["web-1", "web-2"], []),
        (["web-[13]"], ["web-1"], []),
        (["WEB-1"], [], ["WEB-1"]),
        (["web"], [], ["web"]),
        (["log*", "logs", "lob*"], ["logs"], ["lob*"]),
        (["logs", "!logs"], [], []),
        (["!nothing"], BUCKETS, []),
    ],
)
def test_patterns_take_in_and_leave_out(patterns, chosen, unused):
    """In the items' order; what leaves out wins, and a taking pattern that fits nothing is told."""
    assert pick(patterns, BUCKETS, lambda name: (name,)) == (chosen, unused)


def test_a_star_over_nothing_is_no_mistake():
    """An account without anything is not warned about for the default pattern."""
    assert pick(["*"], [], lambda name: (name,)) == ([], [])


@pytest.mark.parametrize(
    ("patterns", "chosen"), [(["sg-1"], [0]), (["front"], [0]), (["*", "!sg-2"], [0]), (["*", "!front"], [1])]
)
def test_any_of_an_items_names_counts(patterns, chosen):
    """Both the id and the name take in, and both leave out."""
    groups = [("sg-1", "front"), ("sg-2", "back")]
    assert pick(patterns, groups, lambda group: group)[0] == [groups[place] for place in chosen]


PATTERNS = st.lists(st.from_regex(r"!?[ab*?]{1,3}", fullmatch=True), max_size=4)


@given(PATTERNS, st.lists(st.text("ab", min_size=1, max_size=3)))
def test_leaving_out_only_ever_takes_away(patterns, names):
    """One more pattern that leaves out gives no item that was not there before."""
    chosen, _unused = pick(patterns, names, lambda name: (name,))
    fewer, _unused = pick([*patterns, "!a*"], names, lambda name: (name,))
    assert fewer == [name for name in chosen if not name.startswith("a")]
