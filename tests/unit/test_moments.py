# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments: what people write, what results show, and the window of two options."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError
from ansible_collections.hardening.alicloud.plugins.module_utils.moments import of_milliseconds, parsed, shown, window

NOON = datetime(2026, 2, 27, 12, tzinfo=UTC)


def asked(since=None, until=None):
    """Give the window that these options span at noon, as results show it."""
    return tuple(shown(one) for one in window(SimpleNamespace(since=since, until=until), NOON))


@pytest.mark.parametrize(
    "text", ["2026-02-27T12:00:00Z", "2026-02-27T21:00:00+09:00", "2026-02-27 12:00", NOON, NOON.replace(tzinfo=None)]
)
def test_a_moment_is_understood(text):
    """Without a time zone it is UTC."""
    assert parsed(text, "since") == NOON


def test_without_a_time_of_day_it_is_midnight():
    """In UTC."""
    assert parsed("2026-02-27", "since") == NOON - timedelta(hours=12)


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "0001-01-01T00:00:00+14:00", "12:00", 5])
def test_what_is_no_moment_is_refused(text):
    """With the place where it stands."""
    with pytest.raises(OptionError, match=r"^since .* is no time"):
        parsed(text, "since")


def test_moments_are_shown_in_utc():
    """To the second, whatever the zone and the fraction; Security Center counts milliseconds."""
    assert shown(datetime.fromisoformat("2026-02-27T21:00:00.9+09:00")) == "2026-02-27T12:00:00Z"
    assert shown(None) is None
    assert (of_milliseconds(1_772_150_400_999), of_milliseconds("1772150400000")) == ("2026-02-27T00:00:00Z",) * 2
    assert (of_milliseconds(0), of_milliseconds(None), of_milliseconds("")) == (None, None, None)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("2026-02-20T12:00:00Z", "2026-02-27T12:00:00Z")),
        ({"since": "2026-02-26"}, ("2026-02-26T00:00:00Z", "2026-02-27T12:00:00Z")),
        ({"until": "2026-02-26"}, ("2026-02-19T00:00:00Z", "2026-02-26T00:00:00Z")),
        ({"since": "2026-02-26", "until": "2027-01-01"}, ("2026-02-26T00:00:00Z", "2026-02-27T12:00:00Z")),
    ],
)
def test_the_window_is_the_last_week_or_what_the_options_say(options, expected):
    """It never reaches into times to come."""
    assert asked(**options) == expected


def test_a_window_that_begins_before_all_time_is_refused():
    """As the last week of the first days of the calendar would."""
    with pytest.raises(OptionError, match=r"^until \(.*\) has to be more than 7 days after the year 1"):
        asked(until="0001-01-02")


@pytest.mark.parametrize("since", ["2026-02-27T12:00:00Z", "2026-03-01"])
def test_a_window_that_ends_before_it_begins_is_refused(since):
    """So is one that begins in times to come."""
    with pytest.raises(OptionError, match=r"since \(.*\) has to be before until \(2026-02-27T12:00:00Z\)"):
        asked(since)
