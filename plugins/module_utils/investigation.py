# SPDX-License-Identifier: GPL-3.0-or-later
"""Could that attack on SSH have reached a server? The answer for each event, out of everything that was read. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from .case import NOT_REACHABLE, REACHABLE, Case
from .case_words import distance, interval, listed, spoken, way
from .clues import Clues, Event, Path
from .hypotheses import Hypothesis, rank
from .moments import shown
from .timeline import timeline


def investigate(clues: Clues) -> list[dict]:
    """All investigations, the gravest first: logins that were let in, then what could have reached a server."""
    cases = [Case(event, clues) for event in clues.events]
    found = [(gravity(case), case.event.first is None, case.event.first, investigation(case)) for case in cases]
    return [one[-1] for one in sorted(found, key=lambda one: (one[0], one[1], one[2] or 0, one[3]["id"]))]


def gravity(case: Case) -> int:
    """How urgent it is that somebody reads this, the smallest first."""
    if case.accepted:
        return 0
    return {REACHABLE: 1, NOT_REACHABLE: 3}.get(case.verdict, 2)


def investigation(case: Case) -> dict:
    """The investigation of one event as results show it."""
    ranked = rank(case)
    return {
        "id": identity(case.event, case.clues.account_id),
        "account_id": case.clues.account_id,
        "kind": case.event.kind,
        "event": event(case),
        "target": {
            "kind": case.target.kind,
            "id": case.target.id or None,
            "name": case.target.name or None,
            "address": case.event.address or None,
            "text": case.target.text,
        },
        "servers": case.server_ids,
        "verdict": case.verdict,
        "sentence": sentence(case, ranked),
        "hypotheses": [one.as_dict() for one in ranked],
        "paths": [path(case, one) for one in case.paths],
        "timeline": timeline(case),
        "unread": case.unread,
    }


def identity(event: Event, account_id: str) -> str:
    """What an event is called, in every run that looks at it."""
    parts = (event.kind, account_id, event.id, event.source, event.address, event.port, event.instance_id, event.first)
    return f"{event.kind}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:12]}"


def event(case: Case) -> dict:
    """What Security Center says, with the lists that hold the source, and the time of the operator's zone."""
    one = case.event
    seen = [moment and shown(moment) for moment in (one.first, one.last)]
    return {
        "source": one.source or None,
        "source_lists": lists(case),
        "port": one.port or None,
        "count": one.count or None,
        "status": one.status or None,
        "address": one.address or None,
        "private_ip": one.private_ip or None,
        "instance_id": one.instance_id or None,
        "instance_name": one.instance_name or None,
        "region": one.region or None,
        "first_seen": seen[0],
        "last_seen": seen[1],
        "local_time": case.local.strftime("%Y-%m-%d %H:%M:%S") if one.first else None,
        "timezone": case.clues.zone_name,
    }


def lists(case: Case) -> list[str]:
    """The names of the user's lists that hold the source. They mark it, and prove nothing."""
    source = case.event.source
    return [name for name, addresses in case.clues.lists.items() if source and source in addresses]


def path(case: Case, one: Path) -> dict:
    """A path as ssh_exposure_info shows it, and the gate on it that stops the event's source."""
    stopped = one.stop(case.event.source)
    shown: Mapping = {**one.shown, "server": one.server}
    return {**shown, "admits": one.admits(case.event.source), "stopped_by": dict(stopped.shown) if stopped else None}


# The conclusion


def sentence(case: Case, ranked: list[Hypothesis]) -> str:
    """The conclusion in plain words: what the logs prove, else what the network let through, and what is not known."""
    told = [_accepted(case), _logged(case) or _network(case), _bystanders(case), _heard(case), _unknown(case)]
    best = ranked[0]
    if best.standing in ("confirmed", "likely"):
        told.append(f"The best explanation ({best.standing}): {inside(best.title)}.")
    return " ".join(filter(None, told))


def inside(title: str) -> str:
    """A title as it stands within a sentence."""
    return title if title.partition(" ")[0].isupper() else f"{title[0].lower()}{title[1:]}"


def _who(case: Case) -> str:
    marks = lists(case)
    source = case.event.source or "somebody"
    return f"{source} ({listed(marks)})" if marks else source


def _accepted(case: Case) -> str:
    if not case.accepted:
        return ""
    first, many = case.accepted[0], len(case.accepted)
    whose = _who(case) if case.event.source else first.source
    where = f"as {first.user or '?'} on {first.host or 'a server'} at {shown(first.time)}"
    how = f" by {first.method}" if first.method else ""
    more = f", the first of {many}" if many > 1 else ""
    return f"A login of {whose} was accepted: {where}{how}{more}. Look into that first, unless it was one of yours."


def _logged(case: Case) -> str:
    if case.attempts:
        return f"It reached sshd: {spoken(case.attempts)}"
    if case.shifted:
        how = "most likely" if case.shifted.known else "perhaps"
        return (
            f"It {how} reached sshd: {spoken(case.shifted.attempts)} That is the same source and the same clock,"
            f" {distance(case.shifted.by)}."
        )
    return ""


def _bystanders(case: Case) -> str:
    if not case.bystanders:
        return ""
    return f"At that time sshd logged {spoken(case.bystanders)} Security Center does not say whether that is it."


def _network(case: Case) -> str:
    unseen = [case.claimed] if case.stranger else []
    who, servers = _who(case), listed([*unseen, *map(str, case.servers)])
    if case.verdict == REACHABLE:
        said = f"{who} could have reached sshd of {servers} at that time. {interval(case.open_then[0])}"
    elif case.verdict == NOT_REACHABLE:
        whom = f"sshd of {servers}" if servers else "any server of this account"
        said = f"{who} could not have reached {whom} at that time: no way let it in. {case.target.text}"
    else:
        now = f" Today it could, by {way(case, case.open_now[0])}." if case.open_now else ""
        said = f"Whether {who} could have reached sshd of {servers or 'a server'} at that time is not known.{now}"
    return said[0].upper() + said[1:]


def _heard(case: Case) -> str:
    return "The logs of that time were read, and hold nothing of it." if case.quiet else ""


def _unknown(case: Case) -> str:
    """Why it is not known, if it is not."""
    if case.network in (REACHABLE, NOT_REACHABLE) or case.logged:
        return ""
    if case.openings and not case.loose_ends:
        return interval(case.openings[0])
    if case.undecided and not case.loose_ends:
        return f"It is not known whether {way(case, case.undecided[0])} lets it in."
    return f"What was not read: {'; '.join(case.unread[:3])}." if case.unread else ""
