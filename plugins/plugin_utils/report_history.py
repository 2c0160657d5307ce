# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How open risks and scores went over the runs. No I/O.

Every report carries the history on, so it outlives reports that were removed, and a run reads no more than the newest
report that goes before it.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import tee
from typing import TYPE_CHECKING

from ansible_collections.hardening.alicloud.plugins.module_utils.values import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

LENGTH = 60


def history(report: dict, earlier: Iterable[dict]) -> dict:
    """Tell how it went until now, oldest first.

    risks: runs that looked at exactly the same, with numbers of open risks by severity and of unknown ones.
    scores: every reading of the Secure Score of the accounts that this run read it of.
    earlier: reports of earlier runs, newest first; read only as far as needed.
    """
    for_risks, for_scores = tee(earlier)
    return {
        "risks": [*_risks_before(_scope(report), for_risks), _counts(report)][-LENGTH:],
        "scores": [*_scores_before(report, for_scores), *_readings(report)],
    }


def _scope(report: dict) -> set[tuple]:
    return {(one["account_id"], one["module"], one["scope"]) for one in report["summaries"]}


def _risks_before(scope: set[tuple], earlier: Iterable[dict]) -> list[dict]:
    if not scope:
        return []
    for report in earlier:
        with suppress(KeyError, TypeError, AttributeError, ValueError):
            if _scope(report) == scope:
                told = report["history"]["risks"] if "history" in report else [_counts(report)]
                return [_checked(entry, "mode", *SEVERITIES, "unknown") for entry in told]
    return []


def _counts(report: dict) -> dict:
    return {
        "run": report["run"]["id"],
        "started": report["run"]["started"],
        "mode": report["run"]["mode"],
        **report["totals"]["open_by_severity"],
        "unknown": report["totals"]["by_status"]["unknown"],
    }


def _scores_before(report: dict, earlier: Iterable[dict]) -> list[dict]:
    """Take for each account what the newest report with a score of it tells."""
    wanted = {one["account_id"] for one in report["security_center"] if one["account_id"]}
    found: dict[str, list[dict]] = {}
    for older in earlier if wanted else ():
        with suppress(KeyError, TypeError, AttributeError, ValueError):
            told = [_checked(entry, "account_id", "score") for entry in older["history"]["scores"]]
            for account in wanted - set(found):
                if mine := [entry for entry in told if entry["account_id"] == account]:
                    found[account] = mine[1 - LENGTH :]
        if len(found) == len(wanted):
            break
    return sorted((entry for entries in found.values() for entry in entries), key=lambda entry: entry["run"])


def _readings(report: dict) -> list[dict]:
    run = {"run": report["run"]["id"], "started": report["run"]["started"]}
    return [
        {**run, "account_id": one["account_id"], "score": one["score"]}
        for one in report["security_center"]
        if one["account_id"] and one["score"] is not None
    ]


def _checked(entry: dict, *names: str) -> dict:
    """Copy these values of an entry of an earlier report; KeyError or ValueError if it is none."""
    copy = {name: entry[name] for name in ("run", "started", *names)}
    if not all(isinstance(copy.get(name, 0), (int, float)) for name in (*SEVERITIES, "unknown", "score")):
        raise ValueError("not an entry of a history")
    return copy
