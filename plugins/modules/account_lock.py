#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: account_lock
short_description: Let no two runs work on one account at once
version_added: "0.1.0"
description:
  - Locks the account that the connection options lead to, for as long as this C(ansible-playbook) runs. A second run on
    this machine that does the same on the same account fails at this task, or waits.
  - The lock is held by the callback P(hardening.alicloud.risk_report#callback), in the file that its option C(lock)
    names. The system takes the lock away when the run ends, also if it is killed, so none is ever left behind.
  - Runs keep each other away only where they use the same file. By default each user has one; name one that all can
    write to where several users work on the same accounts. Other machines are not kept away.
  - It works on Linux. Elsewhere, and without the callback, the task warns and goes on.
options:
  wait:
    description:
      - Seconds to wait for the other run to end.
    type: int
    default: 0
extends_documentation_fragment:
  - hardening.alicloud.connection
  - hardening.alicloud.attributes
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: Be the only run on this account
  hardening.alicloud.account_lock:

- name: Wait five minutes for another run to end
  hardening.alicloud.account_lock:
    wait: 300
"""

RETURN = r"""
locked:
  description: The account is locked for this run.
  returned: always
  type: bool
held_by:
  description: What is known of the run that has the account - C(pid), C(playbook), C(since).
  returned: when another run has it
  type: dict
  sample: {pid: 4711, playbook: harden.yml, since: "2026-11-23T11:02:03Z"}
endpoint_url:
  description: The base URL that calls go to; empty where each product has its own.
  returned: always
  type: str
account_id:
  description: The account.
  returned: always
  type: str
  sample: "1234567890123456"
"""

from ansible_collections.hardening.alicloud.plugins.module_utils.credentials import setting
from ansible_collections.hardening.alicloud.plugins.module_utils.enforce import Run, run_module


def identify(run: Run) -> list[str]:
    """Which account it is; the lock itself is up to the action plugin of the same name."""
    run.connect()
    run.result["endpoint_url"] = setting(run.options, "endpoint_url") or ""
    return []


def main() -> None:
    """Declare the options."""
    run_module(identify, {"wait": {"type": "int", "default": 0}})


if __name__ == "__main__":
    main()
