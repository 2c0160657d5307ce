# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent again, how often, and how fast calls go."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import retry
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import CONNECTION, NOT_THE_CLOUD, CloudError
from ansible_collections.hardening.alicloud.plugins.module_utils.retry import (
    BUSY_TRIES,
    LONGEST_WAIT,
    PASSING_TRIES,
    THROTTLED_TRIES,
    Pace,
    backoff,
    insist,
    persist,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("before", "last", "expected"),
    [
        ((), ("AccessDenied", 403), True),
        ((("SystemBusy", 400),), ("AccessDenied", 403), True),
        ((("QpsLimitExceeded", 503),), ("AccessDenied", 403), True),
        (((CONNECTION, 0),), ("AccessDenied", 403), False),
        ((("InternalError", 500), ("SystemBusy", 400)), ("AccessDenied", 403), False),
        ((), ("QpsLimitExceeded", 503), True),
        ((), ("InternalError", 500), False),
        ((), (CONNECTION, 0), False),
        ((), (NOT_THE_CLOUD, 403), False),
    ],
)
def test_a_call_was_refused_only_if_every_try_was(before, last, expected):
    """One that broke off before the refusal may have had its effect."""
    calls = Calls(*(an_error(*one) for one in (*before, last)))
    with pytest.raises(CloudError) as found:
        persist(calls, Pace(4), repeatable=True, sleep=calls.waits.append)
    assert (found.value.code, found.value.refused) == (last[0], expected)


class Calls:
    """A call that fails in these ways, one after the other, and then answers; the last way stays if it is to."""

    def __init__(self, *errors: CloudError, answers: bool = False):
        self.errors = list(errors)
        self.answers = answers
        self.made = 0
        self.waits: list[float] = []

    def __call__(self) -> str:
        """Fail, or answer."""
        self.made += 1
        if self.errors and (self.made <= len(self.errors) or not self.answers):
            raise self.errors[min(self.made, len(self.errors)) - 1]
        return "answer"


def an_error(code: str, status: int = 0) -> CloudError:
    """An error of that kind."""
    return CloudError("GetBucketInfo", code, "no", status=status)


def tries(code: str, status: int, *, repeatable: bool) -> int:
    """How often a call is made that always fails so."""
    calls = Calls(an_error(code, status))
    with pytest.raises(CloudError, match=code):
        persist(calls, Pace(4), repeatable, calls.waits.append)
    assert len(calls.waits) == calls.made - 1
    return calls.made


@pytest.mark.parametrize(
    ("code", "status", "reading", "writing"),
    [
        ("Throttling.User", 400, THROTTLED_TRIES, THROTTLED_TRIES),
        ("QpsLimitExceeded", 503, THROTTLED_TRIES, THROTTLED_TRIES),
        ("Whatever", 429, THROTTLED_TRIES, THROTTLED_TRIES),
        ("SystemBusy", 400, BUSY_TRIES, BUSY_TRIES),
        (CONNECTION, 0, PASSING_TRIES, 1),
        ("InternalError", 500, PASSING_TRIES, 1),
        (NOT_THE_CLOUD, 502, PASSING_TRIES, 1),
        (NOT_THE_CLOUD, 200, 1, 1),
        ("AccessDenied", 403, 1, 1),
        ("InvalidAccessKeyId", 403, 1, 1),
        ("NoSuchBucket", 404, 1, 1),
    ],
)
def test_only_what_is_safe_and_can_help_is_sent_again(code, status, reading, writing):
    """What surely had no effect is sent again in any case, what may have had one only where it does no harm twice."""
    assert tries(code, status, repeatable=True) == reading
    assert tries(code, status, repeatable=False) == writing


@given(st.lists(st.sampled_from(["Throttling", CONNECTION]), max_size=PASSING_TRIES - 1))
def test_a_call_that_comes_through_in_the_end_answers(codes):
    """Errors that pass leave no trace but the waiting."""
    calls = Calls(*map(an_error, codes), answers=True)
    assert persist(calls, Pace(4), repeatable=True, sleep=calls.waits.append) == "answer"
    assert (calls.made, len(calls.waits)) == (len(codes) + 1, len(codes))


def test_a_write_that_breaks_off_after_a_throttled_try_is_not_sent_again():
    """Having been throttled before does not make a lost answer safe."""
    calls = Calls(an_error("Throttling"), an_error(CONNECTION))
    with pytest.raises(CloudError, match=CONNECTION):
        persist(calls, Pace(4), repeatable=False, sleep=calls.waits.append)
    assert calls.made == 2


def test_any_other_exception_ends_the_call():
    """A mistake of ours is not tried again."""
    calls = Calls(ValueError("ours"))
    with pytest.raises(ValueError, match="ours"):
        persist(calls, Pace(4), repeatable=True, sleep=calls.waits.append)
    assert calls.made == 1


def test_nobody_waits_while_holding_room():
    """Between two tries another call may fly."""
    pace, flying = Pace(1), []

    def sleep(_seconds: float) -> None:
        with pace.slot():
            flying.append("another")

    assert persist(Calls(an_error(CONNECTION), answers=True), pace, repeatable=True, sleep=sleep) == "answer"
    assert flying == ["another"]


