# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shows how far the module of this name is."""

from __future__ import annotations

from ansible_collections.hardening.alicloud.plugins.plugin_utils.progress_line import ActionModule

__all__ = ["ActionModule"]
