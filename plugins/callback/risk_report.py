# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gathers what the modules found, shows it after the recap and writes the report files."""

from __future__ import annotations

DOCUMENTATION = r"""
name: risk_report
type: aggregate
short_description: Shows the risks and investigations of a run and writes them to report files
version_added: 0.1.0
author:
  - hardening.alicloud contributors (@hardening-alicloud)
description:
  - Gathers the risks that the modules of this collection return, from every task of every host, failed ones included.
  - After the recap it prints them as a table, the worst first, with what is new, still open and closed since the last
    run that looked at the same.
  - Before the table it tells what M(hardening.alicloud.ssh_verdict) concluded about each attack or alert on SSH, with
    the two best explanations. No run is compared with another because of these.
  - Writes a folder for each run with C(report.json) and C(report.html) in it, and keeps the link C(latest) on the
    newest.
  - While a module works, shows how far it is, if the output is a terminal.
  - Says nothing and writes nothing if no task of the run looked for risks or investigated attacks.
options:
  report_dir:
    description:
      - Folder that holds one folder for each run. A relative path starts where C(ansible-playbook) is called.
    type: str
    default: reports
    ini:
      - section: callback_risk_report
        key: dir
    env:
      - name: HARDENING_REPORT_DIR
  formats:
    description:
      - Formats to write beside C(report.json) and C(report.html), which are always there - V(sarif), V(ocsf),
        V(junit), V(csv), V(markdown).
    type: list
    elements: str
    default: []
    ini:
      - section: callback_risk_report
        key: formats
    env:
      - name: HARDENING_REPORT_FORMATS
  language:
    description:
      - Language of the table, its sentences and C(report.html). C(report.json) does not depend on it.
      - The variable C(report_language), of the inventory or as C(-e report_language=ja), goes before it.
    type: str
    choices: [en, ja, zh]
    default: en
    ini:
      - section: callback_risk_report
        key: language
    env:
      - name: HARDENING_REPORT_LANGUAGE
  keep:
    description:
      - How many runs to keep in O(report_dir); older ones are removed when a new one is there, but for the last one
        that looked for risks. With 0 all are kept.
    type: int
    default: 0
    ini:
      - section: callback_risk_report
        key: keep
    env:
      - name: HARDENING_REPORT_KEEP
  lock:
    description:
      - File that keeps two runs apart which use M(hardening.alicloud.account_lock) on one account. Runs of several
        users keep each other away only if all of them name the same file and may write to it.
      - By default C(hardening.alicloud/accounts.lock) in E(XDG_STATE_HOME), which is C(~/.local/state) if unset.
    type: path
    ini:
      - section: callback_risk_report
        key: lock
    env:
      - name: HARDENING_LOCK
requirements:
  - Enable it with C(callbacks_enabled = hardening.alicloud.risk_report) in C(ansible.cfg).
"""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__ as ansible_version
from ansible_collections.hardening.alicloud.plugins.module_utils.moments import shown
from ansible_collections.hardening.alicloud.plugins.plugin_utils import account_lock, progress_line, report_folder
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report import (
    build_report,
    events_of,
    is_worth_a_report,
)
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_formats import WRITERS
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_terminal import lines
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_words import WORDS

WIDTH_WITHOUT_TERMINAL = 120


