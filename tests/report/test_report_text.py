# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for a terminal: harmless, measured, wrapped."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_text import (
    harmless,
    shorten,
    table,
    width_of,
    wrap,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain café 東京", "plain café 東京"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\x07b\x7fc\x9bd", "a\\x07b\\x7fc\\x9bd"),
        ("two\nlines\tand\rone", "two lines and one"),
        ("evil\u202etxt.exe", "evil\\u202etxt.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_could_steer_a_terminal_is_spelt_out(text, expected):
    """Escapes, control characters and invisible ones show as what they are."""
    assert harmless(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("abc", 3), ("東京", 4), ("e\u0301", 1), ("", 0)])
def test_the_width_is_what_a_terminal_needs(text, expected):
    """East Asian characters take two columns, combining ones none."""
    assert width_of(text) == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("to be or not", 5, ["to be", "or", "not"]),
        ("oss-bucket-versioning-enabled", 12, ["oss-bucket-", "versioning-", "enabled"]),
        ("in (ap-northeast-1)", 16, ["in", "(ap-northeast-1)"]),
        ("see oss-bucket-versioning", 12, ["see oss-", "bucket-", "versioning"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("東京都港区", 4, ["東京", "都港", "区"]),
        ("", 4, [""]),
    ],
)
def test_text_is_broken_where_it_reads_best(text, width, expected):
    """At spaces first, then at the joints of a name, then anywhere."""
    assert wrap(text, width) == expected


@pytest.mark.parametrize(("text", "expected"), [("short", "short"), ("too long", "too …"), ("東京都", "東京…")])
def test_long_text_is_cut_with_an_ellipsis(text, expected):
    """What is longer than five columns ends in an ellipsis, within the five."""
    assert shorten(text, 5) == expected


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_table_keeps_to_its_width(width):
    """However long the cells, no line is wider than the terminal, and no text is lost."""
    words = ["oss-bucket-public-read-prohibited", "東京" * 20, "a b c " * 20, "x" * 90]
    lines = [line for block in table(["one", "two", "three", "four"], [words], width) for line in block]
    assert max(width_of(line) for line in lines) <= width
    assert sum(line.count("x") for line in lines) == 90


def test_the_columns_of_a_table_stand_below_each_other():
    """Each column begins at the same place in every line, wide characters or not."""
    assert [line for block in table(["A", "B"], [["東京", "x"], ["abc", "y"]], 80) for line in block] == [
        "A     B",
        "----  -",
        "東京  x",
        "abc   y",
    ]
