# SPDX-License-Identifier: GPL-3.0-or-later
"""The restore journal: every change with its undo, on disk before the change is sent.

A file of JSON lines, readable by its owner only, one file a run. First a line for the change
{"journal": 1, "run", "seq", "time", "account_id", "region", "resource", "product", "action", "params", "undo",
"needs"} (needs: ARNs, where there are any); then, once the call came back, {"run", "seq", "outcome": "sent"}
or {"run", "seq", "outcome": "failed", "error"}.
A change without an outcome may or may not have reached the cloud: a restore looks before it acts.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .errors import JournalError
from .moments import shown
from .values import Call, Change, Resource

VERSION = 1


def now() -> str:
    """The time in UTC, to the second, as journals and results write it."""
    return shown(datetime.now(UTC))


def default_path(account_id: str, run: str) -> Path:
    """Where a run's journal lies when nobody chose a place: under the user's state directory."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "hardening.alicloud" / f"{account_id}-{run}.jsonl"


def new_run() -> str:
    """A name for this run that sorts by time and that no other run has."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"


class Journal:
    """Appends to one journal file; made on the first change, safe between threads.

    broken: why a line could not be written whole; after it nothing more is written, since it would be unreadable.
    """

    def __init__(self, path: Path, run: str):
        self.path = path
        self.run = run
        self.used = False
        self.broken: JournalError | None = None
        self._seq = 0
        self._lock = threading.Lock()

    def plan(self, change: Change) -> int:
        """Put the change and its undo on disk; only after that may it be sent. Returns its number."""
        with self._lock:
            self._seq += 1
            self._write(
                {
                    "journal": VERSION,
                    "run": self.run,
                    "seq": self._seq,
                    "time": now(),
                    "account_id": change.resource.account_id,
                    "region": change.resource.region,
                    "resource": change.resource.arn,
                    "resource_type": change.resource.type,
                    "resource_id": change.resource.id,
                    "resource_name": change.resource.name,
                    **change.as_dict(),
                    **({"needs": list(change.needs)} if change.needs else {}),
                }
            )
            return self._seq

    def close(self, seq: int, error: str | None = None) -> None:
        """Note what came of the change with this number."""
        outcome = {"outcome": "failed", "error": error} if error else {"outcome": "sent"}
        with self._lock:
            self._write({"run": self.run, "seq": seq, **outcome})

    def _write(self, entry: dict) -> None:
        line = (json.dumps(entry, ensure_ascii=False, sort_keys=False) + "\n").encode()
        if self.broken:
            raise self.broken
        try:
            if not self.used:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                if not self.used and _torn(handle):
                    line = b"\n" + line
                while line:
                    line = line[os.write(handle, line) :]  # a disk that is nearly full takes only a part
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            self.broken = JournalError(
                f"The restore journal {self.path} can't be written ({error.strerror}), so nothing more was changed. "
                "Make room there, or give another place in the option journal."
            )
            raise self.broken from None
        self.used = True


def _torn(handle: int) -> bool:
    """Whether a run that died within its last line wrote to the same file before."""
    size = os.fstat(handle).st_size
    return size > 0 and os.pread(handle, 1, size - 1) != b"\n"


@dataclass(frozen=True)
class Entry:
    """One change that a journal tells of."""

    resource: Resource
    call: Call
    undo: Call | None
    time: str
    needs: tuple[str, ...] = ()


def load(path: Path) -> list[Entry]:
    """The changes of a journal, oldest first; JournalError where it is not one. A torn line at the end of a run is
    left out: the run died while it wrote it, so that change was never sent.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise JournalError(f"The journal {path} can't be read ({error.strerror}).") from None
    return [_entry(path, line) for line in _lines(path, text) if "journal" in line]


def _lines(path: Path, text: bytes) -> Iterator[dict]:
    torn = 0
    for number, line in enumerate(text.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if entry is None and line.startswith(b"{"):
            torn = torn or number
            continue
        if not isinstance(entry, dict) or not entry.keys() & {"journal", "outcome"}:
            raise _damaged(path, number)
        if torn and not ("journal" in entry and entry.get("seq") == 1):
            raise _damaged(path, torn)
        torn = 0
        yield entry


def _damaged(path: Path, number: int) -> JournalError:
    return JournalError(f"Line {number} of {path} is not a line of a restore journal; nothing was restored.")


def _entry(path: Path, line: dict) -> Entry:
    try:
        if line["journal"] != VERSION:
            raise JournalError(
                f"{path} is a journal of version {line['journal']}; this collection reads version {VERSION}."
            )
        resource = Resource(
            line["resource"],
            line["resource_type"],
            line["resource_id"],
            line["resource_name"],
            line["region"],
            line["account_id"],
        )
        call = Call(line["product"], line["action"], line["params"])
        undo = Call(**line["undo"]) if line["undo"] else None
        return Entry(resource, call, undo, line["time"], tuple(line.get("needs", ())))
    except (KeyError, TypeError) as error:
        raise JournalError(f"{path} has an entry without {error}: it is not a journal of this collection.") from None
