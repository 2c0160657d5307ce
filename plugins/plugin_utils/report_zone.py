# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moments as modules write them, in UTC and in an operator's zone. No I/O but the zone's rules."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo


def moment(text: str | None) -> datetime | None:
    """Read a moment, in UTC where it names no zone; None if it is none."""
    try:
        read = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    if not 1971 < read.year < 9000:  # far from the ends of the calendar, so that it can be reckoned with
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


@cache
def zone(name: str | None) -> ZoneInfo | None:
    """The operator's zone; None if it is UTC, or there is no such zone."""
    if not name or name.upper() in ("UTC", "ETC/UTC"):
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return None


def duration(run: dict) -> int:
    """How long a run took, in whole seconds."""
    started, finished = (datetime.fromisoformat(run[name]) for name in ("started", "finished"))
    return max(0, int((finished - started).total_seconds()))


def shown(when: datetime, where: ZoneInfo | None = None) -> str:
    """Write a moment for people: day and time, to the second."""
    return in_zone(when, where).strftime("%Y-%m-%d %H:%M:%S")


def in_zone(when: datetime, where: ZoneInfo | None) -> datetime:
    """The moment by the clocks of the zone, or of UTC without one."""
    return when.astimezone(where or UTC)
