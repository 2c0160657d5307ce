# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One line that tells how far a module is, in a terminal only.

The main process looks, before it makes workers, whether there is a terminal. In the worker, the action plugin that all
of our modules share runs the module as Ansible would, and beside it shows what the module notes in a file.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from .report_text import harmless, shorten
from .report_words import WORDS

EVERY = 0.5  # seconds
CLEAR = "\r\033[K"

_language: list[str] = []


def begin(language: str) -> None:
    """Note, in the main process, in which language to tell it; not at all without a terminal."""
    _language[:] = [language] if sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" else []


def line(what: str, state: dict, rate: float, language: str) -> str:
    """Say how far it is; empty as long as there is nothing to tell."""
    words = WORDS[language]
    if not state.get("total"):
        return ""
    if state.get("held_up"):
        state = {**state, "call": words["held_up"].format(reason=state["held_up"])}
    said = words["progress"].format(
        what=what, done=state["done"], total=state["total"], rate=f"{rate:.0f}", call=state["call"] or "-"
    )
    return harmless(said)


class Watch(threading.Thread):
    """Shows the line until it is told to stop; it never fails the task that it tells of."""

    def __init__(self, path: Path, what: str, language: str):
        super().__init__(daemon=True)
        self._path, self._what, self._language = path, what, language
        self._over = threading.Event()
        self._shown = False
        self._seen: list[tuple[float, int, int]] = []

    def run(self) -> None:
        """Look into the file twice a second."""
        while not self._over.wait(EVERY):
            try:
                state = json.loads(self._path.read_text(encoding="utf-8"))
                text = line(self._what, state, self._rate(state), self._language)
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if text:
                width = shutil.get_terminal_size((80, 24)).columns
                self._put(CLEAR + shorten(text, width - 1))
                self._shown = True

    def end(self) -> None:
        """Stop, and leave the line empty for what Ansible says next."""
        self._over.set()
        self.join(timeout=5)
        if self._shown:
            self._put(CLEAR)

    def _rate(self, state: dict) -> float:
        """How many are done in a second, over the last five; anew whenever other things are done."""
        now, done, total = time.monotonic(), state["done"], state["total"]
        if self._seen and (self._seen[-1][2] != total or self._seen[-1][1] > done):
            self._seen.clear()
        self._seen = [seen for seen in self._seen if now - seen[0] < 5] + [(now, done, total)]
        passed = now - self._seen[0][0]
        return (done - self._seen[0][1]) / passed if passed else 0.0

    def _put(self, text: str) -> None:
        Display().display(text, newline=False, screen_only=True)


class ActionModule(NormalAction):
    """What Ansible does with any module, with the line beside it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result, untouched."""
        if not _language or self._task.async_val or self._connection.transport != "local":
            return super().run(tmp, task_vars)
        with tempfile.TemporaryDirectory(prefix="progress-", dir=constants.DEFAULT_LOCAL_TMP) as folder:
            path = Path(folder) / "progress"
            self._task.environment = [*(self._task.environment or []), {"HARDENING_PROGRESS": str(path)}]
            host = (task_vars or {}).get("inventory_hostname", "")
            watch = Watch(path, f"{host} {self._task.action.rpartition('.')[2]}".strip(), _language[0])
            watch.start()
            try:
                return super().run(tmp, task_vars)
            finally:
                watch.end()
