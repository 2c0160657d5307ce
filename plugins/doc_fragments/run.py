# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that every module has that closes risks."""

    DOCUMENTATION = r"""
options:
  journal:
    description:
      - Path of the restore journal. Each change and its undo are written there before the change is sent.
      - By default a file of its own for each run, under C(~/.local/state/hardening.alicloud/).
    type: path
  whitelist:
    description:
      - Accepted risks. They are reported as V(whitelisted), and left as they are.
    type: list
    elements: dict
    default: []
    suboptions:
      control:
        description: Id of the control.
        type: str
        required: true
      resource:
        description: Pattern over the resource's ARN, id or name, as a shell has it.
        type: str
        required: true
      reason:
        description: Why the risk is accepted.
        type: str
        required: true
      expires:
        description: The last day, in UTC, on which the entry counts, as C(YYYY-MM-DD).
        type: str
        required: true
      owner:
        description: Who answers for it.
        type: str
        required: true
      scope:
        description:
          - What M(hardening.alicloud.security_center_whitelist) whitelists in Security Center, V(instance) for the
            resources that the entry fits, V(item) for the whole check item.
          - V(item) hides every resource that is yet to come, too. It needs O(whitelist[].resource=*), and a reason for
            that.
        type: str
        choices: [instance, item]
        default: instance
  max_changes:
    description:
      - The most resources that one run may change, as a number or as a percentage of those examined (V(5%)).
      - A run that would change more stops before its first change, and says what it would have done.
    type: str
"""
