# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What terminal, Markdown and page say alike of an investigation, in the words of one language. No I/O.

What comes from clouds and logs is put in as it is: each of the three makes it harmless in its own way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .report_investigation_words import BECAUSE
from .report_investigations import MODULE, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN = 8  # of a list that stands in a sentence


def headline(report: dict, words: dict) -> str:
    """Say in one sentence how it stands: how many events have the most serious verdict that any has."""
    found, verdict = report["investigations"], tone(report)
    if verdict not in VERDICTS:
        return words[f"headline_{verdict}"]
    count = sum(one["verdict"] == verdict for one in found)
    return words[f"headline_{verdict}"][len(found) != 1].format(count=count, total=len(found))


def tone(report: dict) -> str:
    """Name the most serious verdict, or what keeps from naming one.

    failed: a worse one may be missing. none: there is no event to investigate. unread: none is known.
    """
    said = {one["verdict"] for one in report["investigations"]}
    worst = next((verdict for verdict in VERDICTS if verdict in said), "unread" if report["errors"] else "none")
    return "failed" if worst != VERDICTS[0] and _failed(report) else worst


def _failed(report: dict) -> bool:
    """Tell whether the module that comes to the conclusions did not."""
    return any(error["module"] == MODULE and error["kind"] == "task" for error in report["errors"])


def because(hypothesis: dict, language: str) -> str:
    """The title of a hypothesis."""
    return BECAUSE.get(hypothesis["name"], {}).get(language) or hypothesis["title"]


def event_line(event: dict) -> str:
    """Say when, from where, and at what."""
    when = event["first_seen"] or event["last_seen"] or "?"
    local = f" ({event['local_time']} {event['timezone']})" if is_local(event) else ""
    return f"{when}{local}: {event['source'] or '?'} → {goal(event)}"


def is_local(event: dict) -> bool:
    """Tell whether the operator's zone is another one than UTC."""
    return bool(event["local_time"] and event["timezone"] and event["timezone"].upper() not in ("UTC", "ETC/UTC"))


def goal(event: dict) -> str:
    """Where the event went, as ADDRESS:PORT."""
    return at(event["address"] or event["private_ip"] or event["instance_id"], event["port"])


def at(address: str | None, port: int | None) -> str:
    """Write an address with its port, where they are known."""
    if port is None:
        return address or "?"
    return f"[{address}]:{port}" if ":" in (address or "") else f"{address or '?'}:{port}"


def listed(names: Iterable[str], words: dict) -> str:
    """Name the first ones, and say how many more there are."""
    names = list(dict.fromkeys(names))
    rest = [words["and_more"].format(count=len(names) - SHOWN)] if len(names) > SHOWN else []
    return ", ".join([*names[:SHOWN], *rest])


def count_of(moment: dict) -> str:
    """Say how many a moment stands for, if it is more than one."""
    return f" (×{moment['count']})" if (moment["count"] or 0) > 1 else ""
