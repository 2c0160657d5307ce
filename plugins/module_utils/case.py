# SPDX-License-Identifier: GPL-3.0-or-later
"""One event of Security Center with all that bears on it: what was attacked, whose sshd it may be about, what the
network let through at that time, and what the servers logged. Pure.

The network of that time is known where the changes since then were read completely, and never for the last minutes.
What the servers logged is known where every line of that time was read. Nothing that was not read is taken for quiet.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from .addresses import is_v6
from .clues import Attempt, Clues, Event, Holding, Log, Opening, Path, Probe, Server, Target
from .exposure import PUBLIC
from .moments import shown

REACHABLE, NOT_REACHABLE, UNKNOWN = "reachable", "not_reachable", "unknown"
# Two clocks, and the time that a connection lasts, lie between a row of Security Center and the line of sshd.
SLACK = timedelta(minutes=5)
# A line at another hour is the same attack in another time zone only if the rest of the clock agrees closely.
CLOSE = timedelta(minutes=1)
HALF_HOUR = timedelta(minutes=30)
WIDEST_ZONE = timedelta(hours=14)

RULES = re.compile("SecurityGroup|PrefixList|PortRangeList")  # events that don't change where an address leads
KINDS = {
    "clb": "the load balancer (CLB)",
    "nlb": "the load balancer (NLB)",
    "alb": "the load balancer (ALB)",
    "nat": "the NAT gateway",
    "eip": "the EIP",
    "instance": "the server",
    "ipv6": "the IPv6 address of",
}
BALANCERS = ("clb", "nlb", "alb")
PROXIES = ("nlb", "alb")
OWN = ("eip", "instance", "ipv6")  # an address of these kinds is that of a server or an interface itself


@dataclass(frozen=True)
class Attacked:
    """What the attacked address belonged to at that time, as far as is known."""

    kind: str
    id: str
    name: str
    text: str


@dataclass(frozen=True)
class Shifted:
    """Attempts whose time differs from that of the event by a time zone's distance."""

    by: timedelta
    attempts: tuple[Attempt, ...]
    known: bool


