# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as CSV (RFC 4180, UTF-8): one line a risk, no cell of which a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import re

from .report_controls import clauses
from .report_text import spoken

# A formula's first character, also in its full-width form, at the start of a cell or after what another locale's
# spreadsheet takes for the end of one; blanks before it and what nobody sees are no help.
FORMULA = re.compile(
    r"""(^|[,;|\t\r\n"'])([\s\x01-\x1f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*)(?=[=+\-@＝＋－＠])"""
)
PLAIN = ("control", "title", "severity", "status", "account_id", "region", "resource", "resource_type", "resource_id")
COLUMNS = (
    *PLAIN, "resource_name", "expected", "actual", "evidence", "changes", "blocked_by", "reason", "owner", "expires",
    "references", "new", "id",
)  # fmt: skip


def as_csv(report: dict, language: str = "en") -> str:  # noqa: ARG001  a format for machines
    """Write a head with stable names, then every risk."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    new = set(report["new"])
    writer.writerows([cell(value) for value in _row(risk, new)] for risk in report["risks"])
    return text.getvalue()


def cell(value: object) -> str:
    """Say a value as text, with an apostrophe wherever a formula could begin."""
    return FORMULA.sub(r"\1'\2", spoken(value).replace("\0", ""))


def _row(risk: dict, new: set[str]) -> list[object]:
    accepted = risk["whitelist"] or {}
    calls = "; ".join(f"{change.get('product')} {change.get('action')}" for change in risk["changes"])
    references = "; ".join(
        f"{one.label}{' (suggested)' if one.suggested else ''}" for one in clauses(risk["references"])
    )
    return [
        *(risk[name] for name in (*PLAIN, "resource_name", "expected", "actual", "evidence")),
        calls,
        risk["blocked_by"],
        *(accepted.get(name) for name in ("reason", "owner", "expires")),
        references,
        risk["id"] in new,
        risk["id"],
    ]
