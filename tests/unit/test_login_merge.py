# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts once for ssh_login_info when several logs hold it, and what counts as often as it stands there."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.login_lines import Entry
from ansible_collections.hardening.alicloud.plugins.module_utils.login_merge import Attempt, Attempts, Seen
from ansible_collections.hardening.alicloud.plugins.module_utils.login_messages import Fact
from hypothesis import given
from hypothesis import strategies as st

FAILED = Fact("failed", "198.51.100.7", "root", "password", 1)
ACCEPTED = FAILED._replace(outcome="accepted")
HOUR = 3600


def seen(moment: float, source: str, text: str = "x", **other: object) -> Seen:
    """A message in a log, of one process on one host unless said otherwise."""
    entry = Entry(other.pop("host", "web-1"), other.pop("pid", 7), text)
    return Seen(moment, other.pop("other", None), entry, other.pop("fact", FAILED), other.pop("times", 1), source)


def kept(*messages: Seen, limit: int = 100) -> list[tuple]:
    """What is left of messages: (moment, other, source)."""
    attempts = Attempts(limit)
    for message in messages:
        attempts.add(message)
    return [(one.moment, one.other, one.source) for one in attempts.in_order()]


def test_same_message_in_two_logs():
    """It counts once, with the time of the log that came first, though the other's time is a little off."""
    assert kept(seen(100.7, "journal"), seen(100, "auth.log"), seen(101, "secure")) == [(100.7, None, "journal")]


def test_same_message_twice_in_one_log():
    """It counts twice, and twice again in another log is still two."""
    log = [seen(100, "journal"), seen(100.5, "journal")]
    copy = [seen(100, "auth.log"), seen(100, "auth.log")]
    assert len(kept(*log, *copy)) == 2
    assert len(kept(*log, *copy, seen(101, "auth.log"))) == 3


def test_another_process_host_text_or_time():
    """A message of another process, host, wording or time is another one."""
    first = seen(100, "journal")
    others = [
        seen(100, "auth.log", pid=8),
        seen(100, "auth.log", host="web-2"),
        seen(100, "auth.log", text="y"),
        seen(110, "auth.log"),
    ]
    assert [len(kept(first, other)) for other in others] == [2] * 4


def test_long_and_short_host():
    """A syslog daemon's short name and the journal's full one are the same host."""
    assert len(kept(seen(100, "journal", host="Web-1.example.com"), seen(100, "auth.log", host="web-1"))) == 1


def test_folded_messages():
    """A line that stands for three messages is none beyond those that another log holds one by one."""
    single = [seen(moment, "journal") for moment in (100, 130, 160, 190)]
    folded = [seen(100, "auth.log"), seen(190, "auth.log", times=3)]
    assert len(kept(*single, *folded)) == 4
    assert len(kept(*folded)) == 4


def test_hour_that_comes_twice():
    """A log with exact times decides between the two possible ones of another."""
    assert kept(seen(HOUR, "auth.log", other=2 * HOUR), seen(2 * HOUR, "journal")) == [(2 * HOUR, None, "auth.log")]
    assert kept(seen(2 * HOUR, "journal"), seen(HOUR, "auth.log", other=2 * HOUR)) == [(2 * HOUR, None, "journal")]


def test_limit():
    """Beyond the limit only accepted logins are kept, and the others are counted."""
    attempts = Attempts(2)
    for number in range(5):
        attempts.add(seen(number * 100, "auth.log", text=str(number), fact=ACCEPTED if number == 4 else FAILED))
    assert [one.fact.outcome for one in attempts.in_order()] == ["failed", "failed", "accepted"]
    assert attempts.left_out == 2


def test_absurd_repetition():
    """A line that claims to stand for a billion messages costs no more than the limit."""
    assert len(kept(seen(1, "auth.log", times=10**9), limit=5)) == 5


@pytest.mark.parametrize("apart", [0, 10**6])
def test_many_equal_messages(monkeypatch, apart):
    """What anybody can write into two logs a thousand times is not compared each with each."""
    compared = []
    same_time = Attempt.same_time
    monkeypatch.setattr(Attempt, "same_time", lambda one, other: compared.append(1) or same_time(one, other))
    attempts = Attempts(10**5)
    for log, begin in (("auth.log", 0), ("secure", apart)):
        for number in range(1000):
            attempts.add(seen(begin + number, log))
    attempts.add(seen(10**7, "third", times=10**5))
    assert len(attempts.in_order()) == 10**5
    assert len(compared) < 10 * 1000


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["x", "y"]), st.sampled_from([7, 8])), max_size=20).map(
        sorted
    ),
    st.floats(min_value=-1, max_value=1),
)
def test_copy_of_a_log(messages, shift):
    """A log and its copy, whose times are a little off, hold what the log alone holds."""
    log = [seen(moment, "journal", text, pid=pid) for moment, text, pid in messages]
    copy = [seen(moment + shift, "auth.log", text, pid=pid) for moment, text, pid in messages]
    assert kept(*log, *copy) == kept(*log)
