# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report's file formats: each a pure function from the report and a language to the text of one file."""

from __future__ import annotations

import json

from .report_csv import as_csv
from .report_junit import as_junit
from .report_markdown import as_markdown
from .report_ocsf import as_ocsf
from .report_page import as_html
from .report_sarif import as_sarif


def as_json(report: dict, language: str = "en") -> str:  # noqa: ARG001  a format for machines
    """Write the report itself, as docs/report.schema.json describes it."""
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


# Format to its file and its function.
WRITERS = {
    "json": ("report.json", as_json),
    "html": ("report.html", as_html),
    "sarif": ("report.sarif", as_sarif),
    "ocsf": ("report.ocsf.json", as_ocsf),
    "junit": ("report.junit.xml", as_junit),
    "csv": ("report.csv", as_csv),
    "markdown": ("report.md", as_markdown),
}
