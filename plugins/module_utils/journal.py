# SPDX-License-Identifier: GPL-3.0-or-later
"""The restore journal: every change with its undo, on disk before the change is sent.

A file of JSON lines, readable by its owner only, one file a run. First a line for the change
{"journal": 1, "run", "seq", "time", "account_id", "region", "resource", "product", "action", "params", "undo",
"needs"} (needs: ARNs, where there are any); then, once the call came back, {"run", "seq", "outcome": "sent"},
{"run", "seq", "outcome": "refused", "error"} where the cloud answered that it did not do it, or
{"run", "seq", "outcome": "failed", "error"} where nobody knows. Only a refused change is none. One that failed or has
no outcome may or may not have reached the cloud: a restore looks before it acts.
"""

from __future__ import annotations

import json
import os
import re
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
SENT, REFUSED, FAILED = "sent", "refused", "failed"
# Where a line of a journal begins. Within a text, JSON has no bare quotes, so no value looks like this.
BEGINNING = re.compile(rb'(?=\{"(?:journal|run)": )')
OWNER = re.compile(rb'\{(?:"journal": \d+, )?"run": "([^"]+)"')


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

    def close(self, seq: int, outcome: str = SENT, error: str | None = None) -> None:
        """Note what came of the change with this number: SENT, or REFUSED or FAILED with the error."""
        with self._lock:
            self._write({"run": self.run, "seq": seq, "outcome": outcome, **({"error": error} if error else {})})

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
    """The changes of a journal, oldest first, but for those that were refused; JournalError where it is not one.

    A torn line at the end of a run is left out: the run died while it wrote it, so that change was never sent.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise JournalError(f"The journal {path} can't be read ({error.strerror}).") from None
    entries: dict[int, Entry] = {}
    places: dict[str, int] = {}
    for place, line in enumerate(_lines(path, text)):
        change = f"{line.get('run')} {line.get('seq')}"
        if "journal" in line:
            entries[place] = _entry(path, line)
            places[change] = place
        elif line["outcome"] == REFUSED:
            entries.pop(places.get(change, -1), None)
    return list(entries.values())


def _lines(path: Path, text: bytes) -> Iterator[dict]:
    """What stands in a journal. Behind a torn line each run has to go on where it stood, and the line's own may not go
    on at all: runs number their changes, so that one which is missing shows.
    """
    torn, changes = 0, {}
    for number, piece in _pieces(text):
        entry = _parsed(piece)
        if entry is None and (not piece or piece.startswith(b"{")):
            torn = number
            for run in OWNER.findall(piece):
                changes.pop(run.decode(errors="replace"), None)
            continue
        if not isinstance(entry, dict) or not entry.keys() & {"journal", "outcome"}:
            raise _damaged(path, number)
        run, seq = str(entry.get("run")), entry.get("seq")
        last = changes.get(run, 0)
        if torn and seq not in ((1, last + 1) if "journal" in entry else range(1, last + 1)):
            raise _damaged(path, torn)
        if "journal" in entry:
            changes[run] = seq if isinstance(seq, int) else 0
        yield entry


def _pieces(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Each entry or what is left of one, with the number of its line; empty where a crash left NULs instead.

    Two stand in one line where a run died within its own while another one wrote to the same file.
    """
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.strip():
            for piece in [line] if _parsed(line) is not None else BEGINNING.split(line):
                if piece:
                    yield number, piece.strip(b"\0 \r")


def _parsed(piece: bytes) -> object:
    """The JSON value, or None where it is none (or is null, which is no line of a journal either)."""
    try:
        return json.loads(piece)
    except ValueError:
        return None


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
