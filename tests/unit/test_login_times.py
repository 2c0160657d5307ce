# SPDX-License-Identifier: GPL-3.0-or-later
"""When ssh_login_info says that a line was written: years, zones, and the hour that a clock shows twice."""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError
from ansible_collections.hardening.alicloud.plugins.module_utils.login_times import (
    DAY,
    HALF_YEAR,
    Calendar,
    Stamp,
    fixed_offset,
    moments,
    option,
    shown,
    shown_offset,
    stamp,
    survey,
    timed,
)
from hypothesis import example, given
from hypothesis import strategies as st

# Whole hours, parts of hours, both hemispheres, half an hour of summer, a day left out (Apia, end of 2011), winter
# time in summer (Casablanca), and a zone that went back for good (Moscow, 2014).
ZONES = (
    "UTC",
    "Asia/Tokyo",
    "Asia/Shanghai",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "Europe/Moscow",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
)
HOUR = 3600


def offset_in(zone: str):
    """The function that the module has from the system, for any zone."""
    there = ZoneInfo(zone)
    return lambda moment: int(datetime.fromtimestamp(moment, there).utcoffset().total_seconds())


def at(text: str, zone: str = "UTC", fold: int = 0) -> float:
    """A moment by its local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def traditional(moment: float, zone: str = "UTC") -> str:
    """How a syslog daemon in this zone begins a line."""
    local = datetime.fromtimestamp(moment, ZoneInfo(zone))
    return f"{local:%b} {local.day:2d} {local:%H:%M:%S} web-1 sshd[1]: x"


def read(lines: list[str], changed: float, zone: str = "UTC") -> list[tuple]:
    """The (moment, other) of each line of a file that was last changed at a moment."""
    return read_through(lines, changed, zone)[0]


def read_through(lines: list[str], changed: float, zone: str = "UTC", since: float = 0) -> tuple[list, Calendar]:
    """The same, and the calendar after the last line."""
    stamps = [stamp(line) for line in lines]
    calendar = Calendar(survey(stamps), changed, offset_in(zone), since)
    found = list(timed(((one, number) for number, one in enumerate(stamps)), calendar))
    calendar.end()
    return [(moment, other) for moment, other, _number in sorted(found, key=lambda one: one[2])], calendar


# Stamps


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jan  1 00:00:01 web-1", Stamp(place=1)),
        ("Feb 29 00:00:00 web-1", Stamp(place=59 * DAY)),
        ("Dec 31 23:59:59 web-1", Stamp(place=366 * DAY - 1)),
        ("1970-01-01T00:00:05Z web-1", Stamp(moment=5.0)),
        ("1970-01-01T09:00:05.25+09:00 web-1", Stamp(moment=5.25)),
        ("1970-01-01T09:00:05+0900 web-1", Stamp(moment=5.0)),
        ("1969-12-31T14:30:05-09:30 web-1", Stamp(moment=5.0)),
        ("1970-01-01T00:00:05 web-1", Stamp(local=5.0)),
        ("Foo 31 23:59:59 web-1", None),
        ("2026-13-01T00:00:00Z web-1", None),
        ("0000-01-01T00:00:00Z web-1", None),
        ("9999-12-31T23:59:59-12:00 web-1", None),
        ("web-1 sshd[1]: x", None),
        ("", None),
    ],
)
def test_stamp(text, expected):
    """Both formats of syslog are read, and nothing else is."""
    assert stamp(text) == expected


PIECES = ["Jan", "Feb", "0", "1", "9", "29", "31", "61", ":", "-", "+", ".", "Z", "T"]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
def test_any_text(text):
    """Whatever a file holds, it is a time or it is none."""
    stamps = [one for one in (stamp(text), stamp(f"2026-{text}"), stamp(f"Feb 29 {text}")) if one]
    calendar = Calendar(survey(stamps), at("2026-11-23T00:00:00"), offset_in("Asia/Tokyo"))
    assert all(isinstance(moment, (int, float)) for one in stamps for moment in calendar.moments(one))


# Zones


@pytest.mark.parametrize(
    ("local", "zone", "expected"),
    [
        ("2026-11-23T04:01:15", "Asia/Tokyo", ["2026-11-22T19:01:15"]),
        ("2026-11-01T01:30:00", "America/New_York", ["2026-11-01T05:30:00", "2026-11-01T06:30:00"]),
        ("2026-11-01T00:59:59", "America/New_York", ["2026-11-01T04:59:59"]),
        ("2026-11-01T02:00:00", "America/New_York", ["2026-11-01T07:00:00"]),
        ("2026-03-08T02:30:00", "America/New_York", ["2026-03-08T07:30:00"]),  # no clock showed it
        ("2026-04-05T01:45:00", "Australia/Lord_Howe", ["2026-04-04T14:45:00", "2026-04-04T15:15:00"]),
        ("2014-10-26T01:30:00", "Europe/Moscow", ["2014-10-25T21:30:00", "2014-10-25T22:30:00"]),
    ],
)
def test_moments(local, zone, expected):
    """A local time is one moment, or the two at which a clock showed it."""
    assert list(moments(at(local), offset_in(zone))) == [at(one) for one in expected]


@given(moment=st.integers(min_value=0, max_value=int(at("2040-01-01T00:00:00"))), zone=st.sampled_from(ZONES))
def test_every_moment_is_found(moment, zone):
    """Whatever a clock shows, the moment at which it shows it is among those that are found."""
    offset = offset_in(zone)
    found = moments(moment + offset(moment), offset)
    assert moment in found
    assert all(one + offset(one) == moment + offset(moment) for one in found)


# Years


@pytest.mark.parametrize(
    ("lines", "changed", "expected"),
    [
        # The file's own year, the one before, and both
        (["Nov 23 04:01:15"], "2026-11-23T04:02:00", ["2026-11-23T04:01:15"]),
        (["Dec 31 23:59:59"], "2026-01-01T00:00:01", ["2025-12-31T23:59:59"]),
        (["Dec 31 23:59:59", "Jan  1 00:00:01"], "2026-01-01T00:00:02", ["2025-12-31T23:59:59", "2026-01-01T00:00:01"]),
        # Nobody turned the file over for years
        (
            ["Nov  1 00:00:00", "Mar  1 00:00:00", "Nov  2 00:00:00", "Feb  1 00:00:00"],
            "2026-02-01T00:00:00",
            ["2024-11-01T00:00:00", "2025-03-01T00:00:00", "2025-11-02T00:00:00", "2026-02-01T00:00:00"],
        ),
        # A leap day is in a leap year
        (["Feb 29 12:00:00"], "2026-11-23T00:00:00", ["2024-02-29T12:00:00"]),
        # Processes overtake each other, over the turn of a year too
        (
            ["Jan  1 00:00:01", "Dec 31 23:59:59", "Jan  1 00:00:02"],
            "2026-01-01T00:00:03",
            ["2026-01-01T00:00:01", "2025-12-31T23:59:59", "2026-01-01T00:00:02"],
        ),
        # A clock that is a little ahead of the file's last change
        (["Nov 23 04:01:15"], "2026-11-23T04:01:10", ["2026-11-23T04:01:15"]),
        # A daemon that was updated while the file was open
        (
            ["Nov 23 04:01:15", "2026-11-23T04:01:16Z"],
            "2026-11-23T04:01:16",
            ["2026-11-23T04:01:15", "2026-11-23T04:01:16"],
        ),
        # A clock that was set back by days
        (
            ["Nov 19 00:00:00", "Nov 23 04:00:00", "Nov 20 00:00:00", "Nov 23 05:00:00"],
            "2026-11-23T05:00:00",
            ["2026-11-19T00:00:00", "2026-11-23T04:00:00", "2026-11-20T00:00:00", "2026-11-23T05:00:00"],
        ),
    ],
)
def test_years(lines, changed, expected):
    """The year of a line follows from the order of the lines and the file's last change."""
    assert read([f"{line} web-1" for line in lines], at(changed)) == [(at(one), None) for one in expected]


