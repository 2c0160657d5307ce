# SPDX-License-Identifier: GPL-3.0-or-later
"""When public sources were let in, to what and through what, over the moments that a replay gives. Pure.

A security group is open while its own rules accept public sources on a port, whether or not anything is in it. A server
is open while a path lets some of them through; an EIP, a listener or a DNAT entry while it is part of such a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from .addresses import Addresses
from .exposure import PUBLIC, Sources, accepted, admitting
from .gates import NOT_REACHABLE, REACHABLE, UNKNOWN, Path
from .network import ALB, CLB, FIELDS, NLB, Eip, Group, Interface, Network, Server, Thing
from .paths import Exposure, Routes
from .replay import Moment
from .server_changes import kind_of
from .trail import Event

# The gate of a path that is the thing which a path of this kind goes through, and the kind of that thing.
THROUGH = {
    "eip": ("address", "eip"),
    CLB: ("listener", "listener"),
    NLB: ("listener", "listener"),
    ALB: ("listener", "listener"),
    "dnat": ("forward", "forward"),
}


class Subject(NamedTuple):
    """What may be open. kind: security_group, server, eip, listener or forward."""

    kind: str
    id: str
    region: str
    port: int


@dataclass(frozen=True)
class State:
    """How open something is: to whom for sure, and to whom perhaps; by which rules or paths."""

    sources: Sources = field(default_factory=Sources)
    paths: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Whether that is for sure."""
        return REACHABLE if self.sources.sure else UNKNOWN


@dataclass
class Opening:
    """A time in which something was open in the same way. began, ended: the events at its ends, None where there is
    none within the window.
    """

    subject: Subject
    state: State
    began: Event | None
    ended: Event | None = None

    @property
    def since(self) -> datetime | None:
        """When it began; None for before the window."""
        return self.began.time if self.began else None

    @property
    def until(self) -> datetime | None:
        """When it ended; None for still."""
        return self.ended.time if self.ended else None


def find(moments: Sequence[Moment], ports: Iterable[int]) -> tuple[list[Opening], dict[str, bool | None]]:
    """Every opening, and for each event by its id whether it let in anybody more; None where that is not known."""
    watch, opens = Watch(tuple(ports)), {}
    running: dict[Subject, Opening] = {}
    done: list[Opening] = []
    states: dict[Subject, State] = {}
    for moment in moments:
        fresh = watch.look(moment.network)
        if moment.event:
            opens[moment.event.id] = more_open(states, fresh)
        for subject in [*states, *(one for one in fresh if one not in states)]:
            if states.get(subject) == fresh.get(subject):
                continue
            if subject in running:
                running[subject].ended = moment.event
                done.append(running.pop(subject))
            if subject in fresh:
                running[subject] = Opening(subject, fresh[subject], moment.event)
        states = fresh
    return [one for one in (*done, *running.values()) if one.since is None or one.since != one.until], opens


def more_open(before: Mapping[Subject, State], after: Mapping[Subject, State]) -> bool | None:
    """Whether anything lets in anybody whom it did not before."""
    pairs = [(before.get(one, State()).sources, state.sources) for one, state in after.items()]
    if any(now.sure - was.possible for was, now in pairs):
        return True
    return None if any(now.possible - was.possible or now.sure - was.sure for was, now in pairs) else False


class Watch:
    """Looks at one moment after the other, each time only at what the change in between can have reached."""

    def __init__(self, ports: tuple[int, ...]):
        self.ports = ports
        self.before: Network | None = None
        self.parts: dict[str, dict[Subject, State]] = {}

    def look(self, network: Network) -> dict[Subject, State]:
        """What is open, with its state; what is shut is not in it."""
        servers, groups = touched(self.before, network)
        routes = Routes(network)
        for name in groups:
            self.parts[name] = _of_group(network, name, self.ports)
        for name in servers:
            self.parts[name] = _of_server(routes, name, self.ports)
        self.before = network
        found: dict[Subject, State] = {}
        for part in self.parts.values():
            for subject, state in part.items():
                found[subject] = _together(found[subject], state) if subject in found else state
        return found


