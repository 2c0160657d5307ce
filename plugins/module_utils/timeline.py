# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes, openings, logins and events on one axis of time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

from .case import Case
from .case_words import held, interval, sources_text
from .clues import Attempt, Change, Opening
from .moments import shown

T = TypeVar("T")
# How far around an event something bears on it. What opened or closed SSH counts however long ago it was.
AROUND = timedelta(hours=24)
# A brute force that goes on for days, or an account where everything changes all day, would bury everything else.
MOST = 100


def timeline(case: Case) -> list[dict]:
    """Everything that bears on an event, in the order of time; what began before anything was read comes first."""
    moments = [_event(case), *_changes(case), *_openings(case), *_addresses(case), *_logins(case), *_probes(case)]
    return sorted((one for one in moments if one["time"] or one["until"]), key=_order)


def _order(moment: dict) -> tuple:
    return (moment["time"] or "", moment["kind"], moment["text"])


def _moment(
    kind: str,
    text: str,
    time: datetime | None,
    until: datetime | None = None,
    *,
    actor: str = "",
    source: str = "",
    outcome: str = "",
    count: int = 1,
) -> dict:
    return {
        "time": shown(time) if time else None,
        "until": shown(until) if until else None,
        "kind": kind,
        "text": text,
        "actor": actor or None,
        "source": source or None,
        "outcome": outcome or None,
        "count": count,
    }


def _event(case: Case) -> dict:
    event = case.event
    goal = event.address or event.instance_name or event.instance_id or "an address that is not said"
    place = f"{goal}{f' port {event.port}' if event.port else ''}"
    text = f"{event.name or 'Attack'} against {place}" if event.kind == "attack" else f"Alert: {event.name} ({place})"
    until = event.last if event.last != event.first else None
    more = {"source": event.source, "outcome": event.status, "count": max(event.count, 1)}
    return _moment(event.kind, text, event.first, until, **more)


def _changes(case: Case) -> list[dict]:
    openings = (*case.openings, *case.near)
    marked = {(one.time, one.what) for opening in openings for one in (opening.opened_by, opening.closed_by) if one}
    found = [one for one in case.clues.changes.changes if _is_around(case, one.time) or (one.time, one.what) in marked]
    return [_change(one) for one in _closest(case, found, lambda one: ((one.time, one.what) not in marked, one.time))]


def _change(one: Change) -> dict:
    return _moment(
        "change", one.what, one.time, actor=one.actor, source=one.source, outcome="opens" if one.opens else ""
    )


def _openings(case: Case) -> Iterator[dict]:
    for one in case.clues.changes.openings:
        if case.bears(one) and _overlaps(case, one) and case.is_sshd(one):
            actor = one.opened_by.actor if one.opened_by else ""
            yield _moment(
                "opening",
                interval(one),
                one.time.start,
                one.time.end,
                actor=actor,
                source=sources_text(one.reach.sure or one.reach.possible),
                outcome="" if one.reach.sure else "possible",
            )


def _addresses(case: Case) -> Iterator[dict]:
    for one in case.clues.changes.holdings:
        if one.address == case.event.address:
            yield _moment("address", held(one), one.time.start, one.time.end)


def _logins(case: Case) -> list[dict]:
    def alike(one: Attempt) -> tuple:
        return (one.host, one.time.replace(second=0, microsecond=0), one.source, one.outcome)

    merged = [list(group) for _key, group in groupby(sorted(case.of_source, key=alike), alike)]
    return [_login(group) for group in _closest(case, merged, lambda group: (not group[0].accepted, group[0].time))]


def _closest(case: Case, found: list[T], key: Callable[[T], tuple[bool, datetime]]) -> list[T]:
    """If they are too many, those that matter most (their key begins with False), then those nearest to the event."""
    moment = case.event.first
    if len(found) <= MOST or moment is None:
        return found
    return sorted(found, key=lambda one: (key(one)[0], abs(key(one)[1] - moment)))[:MOST]


def _login(group: list[Attempt]) -> dict:
    first, last = group[0], group[-1]
    users = ", ".join(sorted({one.user for one in group if one.user})[:5])
    text = f"sshd of {first.host or 'a server'}: {first.outcome}{f' for {users}' if users else ''}"
    until = last.time if last.time != first.time else None
    return _moment(
        "login", text, first.time, until, actor=users, source=first.source, outcome=first.outcome, count=len(group)
    )


def _probes(case: Case) -> Iterable[dict]:
    for one in case.probes:
        outcome = "open" if one.open else "closed"
        why = f" ({one.error})" if one.error else ""
        text = f"Probe of {one.address} port {one.port} from {one.vantage or 'outside'}: {outcome}{why}"
        yield _moment("probe", text, one.time, source=one.vantage, outcome=outcome)


def _overlaps(case: Case, opening: Opening) -> bool:
    return case.dated and opening.time.overlaps(case.event.first, case.event.last, AROUND)


def _is_around(case: Case, moment: datetime) -> bool:
    return case.dated and case.event.first - AROUND <= moment <= case.event.last + AROUND
