# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a server's log files and its journal, line by line, in memory that does not grow with them.

What can't be read raises Unreadable; what could be read until then has been given.
The module that uses this runs on servers, whose Python may be as old as 3.8.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import glob
import os
import shutil
import stat
import subprocess
import tempfile
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, ContextManager, Iterable, Iterator

from .errors import HardeningError

LONGEST_LINE = 1 << 16  # what a line has beyond it is skipped; syslog daemons allow far less
READ_ONLY = ("journalctl", "--no-pager", "--all", "--output=json")
NO_JOURNAL = "No journal files were found"
ABSENT = "NoJournal"
NOT_ALLOWED = ("insufficient permissions", "not seeing messages from", "Permission denied")
# How compressed files begin, and what reads them.
MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "lzma"),
    (b"\x5d\x00\x00", "lzma"),
)
ZSTD = b"\x28\xb5\x2f\xfd"
OTHER_MAGIC = ((b"\x04\x22\x4d\x18", "lz4"), (b"\x1f\x9d", "compress"))


class UnreadableError(HardeningError):
    """A file or the journal could not be read, or not to its end; code is a short name for why."""

    def __init__(self, what: str, action: str, code: str, message: str):
        self.what = what
        self.action = action
        self.code = code
        self.message = message
        super().__init__(f"{what}: {message}")

    def as_unread(self) -> dict:
        """The entry in the result."""
        return {
            "what": self.what,
            "action": self.action,
            "code": self.code,
            "message": self.message,
            "request_id": "",
        }


def failure(what: str, action: str, error: Exception) -> UnreadableError:
    """An error of the system as ours."""
    number = getattr(error, "errno", None)
    code = errno.errorcode.get(number, type(error).__name__) if number else type(error).__name__
    return UnreadableError(what, action, code, getattr(error, "strerror", None) or str(error) or code)


# Files


def listed(patterns: Iterable[str]) -> tuple[dict[str, os.stat_result], list[UnreadableError]]:
    """The files that the patterns name, each once, and the folders that can't be looked into."""
    found: dict[str, os.stat_result] = {}
    unreadable = []
    for pattern in patterns:
        folder, name = os.path.split(pattern)
        for place in sorted(glob.glob(folder)) if glob.has_magic(folder) else [folder]:  # noqa: PTH207
            unreadable += _into(found, place, name)
    return found, unreadable


def _into(found: dict[str, os.stat_result], folder: str, pattern: str) -> list[UnreadableError]:
    known = {(one.st_dev, one.st_ino) for one in found.values()}
    try:
        names = sorted(name for name in os.listdir(folder) if fnmatch.fnmatchcase(name, pattern))  # noqa: PTH208
    except FileNotFoundError:
        return []
    except OSError as error:
        return [failure(folder, "list", error)]
    for name in names:
        path = os.path.join(folder, name)  # noqa: PTH118
        with contextlib.suppress(FileNotFoundError):  # rotated away since, or a link to nowhere
            status = Path(path).stat()
            if stat.S_ISREG(status.st_mode) and (status.st_dev, status.st_ino) not in known:
                found[path] = status
                known.add((status.st_dev, status.st_ino))
    return []


def inodes(found: dict[str, os.stat_result]) -> dict[str, tuple[int, int]]:
    """Which file each name stands for."""
    return {path: (status.st_dev, status.st_ino) for path, status in found.items()}


def lines(path: str) -> Iterator[str]:
    """The lines of a text file, compressed or not."""
    try:
        with _opened(path) as file:
            for line in _cut(file):
                yield line.replace(b"\0", b"").decode("utf-8", "replace").rstrip("\r\n")
    except (OSError, EOFError, ImportError, ValueError) as error:
        raise failure(path, "read", error) from None
    except Exception as error:  # each library has an error of its own for a damaged file
        if type(error).__name__ not in ("LZMAError", "error"):
            raise
        raise UnreadableError(path, "read", "Damaged", str(error)) from None


def _cut(file: BinaryIO) -> Iterator[bytes]:
    whole = True
    while piece := file.readline(LONGEST_LINE):
        if whole:
            yield piece
        whole = piece.endswith(b"\n")


def _opened(path: str) -> ContextManager[BinaryIO]:
    with open(path, "rb") as file:  # noqa: PTH123
        begin = file.read(6)
    if begin.startswith(ZSTD):
        return _zstd(path)
    for magic, name in OTHER_MAGIC:
        if begin.startswith(magic):
            raise UnreadableError(path, "read", "UnknownCompression", f"compressed with {name}, which is not read")
    for magic, module in MAGIC:
        if begin.startswith(magic):
            return import_module(module).open(path)
    return open(path, "rb")  # noqa: PTH123


@contextlib.contextmanager
def _zstd(path: str) -> Iterator[BinaryIO]:
    """Through the program zstd, since Python reads it from 3.14 on only."""
    if not shutil.which("zstd"):
        raise UnreadableError(path, "read", "UnknownCompression", "compressed with zstd, which is not installed here")
    with running(["zstd", "--decompress", "--stdout", "--quiet", path]) as (process, said):
        yield process.stdout
        if process.wait():
            raise UnreadableError(path, "read", "Damaged", said() or f"zstd ended with {process.returncode}")


# The journal


def records(arguments: list[str]) -> Iterator[str]:
    """What journalctl prints with these arguments, one record a line."""
    try:
        with running([*READ_ONLY, *arguments]) as (process, said):
            for line in process.stdout:
                if line.startswith(b"{"):
                    yield line.decode("utf-8", "replace")
            code, message = process.wait(), said()
    except FileNotFoundError:
        raise UnreadableError("journal", "journalctl", ABSENT, "there is no journalctl") from None
    except OSError as error:
        raise failure("journal", "journalctl", error) from None
    if NO_JOURNAL in message:
        raise UnreadableError("journal", "journalctl", ABSENT, first_line(message))
    if any(hint in message for hint in NOT_ALLOWED):
        raise UnreadableError("journal", "journalctl", "EACCES", first_line(message))
    if code or message:
        reason = first_line(message) or f"journalctl ended with {code}"
        raise UnreadableError("journal", "journalctl", "Failed" if code else "Incomplete", reason)


def first_record(arguments: list[str]) -> str:
    """The first record that journalctl would print with these arguments."""
    with contextlib.closing(records(arguments)) as found:
        for record in found:
            return record
    raise UnreadableError("journal", "journalctl", ABSENT, "the journal is empty")


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[tuple]:
    """A program while it runs, and a function that gives what it has said on stderr; it ends with the block."""
    variables = {**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0"}
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints, env=variables
        )

        def said() -> str:
            complaints.seek(0)
            return complaints.read(4096).decode("utf-8", "replace").strip()

        try:
            yield process, said
        finally:
            process.stdout.close()
            if process.poll() is None:
                process.kill()
            process.wait()


def first_line(text: str) -> str:
    """The first line of what a program said."""
    return text.splitlines()[0] if text else ""
