# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module promises."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Sends reading calls only, and predicts the risks, the changes and the diff of a real run.
    support: full
  diff_mode:
    description: Shows each resource before and after.
    support: full
  action_group:
    description: Use C(group/hardening.alicloud.all) in C(module_defaults) to set the connection once.
    support: full
    membership:
      - hardening.alicloud.all
"""