class CallbackModule(CallbackBase):
    """Collects events while the playbook runs; everything else happens once, after the recap."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "hardening.alicloud.risk_report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begin("")

    def _begin(self, playbook: str) -> None:
        self._events: list[dict] = []
        self._playbook = playbook
        self._language = None
        self._started = datetime.now(UTC)

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """One run for each playbook on the command line."""
        self._begin(Path(playbook._file_name).name)  # noqa: SLF001  the only name that a callback is given
        progress_line.begin(self.get_option("language"))
        lock = Path(self.get_option("lock") or account_lock.default_path())
        try:
            account_lock.begin(lock, self._playbook)
        except OSError as error:
            self._display.warning(f"{lock} can't be opened ({error.strerror}): name another file in HARDENING_LOCK.")

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Take the language from the variables of the first host."""
        manager = play.get_variable_manager()
        hosts = manager._inventory.get_hosts(play.hosts)  # noqa: SLF001  a callback is given no other way to it
        asked = manager.get_vars(play=play, host=hosts[0] if hosts else None).get("report_language")
        if asked in WORDS:
            self._language = str(asked)
        elif asked:
            self._display.warning(f"report_language is none of {', '.join(WORDS)}, so it is not heard.")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Keep what a task, or a loop, brought that went well."""
        self._gather(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Keep what a failed task found until then, and why it failed."""
        self._gather(result, failed=True, ignored=ignore_errors)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Keep that a host could not be examined at all."""
        self._gather(result, failed=True)

    def _gather(self, result: Any, *, failed: bool = False, ignored: bool = False) -> None:
        fields = _of(result, "task_fields")
        task = _of(result, "task")
        self._events += events_of(
            {
                "host": _of(result, "host").get_name(),
                "task": task.get_name(),
                "action": task.resolved_action or task.action,
                "mode": "audit" if fields.get("check_mode") else "enforce",
                "failed": failed,
                "ignored": bool(ignored),
                "args": fields.get("args") or {},
            },
            _of(result, "result"),
        )

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002
        """After the recap: the table, then the files; then other runs may have the accounts."""
        try:
            self._report()
        finally:
            account_lock.end()

    def _report(self) -> None:
        if not is_worth_a_report(self._events):
            return
        reports = Path(self.get_option("report_dir")).expanduser().absolute()
        report = build_report(self._run(), self._events, report_folder.earlier(reports))
        self._show(report)
        self._write(reports, report)

    def _run(self) -> dict:
        return {
            "id": report_folder.run_id(self._started),
            "started": shown(self._started),
            "finished": shown(datetime.now(UTC)),
            "playbook": self._playbook,
            "ansible_version": ansible_version,
            "collection_version": _collection_version(),
        }

    def _show(self, report: dict) -> None:
        width = shutil.get_terminal_size((WIDTH_WITHOUT_TERMINAL, 40)).columns
        for text, color in lines(report, self._words(), width):
            self._display.display(text, color=color)

    def _words(self) -> str:
        return self._language or self.get_option("language")

    def _write(self, reports: Path, report: dict) -> None:
        run, files = report["run"]["id"], self._files(report)
        try:
            folder = report_folder.write(reports, run, files)
        except OSError as error:
            self._display.warning(
                f"The report could not be written to {reports} ({error.strerror});"
                " make that folder writable, or name another one in HARDENING_REPORT_DIR."
            )
            return
        try:
            report_folder.point_latest(reports, run)
        except OSError as error:
            link = reports / report_folder.LATEST
            self._display.warning(f"{link} could not be set to this run ({error.strerror}); move away what is there.")
        for stuck in report_folder.keep_newest(reports, self.get_option("keep")):
            self._display.warning(f"{stuck} is older than what keep asks for, and could not be removed.")
        self._display.display(WORDS[self._words()]["report"].format(path=folder / "report.json"))
        if "report.html" in files:
            self._display.display(WORDS[self._words()]["page"].format(path=folder / "report.html"))

    def _files(self, report: dict) -> dict[str, str]:
        """Name to text; a format that fails is told of and left out, so that it takes no other with it."""
        files = {}
        for name, text in (WRITERS[format_name] for format_name in self._formats()):
            try:
                files[name] = text(report, self._words())
            except Exception as error:  # noqa: BLE001  whatever is wrong with one format, the others are still right
                self._display.warning(f"{name} could not be made: {error!r}. The other files are not touched by this.")
        return files

    def _formats(self) -> list[str]:
        """JSON, HTML, and what the user asked for and there is."""
        asked = [name.strip().lower() for name in self.get_option("formats") if name.strip()]
        for name in sorted(set(asked) - set(WRITERS)):
            self._display.warning(f"risk_report has no format {name!r}; it writes {', '.join(sorted(WRITERS))}.")
        return list(dict.fromkeys(["json", "html", *(name for name in asked if name in WRITERS)]))


def _of(result: Any, name: str) -> Any:
    """Get an attribute of a task result, which before ansible-core 2.19 has it with an underscore only."""
    return getattr(result, name) if hasattr(result, name) else getattr(result, f"_{name}")


def _collection_version() -> str | None:
    """Of an installed collection's manifest, or of a checkout's galaxy.yml; None if neither is readable."""
    root = Path(__file__).parents[2]
    manifest = root / "MANIFEST.json"
    try:
        if manifest.exists():
            return json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
        return str(yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None