STEPS = st.integers(min_value=0, max_value=350 * DAY) | st.integers(min_value=0, max_value=2 * HOUR)


@given(
    zone=st.sampled_from(ZONES),
    begin=st.integers(min_value=int(at("1999-01-01T00:00:00")), max_value=int(at("2038-01-01T00:00:00"))),
    steps=st.lists(STEPS, min_size=1, max_size=12),
    idle=st.integers(min_value=0, max_value=300 * DAY),
)
@example(zone="Asia/Tokyo", begin=int(at("2025-12-31T14:59:59")), steps=[1, 1, 1], idle=0)
@example(zone="America/New_York", begin=int(at("2026-11-01T05:00:00")), steps=[1800] * 6, idle=0)
@example(zone="Pacific/Apia", begin=int(at("2011-12-30T08:00:00")), steps=[HOUR] * 8, idle=0)
def test_traditional_lines_are_dated(zone, begin, steps, idle):
    """Lines in their order get the moments they were written at, or those are the other.

    None is a year after another, and where one is more than half a year after another, that may be noted instead.
    """
    written = list(accumulate(steps, initial=begin))
    found, calendar = read_through([traditional(one, zone) for one in written], written[-1] + idle, zone)
    if max(*steps, idle) > HALF_YEAR - 2 * DAY and calendar.leap:
        return
    assert [one for one, pair in zip(written, found, strict=True) if one not in pair] == []
    offset = offset_in(zone)
    certain = [pair[0] for pair in found if pair[1] is None]
    assert [one for one in certain if one not in written] == []
    for moment, other in found:
        assert other is None or moment + offset(moment) == other + offset(other)


