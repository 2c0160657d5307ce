# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks the module which account it is, and locks it in the run's main process; the module's docs tell the rest."""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.hardening.alicloud.plugins.plugin_utils.account_lock import Lock, of_this_run

NOT_HELD = (
    "Other runs on this account are not kept away: enable the callback hardening.alicloud.risk_report, which holds the"
    " lock (Linux only)."
)


class ActionModule(ActionBase):
    """account_lock: a module to read with, and a lock that a module could not hold."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result with locked, or held_by and a failure."""
        result = super().run(tmp, task_vars)
        result.update(self._execute_module(task_vars=task_vars))
        if result.get("failed"):
            return result
        lock = of_this_run()
        if lock is None:
            return {**result, "locked": False, "warnings": [*result.get("warnings", []), NOT_HELD]}
        cloud = result.get("endpoint_url") or "alibabacloud"
        holder = _take(lock, f"{cloud} {result['account_id']}", int(self._task.args.get("wait") or 0))
        if holder is None:
            return {**result, "locked": True}
        return {**result, "failed": True, "locked": False, "held_by": holder, "msg": _sentence(result, holder)}


def _take(lock: Lock, account: str, seconds: int) -> dict | None:
    """Try for so many seconds; return None, or who has it in the end."""
    deadline = time.monotonic() + seconds
    holder = lock.take(account)
    if holder is not None and seconds:
        Display().display(f"Waiting up to {seconds} s for {_run(holder)} to end.")
    while holder is not None and time.monotonic() < deadline:
        time.sleep(1)
        holder = lock.take(account)
    return holder


def _sentence(result: dict, holder: dict) -> str:
    run = _run(holder)
    return (
        f"{run[:1].upper()}{run[1:]} is working on account {result['account_id']}, and two runs at once would spoil"
        " each other's changes. Nothing was done here; try again when it has ended, or set wait."
    )


def _run(holder: dict) -> str:
    known = {"playbook": "{}", "pid": "process {}", "since": "since {}"}
    parts = [form.format(holder[name]) for name, form in known.items() if holder.get(name)]
    return "another run" + (f" ({', '.join(parts)})" if parts else "")
