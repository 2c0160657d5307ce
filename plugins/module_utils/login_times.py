# SPDX-License-Identifier: GPL-3.0-or-later
"""When a line of a log was written, in UTC: pure, the zone comes in as a function.

A traditional line (`Nov 23 04:01:15`) names neither year nor zone. Its year follows from the order of the lines and
from a moment that the last of them can't be after; its zone is the server's. In the hour that a clock shows twice, both
moments are possible unless the clock is seen to go back among the lines. Where lines leap, a year may be mistaken.

Moments are seconds since 1970 in UTC; local times are seconds since 1970 as though the clock on the wall showed UTC.
The module that uses this runs on servers, whose Python may be as old as 3.8.
"""

from __future__ import annotations

import functools
import math
import re
from calendar import isleap, timegm
from datetime import datetime, timedelta, timezone
from typing import Callable, Iterable, Iterator, NamedTuple

from .errors import OptionError

DAY = 86400
YEAR = 366 * DAY
HALF_YEAR = YEAR // 2
LEAP_YEAR = 2000
LEAP_YEAR_BEGINS = timegm((LEAP_YEAR, 1, 1, 0, 0, 0))
SLACK = DAY  # clocks and wrongly named zones: a last line may seem to be this much after its file's last change
JITTER = 60  # lines of several processes are this little out of order
FIRST_YEAR, LAST_YEAR = 1969, 2200  # what is beyond is no time of a log
YEARS_BACK = 9  # the next leap year is at most eight years away
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TRADITIONAL = re.compile(r"([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)")
ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:(Z)|([+-])(\d\d):?(\d\d))?")
OPTION = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.\d+)?)? ?(?:[Zz]|([+-])(\d\d):?(\d\d))?")

Offset = Callable[[float], int]


class Stamp(NamedTuple):
    """The time that a line begins with: one of three, the others are None.

    moment: known for certain. local: a local time. place: seconds since the beginning of a year that is not named, as
    in the leap year 2000.
    """

    moment: float | None = None
    local: float | None = None
    place: int | None = None


class Span(NamedTuple):
    """What a first reading of a file tells: its first and last stamps, how often the year turned, the last place."""

    first: Stamp | None = None
    last: Stamp | None = None
    turns: int = 0
    place: int | None = None


def stamp(text: str) -> Stamp | None:
    """The time that a line begins with, or None."""
    found = TRADITIONAL.match(text)
    if found:
        month, day, hour, minute, second = found.groups()
        begin = _day(month, day)
        return None if begin is None else Stamp(None, None, begin + int(hour) * 3600 + int(minute) * 60 + int(second))
    found = ISO.match(text)
    return _iso(found) if found else None


@functools.lru_cache(maxsize=400)
def _day(month: str, day: str) -> int | None:
    """Where a day is in the leap year 2000."""
    if month not in MONTHS:
        return None
    return timegm((LEAP_YEAR, MONTHS.index(month) + 1, int(day), 0, 0, 0)) - LEAP_YEAR_BEGINS


def _iso(found: re.Match) -> Stamp | None:
    parts = [int(part) for part in found.groups()[:6]]
    if not (FIRST_YEAR <= parts[0] <= LAST_YEAR and 1 <= parts[1] <= 12):
        return None
    seconds = timegm(tuple(parts)) + float(f"0.{found[7] or 0}")
    if found[8]:
        return Stamp(moment=seconds)
    if not found[9]:
        return Stamp(local=seconds)
    return Stamp(moment=seconds - _signed(found[9], found[10], found[11]))


def _signed(sign: str, hours: str, minutes: str) -> int:
    return (-1 if sign == "-" else 1) * (int(hours) * 3600 + int(minutes) * 60)


class Turns:
    """Counts how often the year turned along the traditional lines of a file."""

    def __init__(self):
        self.count = 0
        self.place: int | None = None

    def see(self, place: int) -> int:
        """The count at this line.

        A step back of more than half a year is a new year, a shorter one is a clock that was set back. A step on of a
        whole year is jitter.
        """
        if self.place is not None:
            step = place - self.place
            if step < -HALF_YEAR:
                self.count += 1
            elif step > YEAR - 2 * DAY:
                self.count -= 1
        self.place = place
        return self.count


def survey(stamps: Iterable[Stamp]) -> Span:
    """The first reading of a file."""
    first = last = None
    turns = Turns()
    for one in stamps:
        first, last = first or one, one
        if one.place is not None:
            turns.see(one.place)
    return Span(first, last, turns.count, turns.place)


