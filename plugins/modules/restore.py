#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: restore
short_description: Undo the changes of a restore journal
version_added: "0.1.0"
description:
  - Every run that changes something writes a journal of what it changes and how to undo it, before it does so. This
    module takes such a journal and puts back what was, the newest change first.
  - It looks before it acts. What is already as it was is left alone. What somebody changed since is left alone too, and
    named in RV(not_restored), unless O(force) is set. What the cloud refused to change is not put back either; a
    change of which nobody knows what came of it is looked at like any other.
  - A journal of a run that was killed is fine. Of one that runs on several accounts wrote to, what was changed in the
    account of the key is put back, and a warning names the others.
  - A restore writes a journal of its own, so it can be undone as well.
options:
  journal:
    description:
      - Path of the journal to undo.
    type: path
    required: true
  force:
    description:
      - Also put back what was changed again since the journal was written. What it was changed to is then lost; undoing
        such a restore leads back to what the journal last set.
    type: bool
    default: false
extends_documentation_fragment:
  - hardening.alicloud.connection
  - hardening.alicloud.attributes
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: Show what a restore would put back
  hardening.alicloud.restore:
    journal: reports/journals/1234567890123456-20261123T040115Z-4711.jsonl
  check_mode: true
  diff: true

- name: Put it back
  hardening.alicloud.restore:
    journal: reports/journals/1234567890123456-20261123T040115Z-4711.jsonl
"""

RETURN = r"""
restored:
  description: The calls that were sent to put things back (in check mode, that would be), with the resource of each.
  returned: always
  type: list
  elements: dict
not_restored:
  description: What could not be put back, or only in part, with the resource and the reason.
  returned: always
  type: list
  elements: dict
account_id:
  description: The account that was looked at.
  returned: always
  type: str
  sample: "1234567890123456"
journal:
  description: The journal of the restore itself.
  returned: when something was changed
  type: str
"""

from ansible_collections.hardening.alicloud.plugins.module_utils.enforce import run_module
from ansible_collections.hardening.alicloud.plugins.module_utils.undo import restore


def main() -> None:
    """Declare the options."""
    run_module(
        restore, spec={"journal": {"type": "path", "required": True}, "force": {"type": "bool", "default": False}}
    )


if __name__ == "__main__":
    main()
