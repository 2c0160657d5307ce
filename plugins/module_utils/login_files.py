# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files are one log, in which order, and what of it is missing: pure.

logrotate numbers the files of a log (`auth.log.1`, `auth.log.2.gz`: the higher, the older), or dates them
(`secure-20261120`). The file without either is the newest.

The module that uses this runs on servers, whose Python may be as old as 3.8.
"""

from __future__ import annotations

import re
from typing import Iterable, NamedTuple

from .login_times import shown

COMPRESSED = re.compile(r"\.(?:gz|xz|bz2|zst|lzma|lz4|Z)$")
NUMBERED = re.compile(r"(?P<log>.+)\.(?P<number>\d{1,4})")
DATED = re.compile(r"(?P<log>.+?)[-.](?P<date>\d{10}|\d{8}(?:-?\d{2,6})?|\d{4}-\d\d-\d\d(?:[-T_.]?[\d:-]+)?)")
# Syslog's own facilities for what files such as auth.log and secure hold.
FACILITIES = ("AUTH", "AUTHPRIV")
# At these levels sshd writes neither failed nor accepted logins.
SILENT = ("QUIET", "FATAL", "ERROR")

QUARTER = 15 * 60
FARTHEST = 26 * 3600  # from the first zone of a day to the last
HASTE = 2  # seconds that a line may take to the file


class File(NamedTuple):
    """A file of a log: the log that it belongs to, its number or its date there, and its last change."""

    path: str
    log: str
    number: int | None
    date: str | None
    changed: float


def file(path: str, changed: float) -> File:
    """Place a file by its name."""
    name = COMPRESSED.sub("", path)
    if found := NUMBERED.fullmatch(name):
        return File(path, found["log"], int(found["number"]), None, changed)
    if found := DATED.fullmatch(name):
        return File(path, found["log"], None, re.sub(r"\D", "", found["date"]), changed)
    return File(path, name, None, None, changed)


def logs(files: Iterable[File]) -> list[list[File]]:
    """The files of each log, newest first; where numbers and dates are mixed, their last changes decide."""
    found: dict[str, list[File]] = {}
    for one in files:
        found.setdefault(one.log, []).append(one)
    return [sorted(found[log], key=_age(found[log])) for log in sorted(found)]


def stray(log: str, known: Iterable[str]) -> bool:
    """Whether this is some copy (`auth.log.bak`) beside a log, rather than a log of its own."""
    return any(log != one and log.startswith(one) for one in known)


def _age(files: list[File]):  # noqa: ANN202
    numbered = any(one.number is not None for one in files)
    dated = any(one.date is not None for one in files)
    if numbered and dated:
        return lambda one: (-one.changed, one.path)
    if dated:
        newest = max(len(one.date or "") for one in files)
        return lambda one: (one.date is not None, -int((one.date or "").ljust(newest, "0") or 0), one.path)
    return lambda one: (-1 if one.number is None else one.number, one.path)


def hole(files: list[File], position: int) -> str | None:
    """The file that is missing before the one at this position, as its number tells, or None."""
    one = files[position]
    newer = (files[position - 1].number or 0) if position else 0
    if one.number is None or one.number - newer < 2:
        return None
    return f"{one.log}.{one.number - 1} is missing"


def silence(log_level: str, facility: str, log_file: str) -> tuple[str | None, str | None]:
    """Why sshd's own settings keep its messages out of every log, and out of these files; None where they don't."""
    quiet = f"sshd's LogLevel is {log_level}: it logs no attempts" if log_level.upper() in SILENT else None
    if log_file:
        quiet = f"sshd writes its messages to {log_file} without their time, where they are not read"
    elsewhere = None
    if facility and facility.upper() not in FACILITIES:
        elsewhere = f"sshd's SyslogFacility is {facility}: its messages may go to another file"
    return quiet, quiet or elsewhere


def other_zone(ends: Iterable[float], changed: float) -> str | None:
    """Why a file's local times seem to be those of another zone, or None.

    A file is changed when its last line is written. ends: the moments that line may mean. Where they are whole
    quarters of an hour away from the change, as zones are from each other, the zone is likely another.
    """
    off = min((changed - end for end in ends), key=abs)
    quarters = round(off / QUARTER)
    if not quarters or abs(off) > FARTHEST or abs(off - quarters * QUARTER) > HASTE:
        return None
    hours = f"{abs(quarters) // 4}:{abs(quarters) % 4 * 15:02d} h"
    when = "before" if quarters > 0 else "after"
    return f"its last line seems to be {hours} {when} its last change, as if its times were of another zone"


def leaping(leap: tuple[float, float] | None) -> str | None:
    """Why a file's times can't all be right, or None. leap: its two neighbouring moments that don't go together."""
    if leap is None:
        return None
    return f"its times leap from {shown(leap[0])} to {shown(leap[1])}: a clock was wrong, or lines are missing"


def late(first: float | None, since: float) -> str | None:
    """Why the oldest part of a log does not reach back to the window's beginning, or None."""
    if first is not None and first <= since:
        return None
    begins = f"begins at {shown(first)}" if first is not None else "holds no dated line"
    return f"{begins}, after since ({shown(since)}): older lines were rotated away or never written"