def _of_group(network: Network, name: str, ports: tuple[int, ...]) -> dict[Subject, State]:
    group = network.groups.get(name)
    found = {}
    for port in ports if group else ():
        let_in = accepted(group.rules, port, network.lists)
        if let_in.possible & PUBLIC:
            public = Sources(let_in.sure & PUBLIC, let_in.possible & PUBLIC)
            rules = tuple(map(str, admitting(group.rules, port, network.lists, PUBLIC)))
            found[Subject("security_group", name, group.region, port)] = State(public, rules)
    return found


def _of_server(routes: Routes, name: str, ports: tuple[int, ...]) -> dict[Subject, State]:
    """The server and what its paths go through."""
    found: dict[Subject, State] = {}
    for port in ports if name in routes.network.servers else ():
        exposure = routes.to(name, port)
        region = exposure.server.region
        if exposure.verdict != NOT_REACHABLE:
            found[Subject("server", name, region, port)] = _whole(exposure)
        for path in exposure.paths:
            sources, thing = path.sources, _thing(path)
            if thing and sources.possible:
                state, subject = State(sources, (_text(path),)), Subject(*thing, region, port)
                found[subject] = _together(found[subject], state) if subject in found else state
    return found


def _whole(exposure: Exposure) -> State:
    """How open a server is by all of its paths; what may be hidden in a gap may let in everybody."""
    leading = [path for path in exposure.paths if path.sources.possible]
    hidden = exposure.gaps or not (leading or exposure.sources)
    possible = PUBLIC if hidden else Addresses.merged(span for path in leading for span in path.sources.possible.spans)
    return State(Sources(exposure.sources, possible), tuple(dict.fromkeys(map(_text, leading))))


def _together(one: State, other: State) -> State:
    sure, possible = one.sources.sure | other.sources.sure, one.sources.possible | other.sources.possible
    return State(Sources(sure, possible), tuple(dict.fromkeys((*one.paths, *other.paths))))


def _thing(path: Path) -> tuple[str, str] | None:
    gate_kind, kind = THROUGH.get(path.kind, ("", ""))
    return next(((kind, gate.name) for gate in path.gates if gate.kind == gate_kind), None)


def _text(path: Path) -> str:
    return f"{path.kind} {path.address or '(address unknown)'} port {path.port} to {path.server}"


# What a change can have reached


def touched(before: Network | None, after: Network) -> tuple[set[str], set[str]]:
    """Ids of the servers and of the groups for which a network can be another than the one before it."""
    if before is None:
        return set(after.servers), set(after.groups)
    if before.lists != after.lists:
        return {*before.servers, *after.servers}, {*before.groups, *after.groups}
    servers, groups, holders = set(), set(), set()
    regions = {gap.region for gap in (*before.gaps, *after.gaps) if (gap in before.gaps) != (gap in after.gaps)}
    for one in _changed(before, after):
        if isinstance(one, Group):
            groups.add(one.id)
        elif isinstance(one, (Server, Interface)):
            servers.add(one.id if isinstance(one, Server) else one.server)
        elif isinstance(one, Eip) and kind_of(one.bound_to) in ("EcsInstance", "NetworkInterface"):
            holders.add(one.bound_to)
        else:
            regions.add(one.region)
    for network in (before, after):
        regions |= {one.region for one in network.balancers.values() if groups & set(one.groups)}
        members = (one for one in network.interfaces.values() if groups & set(one.groups or ()) or one.id in holders)
        servers |= {one.server for one in members}
        servers |= {
            one.id
            for one in network.servers.values()
            if one.region in regions or "" in regions or groups & set(one.groups) or one.id in holders
        }
    return servers, groups


def _changed(before: Network, after: Network) -> Iterator[Thing]:
    """Every thing that is not the same in both, as it is in each."""
    for name in FIELDS.values():
        was, now = getattr(before, name), getattr(after, name)
        if was is now:
            continue
        for key in {*was, *now}:
            pair = (was.get(key), now.get(key))
            if pair[0] is not pair[1] and pair[0] != pair[1]:
                yield from filter(None, pair)
