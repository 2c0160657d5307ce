# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report's file formats: each a pure function from the report to the text of one file."""

from __future__ import annotations

import json


def as_json(report: dict) -> str:
    """Write the report itself, as docs/report.schema.json describes it."""
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


# Format to its file and its function.
WRITERS = {"json": ("report.json", as_json)}