@pytest.mark.parametrize(
    ("lines", "since", "expected"),
    [
        (["2026-11-19T00:00:00Z", "2026-11-22T23:00:00Z"], 0, None),
        (["2026-11-22T04:00:00Z", "2026-11-21T05:00:00Z"], 0, None),  # less than a day
        (["2026-06-19T00:00:00Z", "2026-11-22T23:00:00Z"], 0, None),
        (["Nov 22 04:00:00", "Nov 20 00:00:00"], 0, ("2026-11-22T04:00:00", "2026-11-20T00:00:00")),
        # A clock that was set only when the network was there
        (["Nov 22 04:00:00", "Jan  1 00:00:00", "Nov 22 04:01:00"], 0, ("2026-01-01T00:00:00", "2026-11-22T04:01:00")),
        (["1999-12-31T00:00:00Z", "Nov 22 04:00:00"], 0, ("1999-12-31T00:00:00", "2026-11-22T04:00:00")),
        (["Nov 22 04:00:00", "2030-01-01T00:00:00Z"], 0, ("2026-11-22T04:00:00", "2030-01-01T00:00:00")),
        # The last line is far from the file's last change
        (["Nov 22 04:00:00", "Jan  1 00:00:00"], 0, ("2026-01-01T00:00:00", "2026-11-23T00:00:00")),
        (["2030-01-01T00:00:00Z"], 0, ("2030-01-01T00:00:00", "2026-11-23T00:00:00")),
        # Lines that came with the image of a server that is older than the window
        (["2024-01-01T00:00:00Z", "2026-11-10T00:00:00Z"], "2026-11-11T00:00:00", None),
        (
            ["2024-01-01T00:00:00Z", "2026-11-10T00:00:00Z"],
            "2026-11-09T00:00:00",
            ("2024-01-01T00:00:00", "2026-11-10T00:00:00"),
        ),
    ],
)
def test_leap(lines, since, expected):
    """Lines of which one has to be dated wrong are noted, unless nobody asks for that time."""
    changed, since = at("2026-11-23T00:00:00"), since and at(since)
    _found, calendar = read_through([f"{line} web-1" for line in lines], changed, since=since)
    assert calendar.leap == (expected and tuple(map(at, expected)))


# The hour that comes twice


FIRST, SECOND = at("2026-11-01T05:00:00"), at("2026-11-01T06:00:00")  # 01:00 in New York, and again
LAST = at("2026-11-02T00:00:00")


def in_new_york(*written: float) -> list[tuple]:
    """What is read of lines in New York."""
    return read([traditional(one, "America/New_York") for one in written], LAST, "America/New_York")


