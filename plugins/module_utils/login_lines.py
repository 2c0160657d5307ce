# SPDX-License-Identifier: GPL-3.0-or-later
"""What a log's lines and a journal's records hold, as far as they are sshd's: pure.

The module that uses this runs on servers, whose Python may be as old as 3.8.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

# OpenSSH 9.8 split sshd-session off, which logs what sshd did before; OpenSSH 10 sshd-auth, whose messages it hands on.
IDENTIFIERS = ("sshd", "sshd-session", "sshd-auth")
# "Suppressed 12 messages from ssh.service": journald's mark where a service logged more than its limit.
SUPPRESSED = "a596d6fe7bfa4994828e72309e95d61e"
SUPPRESSED_TEXT = re.compile(r"Suppressed (\d{1,10}) messages from (?:\S*/)?(\S+)")
STAMP = r"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\d[T ][\d:]{8}(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)"
LINE = re.compile(
    STAMP + r" (?P<host>\S+) (?:[a-z]+\d?\.[a-z]+ )?(?P<program>[^\s:\[\]]+)(?:\[(?P<pid>\d{1,10})\])?: ?(?P<text>.*)"
)
# What older daemons write instead of lines equal to the one before, whichever program's that was.
AGAIN = re.compile(STAMP + r" \S+ (?:last|above) message repeat(?:ed|s) (\d{1,10}) times?\s*")
# How a connection ended. This alone sshd writes as the user who was logged in, what was before that as root.
ENDED = re.compile(
    r"(?:error: |fatal: )?(?:Received disconnect from|Disconnected from|Connection (?:closed|reset) by"
    r"|Timeout, client not responding from|Read error from remote host|ssh_dispatch_run_fatal: Connection from) "
)


class Entry(NamedTuple):
    """A message of sshd: the host and the process that wrote it."""

    host: str
    pid: int | None
    text: str


class Record(NamedTuple):
    """A journal's record: its moment, and the message of sshd or how many messages were suppressed."""

    moment: float
    entry: Entry | None = None
    suppressed: int = 0


def entry(line: str, identifiers: frozenset[str]) -> Entry | None:
    """The message of a syslog line, if one of these programs wrote it."""
    found = LINE.match(line)
    if not found or found["program"] not in identifiers:
        return None
    pid = found["pid"]
    return Entry(found["host"], int(pid) if pid else None, found["text"])


def again(line: str) -> int:
    """How often a line says that the one before was repeated; 0 for any other line."""
    found = AGAIN.fullmatch(line)
    return int(found[1]) if found else 0


def record(line: str, identifiers: frozenset[str]) -> Record | None:
    """A record as `journalctl -o json` prints it, or None if it is none of sshd's.

    Anybody on the server can write a record that calls itself sshd's, from a program of that name too. So root alone is
    believed, and others no more than how a connection ended.
    """
    written, fields = _parsed(line)
    if written is None:
        return None
    text, by_root = _message(fields.get("MESSAGE")), _text(fields.get("_UID", "0")) == "0"
    if fields.get("MESSAGE_ID") == SUPPRESSED:
        found = SUPPRESSED_TEXT.match(text) if by_root else None
        return Record(written, None, int(found[1])) if found and "ssh" in found[2] else None
    by_sshd = _text(fields.get("_COMM")) in identifiers
    named = _text(fields.get("SYSLOG_IDENTIFIER")) in identifiers
    if not (by_sshd or named if by_root else by_sshd and ENDED.match(text)):
        return None
    pid = _text(fields.get("_PID") or fields.get("SYSLOG_PID"))
    number = int(pid) if pid.isdecimal() and len(pid) <= 10 else None
    return Record(written, Entry(_text(fields.get("_HOSTNAME")), number, text))


def moment(line: str) -> float | None:
    """When a journal's record was written, whoever wrote it."""
    return _parsed(line)[0]


def _parsed(line: str) -> tuple[float | None, dict]:
    """When a record was written, and its fields; None for what is no record."""
    try:
        fields = json.loads(line)
        return int(fields["__REALTIME_TIMESTAMP"]) / 1e6, fields
    except (ValueError, KeyError, TypeError, OverflowError):
        return None, {}


def _message(value: object) -> str:
    """A message; one that is not plain text comes as a list of its bytes."""
    if isinstance(value, list) and all(isinstance(one, int) and 0 <= one < 256 for one in value):
        return bytes(value).decode("utf-8", "replace")
    return _text(value)


def _text(value: object) -> str:
    """A field's value; one that was given several times comes as a list, of which the first counts."""
    value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, str) else ""
