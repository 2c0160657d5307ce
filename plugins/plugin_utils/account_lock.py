# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run at a time on an account: a lock that the run's main process holds until it ends, however it ends.

The main process opens one file before it makes any worker. A worker locks one byte of it, whose place stands for the
account. Such a lock belongs to the opened file, which all processes of the run share, so it outlives the worker; the
kernel gives it up when the last of them is gone, so it can't be left behind. The notes beside the file are for people:
they are read only where a lock is refused.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.hardening.alicloud.plugins.module_utils.moments import shown

COMMAND = getattr(fcntl, "F_OFD_SETLK", None)  # Linux has it


@dataclass(frozen=True)
class Lock:
    """The opened file of this run."""

    handle: int
    path: Path
    playbook: str

    def take(self, account: str) -> dict | None:
        """Lock an account for the rest of this run; return None, or what is known of the run that has it.

        An account that this run has already is taken again without harm.
        """
        place = int.from_bytes(hashlib.sha256(account.encode()).digest()[:7], "big")
        try:
            fcntl.fcntl(self.handle, COMMAND, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0))
        except BlockingIOError:
            return self._read_note(place)
        self._write_note(place)
        return None

    def _note(self, place: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{place:x}")

    def _write_note(self, place: int) -> None:
        since = shown(datetime.now(UTC))
        note = {"pid": os.getppid(), "playbook": self.playbook, "since": since}
        try:
            self._note(place).write_text(json.dumps(note), encoding="utf-8")
        except OSError:
            return  # the lock holds without it

    def _read_note(self, place: int) -> dict:
        try:
            note = json.loads(self._note(place).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}


_of_this_run: list[Lock] = []


def default_path() -> Path:
    """Where the file is if nobody says otherwise: beside the restore journals, one for each user."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "hardening.alicloud" / "accounts.lock"


def begin(path: Path, playbook: str) -> None:
    """Open the file, in the main process and before it makes workers; OSError if that is not possible."""
    end()
    if COMMAND is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _of_this_run.append(Lock(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), path, playbook))


def end() -> None:
    """Give up whatever this run has locked."""
    while _of_this_run:
        os.close(_of_this_run.pop().handle)


def of_this_run() -> Lock | None:
    """Give the lock of this run; None where no callback opened it, or the system has no such locks."""
    return _of_this_run[-1] if _of_this_run else None
