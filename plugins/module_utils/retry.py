# SPDX-License-Identifier: GPL-3.0-or-later
"""Patience: which failed calls are sent again, and how fast calls go while the cloud asks for less."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from .errors import CloudError
from .progress import progress

if TYPE_CHECKING:
    from .cloud import Cloud

T = TypeVar("T")

# ECS answers a throttled API again only in the next minute, so even the shortest waits add up to more than one.
THROTTLED_TRIES = 10
PASSING_TRIES = 4
# What was just made or changed is ready for the next call within some ten seconds.
BUSY_TRIES = 6
LONGEST_WAIT = 30.0
# Seconds from one call of an account to its next, of products that take few of them. UNCONFIRMED: ActionTrail takes two
# a second; its documentation only asks not to call it often.
APART = {"actiontrail": 0.5}


class Pace:
    """How many calls may be in flight at once: halved when the cloud throttles, then slowly raised again.

    apart: seconds from the beginning of one call to that of the next, at least.
    """

    def __init__(
        self,
        workers: int,
        apart: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._apart, self._clock, self._sleep = apart, clock, sleep
        self._turn = 0.0
        self._most = workers
        self._limit = float(workers)
        self._flying = 0
        self._slowed = 0.0
        self._room = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for room, and hold it for one call."""
        with self._room:
            self._room.wait_for(lambda: self._flying < int(self._limit))
            self._flying += 1
        try:
            self._wait_for_turn()
            yield
        finally:
            with self._room:
                self._flying -= 1
                self._room.notify()

    def _wait_for_turn(self) -> None:
        if not self._apart:
            return
        with self._room:
            now = self._clock()
            mine = max(now, self._turn)
            self._turn = mine + self._apart
        if mine > now:
            self._sleep(mine - now)

    def slower(self) -> None:
        """The cloud throttled. Calls that were in flight together count once."""
        with self._room:
            if time.monotonic() - self._slowed > 0.5:
                self._slowed = time.monotonic()
                self._limit = max(1.0, self._limit / 2)

    def faster(self) -> None:
        """A call went through: about one more at a time after each round of them."""
        with self._room:
            if self._limit < self._most:
                self._limit = min(self._most, self._limit + 1 / self._limit)
                self._room.notify()


def persist(call: Callable[[], T], pace: Pace, repeatable: bool, sleep: Callable[[float], None] = time.sleep) -> T:
    """The answer of a call, sent again where that is safe and can help.

    A throttled call, or one to a resource that is being changed, had no effect and is always sent again; one that broke
    off, or that met a failing server, only if it is repeatable: a read, or a write that can come twice.
    """
    tries, doubtful = 0, False
    while True:
        tries += 1
        try:
            with pace.slot():
                answer = call()
            pace.faster()
            return answer
        except CloudError as error:
            error.doubtful = doubtful
            doubtful = doubtful or (error.passing and not error.throttled)
            if error.throttled:
                pace.slower()
            if tries >= _tries(error, repeatable):
                raise
            progress.held_up(error.code)
        sleep(backoff(tries))


def _tries(error: CloudError, repeatable: bool) -> int:
    if error.throttled:
        return THROTTLED_TRIES
    if error.busy:
        return BUSY_TRIES
    return PASSING_TRIES if error.passing and repeatable else 1


def insist(call: Callable[[], T], early: tuple[str, ...], sleep: Callable[[float], None] = time.sleep) -> T:
    """The answer of a call that needs what was just made: sent again while one of these codes says it is not there."""
    for tries in range(1, BUSY_TRIES):
        try:
            return call()
        except CloudError as error:
            if error.code not in early:
                raise
        sleep(backoff(tries))
    return call()


def wait_for(pending: set[T], done: Callable[[T], bool], cloud: Cloud, seconds: float) -> tuple[set[T], list[str]]:
    """Ask, for all at once, until each is done or the seconds are over: what is not, and what could not be asked."""
    deadline, tries, errors = time.monotonic() + seconds, 0, []
    while pending:
        asked = sorted(pending)
        answers = dict(zip(asked, cloud.map(done, asked), strict=True))
        errors += [str(answer) for answer in answers.values() if isinstance(answer, CloudError)]
        pending = {one for one, answer in answers.items() if answer is False}
        left, tries = deadline - time.monotonic(), tries + 1
        if left <= 0 or not pending:
            break
        time.sleep(min(backoff(tries), left))
    return pending, errors


def backoff(tries: int) -> float:
    """Seconds to wait after so many tries: doubling, jittered, so that callers that failed together part."""
    return min(LONGEST_WAIT, 0.25 * 2**tries) * random.uniform(0.5, 1.0)  # noqa: S311
