# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments: as people and clouds write them, as results show them, and the window that two options span."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from .errors import OptionError

WINDOW = timedelta(days=7)


def shown(moment: datetime | None) -> str | None:
    """A moment in UTC, to the second, as results and journals show it; None where there is none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def parsed(text: object, where: str) -> datetime:
    """A moment in UTC. Without a time zone it is UTC, without a time of day it is midnight. OptionError names where."""
    try:
        given = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        wanted = "write it as 2026-02-27 or 2026-02-27T04:01:15Z"
        raise OptionError(f"{where} {str(text)!r} is no time: {wanted}.") from None


def of_milliseconds(milliseconds: object) -> str | None:
    """A moment as Security Center counts it, as results show it; None where there is none."""
    return shown(datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)) if milliseconds else None


def window(options: SimpleNamespace, now: datetime) -> tuple[datetime, datetime]:
    """The options since and until: the last week, if they say nothing. Nothing is known of times to come."""
    until = min(parsed(options.until, "until"), now) if options.until else now
    try:
        since = parsed(options.since, "since") if options.since else until - WINDOW
    except OverflowError:
        raise OptionError(f"until ({shown(until)}) has to be more than {WINDOW.days} days after the year 1.") from None
    if since >= until:
        raise OptionError(f"since ({shown(since)}) has to be before until ({shown(until)}).")
    return since, until