@dataclass(frozen=True)
class Case:
    """One event and the clues; everything else follows from them."""

    event: Event
    clues: Clues

    # When

    @property
    def dated(self) -> bool:
        """Security Center says when it was."""
        return self.event.first is not None and self.event.last is not None

    @cached_property
    def known_then(self) -> bool:
        """The state of the whole network at that time is known: today's was read, and all changes since."""
        return (
            self.dated and self.clues.exposure.complete and self.clues.changes.covers(self.event.first, self.event.last)
        )

    @cached_property
    def as_today(self) -> bool:
        """The network of that time is known, and every address led then where it leads today."""
        later = (one for one in self.clues.changes.changes if self.known_then and one.time >= self.event.first)
        return self.known_then and all(RULES.search(one.event) for one in later)

    @cached_property
    def replayed(self) -> bool:
        """The changes since that time were read, though perhaps not all of them."""
        since = self.clues.changes.since_complete
        return self.dated and since is not None and since <= self.event.first

    # What was attacked

    @cached_property
    def target(self) -> Attacked:
        """What the attacked address belonged to at that time, as far as is known."""
        if not self.event.address:
            return self._unaddressed()
        now = self.clues.exposure.target(self.event.address)
        holdings = [one for one in self.clues.changes.holdings if one.address == self.event.address]
        then = self.holder
        if then and not self.unmoved:
            return self._moved(then, now)
        if now and (then or not (holdings and self.known_then)):
            doubt = "" if self.known_then else ", today at least"
            return Attacked(now.kind, now.id, now.name, f"{self.event.address} is {told(now)}{doubt}.")
        return self._not_held(holdings)

    def _unaddressed(self) -> Attacked:
        server = self.clues.exposure.server(self.event.instance_id)
        if server:
            text = f"Security Center names the server {server} and no public address."
            return Attacked("instance", server.id, server.name, text)
        return Attacked("unknown", "", "", "Security Center does not say which address was attacked.")

    @cached_property
    def holder(self) -> Holding | None:
        """What had the attacked address at that time, as ActionTrail tells."""
        found = (one for one in self.clues.changes.holdings if one.address and one.address == self.event.address)
        times = (one for one in found if self.dated and one.time.overlaps(self.event.first, self.event.last))
        return next(times, None)

    @cached_property
    def unmoved(self) -> bool:
        """The attacked address belongs to the same thing today, as far as is known."""
        now, then = self.clues.exposure.target(self.event.address), self.holder
        return now is not None and (then is None or (now.id, now.bound_to) == (then.id, then.bound_to))

    @cached_property
    def owned(self) -> bool | None:
        """Whether the attacked address was a server's own at that time; None if it isn't known what had it was on."""
        if self.target.kind not in OWN:
            return False
        now = self.clues.exposure.target(self.event.address) if self.unmoved else None
        had = now or self.holder
        if had is None:
            return True  # a private address
        alike = (one for one in self.clues.exposure.targets if had.bound_to and one.bound_to == had.bound_to)
        things = {had.id, had.bound_to, *(now.servers if now else ()), *(name for one in alike for name in one.servers)}
        return True if any(map(is_server, things)) else None if had.bound_to else False

    def _moved(self, then: Holding, now: Target | None) -> Attacked:
        since = f"it is {told(now)} now" if now else "it is not this account's any more"
        owner = Target(self.event.address, then.kind, then.id, self._name(then.id), then.bound_to)
        text = f"{self.event.address} was {told(owner)} at that time; {since}."
        return Attacked(then.kind, then.id, owner.name, text)

    def _not_held(self, holdings: list[Holding]) -> Attacked:
        address = self.event.address
        own = [one for one in self.clues.exposure.servers if address not in PUBLIC and address in one.addresses]
        if own:
            text = f"{address} is a private address of {' and of '.join(map(str, own))}."
            return Attacked("instance", *(own[0].id, own[0].name) if len(own) == 1 else ("", ""), text)
        ended = [one for one in holdings if one.time.end and self.dated and one.time.end <= self.event.first]
        if ended:
            last = max(ended, key=lambda one: one.time.end)
            owner = told(Target(address, last.kind, last.id, self._name(last.id), last.bound_to))
            text = f"{address} was {owner} until {shown(last.time.end)}, and not this account's at that time."
            return Attacked("former", last.id, self._name(last.id), text)
        if self.known_then and self.clues.everywhere and not self._nameless:
            text = f"{address} was not an address of this account at that time."
            return Attacked("none", "", "", text)
        return Attacked("unknown", "", "", f"{address} is none of the addresses of this account that were read.")

    @property
    def _nameless(self) -> bool:
        """The account had addresses at that time of which ActionTrail tells that they went, and not which they were."""
        went = (one for one in self.clues.changes.holdings if not one.address)
        return any(not self.dated or one.time.overlaps(self.event.first, self.event.last) for one in went)

    def _name(self, identifier: str) -> str:
        server = self.clues.exposure.server(identifier)
        named = [server.name] if server else [one.name for one in self.clues.exposure.targets if one.id == identifier]
        return next(iter(named), "")

    # Which servers it may be about

    @cached_property
    def named(self) -> tuple[Server, ...]:
        """The servers that the event speaks of: by the address that was attacked, by its own words, by their logs."""
        return tuple(
            one for one in self.clues.exposure.servers if self._targeted(one) or self._named(one) or self._logged(one)
        )

    @cached_property
    def servers(self) -> tuple[Server, ...]:
        """The servers that it may be about: those it speaks of, else any."""
        return self.named or self.clues.exposure.servers

    def _targeted(self, server: Server) -> bool:
        address = self.event.address
        if not address:
            return False
        return (
            server.id in self._owners
            or address in server.addresses
            or any(path.address == address for path in server.paths)
        )

    @cached_property
    def _owners(self) -> set[str]:
        """The ids of what the attacked address belonged to, and of the servers behind it."""
        now = self.clues.exposure.target(self.event.address)
        then = {self.target.id, self.holder.bound_to if self.holder else ""}
        return {*then, *(now.servers if now else ())} - {""}

    def _named(self, server: Server) -> bool:
        event = self.event
        return (
            (event.instance_id != "" and event.instance_id == server.id)
            or (event.instance_name != "" and event.instance_name == server.name)
            or (event.private_ip != "" and event.private_ip in server.addresses)
        )

    def _logged(self, server: Server) -> bool:
        log = self.log_of(server)
        return bool(log and self.event.source and self.of_event(log))

    @cached_property
    def spoken_of(self) -> tuple[Server, ...]:
        """The servers that the event names itself, or that its address belongs to."""
        return tuple(one for one in self.clues.exposure.servers if self._named(one) or self._targeted(one))

    @cached_property
    def firmly_named(self) -> set[str]:
        """The ids of the servers that it is about, and not only by a line at another hour."""
        logged = (one for one in self.clues.exposure.servers if self.attempts and self._logged(one))
        return {self.claimed, *(one.id for one in (*self.spoken_of, *logged))} - {""}

    @property
    def certain_servers(self) -> bool:
        """It is known which servers it may be about: it names some, or it is known that it names none."""
        return bool(self.named or self.claimed or self.clues.exposure.complete)

    @property
    def claimed(self) -> str:
        """The id of the server that the event names, which need not be there; '' if it names none."""
        return self.event.instance_id if is_server(self.event.instance_id) else ""

    @property
    def stranger(self) -> bool:
        """The event names a server that is none of those that were read."""
        return self.claimed != "" and self.clues.exposure.server(self.claimed) is None

    @cached_property
    def server_ids(self) -> list[str]:
        """The ids of the servers that it may be about."""
        return sorted({server.id for server in self.servers} | ({self.claimed} - {""}))

    # What the network let through

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Every way to the SSH port of those servers, as it is today."""
        return tuple(path for server in self.servers for path in server.paths)

    @cached_property
    def open_now(self) -> tuple[Path, ...]:
        """The ways that let this source through today."""
        return tuple(path for path in self.paths if path.admits(self.event.source))

    @cached_property
    def undecided(self) -> tuple[Path, ...]:
        """The ways of which it is not known whether they let this source through."""
        return tuple(path for path in self.paths if path.admits(self.event.source) is None)

    @cached_property
    def openings(self) -> tuple[Opening, ...]:
        """The times in which a server that it may be about let this source through, and that this event falls into."""
        ids = {*self.server_ids}
        return tuple(one for one in self._openings_then if one.kind == "server" and one.id in ids)

    @cached_property
    def open_then(self) -> tuple[Opening, ...]:
        """Those of which it is certain that they let it through to a server that the event is about, if any is."""
        sure = (one for one in self.openings if one.reach.admits(self.event.source))
        return tuple(one for one in sure if not self.stranger or one.id == self.claimed)

    @cached_property
    def other_openings(self) -> tuple[Opening, ...]:
        """The times, of other servers and of single resources, that this event falls into."""
        return tuple(one for one in self._openings_then if one not in self.openings)

    def bears(self, opening: Opening) -> bool:
        """What was open is one of those servers, or stands on a way to them, or is what was attacked."""
        return opening.id in self._things

    def on_a_way(self, opening: Opening) -> bool:
        """What was open is some server of the account, stands on a way to one, or is what was attacked."""
        return opening.id == self.target.id or opening.id in self.clues.exposure.things

    @cached_property
    def _things(self) -> set[str]:
        return {*self.server_ids, self.target.id, *(name for path in self.paths for name in path.things)}

    @cached_property
    def near(self) -> tuple[Opening, ...]:
        """The times in which one of those servers was open to this source, and that miss the event by minutes."""
        ids = {*self.server_ids}
        return tuple(one for one in self.near_anywhere if one.id in ids and one.reach.admits(self.event.source))

    @cached_property
    def near_anywhere(self) -> list[Opening]:
        """The times that miss the event by minutes, in which any server was, or may have been, open to this source."""
        return [one for one in self._openings_within(SLACK) if one.kind == "server" and one not in self._openings_then]

    @cached_property
    def _openings_then(self) -> list[Opening]:
        return self._openings_within(timedelta())

    def _openings_within(self, slack: timedelta) -> list[Opening]:
        return [
            one
            for one in self.clues.changes.openings
            if self.dated
            and one.time.overlaps(self.event.first, self.event.last, slack)
            and one.reach.admits(self.event.source) is not False
            and self.is_sshd(one)
        ]

    def is_sshd(self, opening: Opening) -> bool:
        """It is not another port of a server, at which sshd of some other server listens."""
        server = self.clues.exposure.server(opening.id)
        if server is None or not opening.port or not server.port:
            return True
        log = self.log_of(server)
        return opening.port in (server.port, *(log.ports if log else ()))

    @cached_property
    def network(self) -> str:
        """Whether the network let this source through to sshd at that time: reachable, not_reachable, unknown."""
        if self.certain_servers and self.open_then:
            return REACHABLE
        if not self.known_then or self.openings or self.loose_ends:
            return UNKNOWN
        if not self.named and not self.clues.everywhere:
            return UNKNOWN
        return NOT_REACHABLE

    @cached_property
    def loose_ends(self) -> list[str]:
        """Why one can't say that the network let nobody in, even if all of it was read, as sentences."""
        source = self.event.source
        notes = [*self.other_ports]
        notes += [f"exposure: how a probe got through to {one.address} port {one.port}" for one in self.contradicted]
        ways = [one for one in self.undated if one in self.paths]
        notes += [f"changes: since when {one.kind} {one.address} port {one.port} is open" for one in ways]
        if source and source not in PUBLIC:
            notes.append(f"exposure: ways of private networks, as for {source}")
        if self.stranger and not self.clues.everywhere:
            notes.append(f"exposure: {self.claimed} is none of the servers that were looked at")
        return notes

    @cached_property
    def undated(self) -> tuple[Path, ...]:
        """The ways to any server that let this source through today, and the changes don't tell since when."""
        return tuple(one for one in self.clues.undated if self.known_then and one.admits(self.event.source))

    @cached_property
    def other_ports(self) -> list[str]:
        """Where sshd of these servers listens too, and nobody looked, as sentences."""
        logs = [(server, log) for server in self.servers if (log := self.log_of(server))]
        return [
            f"exposure: sshd of {server} listens on port {port} too, and only port {server.port} was looked at"
            for server, log in logs
            for port in log.ports
            if server.port and port != server.port
        ]

    # What was tried from outside

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        """The probes of addresses that have to do with it."""
        addresses = {self.event.address, *(path.address for path in self.paths)}
        addresses |= {address for server in self.servers for address in server.addresses}
        return tuple(one for one in self.clues.probes if one.address in addresses)

    @cached_property
    def contradicted(self) -> tuple[Probe, ...]:
        """Probes that got through where nothing that was read lets anybody through."""
        open_ways = {(path.address, path.port) for path in self.paths if path.reach.possible or path.reach.sure}
        ports = {server.port for server in self.servers} | {path.port for path in self.paths}
        return tuple(
            one
            for one in self.probes
            if one.open and one.port in ports and (one.address, one.port) not in open_ways and not self._answers(one)
        )

    def _answers(self, probe: Probe) -> bool:
        """A load balancer has a listener there, which takes connections without any server."""
        target = self.clues.exposure.target(probe.address)
        ports = target.ports if target and target.kind in BALANCERS else ()
        return any(first <= probe.port <= last for first, last, _protocol in ports)

    # What the servers logged

    def log_of(self, server: Server) -> Log | None:
        """The log of a server."""
        return self.clues.log_of(server)

    @cached_property
    def of_source(self) -> tuple[Attempt, ...]:
        """Everything that any server logged of this source; of an unknown source, what the named servers logged."""
        source = self.event.source
        logs = self.clues.logs if source else [log for log in map(self.log_of, self.spoken_of) if log]
        found = (one for log in logs for one in log.of(source))
        return tuple(sorted(found, key=lambda one: (one.time, one.host, one.user, one.outcome, one.file)))

    def of_event(self, log: Log) -> list[Attempt]:
        """What of the event this log holds, at that time or at that of another zone."""
        found = {*self.attempts, *(self.shifted.attempts if self.shifted else ())}
        return [one for one in log.of(self.event.source) if one in found] if found else []

    @cached_property
    def attempts(self) -> tuple[Attempt, ...]:
        """What was logged of this source at that time; of an unknown source, nothing is known to be of it."""
        return self._at_that_time if self.event.source else ()

    @cached_property
    def bystanders(self) -> tuple[Attempt, ...]:
        """What the named servers logged of anybody at that time, if the event does not say of whom it is."""
        return () if self.event.source else self._at_that_time

    @cached_property
    def _at_that_time(self) -> tuple[Attempt, ...]:
        return tuple(one for one in self.of_source if self._within(one, SLACK))

    def _within(self, attempt: Attempt, slack: timedelta) -> bool:
        return self.dated and attempt.within(self.event.first - slack, self.event.last + slack)

    @cached_property
    def accepted(self) -> tuple[Attempt, ...]:
        """Logins of this source that were let in, at any time; of an unknown source, at that time."""
        return tuple(one for one in (self.of_source if self.event.source else self.bystanders) if one.accepted)

    @cached_property
    def shifted(self) -> Shifted | None:
        """What was logged of this source at the same clock time of another time zone, if nothing was at that time."""
        if not self.dated or self.attempts or not self.event.source or self.event.last - self.event.first > HALF_HOUR:
            return None
        distances = Counter(by for one in self.of_source for by in self._distances(one))
        if not distances:
            return None
        by = max(distances, key=lambda one: (self._expected(one), distances[one], -abs(one), one))
        return Shifted(by, tuple(one for one in self.of_source if by in self._distances(one)), self._expected(by))

    def _distances(self, attempt: Attempt) -> list[timedelta]:
        """The whole half hours that may lie between event and attempt, and are no more than zones differ by."""
        if attempt.exact:
            return []
        most = round((attempt.time - self.event.first) / HALF_HOUR)  # one less, if it is of the end of the event
        return [
            by
            for by in (most * HALF_HOUR, (most - 1) * HALF_HOUR)
            if by
            and abs(by) <= WIDEST_ZONE
            and self.event.first + by - CLOSE <= attempt.time
            and attempt.time <= self.event.last + by + CLOSE
        ]

    def _expected(self, by: timedelta) -> bool:
        """The distance is that of a time zone that plays a part here: a server's, the operator's, or China's."""
        zones = {log.offset for log in self.clues.logs} | {timedelta(hours=8), self.local.utcoffset()}
        return abs(by) in {abs(zone) for zone in zones if zone}

    @cached_property
    def local(self) -> datetime:
        """The beginning in the operator's time zone."""
        return self.event.first.astimezone(self.clues.zone)

    def offsets(self, log: Log) -> set[timedelta | None]:
        """How far the operator's clock was ahead of UTC at the beginning, and when that of this log was told."""
        later = log.until or self.event.first
        return {self.local.utcoffset(), later.astimezone(self.clues.zone).utcoffset()}

    @cached_property
    def elsewhen(self) -> tuple[Attempt, ...]:
        """What was logged of this source at other times."""
        near = {*self.attempts, *(self.shifted.attempts if self.shifted else ())}
        return tuple(one for one in self.of_source if one not in near) if self.event.source else ()

    @cached_property
    def logged(self) -> bool:
        """It reached sshd: the log of a server says so."""
        return bool(self.attempts or self.shifted)

    def heard(self, server: Server, slack: timedelta = SLACK) -> bool:
        """Everything that this server logged at that time was read."""
        log = self.log_of(server)
        if not (self.dated and log and log.covers(self.event.first - slack, self.event.last + slack)):
            return False
        return not self.event.source or not self._masked(server, log)

    def _masked(self, server: Server, log: Log) -> bool:
        """Lines of that time may be of this source, without its address: that of a load balancer is in its place."""
        first, last = self.event.first - SLACK, self.event.last + SLACK
        behind = any(path.leads is not False and _own_address(path) for path in server.paths)
        found = (one for one in log.nameless if one.within(first, last))
        return any(one.source == "UNKNOWN" or (behind and one.nameless) for one in found)

    @cached_property
    def quiet(self) -> bool:
        """The logs of all servers that it may be about were read, and hold nothing of it."""
        logs = [log for log in map(self.log_of, self.servers) if log]
        return (
            bool(self.servers)
            and not self.logged
            and all(map(self.heard, self.servers))
            and not self._may_hold(logs, SLACK)
        )

    @cached_property
    def all_heard(self) -> bool:
        """The logs of all servers of the account were read, hours around it too."""
        servers = self.clues.exposure.servers
        return (
            self.clues.exposure.complete
            and self.clues.everywhere
            and bool(servers)
            and all(self.heard(one, WIDEST_ZONE) for one in servers)
        )

    @cached_property
    def silent(self) -> bool:
        """The logs of all servers of the account hold nothing of it."""
        return not self.logged and self.all_heard and not self._may_hold(self.clues.logs, WIDEST_ZONE)

    def _may_hold(self, logs: Iterable[Log], slack: timedelta) -> bool:
        """They hold a line of that time, or within the slack of it if its zone may be mistaken, that may be of it."""
        first, last = self.event.first - slack, self.event.last + slack
        found = (one for log in logs for one in log.around(self.event.source, first, last))
        return any(not one.exact or self._within(one, SLACK) for one in found)

    @cached_property
    def long_and_heard_of(self) -> bool:
        """It lasted too long to be looked for at other clocks, and a log holds its source within hours of it."""
        long = self.dated and self.event.last - self.event.first > HALF_HOUR
        return bool(long and self.event.source and self._may_hold(self.clues.logs, WIDEST_ZONE))

    # All in all

    @cached_property
    def verdict(self) -> str:
        """Whether it could have reached sshd of a server of ours, at that time."""
        if self.attempts or (self.shifted and self.shifted.known):
            return REACHABLE
        # Such lines may be of the attack or of another one: they contradict the network, and prove nothing.
        doubtful = self.shifted or self.bystanders or self.long_and_heard_of
        return UNKNOWN if doubtful and self.network == NOT_REACHABLE else self.network

    @cached_property
    def unread(self) -> list[str]:
        """What could not be read that bears on this event."""
        clues = self.clues
        notes = [*clues.unread, *clues.exposure.unread, *clues.changes.unread, *self.loose_ends]
        for server in self.servers:
            log = self.log_of(server)
            if log is None:
                notes.append(f"logins: no log that was read is known to be that of {server}")
            elif not self.heard(server):
                notes += log.unread or (f"logins: the log of {server} was not read for all of that time",)
        if not self.dated:
            notes.append("Security Center does not say when it was")
        elif (
            clues.changes.read
            and not clues.changes.unread
            and not clues.changes.covers(self.event.first, self.event.last)
        ):
            notes.append("changes: what was read does not hold for that time")
        return list(dict.fromkeys(notes))


def is_server(identifier: str) -> bool:
    """An id is that of a server, whether it is still there or not."""
    return identifier.startswith("i-")


def _own_address(path: Path) -> bool:
    """Behind this load balancer, sshd may see its address in place of the client's."""
    return path.kind in PROXIES or (path.kind == "clb" and is_v6(path.address))


def told(target: Target) -> str:
    """What an address belongs to, in words."""
    name = f"{target.name} ({target.id})" if target.name and target.name != target.id else target.id
    bound = f", bound to {target.bound_to}" if target.bound_to not in ("", target.id) else ""
    return f"{KINDS.get(target.kind, target.kind)} {name}{bound}".strip()
