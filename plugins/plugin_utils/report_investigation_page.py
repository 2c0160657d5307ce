# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Investigations as report.html shows them: what page/investigations.html.j2 prints. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .report_investigation_text import (
    at,
    because,
    count_of,
    goal,
    headline,
    is_local,
    listed,
    tone,
)
from .report_investigations import alike
from .report_page_words import say
from .report_path_picture import begins, gate_name, in_order, lanes, outcome, reach, stack, state_of
from .report_timeline import PHONE, WIDE, row_of, timeline
from .report_zone import moment, shown, zone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

TONES = {
    "reachable": "critical",
    "unknown": "unknown",
    "failed": "unknown",
    "unread": "unknown",
    "not_reachable": "fixed",
    "none": "none",
}
OPEN = 3  # so many conclusions are shown with the details of their first event
BEST = 2  # hypotheses that are shown with their evidence
ROWS = 100  # of a timeline's table; of refused logins those nearest to the event
FOLDED = 4  # events with one conclusion; of more than that only the first stands in the open
LANES = 24  # of a picture; the list below it has all


def investigations_view(report: dict, language: str, words: dict) -> dict:
    """Everything that the page says of investigations."""
    groups = alike(report["investigations"])
    few = len(groups) <= OPEN
    shown_groups = [_group(place, group, language, words, few=few) for place, group in enumerate(groups, start=1)]
    return {
        "headline": headline(report, words),
        "tone": TONES[tone(report)],
        "groups": shown_groups,
    }


def _group(place: int, group: list[dict], language: str, words: dict, *, few: bool) -> dict:
    """Events with one conclusion: the first one speaks for all."""
    one = group[0]
    seen = sorted(shown(when) for each in group if (when := _when(each["event"])))
    events = [
        _event(f"event-{place}-{number}", each, language, words, is_open=few and number == 1, is_first=number == 1)
        for number, each in enumerate(group, start=1)
    ]
    folds = len(events) > FOLDED
    return {
        "anchor": f"investigation-{place}",
        "verdict": one["verdict"],
        "tone": TONES[one["verdict"]],
        "reach": words[f"reach_{one['verdict']}"],
        **_parts(one["sentence"]),
        "account": one["account_id"],
        "count": len(group),
        "counted": say(words, "with_this_conclusion", len(group)),
        "sources": listed((each["event"]["source"] or "?" for each in group), words),
        "target": one["target"]["text"] or one["target"]["name"] or goal(one["event"]),
        "seen": " – ".join(dict.fromkeys((seen[0], seen[-1]))) if seen else None,
        "events": events[:1] if folds else events,
        "folded": events[1:] if folds else [],
        "alike": say(words, "alike", len(events) - 1),
    }


def _when(event: dict) -> datetime | None:
    return moment(event["first_seen"]) or moment(event["last_seen"])


def _parts(sentence: str) -> dict:
    """Divide the conclusion: its first sentence is what stands large."""
    first, *rest = re.split(r"(?<=[.!?]) (?=[A-Z0-9])", sentence, maxsplit=1)
    return {"sentence": first, "further": rest[0] if rest else ""}


def _event(anchor: str, one: dict, language: str, words: dict, *, is_open: bool, is_first: bool) -> dict:
    event = one["event"]
    where = zone(event["timezone"])
    when = _when(event)
    paths = in_order(one["paths"])
    few = {**one, "paths": paths[:LANES]}
    return {
        "anchor": anchor,
        "is_open": is_open,
        "is_first": is_first,
        "source": event["source"] or "?",
        "goal": goal(event),
        "when": shown(when) if when else event["first_seen"] or "?",
        "local": f"{event['local_time']} {event['timezone']}" if is_local(event) else None,
        "count": event["count"],
        "lists": event["source_lists"],
        **_parts(one["sentence"]),
        "facts": [fact for fact in _facts(one, where, words) if fact["values"]],
        "not_now": one["verdict"] == "reachable" and {path["admits"] for path in paths} == {False},
        "lanes": lanes(few, words),
        "stack": stack(few, words),
        "ways": [_way(path, event["source"], words) for path in paths],
        "hypotheses": [
            _hypothesis(place, each, language, words) for place, each in enumerate(one["hypotheses"], start=1)
        ],
        "wide": timeline(one["timeline"], when, where, words, WIDE),
        "narrow": timeline(one["timeline"], when, where, words, PHONE),
        **_table(one["timeline"], when, where, words),
        "zone": event["timezone"] if where else None,
        "unread": one["unread"],
    }


