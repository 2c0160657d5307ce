# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that the modules for Security Center share."""

    DOCUMENTATION = r"""
options:
  checks:
    description:
      - Which check item of Security Center speaks of which control, where the catalogue's own phrases don't
        find it. A map from the id of a control to the item's id, its English name, a pattern over that name, or a list
        of these.
      - A control that stands here is joined to these items only.
    type: dict
    default: {}
  site:
    description:
      - Security Center has one site for mainland China and Hong Kong, and an international one for all other regions.
        Each has its own score.
      - V(auto) is V(international) if O(regions) names regions, and all of them are outside China; else it is V(china).
    type: str
    choices: [auto, china, international]
    default: auto
"""
