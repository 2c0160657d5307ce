# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a module is, for whoever watches: one small JSON file, written anew a few times a second at most.

The file is the one that HARDENING_PROGRESS names; without it, nothing is written. It holds
{"done", "total": of what is being done side by side now, "call": the call last begun, "held_up": why the cloud makes
us wait, or ""}.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

SECONDS = 0.2  # between two writes


class Progress:
    """Counts, from any thread; a file that can't be written stops it without a word."""

    def __init__(self, path: str | None):
        self._path = Path(path) if path else None
        self._state = {"done": 0, "total": 0, "call": "", "held_up": ""}
        self._written = 0.0
        self._lock = threading.Lock()

    def begin(self, total: int) -> None:
        """So many things are done side by side now."""
        self._note(done=0, total=total)

    def done(self) -> None:
        """One of them is done."""
        self._note(more=1)

    def call(self, name: str) -> None:
        """This call begins."""
        self._note(call=name, held_up="")

    def held_up(self, reason: str) -> None:
        """The cloud refused a call for now; it is sent again."""
        self._note(held_up=reason)

    def waiting(self, done: int, total: int, what: str) -> None:
        """What the cloud does by itself is waited for; written at once, for nothing else may come for a while."""
        self._written = 0.0
        self._note(done=done, total=total, call=what, held_up="")

    def _note(self, more: int = 0, **news: object) -> None:
        with self._lock:
            if self._path is None:
                return
            self._state.update(news)
            self._state["done"] += more
            if time.monotonic() - self._written < SECONDS:
                return
            self._written = time.monotonic()
            try:
                fresh = self._path.with_name(f"{self._path.name}.new")
                fresh.write_text(json.dumps(self._state), encoding="utf-8")
                fresh.replace(self._path)
            except OSError:
                self._path = None


progress = Progress(os.environ.get("HARDENING_PROGRESS"))
