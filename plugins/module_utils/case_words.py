# SPDX-License-Identifier: GPL-3.0-or-later
"""How sentences speak of what bears on an event. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from .case import Case, told
from .clues import Attempt, Holding, Interval, Opening, Path, Target
from .moments import shown


def tries(count: int) -> str:
    """A number of attempts in words."""
    return "1 try" if count == 1 else f"{count} tries"


def way(case: Case, path: Path) -> str:
    """A path in words."""
    return (
        f"{path.kind} {path.address or '(an address that could not be read)'} port {path.port} to {named(case, path)}"
    )


def named(case: Case, path: Path) -> str:
    """The sshd to which a path leads."""
    return f"sshd of {case.clues.exposure.server(path.server) or path.server}"


def zone(offset: timedelta | None) -> str:
    """A distance from UTC in words."""
    minutes = int((offset or timedelta()).total_seconds() // 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"


def distance(by: timedelta) -> str:
    """How much later or earlier something is."""
    hours = abs(by) / timedelta(hours=1)
    return f"{hours:g} hour{'' if hours == 1 else 's'} {'later' if by > timedelta() else 'earlier'}"


def logged(case: Case) -> str:
    """What was logged of the event, as a sentence."""
    if case.attempts:
        return spoken(case.attempts)
    shift = case.shifted
    return f"{spoken(shift.attempts)} That is {distance(shift.by)}, to the minute." if shift else ""


def spoken(attempts: Iterable[Attempt]) -> str:
    """Attempts as one sentence: how many, where, when, how they ended."""
    found = sorted(attempts, key=lambda one: one.time)
    hosts = ", ".join(sorted({one.host for one in found if one.host})) or "a server"
    first, last = shown(found[0].time), shown(found[-1].time)
    when = first if first == last else f"{first} to {last}"
    outcomes = ", ".join(sorted({one.outcome for one in found if one.outcome}))
    lines = "1 line" if len(found) == 1 else f"{len(found)} lines"
    return f"{lines} of {hosts}, {when}{f' ({outcomes})' if outcomes else ''}."


def interval(opening: Opening) -> str:
    """An opening as a sentence: what, to whom, from when until when, and by whom."""
    name = f"{opening.name} ({opening.id})" if opening.name and opening.name != opening.id else opening.id
    open_ = "was open" if opening.reach.sure else "may have been open"
    sources = sources_text(opening.reach.sure or opening.reach.possible)
    who = f", opened by {opening.opened_by.actor}" if opening.opened_by and opening.opened_by.actor else ""
    hidden = f"; {opening.hidden_by.event} does not tell what was before it" if opening.hidden_by else ""
    return f"Port {opening.port or 22} of {name} {open_} to {sources} {span(opening.time)}{who}{hidden}."


def span(time: Interval) -> str:
    """A time from and to."""
    start = f"from {shown(time.start)}" if time.start else "from before what was read"
    return f"{start} {f'until {shown(time.end)}' if time.end else 'until now'}"


def listed(names: Iterable[str], most: int = 4) -> str:
    """Names, not all of them if they are many."""
    found = list(names)
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")


def sources_text(sources: Iterable[str]) -> str:
    """Sources, not all of them if they are many."""
    return listed(sources, 3)


def held(holding: Holding) -> str:
    """Who had an address, as a sentence."""
    owner = Target(holding.address, holding.kind, holding.id, bound_to=holding.bound_to)
    return f"{holding.address} was {told(owner)} {span(holding.time)}."
