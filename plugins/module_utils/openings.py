# SPDX-License-Identifier: GPL-3.0-or-later
"""When public sources were let in, to what and through what, over the moments that a replay gives. Pure.

A security group is open while its own rules accept public sources on a port, whether or not anything is in it. A server
is open while a path lets some of them through; an EIP, a listener or a DNAT entry while it is part of such a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from .addresses import NOTHING, Addresses
from .exposure import PUBLIC, Sources, accepted, admitting
from .gates import NOT_REACHABLE, REACHABLE, UNKNOWN, Path
from .network import ALB, CLB, FIELDS, NLB, Eip, Group, Interface, Network, Server, Thing
from .paths import ENUMERATORS, Exposure, Routes
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
    def lanes(self) -> dict[str, Addresses]:
        """Who gets in for sure, and all who may, if those are more."""
        sure, possible = self.sources.sure, self.sources.possible
        return {REACHABLE: sure, UNKNOWN: possible if possible - sure else NOTHING}


@dataclass
class Opening:
    """A time in which something let these sources in; verdict: reachable if for sure, else unknown.

    began, ended: the events at its ends, None where there is none within the window.
    """

    subject: Subject
    verdict: str
    sources: Addresses
    paths: tuple[str, ...]
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


class Lane:
    """The openings of one subject under one verdict, those that still run as a pile of ever more sources.

    So that who was let in all along has one opening, and the six minutes of everybody are another one, on top of it.
    """

    def __init__(self, subject: Subject, verdict: str):
        self.subject, self.verdict = subject, verdict
        self.pile: list[Opening] = []
        self.done: list[Opening] = []

    def move(self, sources: Addresses, paths: tuple[str, ...], event: Event | None) -> None:
        """From this event on, these are let in, and nobody else."""
        over = [one for one in self.pile if not one.sources <= sources]
        self.pile = [one for one in self.pile if one.sources <= sources]
        for one in over:
            one.ended = event
        self.done += over
        if sources and (not self.pile or self.pile[-1].sources != sources):
            # Of a wider opening that ends, some may go on: they were let in since that one began.
            wider = next((one for one in over if sources <= one.sources), None)
            began = wider.began if wider else event
            self.pile.append(Opening(self.subject, self.verdict, sources, paths, began))


def find(moments: Sequence[Moment], ports: Iterable[int]) -> tuple[list[Opening], dict[str, bool | None]]:
    """Every opening, and for each event by its id whether it let in anybody more; None where that is not known."""
    watch, opens = Watch(tuple(ports)), {}
    lanes: dict[tuple[Subject, str], Lane] = {}
    for moment in moments:
        turns = watch.look(moment.network)
        if moment.event:
            opens[moment.event.id] = more_open(turns)
        for turn in turns:
            for verdict, sources in turn.after.lanes.items():
                lane = lanes.setdefault((turn.subject, verdict), Lane(turn.subject, verdict))
                lane.move(sources, turn.after.paths, moment.event)
    found = [one for lane in lanes.values() for one in (*lane.done, *lane.pile)]
    return [one for one in found if one.since is None or one.since != one.until], opens


class Turn(NamedTuple):
    """A subject whose state is not what it was at the moment before."""

    subject: Subject
    before: State
    after: State


def more_open(turns: Iterable[Turn]) -> bool | None:
    """Whether anything lets in anybody whom it did not before."""
    pairs = [(turn.before.sources, turn.after.sources) for turn in turns]
    if any(now.sure - was.possible for was, now in pairs):
        return True
    return None if any(now.possible - was.possible or now.sure - was.sure for was, now in pairs) else False


class Watch:
    """Looks at one moment after the other, each time only at what the change in between can have reached.

    A listener is open by the paths to several servers, so what each server and group gives is kept apart.
    """

    def __init__(self, ports: tuple[int, ...]):
        self.ports = ports
        self.before: Network | None = None
        self.states: dict[Subject, State] = {}
        self._parts: dict[str, dict[Subject, State]] = {}
        self._givers: dict[Subject, set[str]] = {}

    def look(self, network: Network) -> list[Turn]:
        """What is open in another way now than it was at the moment before; all that is open, at the first."""
        servers, groups = touched(self.before, network)
        routes, concerned = Routes(network), set()
        for name in groups:
            concerned |= self._give(name, _of_group(network, name, self.ports))
        for name in servers:
            concerned |= self._give(name, _of_server(routes, name, self.ports))
        self.before = network
        turns = [Turn(one, self.states.get(one, State()), self._whole(one)) for one in concerned]
        self.states |= {turn.subject: turn.after for turn in turns}
        return [turn for turn in turns if turn.before != turn.after]

    def _give(self, name: str, part: dict[Subject, State]) -> set[Subject]:
        """Keep what a server or a group gives now; the subjects that this, or what it gave before, is about."""
        old = self._parts.get(name, {})
        self._parts[name] = part
        for subject in old:
            self._givers[subject].discard(name)
        for subject in part:
            self._givers.setdefault(subject, set()).add(name)
        return {*old, *part}

    def _whole(self, subject: Subject) -> State:
        found = State()
        for name in sorted(self._givers[subject]):
            found = _together(found, self._parts[name][subject])
        return found


def _of_group(network: Network, name: str, ports: tuple[int, ...]) -> dict[Subject, State]:
    group = network.groups.get(name)
    found = {}
    for gap in network.gaps if group is None else ():
        if gap.kind == "groups" and gap.what == name:
            unread = State(Sources(NOTHING, PUBLIC), (f"the rules of {name} are not known",))
            found = {Subject("security_group", name, gap.region, port): unread for port in ports}
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
        return set(after.servers), {
            *after.groups,
            *(gap.what for gap in after.gaps if gap.kind == "groups" and gap.what),
        }
    if before.lists != after.lists:
        return {*before.servers, *after.servers}, {*before.groups, *after.groups}
    holders = set()
    fresh = [gap for gap in (*before.gaps, *after.gaps) if (gap in before.gaps) != (gap in after.gaps)]
    regions = {gap.region for gap in fresh if gap.kind in ENUMERATORS}
    groups, servers = ({gap.what for gap in fresh if gap.kind == kind and gap.what} for kind in ("groups", "servers"))
    for one in (one for pair in _pairs(before, after) for one in pair if one):
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


def differing(before: Network, after: Network) -> Iterator[Thing]:
    """The things that are new in a network, or not as they were before."""
    return (now for _was, now in _pairs(before, after) if now)


def _pairs(before: Network, after: Network) -> Iterator[tuple[Thing | None, Thing | None]]:
    """Every thing that is not the same in both, as it is in each."""
    for name in FIELDS.values():
        was, now = getattr(before, name), getattr(after, name)
        if was is now:
            continue
        for key in {*was, *now}:
            pair = (was.get(key), now.get(key))
            if pair[0] is not pair[1] and pair[0] != pair[1]:
                yield pair
