# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a server's logs one after the other, and notes of each how far it can be trusted to be whole.

The module that uses this runs on servers, whose Python may be as old as 3.8.
"""

from __future__ import annotations

import math
import os
from typing import Iterator, NamedTuple

from . import login_files as files
from . import login_lines as syslog
from . import login_reads as reads
from .login_merge import Attempts, Seen
from .login_messages import Messages, repeated, unnamed
from .login_server import offset
from .login_times import Calendar, shown, stamp, survey, timed

JOURNAL = "journal"


class Window(NamedTuple):
    """Which messages are asked for: moments in UTC, and the programs that write them."""

    since: float
    until: float
    identifiers: frozenset

    def holds(self, moment: float | None) -> bool:
        """Whether a moment lies in it; its end does not."""
        return moment is not None and self.since <= moment < self.until


class Logs:
    """Reads logs into attempts. found: each file as the result shows it. unread: what could not be read."""

    def __init__(self, window: Window, attempts: Attempts):
        self.window = window
        self.attempts = attempts
        self.found: list[dict[str, object]] = []
        self.unread: list[dict[str, str]] = []

    # The journal

    def read_journal(self, directory: str | None) -> None:
        """Read journald's journal, if the server keeps one, or one that lies in a directory."""
        place = [f"--directory={directory}"] if directory else []
        try:
            first, last = reads.first_record(place), reads.first_record([*place, "--lines=1"])
            self._note(JOURNAL, syslog.moment(first), syslog.moment(last))
            self._incomplete(files.late(syslog.moment(first), self.window.since))
            self._take_records(place)
        except reads.UnreadableError as error:
            if directory or error.code != reads.ABSENT:
                self._failed(JOURNAL, error)

    def _take_records(self, place: list[str]) -> None:
        window, messages, missing = self.window, Messages(), _Missing()
        span = [f"--since=@{math.floor(window.since)}", f"--until=@{math.ceil(window.until)}"]
        try:
            for line in reads.records([*place, *span, *_matches(window.identifiers)]):
                record = syslog.record(line, window.identifiers)
                if record and window.holds(record.moment):
                    missing.suppressed += record.suppressed
                    if record.entry:
                        self._take(messages, missing, (record.moment, None), (record.entry, 1), JOURNAL)
        finally:
            self._incomplete(missing.reason())

    # Files

    def read_files(self, patterns: list[str]) -> None:
        """Read the files that the patterns name. Reading takes a while, in which they may be rotated."""
        listed, unreadable = reads.listed(patterns)
        self._read_listed(listed)
        if reads.inodes(listed) != reads.inodes(reads.listed(patterns)[0]):
            message = "log files were rotated while they were read: run it again"
            self.unread.append(reads.UnreadableError("logs", "read", "Rotated", message).as_unread())
        self.unread += [error.as_unread() for error in unreadable]

    def _read_listed(self, listed: dict[str, os.stat_result]) -> None:
        together = files.logs(files.file(path, status.st_mtime) for path, status in listed.items())
        known = [parts[0].log for parts in together]
        for parts in together:
            self._read_log(parts, is_whole=not files.stray(parts[0].log, known))

    def _read_log(self, parts: list[files.File], *, is_whole: bool) -> None:
        """Read the files of one log, newest first: each bounds the time of the one before it."""
        ceiling, first = math.inf, None
        for position, one in enumerate(parts):
            if position and (hole := files.hole(parts, position)):
                self._incomplete(hole)
            ceiling = min(ceiling, one.changed)
            if one.changed < self.window.since:
                self._note(one.path, None, None, f"last changed at {shown(one.changed)}, before since: not read")
                self._incomplete(None if position else "sshd's messages may go elsewhere since then")
                return
            first = self._read_file(one, ceiling)
            ceiling = ceiling if first is None else min(ceiling, first)
        if is_whole and self.found[-1]["complete"]:
            self._incomplete(files.late(first, self.window.since))

    def _read_file(self, one: files.File, ceiling: float) -> float | None:
        """Read a file twice, first for its span of time; give when it begins, where its lines leave no doubt of it.

        Every line is read: some program's wrong clock must not hide what stands between its lines.
        """
        text = _Text(one.path)
        span = survey(found for found, _line in text.stamped())
        calendar = Calendar(span, ceiling, offset, self.window.since)
        first, last = calendar.edges()
        self._note(one.path, first, last)
        missing = _Missing()
        if first is not None:
            self._take_lines(text, calendar, missing)
        self._incomplete(missing.reason())
        self._incomplete(files.leaping(calendar.leap))
        if text.error:
            self._failed(one.path, text.error)
        elif text.lines and span.first is None:
            message = "none of its lines begins with a time as syslog writes it"
            self._failed(one.path, reads.UnreadableError(one.path, "read", "UnknownFormat", message))
        elif ends := calendar.local_ends():
            self._incomplete(files.other_zone(ends, one.changed))
        return None if calendar.leap else first

    def _take_lines(self, text: _Text, calendar: Calendar, missing: _Missing) -> None:
        messages = Messages()
        for moment, other, what in timed(_entries(text, self.window.identifiers), calendar):
            if self.window.holds(moment) or self.window.holds(other):
                self._take(messages, missing, (moment, other), what, text.path)
        calendar.end()

    def _take(self, messages: Messages, missing: _Missing, moments: tuple, what: tuple, source: str) -> None:
        entry, times = what
        missing.unnamed += times * unnamed(entry.text)
        if fact := messages.fact(entry.pid, entry.text):
            self.attempts.add(Seen(*moments, entry, fact, times, source))

    # Notes

    def _note(self, file: str, first: float | None, last: float | None, reason: str | None = None) -> None:
        self.found.append(
            {"file": file, "first": shown(first), "last": shown(last), "complete": True, "reason": reason}
        )

    def _incomplete(self, reason: str | None) -> None:
        """Say of the file noted last why it is not complete, if there is a reason."""
        if reason:
            _mark(self.found[-1], reason)

    def _failed(self, file: str, error: reads.UnreadableError) -> None:
        self.unread.append(error.as_unread())
        if not self.found or self.found[-1]["file"] != file:
            self._note(file, None, None)
        self._incomplete(error.message)

    def conclude(self, quiet: str | None, elsewhere: str | None) -> None:
        """Note what sshd's own settings keep out of the logs, and that there was no log at all, if so."""
        for note in self.found:
            reason = quiet if note["file"] == JOURNAL else elsewhere
            if reason:
                _mark(note, reason)
        if not self.found and not self.unread:
            message = "there is neither a journal nor one of the files in paths"
            self.unread.append(reads.UnreadableError("logs", "read", "NoLog", message).as_unread())
        if self.attempts.left_out:
            message = f"{self.attempts.left_out} more than max_attempts were left out: narrow since and until"
            self.unread.append(reads.UnreadableError("attempts", "read", "TooMany", message).as_unread())


