# SPDX-License-Identifier: GPL-3.0-or-later
"""What the other modules read about SSH, as values to reason with: events, paths, openings, log lines. Pure.

What was not read is an empty value that says so: `read` and `complete` of an Exposure, `covers` of Changes and Log.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property, lru_cache

from .addresses import NOTHING, Addresses, of_option
from .exposure import PRIVATE, PUBLIC

JOURNAL = "journal"  # what ssh_login_info calls it
PUBLIC_V4 = PUBLIC & Addresses.of("0.0.0.0/0")


@dataclass(frozen=True)
class Event:
    """A row of Security Center's attack analysis (kind attack), or an alert; '' and None where it does not say.

    first and last are UTC. An alert does not say where it came from.
    """

    kind: str
    id: str
    name: str = ""
    source: str = ""
    port: int = 0
    count: int = 0
    status: str = ""
    address: str = ""
    private_ip: str = ""
    instance_id: str = ""
    instance_name: str = ""
    region: str = ""
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True)
class Reach:
    """Which sources get through: those that do for sure, and those that may, for all that is known."""

    sure: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()

    def admits(self, source: str) -> bool | None:
        """Whether this source gets through; None where that is not known."""
        sure = admits(self.sure, source)
        return None if sure is False and admits(self.possible, source) is not False else sure


@dataclass(frozen=True)
class Gate:
    """One thing on a path that lets connections through or not: all alike, or by their source (reach)."""

    allows: bool | None
    reach: Reach | None
    text: str
    shown: Mapping = field(hash=False, compare=False, default_factory=dict)

    def passes(self, source: str) -> bool | None:
        """Whether it lets this source through; None where that is not known."""
        return self.reach.admits(source) if self.reach else self.allows


@dataclass(frozen=True)
class Path:
    """One way to a server's SSH port as it is now; its gates are in the order in which a packet meets them."""

    server: str
    kind: str
    address: str
    port: int
    reach: Reach
    gates: tuple[Gate, ...]
    shown: Mapping = field(hash=False, compare=False, default_factory=dict)

    @property
    def leads(self) -> bool | None:
        """Whether it leads to sshd, whoever may use it: only lists of sources, and the server itself, stop anybody."""
        asking = ("acl", "balancer_groups", "security_groups", "instance")
        answers = [gate.allows for gate in self.gates if gate.shown.get("kind") not in asking]
        return False if False in answers else None if None in answers else True

    @cached_property
    def things(self) -> frozenset[str]:
        """The ids of all that it leads through."""
        return frozenset(name for gate in self.gates for name in str(gate.shown.get("name") or "").split(", "))

    def stop(self, source: str) -> Gate | None:
        """The first gate that stops this source."""
        return next((gate for gate in self.gates if gate.passes(source) is False), None)

    def admits(self, source: str) -> bool | None:
        """Whether a new connection from this source gets through to sshd today; None where that is not known."""
        return False if self.stop(source) else self.reach.admits(source)


@dataclass(frozen=True)
class Server:
    """One server of the account. port: where its sshd listens."""

    id: str
    name: str
    port: int
    addresses: tuple[str, ...]
    paths: tuple[Path, ...]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})" if self.name and self.name != self.id else self.id


@dataclass(frozen=True)
class Target:
    """What a public address of the account belongs to. servers: ids of those that it leads to, at whatever port."""

    address: str
    kind: str
    id: str
    name: str = ""
    bound_to: str = ""
    servers: tuple[str, ...] = ()
    ports: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True)
