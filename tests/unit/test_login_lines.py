# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh_login_info takes from a line of a syslog file, and from a record of the journal."""

from __future__ import annotations

import json

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.login_lines import (
    IDENTIFIERS,
    SUPPRESSED,
    Entry,
    Record,
    again,
    entry,
    moment,
    record,
)
from hypothesis import given as drawn
from hypothesis import strategies as st

NAMES = frozenset(IDENTIFIERS)
TEXT = "Failed password for root from 198.51.100.7 port 1 ssh2"
END = "Disconnected from user ops 198.51.100.7 port 1"
# As journald 252 kept what an sshd of OpenSSH 9.2 wrote.
RECORD = {
    "_BOOT_ID": "fae444099fb746009c554b570728be46",
    "_COMM": "sshd",
    "_EXE": "/usr/sbin/sshd",
    "_HOSTNAME": "web-1",
    "_PID": "126",
    "_SOURCE_REALTIME_TIMESTAMP": "1795443968134990",
    "_TRANSPORT": "syslog",
    "_UID": "0",
    "__REALTIME_TIMESTAMP": "1795443968139536",
    "MESSAGE": TEXT,
    "PRIORITY": "6",
    "SYSLOG_FACILITY": "4",
    "SYSLOG_IDENTIFIER": "sshd",
    "SYSLOG_PID": "126",
    "SYSLOG_TIMESTAMP": "Nov 23 14:26:08 ",
}
MOMENT = 1795443968.139536


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"Nov 23 04:01:15 web-1 sshd[4711]: {TEXT}", Entry("web-1", 4711, TEXT)),
        (f"Nov  3 04:01:15 web-1 sshd-session[4711]: {TEXT}", Entry("web-1", 4711, TEXT)),
        (f"Nov  3 04:01:15 web-1 sshd: {TEXT}", Entry("web-1", None, TEXT)),
        (f"Nov  3 04:01:15 web-1 auth.info sshd[4711]: {TEXT}", Entry("web-1", 4711, TEXT)),  # busybox
        (f"<38>Nov  3 04:01:15 web-1 sshd[4711]: {TEXT}", Entry("web-1", 4711, TEXT)),
        (f"2026-11-23T04:01:15.123456+09:00 web-1 sshd[4711]: {TEXT}", Entry("web-1", 4711, TEXT)),
        (f"2026-11-23T04:01:15Z web-1.example.com sshd[4711]: {TEXT}", Entry("web-1.example.com", 4711, TEXT)),
        (f"Nov 23 04:01:15 web-1 sudo[4711]: {TEXT}", None),
        (f"Nov 23 04:01:15 web-1 sudo: sshd[4711]: {TEXT}", None),
        (f"Nov 23 04:01:15 web-1 notsshd[4711]: {TEXT}", None),
        (f"Nov 23 04:01:15 web-1 sshd[{'9' * 5000}]: {TEXT}", None),
        ("Nov 23 04:01:15 web-1", None),
        (TEXT, None),
        ("", None),
    ],
)
def test_entry(line, expected):
    """A line of sshd is one that names it where syslog names a program."""
    assert entry(line, NAMES) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Nov 23 04:01:15 web-1 last message repeated 3 times", 3),
        ("2026-11-23T04:01:15+09:00 web-1 last message repeated 12 times", 12),
        ("Nov 23 04:01:15 web-1 above message repeats 2 times", 2),
        (f"Nov 23 04:01:15 web-1 sshd[1]: {TEXT}", 0),
        ("Nov 23 04:01:15 w sshd: last message repeated 3 times", 0),
        (f"Nov 23 04:01:15 web-1 last message repeated {'9' * 5000} times", 0),
    ],
)
def test_again(line, expected):
    """A line that stands for the one before is told from one that only quotes it."""
    assert again(line) == expected


def given(**fields: object) -> Record | None:
    """The record with other fields; those that are None are not there."""
    fields = {name: value for name, value in (RECORD | fields).items() if value is not None}
    return record(json.dumps(fields), NAMES)


