# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Security Center says of each account, as the report keeps it. No I/O.

A run may read it several times, before changes and after them: the last reading counts, the first one is the score
before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LISTS = ("deductions", "findings", "vulnerabilities", "alerts", "attack_events", "unavailable")


def reading(result: dict) -> dict | None:
    """Keep what the report needs of one result of security_center_info; None if it says nothing of the score."""
    if "score" not in result and "unavailable" not in result:
        return None
    scores = result.get("scores")
    return {
        "score": _number(result.get("score")),
        "scores": {name: _number(value) for name, value in scores.items()} if isinstance(scores, dict) else {},
        **{name: result[name] if isinstance(result.get(name), (list, dict)) else [] for name in LISTS},
    }


def _number(value: object) -> float | int | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def security_center(events: Iterable[dict]) -> list[dict]:
    """One entry an account (or a host, where the account is not known): the last reading, with the first one's score.

    score_before is None where the score was read once only.
    """
    found: dict[tuple, list[tuple[str, dict]]] = {}
    for event in events:
        if event["security_center"]:
            where = (event["account_id"], None if event["account_id"] else event["host"])
            found.setdefault(where, []).append((event["host"], event["security_center"]))
    return [_entry(account, readings) for (account, _host), readings in found.items()]


def _entry(account: str | None, readings: list[tuple[str, dict]]) -> dict:
    host, last = readings[-1]
    known = [one["score"] for _host, one in readings if one["score"] is not None]
    return {
        "host": host,
        "account_id": account,
        **last,
        "score": known[-1] if known else None,
        "score_before": known[0] if len(known) > 1 else None,
    }