@pytest.mark.parametrize("early", [0, 1, BUSY_TRIES - 1])
def test_what_was_just_made_is_waited_for(early):
    """A call is repeated while it says that what it needs is not there yet."""
    calls = Calls(*[an_error("ProjectNotExist", 404)] * early, answers=True)
    assert insist(calls, ("ProjectNotExist",), calls.waits.append) == "answer"
    assert len(calls.waits) == early


@pytest.mark.parametrize(("code", "made"), [("ProjectNotExist", BUSY_TRIES), ("AccessDenied", 1)])
def test_what_does_not_come_is_told_in_the_end(code, made):
    """Waiting ends, and any other refusal is told at once."""
    calls = Calls(an_error(code, 404))
    with pytest.raises(CloudError, match=code):
        insist(calls, ("ProjectNotExist",), calls.waits.append)
    assert calls.made == made


@given(st.integers(1, 40))
def test_a_wait_doubles_within_its_bounds(number):
    """Each wait lies between half of the doubled one and the whole, and never above the longest."""
    most = min(LONGEST_WAIT, 0.25 * 2**number)
    assert most / 2 <= backoff(number) <= most


def test_waits_are_jittered():
    """Callers that failed together do not come back together."""
    assert len({backoff(3) for _unused in range(20)}) > 10


def test_a_throttled_call_waits_for_the_next_minute(monkeypatch):
    """Even with the shortest waits that chance can give, they add up to more than a minute."""
    monkeypatch.setattr(retry.random, "uniform", lambda least, _most: least)
    assert sum(backoff(number) for number in range(1, THROTTLED_TRIES)) > 60


# Pace


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=lambda: self.now))


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """Give the time that retry sees."""
    return Clock(monkeypatch)


def room(pace: Pace) -> int:
    """How many calls may fly at once now, found by letting them."""
    slots = []
    while pace._flying < int(pace._limit):
        slots.append(pace.slot())
        slots[-1].__enter__()
    for slot in slots:
        slot.__exit__(None, None, None)
    return len(slots)


def test_throttling_halves_the_room(clock):
    """Again and again, but never to nothing."""
    pace, seen = Pace(16), []
    for _unused in range(7):
        seen.append(room(pace))
        clock.now += 1
        pace.slower()
    assert seen == [16, 8, 4, 2, 1, 1, 1]


def test_calls_throttled_together_count_once(clock):
    """Sixteen refusals of one moment halve the room once."""
    pace = Pace(16)
    for _unused in range(16):
        pace.slower()
        clock.now += 0.01
    assert room(pace) == 8


def test_room_comes_back_one_after_each_round(clock):
    """After as many calls as there is room for, there is about one more, up to the most and not above."""
    pace = Pace(8)
    clock.now += 1
    pace.slower()
    for before in (4, 5, 6, 7):
        assert room(pace) == before
        for _unused in range(before + 1):
            pace.faster()
    for _unused in range(50):
        pace.faster()
    assert room(pace) == 8


@given(st.integers(1, 20), st.lists(st.booleans(), max_size=60))
def test_the_room_stays_between_one_and_the_most(most, outcomes):
    """Whatever comes, at least one call may fly and never more than there are workers."""
    pace = Pace(most)
    for good in outcomes:
        pace._slowed = 0.0
        pace.faster() if good else pace.slower()
        assert 1 <= room(pace) <= most


def test_threads_never_fly_beyond_the_room_and_all_come_through():
    """Sixteen threads share room for three calls; each gets its turn, also after the room was halved."""
    pace, lock, flying, most = Pace(3), threading.Lock(), set(), []
    throttled = {3, 40}

    def call(number: int) -> int:
        with lock:
            flying.add(number)
            most.append(len(flying))
        threading.Event().wait(0.001)
        with lock:
            flying.discard(number)
            if number in throttled:
                throttled.discard(number)
                raise an_error("Throttling")
        return number

    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda number: persist(lambda: call(number), pace, True, lambda _unused: None), range(80))  # noqa: FBT003
        assert list(answers) == list(range(80))
    assert max(most) == 3
    assert pace._flying == 0


class Waiter:
    """A clock that only waiting moves, and what it was made to wait."""

    def __init__(self):
        self.now = 50.0
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        """Let the seconds pass."""
        self.waits.append(seconds)
        self.now += seconds


def test_calls_begin_apart_where_a_product_takes_few_of_them():
    """The first goes at once, each other one when the time is up; what took that long waits no more."""
    clock = Waiter()
    pace, began = Pace(16, 0.5, lambda: clock.now, clock.wait), []
    for lasting in (0.0, 0.1, 0.7, 0.0):
        with pace.slot():
            began.append(clock.now)
            clock.now += lasting
    assert [round(moment, 3) for moment in began] == [50.0, 50.5, 51.0, 51.7]
    assert [round(seconds, 3) for seconds in clock.waits] == [0.5, 0.4]


def test_calls_that_wait_together_take_turns():
    """However many fly at once, in no second do more begin than two."""
    waits: list[float] = []
    pace = Pace(4, 0.5, lambda: 50.0, waits.append)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _unused: persist(lambda: "answer", pace, repeatable=True), range(6)))
    assert sorted(waits) == [0.5, 1.0, 1.5, 2.0, 2.5]