@pytest.mark.parametrize(
    ("fields", "entry_"),
    [
        ({}, Entry("web-1", 126, TEXT)),
        ({"SYSLOG_IDENTIFIER": "sshd-session", "_COMM": "sshd-session"}, Entry("web-1", 126, TEXT)),
        ({"_COMM": None, "_EXE": None}, Entry("web-1", 126, TEXT)),  # the process was gone already
        ({"_UID": "1000", "MESSAGE": END}, Entry("web-1", 126, END)),  # sshd on behalf of who logged in
        ({"_UID": "1000", "MESSAGE": END, "_EXE": None}, Entry("web-1", 126, END)),  # and was gone already
        ({"_PID": "9" * 5000}, Entry("web-1", None, TEXT)),
        ({"_PID": None}, Entry("web-1", 126, TEXT)),
        ({"MESSAGE": list(TEXT.encode())}, Entry("web-1", 126, TEXT)),
        ({"MESSAGE": [*b"Invalid user ", 255]}, Entry("web-1", 126, "Invalid user \ufffd")),
        ({"MESSAGE": [TEXT, "and another"]}, Entry("web-1", 126, TEXT)),
        ({"_HOSTNAME": None}, Entry("", 126, TEXT)),
    ],
)
def test_record(fields, entry_):
    """A record of sshd gives the moment at which the journal took it, the process and the message."""
    assert given(**fields) == Record(MOMENT, entry_)


@pytest.mark.parametrize(
    "fields",
    [
        {"_COMM": "logger", "_UID": "1000"},  # somebody on the server who calls himself sshd
        {"_COMM": "logger", "_UID": "1000", "MESSAGE": END},
        {"_UID": "1000", "_EXE": "/home/ops/sshd"},  # and calls his program so as well
        {"_UID": "1000", "_EXE": "/usr/sbin/sshd", "MESSAGE": f"Failed password for {END}"},
        {"_UID": "1000", "MESSAGE": "exited MaxStartups throttling after 00:00:10, 5 connections dropped"},
        {"_COMM": "sudo", "SYSLOG_IDENTIFIER": "sudo"},
        {"__REALTIME_TIMESTAMP": None},
        {"__REALTIME_TIMESTAMP": "soon"},
    ],
)
def test_other_record(fields):
    """A record that sshd did not write, or that has no time, is left out."""
    assert given(**fields) is None


@pytest.mark.parametrize("line", ["", "-- No entries --", "[]", "null", '{"MESSAGE": '])
def test_no_record(line):
    """What is no record is left out."""
    assert record(line, NAMES) is None
    assert moment(line) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Suppressed 12 messages from ssh.service", 12),
        ("Suppressed 7 messages from /system.slice/sshd.service", 7),
        ("Suppressed 12 messages from cron.service", None),
        (f"Suppressed {'9' * 5000} messages from ssh.service", None),
    ],
)
def test_suppressed(text, number):
    """journald's word that it dropped messages of sshd is heard."""
    fields = {
        "MESSAGE_ID": SUPPRESSED,
        "MESSAGE": text,
        "_COMM": "systemd-journal",
        "SYSLOG_IDENTIFIER": "systemd-journald",
    }
    assert given(**fields) == (Record(MOMENT, None, number) if number else None)


def test_suppressed_by_nobody():
    """Not where somebody else says so."""
    fields = {"MESSAGE_ID": SUPPRESSED, "MESSAGE": "Suppressed 12 messages from ssh.service"}
    assert given(**fields, _COMM="systemd-journal", _UID="1000") is None


def test_moment():
    """Every record tells when it was written, whoever wrote it."""
    assert moment(json.dumps(RECORD | {"_COMM": "cron"})) == MOMENT


@drawn(st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists), st.sampled_from(sorted(RECORD)))
def test_any_field(value, name):
    """Whatever a field of a record holds, the record is read or left out."""
    found = record(json.dumps(RECORD | {name: value}), NAMES)
    assert found is None or isinstance(found.entry.text, str)
