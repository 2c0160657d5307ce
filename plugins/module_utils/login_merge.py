# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempts of several logs, in which the same message may stand more than once: pure.

Servers often keep a message in the journal and in a file, and a file may have been copied. What the same process wrote
in the same words at the same time counts once, however many logs hold it; what one log holds twice counts twice.

The module that uses this runs on servers, whose Python may be as old as 3.8.
"""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from .login_lines import Entry
from .login_messages import Fact

TOLERANCE = 2  # seconds: a file's times are whole seconds, and each log takes its own
REPEATED_WITHIN = 600  # seconds: a folded line bears the time of the last message that it stands for


class Attempt:
    """A message of sshd that says where somebody came from. other: its second possible moment, or None."""

    __slots__ = ("fact", "host", "moment", "other", "source")

    def __init__(self, moment: float, other: float | None, host: str, fact: Fact, source: str):
        self.moment = moment
        self.other = other
        self.host = host
        self.fact = fact
        self.source = source

    def same_time(self, seen: Seen) -> bool:
        """Whether another log's message may be this one."""
        mine, theirs = (self.moment, self.other), (seen.moment, seen.other)
        back = REPEATED_WITHIN if seen.times > 1 else 0
        return any(
            -TOLERANCE <= there - here <= TOLERANCE + back
            for here in mine
            for there in theirs
            if here is not None and there is not None
        )


class Seen(NamedTuple):
    """A message where a log holds it. times: how many equal ones it stands for."""

    moment: float
    other: float | None
    entry: Entry
    fact: Fact
    times: int
    source: str


class Pool:
    """Equal messages that earlier logs had, by their times: those of other times are never looked at."""

    def __init__(self, attempts: list[Attempt]):
        self._places: dict[int, list[Attempt]] = {}
        for one in attempts:
            for place in self._of(one):
                self._places.setdefault(place, []).append(one)

    def take(self, seen: Seen, most: int) -> list[Attempt]:
        """Take out what may be the message that this log shows, no more than so many."""
        back = REPEATED_WITHIN if seen.times > 1 else 0
        moments = [one for one in (seen.moment, seen.other) if one is not None]
        places = {
            place for one in moments for place in range(_place(one - TOLERANCE - back), _place(one + TOLERANCE) + 1)
        }
        near = (one for place in sorted(places) for one in self._places.get(place, ()) if one.same_time(seen))
        found = list(islice(dict.fromkeys(near), most))
        for one in found:
            for place in self._of(one):
                self._places[place].remove(one)
        return found

    def _of(self, one: Attempt) -> set[int]:
        return {_place(moment) for moment in (one.moment, one.other) if moment is not None}


def _place(moment: float) -> int:
    return int(moment // (2 * TOLERANCE))


class Attempts:
    """Gathers attempts, one log after the other.

    Beyond limit, only accepted logins are kept, and left_out counts the others.
    """

    def __init__(self, limit: int):
        self._limit = limit
        self._known: dict[tuple, list[Attempt]] = {}
        self._number = 0
        self._source: str | None = None  # the log that is read, and what of earlier logs it has not shown yet
        self._pools: dict[tuple, Pool] = {}
        self.left_out = 0

    def add(self, seen: Seen) -> None:
        """Take a message in, unless another log had it already."""
        host = seen.entry.host.lower().partition(".")[0]
        key = (host, seen.entry.pid, seen.entry.text.rstrip())
        known = self._known.get(key, [])
        if seen.source != self._source:
            self._source, self._pools = seen.source, {}
        if key not in self._pools:
            self._pools[key] = Pool(known)
        times = min(seen.times, self._limit)
        twins = self._pools[key].take(seen, times)
        for twin in twins:
            if twin.other is not None and seen.other is None:
                twin.moment, twin.other = seen.moment, None
        for _time in range(times - len(twins)):
            if self._number < self._limit or seen.fact.outcome == "accepted":
                known.append(Attempt(seen.moment, seen.other, seen.entry.host, seen.fact, seen.source))
                self._number += 1
            else:
                self.left_out += 1
        if known:
            self._known[key] = known

    def in_order(self) -> list[Attempt]:
        """All of them, oldest first."""
        return sorted((one for known in self._known.values() for one in known), key=lambda one: one.moment)