class _Text:
    """A file's lines, as often as wanted. error: why they ended early, lines: how many there were."""

    def __init__(self, path: str):
        self.path = path
        self.error: reads.UnreadableError | None = None
        self.lines = 0

    def stamped(self) -> Iterator[tuple]:
        """The lines that begin with a time, and the time."""
        self.lines = 0
        try:
            for line in reads.lines(self.path):
                self.lines += 1
                found = stamp(line)
                if found:
                    yield found, line
        except reads.UnreadableError as error:
            self.error = error


class _Missing:
    """Messages that a log itself says it has not."""

    def __init__(self):
        self.unnamed = 0
        self.suppressed = 0

    def reason(self) -> str | None:
        """What is missing, or None."""
        reasons = []
        if self.unnamed:
            reasons.append(f"sshd dropped {self.unnamed} connections at MaxStartups, most without naming the source")
        if self.suppressed:
            reasons.append(f"journald suppressed {self.suppressed} messages of sshd above its rate limit")
        return "; ".join(reasons) or None


def _mark(note: dict[str, object], reason: str) -> None:
    note["reason"] = f"{note['reason']}; {reason}" if note["reason"] else reason
    note["complete"] = False


def _matches(identifiers: frozenset) -> list[str]:
    names = sorted(identifiers)
    by_name = [f"SYSLOG_IDENTIFIER={name}" for name in names]
    return [*by_name, "+", *[f"_COMM={name}" for name in names], "+", f"MESSAGE_ID={syslog.SUPPRESSED}"]


def _entries(text: _Text, identifiers: frozenset) -> Iterator[tuple]:
    """(stamp, (entry, how often)) of every line with a time; the second is None for what is not sshd's."""
    before = None
    for one, line in text.stamped():
        times = syslog.again(line)
        if times and before:
            yield one, (before, times)
            continue
        before = syslog.entry(line, identifiers)
        if before:
            times, message = repeated(before.text)
            before = before._replace(text=message)
            yield one, (before, times)
        else:
            yield one, None
