# SPDX-License-Identifier: GPL-3.0-or-later
"""An account's network as it was: today's, with each recorded change undone, the newest first. Pure.

Every change that bears on who reaches a server stands in KINDS, with how it is undone and how it is told. What a change
does not tell of the moment before is a gap of the network from there on backwards; see change_kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from . import balancer_changes, group_changes, server_changes
from .change_kinds import Kind, Memory
from .errors import Unread
from .network import Gap, Network
from .paths import ENUMERATORS
from .trail import Event

KINDS: dict[tuple[str, str], Kind] = {**group_changes.KINDS, **server_changes.KINDS, **balancer_changes.KINDS}


@dataclass(frozen=True)
class Moment:
    """The network from one change on until the next. since: when that was; None, with no event, for the first."""

    network: Network
    since: datetime | None
    event: Event | None


def matters(event: Event) -> bool:
    """The event changed something that bears on who reaches a server."""
    return (event.service, event.name) in KINDS and bool(told(event))


def told(event: Event) -> str:
    """The event as a plain sentence without subject and full stop."""
    return KINDS[event.service, event.name].what(event)


def undo(network: Network, event: Event) -> Network:
    """The network right before the event, from the one right after it."""
    return KINDS[event.service, event.name].undo(network, event)


def informed(events: Iterable[Event], network: Network) -> list[Event]:
    """The events, oldest first, each with what those before it tell of the moment before."""
    memory = Memory(network)
    return [replace(event, known=KINDS[event.service, event.name].learn(memory, event)) for event in events]


def back(network: Network, events: Sequence[Event]) -> list[Moment]:
    """Every moment from before the first event until now, the oldest first. events: oldest first, those that matter."""
    found = []
    for event in reversed(informed(events, network)):
        found.append(Moment(network, event.time, event))
        network = undo(network, event)
    return [Moment(network, None, None), *reversed(found)]


def blind(network: Network, unread: dict[str, Unread]) -> Network:
    """The network of times of which nothing is known in these regions, since their events could not be read."""
    servers = [replace(one, status="") for one in network.servers.values() if one.region in unread]
    groups = [one for one in network.groups.values() if one.region in unread]
    gaps = [Gap(kind, region, error) for region, error in unread.items() for kind in sorted(ENUMERATORS)]
    gaps += [Gap("groups", one.region, unread[one.region], one.id) for one in groups]
    return replace(network.put(*servers).drop(*groups), gaps=(*network.gaps, *gaps))