def test_hour_without_a_hint():
    """Where nothing shows which of the two hours it was, both moments are given."""
    assert in_new_york(FIRST + 600, FIRST + 1800, LAST) == [
        (FIRST + 600, SECOND + 600),
        (FIRST + 1800, SECOND + 1800),
        (LAST, None),
    ]


def test_hour_in_which_the_clock_goes_back():
    """Where the clock is seen to go back, what is before was in the first hour, and what is after in the second."""
    written = [FIRST + 600, FIRST + 1800, SECOND + 1200, SECOND + 3000, LAST]
    assert in_new_york(*written) == [(one, None) for one in written]


def test_hour_with_a_little_disorder():
    """Lines that are seconds out of order are no clock that goes back."""
    assert [other is None for _moment, other in in_new_york(FIRST + 600, FIRST + 590, FIRST + 700, LAST)] == [
        False,
        False,
        False,
        True,
    ]


def test_hour_before_the_files_end():
    """What would be after the file's last change is not possible."""
    lines = [traditional(FIRST + 600, "America/New_York")]
    assert read(lines, FIRST + 700, "America/New_York") == [(FIRST + 600, None)]


def test_lines_of_others():
    """Lines of other programs show how the clock went, and are not given themselves."""
    stamps = [stamp(traditional(one, "America/New_York")) for one in (FIRST + 1800, SECOND + 60, LAST)]
    calendar = Calendar(survey(stamps), LAST, offset_in("America/New_York"))
    assert list(timed([(stamps[0], "sshd"), (stamps[1], None), (stamps[2], None)], calendar)) == [
        (FIRST + 1800, None, "sshd")
    ]


def test_edges():
    """A file's first and last moments span what is in it; a file without any time has none."""
    stamps = [stamp("Dec 31 23:00:00 x"), stamp("Jan  2 00:00:00 x")]
    calendar = Calendar(survey(stamps), at("2026-01-05T00:00:00"), offset_in("UTC"))
    assert calendar.edges() == (at("2025-12-31T23:00:00"), at("2026-01-02T00:00:00"))
    assert Calendar(survey([]), 0, offset_in("UTC")).edges() == (None, None)


# Options and results


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-27", "2026-02-27T00:00:00Z"),
        ("2026-02-27T04:01", "2026-02-27T04:01:00Z"),
        ("2026-02-27 04:01:15", "2026-02-27T04:01:15Z"),
        ("2026-02-27T04:01:15Z", "2026-02-27T04:01:15Z"),
        ("2026-02-27T04:01:15.5+09:00", "2026-02-26T19:01:15Z"),
        ("2026-02-27T04:01:15-0330", "2026-02-27T07:31:15Z"),
    ],
)
def test_option(text, expected):
    """A moment is written with or without a time of day and a zone."""
    assert shown(option("since", text, 0)) == expected


def test_default_option():
    """An option that is not given has its default."""
    assert option("since", None, 5) == option("since", "", 5) == 5


@pytest.mark.parametrize("text", ["now", "2026-13-01", "2026-02-27T25:00", "27.02.2026", "1772164875", "2026-02-27T"])
def test_wrong_option(text):
    """What is no moment is refused with an example."""
    with pytest.raises(OptionError, match="2026-02-27T04:01:15Z"):
        option("since", text, 0)


@given(st.integers(min_value=0, max_value=4 * 10**9))
def test_shown(moment):
    """A moment as results show it is read back as the same."""
    assert option("since", shown(moment), 0) == moment


@pytest.mark.parametrize(
    ("text", "seconds"), [("+09:00", 9 * HOUR), ("-03:30", -3.5 * HOUR), ("+0545", 5.75 * HOUR), ("UTC", 0), ("z", 0)]
)
def test_fixed_offset(text, seconds):
    """A zone may be an offset, which is shown as it is written in RFC 3339."""
    assert fixed_offset(text) == seconds
    assert fixed_offset(shown_offset(int(seconds))) == seconds


def test_zone_that_is_no_offset():
    """The name of a place is none."""
    assert fixed_offset("Asia/Tokyo") is None