def _facts(one: dict, where: ZoneInfo | None, words: dict) -> Iterable[dict]:
    """What Security Center says of the event, and what its address was."""
    event, target = one["event"], one["target"]
    lists = words["listed_in"].format(lists=", ".join(event["source_lists"])) if event["source_lists"] else None
    named = [event["instance_name"], event["instance_id"], event["private_ip"], event["region"]]
    counted = say(words, "times_seen", event["count"]) if event["count"] is not None else None
    yield _fact(words["from_address"], event["source"], lists)
    yield _fact(words["attacked"], at(event["address"], event["port"]) if event["address"] else None)
    yield _fact(words["belonged_to"], target["text"] or words.get(f"of_{target['kind']}"))
    yield _fact(words["seen"], *_span(event, None))
    if where:
        yield _fact(words["in_zone"].format(zone=where.key), *_span(event, where))
    yield _fact(words["says"], words.get(f"kind_{one['kind']}", one["kind"]), event["status"], counted)
    yield _fact(words["named_by"], *named)
    yield _fact(words["may_be_about"], *one["servers"])


def _fact(name: str, *values: str | None) -> dict:
    return {"name": name, "values": list(dict.fromkeys(value for value in values if value))}


def _span(event: dict, where: ZoneInfo | None) -> Iterable[str]:
    """From when to when it was seen, as far as that is known."""
    ends = [event[name] for name in ("first_seen", "last_seen") if event[name]]
    read = [shown(when, where) if (when := moment(text)) else text for text in ends]
    return [" – ".join(dict.fromkeys(read)) + ("" if where else " UTC")] if read else []


def _way(path: dict, source: str | None, words: dict) -> dict:
    return {
        "said": f"{begins(path, words)} — {outcome(path, words)}",
        "reach": reach(path),
        "server": path["server"],
        "gates": [
            {
                "name": gate_name(gate, words),
                "state": words[f"gate_{state_of(gate, path, source)}"],
                "sources": gate["sources"],
                "text": gate["text"],
            }
            for gate in path["gates"]
        ],
    }


def _hypothesis(place: int, one: dict, language: str, words: dict) -> dict:
    return {
        "place": place,
        "title": because(one, language),
        "standing": one["standing"],
        "stands": words[f"standing_{one['standing']}"],
        "is_best": place <= BEST,
        "said": [
            {"name": words[name], "kind": key, "texts": one[key]}
            for key, name in (("for", "speaks_for"), ("against", "speaks_against"), ("decides", "would_decide"))
        ],
    }


def _table(items: list[dict], when: datetime | None, where: ZoneInfo | None, words: dict) -> dict:
    """The rows of the timeline, and what the picture above them is.

    Where there are very many, refused logins far from the event are left out first.
    """

    def weight(place: int) -> tuple[bool, float]:
        begin, item = known[place]
        return (row_of(item) == "login", abs((begin - when).total_seconds()) if begin and when else 0.0)

    known = [(moment(item["time"]), item) for item in items]
    rows = [_row(*known[place], where, words) for place in sorted(sorted(range(len(known)), key=weight)[:ROWS])]
    return {
        "rows": rows,
        "left_out": len(items) - len(rows),
        "picture": words["picture_of_more" if len(rows) < len(items) else "picture_of_timeline"].format(
            count=len(items), rows=len(rows)
        ),
    }


def _row(begin: datetime | None, item: dict, where: ZoneInfo | None, words: dict) -> dict:
    lasts = item["kind"] in ("opening", "address")
    return {
        "kind": row_of(item),
        "name": words[f"row_{row_of(item)}"],
        "utc": shown(begin) if begin else item["time"] or (words["before"] if lasts else "?"),
        "local": shown(begin, where) if begin and where else None,
        "until": _until(item, lasts, None, words),
        "until_local": _until(item, lasts, where, words) if where and moment(item["until"]) else None,
        "text": (item["text"] or "") + count_of(item),
        "who": [who for who in dict.fromkeys((item["actor"], item["source"])) if who],
        "outcome": item["outcome"],
    }


def _until(item: dict, lasts: bool, where: ZoneInfo | None, words: dict) -> str | None:
    if item["until"]:
        end = moment(item["until"])
        return words["until"].format(time=shown(end, where) if end else item["until"])
    return words["still"] if lasts else None
