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

# What this module counts is whether Security Center's whitelist is in step, not whether resources are hardened.
NOT_HARDENING = "security_center_whitelist"
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


def joined(centers: list[dict], ids: Iterable[str]) -> list[dict]:
    """The entries, each resource of each finding with the ids of our risks that say the same, if there are any."""
    known = frozenset(ids)
    return [{**one, "findings": [_joined(finding, known) for finding in _dicts(one["findings"])]} for one in centers]


def _joined(finding: dict, known: frozenset[str]) -> dict:
    controls = [str(name) for name in finding.get("controls") or [finding.get("control")] if name]
    instances = [
        {
            **instance,
            "risks": [
                name for name in (f"{control}@{instance.get('resource')}" for control in controls) if name in known
            ],
        }
        for instance in _dicts(finding.get("instances"))
    ]
    return {**finding, "instances": instances}


def _dicts(value: object) -> list[dict]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def ratio(examinations: Iterable[dict]) -> dict | None:
    """Percentages of the resources that a control applies to and that have no open risk; None if there is none.

    strict: those with an accepted risk are not counted as clean; accepted: they are. Nobody's whitelist moves strict.
    """
    counts = [one["resources"] for one in examinations if one["module"] != NOT_HARDENING]
    judged = sum(each["examined"] - each["not_applicable"] for each in counts)
    if judged < 1:
        return None
    clean = sum(each["compliant"] + each["fixed"] for each in counts)
    accepted = sum(each["whitelisted"] for each in counts)
    return {"strict": 100 * clean // judged, "accepted": 100 * (clean + accepted) // judged}