class Exposure:
    """What ssh_exposure_info found. read: it ran at all; complete: nothing was left unread."""

    read: bool
    servers: tuple[Server, ...] = ()
    targets: tuple[Target, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Every enumerator of ways came through to its end."""
        return self.read and not self.unread

    def server(self, identifier: str) -> Server | None:
        """The server of this id."""
        return self._servers.get(identifier)

    def target(self, address: str) -> Target | None:
        """What this address belongs to."""
        return self._targets.get(address)

    @cached_property
    def things(self) -> frozenset[str]:
        """The ids of the servers, and of all that any way to them leads through."""
        ways = (path.things for server in self.servers for path in server.paths)
        return frozenset(one.id for one in self.servers).union(*ways)

    @cached_property
    def _servers(self) -> dict[str, Server]:
        return {one.id: one for one in self.servers}

    @cached_property
    def _targets(self) -> dict[str, Target]:
        return {one.address: one for one in self.targets if one.address}


@dataclass(frozen=True)
class Interval:
    """A time from and to, in UTC; None means from before, or up to beyond, what was read."""

    start: datetime | None
    end: datetime | None

    def overlaps(self, first: datetime, last: datetime, slack: timedelta = timedelta()) -> bool:
        """Whether some of it lies between first and last, or within the slack of them."""
        return (self.start is None or self.start <= last + slack) and (self.end is None or self.end > first - slack)


@dataclass(frozen=True)
class Change:
    """One change that ActionTrail holds."""

    time: datetime
    event: str
    actor: str
    source: str
    resource_id: str
    what: str
    opens: bool | None


@dataclass(frozen=True)
class Opening:
    """A time in which SSH was, or may have been, open at some resource.

    kind: server, security_group, eip, listener or forward. hidden_by: the change that does not tell what was before it.
    """

    kind: str
    id: str
    name: str
    port: int
    reach: Reach
    time: Interval
    opened_by: Change | None
    closed_by: Change | None
    hidden_by: Change | None
    paths: tuple[str, ...]

    @property
    def temporary(self) -> bool:
        """It began or ended within what was read."""
        return self.time.start is not None or self.time.end is not None


@dataclass(frozen=True)
class Holding:
    """What a public address belonged to, and when. bound_to: the instance or interface that had it, '' if none."""

    address: str
    kind: str
    id: str
    bound_to: str
    time: Interval


@dataclass(frozen=True)
class Changes:
    """What network_change_info found. The replay of the changes holds from since_complete to until_complete."""

    read: bool
    changes: tuple[Change, ...] = ()
    openings: tuple[Opening, ...] = ()
    holdings: tuple[Holding, ...] = ()
    since_complete: datetime | None = None
    until_complete: datetime | None = None
    unread: tuple[str, ...] = ()

    def covers(self, first: datetime, last: datetime) -> bool:
        """Whether the state of the network at that time is known for sure."""
        return (
            self.read
            and not self.unread
            and self.since_complete is not None
            and self.until_complete is not None
            and self.since_complete <= first
            and last <= self.until_complete
        )


@dataclass(frozen=True)
class Attempt:
    """One line of sshd about a connection. other: the second time that is possible, where a clock was set back."""

    time: datetime
    source: str
    user: str
    outcome: str
    method: str
    host: str
    file: str
    other: datetime | None = None

    def within(self, first: datetime, last: datetime) -> bool:
        """It was logged from first to last, or may have been."""
        return any(one is not None and first <= one <= last for one in (self.time, self.other))

    @property
    def exact(self) -> bool:
        """Its time was written in UTC, so that no time zone can have been mistaken."""
        return self.file == JOURNAL

    @property
    def nameless(self) -> bool:
        """It does not tell the address it came from, or one of a private network, as load balancers have."""
        return _block(self.source) is None or _block(self.source) <= PRIVATE

    @property
    def accepted(self) -> bool:
        """It was let in."""
        return self.outcome == "accepted"


@dataclass(frozen=True)
class Log:
    """What one server's sshd logged. ids: its instance id, or else its addresses and names.

    ports: where its sshd listens. offset: how far its clock is ahead of UTC at the end of what was read, until. whole:
    when nothing is missing from it.
    """

    host: str
    ids: frozenset[str]
    ports: tuple[int, ...]
    offset: timedelta | None
    attempts: tuple[Attempt, ...]
    whole: Interval | None
    unread: tuple[str, ...]
    until: datetime | None = None

    def of(self, source: str) -> tuple[Attempt, ...]:
        """What it holds of this source; of an unknown one, everything."""
        return tuple(self._by_source.get(source, ())) if source else self.attempts

    def around(self, source: str, first: datetime, last: datetime) -> Iterable[Attempt]:
        """What it holds of this source, or of anybody if that is '', from first to last."""
        if source:
            return (one for one in self.of(source) if one.within(first, last))
        lines = self._by_time
        begin = bisect_left(lines, first, key=lambda line: line[0])
        return (one for _time, one in lines[begin : bisect_right(lines, last, key=lambda line: line[0])])

    @cached_property
    def _by_time(self) -> list[tuple[datetime, Attempt]]:
        lines = ((time, one) for one in self.attempts for time in (one.time, one.other) if time)
        return sorted(lines, key=lambda line: line[0])

    @cached_property
    def nameless(self) -> tuple[Attempt, ...]:
        """What does not tell whom it is of."""
        return tuple(one for one in self.attempts if one.nameless)

    @cached_property
    def _by_source(self) -> dict[str, list[Attempt]]:
        found: dict[str, list[Attempt]] = {}
        for one in self.attempts:
            found.setdefault(one.source, []).append(one)
        return found

    def covers(self, first: datetime, last: datetime) -> bool:
        """Whether everything that sshd logged from first to last was read."""
        return not self.unread and self.whole is not None and self.whole.start <= first and last <= self.whole.end


@dataclass(frozen=True)
class Probe:
    """A connection that was tried from somewhere, and whether it came about."""

    address: str
    port: int
    vantage: str
    open: bool
    time: datetime | None
    error: str


@dataclass(frozen=True)
class Clues:
    """Everything that was read, and for whom it is to be told. everywhere: in all regions of the account."""

    events: tuple[Event, ...] = ()
    exposure: Exposure = Exposure(read=False)
    changes: Changes = Changes(read=False)
    logs: tuple[Log, ...] = ()
    probes: tuple[Probe, ...] = ()
    lists: Mapping[str, Addresses] = field(default_factory=dict)
    zone: tzinfo = UTC
    zone_name: str = "UTC"
    account_id: str = ""
    everywhere: bool = True
    unread: tuple[str, ...] = ()

    def log_of(self, server: Server) -> Log | None:
        """The log of a server, known by its id, or by an address or a name that no other server has."""
        return self._logs.get(server.id)

    @cached_property
    def undated(self) -> tuple[Path, ...]:
        """The ways that let in today whom no opening of that server and port lets in until now.

        So it is not known since when they do: the changes were read for another port, or at another time.
        """
        lasting: dict[tuple[str, int], set[str]] = {}
        for one in self.changes.openings:
            if one.kind == "server" and one.time.end is None:
                lasting.setdefault((one.id, one.port), set()).update(one.reach.sure, one.reach.possible)
        known = {place: of_option("sources", texts) for place, texts in lasting.items()}
        ways = ((path, known.get((one.id, one.port), NOTHING)) for one in self.exposure.servers for path in one.paths)
        return tuple(path for path, told in ways if not _addresses(path.reach.sure) & PUBLIC <= told)

    @cached_property
    def _logs(self) -> dict[str, Log]:
        owners: dict[str, set[str]] = {}
        for server in self.exposure.servers:
            for key in (server.id, *server.addresses, server.name):
                owners.setdefault(key, set()).add(server.id)
        found = ((log, set().union(*(owners.get(key, ()) for key in log.ids))) for log in reversed(self.logs))
        return {one: log for log, ids in found if len(ids) == 1 for one in ids}


def admits(sources: Sequence[str], source: str) -> bool | None:
    """Whether these CIDR blocks of the internet hold the source; None if that can't be told.

    Of an unknown source it can be told for all and for none, and of one that is not of the internet, never.
    """
    allowed = _addresses(tuple(sources))
    if source:
        return source in allowed if source in PUBLIC else None
    if not allowed:
        return False
    return True if allowed >= PUBLIC_V4 else None


@lru_cache(maxsize=4096)
def _block(text: str) -> Addresses | None:
    """The address that a text is; None for other texts."""
    try:
        return Addresses.of(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _addresses(texts: tuple[str, ...]) -> Addresses:
    return of_option("sources", texts)