def in_year(place: int, year: int) -> int:
    """A place in a year as a local time; the leap day of a year that has none is the day after."""
    return _begin(place // DAY, year) + place % DAY


@functools.lru_cache(maxsize=400)
def _begin(day: int, year: int) -> int:
    date = datetime(LEAP_YEAR, 1, 1) + timedelta(days=day)  # noqa: DTZ001
    return timegm((year, date.month, date.day, 0, 0, 0))


def year_of(place: int, ceiling: float, offset: Offset) -> int:
    """The latest year in which this place is not after the ceiling."""
    latest = datetime.fromtimestamp(ceiling + SLACK, timezone.utc).year + 1
    leap_day = in_year(place, LEAP_YEAR) // DAY == timegm((LEAP_YEAR, 2, 29, 0, 0, 0)) // DAY
    for year in range(latest, latest - YEARS_BACK - 1, -1):
        fits = moments(in_year(place, year), offset)[0] <= ceiling + SLACK
        if fits and (isleap(year) or not leap_day):
            return year
    return latest


def moments(local: float, offset: Offset) -> tuple[float, ...]:
    """The moments, earliest first, at which a clock in this zone shows a local time: one, or two where it went back.

    Where it went forward over this time, it is taken as a clock would show that was not yet put forward.
    """
    before = offset(local - DAY)
    offsets = {before, offset(local + DAY)}
    found = sorted(local - one for one in offsets if offset(local - one) == one)
    return tuple(found) or (local - before,)


class Calendar:
    """Turns the stamps of one file, in their order, into the moments that they may mean.

    ceiling: the moment of the file's last change, or that its successor begins with. since: what was before, nobody
    asks for. leap: the first two neighbouring lines, as their moments, of which one seems to be dated wrong, or None.
    """

    def __init__(self, span: Span, ceiling: float, offset: Offset, since: float = -math.inf):
        self._span = span
        self._ceiling = ceiling
        self._offset = offset
        self._since = since
        self._before: float | None = None
        self.leap: tuple[float, float] | None = None
        self._turns = Turns()
        self._first_year = 0 if span.place is None else year_of(span.place, ceiling, offset) - span.turns
        self._known: tuple[Stamp | None, tuple[float, ...]] = (None, ())
        self._plain: tuple[float | None, int] = (None, 0)  # a day on which no clock was changed, and its offset

    def edges(self) -> tuple[float | None, float | None]:
        """When the file begins and ends, the earlier moment where there are two; None for a file without a time."""
        if self._span.first is None:
            return None, None
        first, last = self._possible(self._span.first, 0)[0], self._possible(self._span.last, self._span.turns)[0]
        return first, max(first, last)

    def local_ends(self) -> tuple[float, ...]:
        """The moments that the last line may mean, if it has a local time; else none."""
        last = self._span.last
        return () if last is None or last.moment is not None else self._possible(last, self._span.turns)

    def moments(self, one: Stamp) -> tuple[float, ...]:
        """The moments of the next line: one, or two."""
        if one != self._known[0]:
            turns = 0 if one.place is None else self._turns.see(one.place)
            self._known = (one, self._possible(one, turns))
            self._follow(self._known[1][0])
        return self._known[1]

    def end(self) -> None:
        """After the last line: it too has to be near enough to the ceiling."""
        self._follow(self._ceiling)

    def _follow(self, moment: float) -> None:
        """Note a leap: back by more than a day, or on by more than half a year, unless that ended before since."""
        step = 0 if self._before is None else moment - self._before
        if not self.leap and (step < -SLACK or (step > HALF_YEAR and moment > self._since)):
            self.leap = (self._before, moment)
        self._before = moment

    def _possible(self, one: Stamp, turns: int) -> tuple[float, ...]:
        if one.moment is not None:
            return (one.moment,)
        local = one.local if one.local is not None else in_year(one.place, self._first_year + turns)
        if local // DAY == self._plain[0]:
            return (local - self._plain[1],)
        before, after = self._offset((local // DAY - 1) * DAY), self._offset((local // DAY + 2) * DAY)
        if before == after:  # no zone changes its clocks twice within three days
            self._plain = (local // DAY, before)
            return (local - before,)
        found = moments(local, self._offset)
        return tuple(moment for moment in found if moment <= self._ceiling + JITTER) or found


def timed(lines: Iterable[tuple], calendar: Calendar) -> Iterator[tuple]:
    """Of (stamp, what) the (moment, other, what) whose what is not None; other: the moment that is as possible.

    What stands within the hour that the clock shows twice waits until the clock is seen to go back, or the hour ends.
    """
    held: list[tuple] = []
    shown: float | None = None  # the first reading of the line before, within that hour
    gone_back = False
    for one, what in lines:
        possible = calendar.moments(one)
        if len(possible) == 1:
            yield from held
            held, shown, gone_back = [], None, False
        elif not gone_back and shown is not None and possible[0] < shown - JITTER:
            yield from ((first, None, waiting) for first, _other, waiting in held)
            held, gone_back = [], True
        if len(possible) == 2:
            shown = possible[0] if shown is None else max(shown, possible[0])
        if what is None:
            continue
        if len(possible) == 1 or gone_back:
            yield possible[-1], None, what
        else:
            held.append((possible[0], possible[1], what))
    yield from held


def option(name: str, text: str | None, default: float) -> float:
    """An option that is a moment; without a time zone it is UTC, without a time of day it is midnight."""
    if not text:
        return default
    found = OPTION.fullmatch(text.strip())
    try:
        date, clock, seconds, sign, hours, minutes = found.groups()
        given = datetime.strptime(f"{date}T{clock or '00:00'}{seconds or ':00'}", "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007
    except (AttributeError, ValueError):
        raise OptionError(f"{name} {text!r} is no time: write it as 2026-02-27 or 2026-02-27T04:01:15Z.") from None
    return given.replace(tzinfo=timezone.utc).timestamp() - (_signed(sign, hours, minutes) if sign else 0)


def shown(moment: float | None) -> str | None:
    """A moment in UTC as results show it."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown_offset(seconds: int) -> str:
    """An offset from UTC as in RFC 3339."""
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def fixed_offset(text: str) -> int | None:
    """The offset that a zone such as +09:00 or UTC names, in seconds, or None for any other zone."""
    if text.upper() in ("UTC", "Z"):
        return 0
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", text)
    return _signed(*found.groups()) if found else None
