# SPDX-License-Identifier: GPL-3.0-or-later
"""Every path by which a new TCP connection from the internet reaches a port of a server. Pure.

The paths are a static public address; the EIPs of each of its interfaces, secondary addresses included; listeners of
load balancers that hand on to the port, whatever their own port is; DNAT entries of NAT gateways, those for any port
included; IPv6 addresses with internet bandwidth. At its end, each meets the groups of the interface that it leads to,
whose rules the cloud merges, and the server, which has to run.

Not looked for are Global Accelerator, IPv6 translation, what comes over private networks or through other servers, and
filters between the internet and the interface: network ACLs, Cloud Firewall, routes, the server's own firewall.

Facts: Alibaba Cloud's documentation of security groups, EIP, NAT Gateway, CLB, NLB and ALB. CLBs hand connections on
with the client's address, and so do NLBs that preserve it. Whether the server's groups are then asked about it is
documented nowhere: who is let in by the groups gets through either way, and of all others it is not known.
UNCONFIRMED, too: that connections which come from an NLB's own address need a rule for that address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from .addresses import NOTHING, Addresses, is_v6
from .exposure import CLOUD_SERVICES, EVERYWHERE, Rule, Sources, accepted, admitting, read_range
from .gates import NOT_REACHABLE, REACHABLE, UNKNOWN, Gate, Path, public, words
from .network import (
    ALB,
    CLB,
    NLB,
    RUNNING,
    SOMETHING,
    Backend,
    Balancer,
    Eip,
    Forward,
    Gap,
    Interface,
    Listener,
    Network,
    Server,
    ServerGroup,
    primary_first,
)

SHOWN = 5  # rules of a group that evidence names
KINDS = ("public_ip", "eip", "ipv6", "dnat", CLB, NLB, ALB)
# The kinds of gaps in which a path may be hidden. ALBs speak HTTP, so none can be in theirs.
ENUMERATORS = frozenset({"interfaces", "eips", CLB, NLB, "gateways", "forwards"})
# What a load balancer's own groups do with what no rule fits.
LET_IN = (
    Rule(priority=1 << 16, protocol="ALL", cidr="0.0.0.0/0"),
    Rule(priority=1 << 16, protocol="ALL", cidr6="::/0"),
)
UNDOCUMENTED = (
    "it is not documented whether the server's security groups are asked about what the load balancer hands on with "
    "the client's address"
)
UNCONFIRMED = "that the server's security groups are asked about the load balancer's own address is unconfirmed"
HEARD_ALL_THE_SAME = (
    "sshd may log connections of the load balancer itself here, from its own addresses: its health checks, and HTTP "
    "requests that are no SSH"
)


@dataclass(frozen=True)
class Exposure:
    """Who reaches one port of a server, and by which paths. gaps: what could not be read and may hide others."""

    server: Server
    port: int
    paths: tuple[Path, ...]
    gaps: tuple[Gap, ...] = ()
    private: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Reachable, not_reachable or unknown, from public sources."""
        if stopped(self.server):
            return NOT_REACHABLE
        verdicts = {path.verdict for path in self.paths}
        if REACHABLE in verdicts:
            return REACHABLE
        return UNKNOWN if UNKNOWN in verdicts or self.gaps or not self.server.status else NOT_REACHABLE

    @property
    def sources(self) -> Addresses:
        """The public sources that get through for sure, by one path or another."""
        return Addresses.merged(span for path in self.paths for span in path.sources.sure.spans)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that leads to the server, but for those of listeners that speak something else."""
        leading = (path.address for path in self.paths if not any(gate.kind == "protocol" for gate in path.gates))
        return tuple(dict.fromkeys(filter(None, (*self.private, *leading))))


def of(network: Network, server_id: str, port: int) -> Exposure:
    """Who reaches this port of this server. KeyError: the network has no such server."""
    return Routes(network).to(server_id, port)


def hides_path(gap: Gap, server: Server) -> bool:
    """A path to the server may be hidden in the gap: in one of its region, or of what it is itself."""
    everywhere = gap.kind in ENUMERATORS and gap.region in ("", server.region)
    return everywhere or (gap.kind, gap.what) == ("servers", server.id)


def stopped(server: Server) -> bool:
    """It answers nobody."""
    return server.status == "Stopped"


@dataclass(frozen=True)
class Door:
    """Where packets meet a server: one of its interfaces; in the classic network, the server itself.

    groups: None where they could not be read. judged_inside: the rules that were read count for what load balancers
    hand on, too; not so in the classic network, where those that count for the internet are others.
    """

    name: str
    region: str
    vpc: str
    groups: tuple[str, ...] | None
    private_ips: tuple[str, ...]
    ipv6: tuple[str, ...]
    primary: bool
    judged_inside: bool = True

    @classmethod
    def of(cls, one: Interface) -> Door:
        """An interface."""
        return cls(one.id, one.region, one.vpc, one.groups, one.private_ips, one.ipv6, one.primary)

    @property
    def first_ip(self) -> str:
        """Its primary private address, '' if that is not known."""
        return self.private_ips[0] if self.private_ips else ""


@dataclass(frozen=True)
class Handover:
    """A listener that hands on to one backend of a server group."""

    balancer: Balancer
    listener: Listener
    group: ServerGroup
    backend: Backend

    def front(self, port: int) -> int | None:
        """The listener's port whose connections come out at this port of the backend; None if there is none."""
        one = self.listener
        if one.first != one.last and (self.group.any_port or not self.backend.port):
            return port if one.first <= port <= one.last else None
        return one.first if port == (one.back_port or self.backend.port or one.first) else None

    def inner(self, door: Door) -> str:
        """Which address of the interface gets the packets."""
        target = self.backend.target
        return self.backend.ip or (target if target in door.private_ips else door.first_ip)


class Routes:
    """What leads where in a network, looked up once for all of its servers."""

    def __init__(self, network: Network):
        self.network = network
        self._judged: dict[tuple, Sources] = {}
        self._gates: dict[tuple, tuple[Gate, tuple[str, ...]]] = {}

    def to(self, server_id: str, port: int) -> Exposure:
        """Who reaches this port of this server. KeyError: there is no such server."""
        server = self.network.servers[server_id]
        doors = self._doors(server)
        paths = [path for door in doors for path in self._through(server, door, port)]
        paths += self._hidden(server, port)
        paths.sort(key=lambda path: (KINDS.index(path.kind), path.address, path.port))
        gaps = tuple(gap for gap in self.network.gaps if hides_path(gap, server))
        inside = tuple(address for door in doors for address in (*door.private_ips, *door.ipv6))
        return Exposure(server, port, tuple(paths), gaps, inside)

    def _doors(self, server: Server) -> list[Door]:
        doors = [Door.of(one) for one in primary_first(self._interfaces.get(server.id, ()))]
        if doors:  # where it is not known which of them is the primary one, each may be
            return doors if doors[0].primary else [replace(one, primary=True) for one in doors]
        groups = server.groups if server.classic else None
        return [Door(server.id, server.region, server.vpc, groups, server.private_ips, (), True, not server.classic)]

    def _through(self, server: Server, door: Door, port: int) -> Iterator[Path]:
        if door.primary:
            for address in server.public_ips:
                gate = Gate("address", server.id, f"{address} is the public address of {server.id}")
                yield self._direct("public_ip", server, door, address, port, (gate,), door.first_ip)
        yield from self._eips_of(server, door, port)
        yield from self._ipv6_of(server, door, port)
        yield from self._listeners_of(server, door, port)
        yield from self._forwards_of(server, door, port)

    def _direct(
        self,
        kind: str,
        server: Server,
        door: Door,
        address: str,
        port: int,
        entry: tuple[Gate, ...],
        inner: str,
        front: int = 0,
    ) -> Path:
        """A path on which the client's own address arrives at the interface, at its inner address."""
        groups, evidence = self._groups_gate(door, inner, port, public(address))
        return Path(kind, server.id, address, front or port, (*entry, groups, instance_gate(server)), evidence)

    # The kinds of paths

    def _eips_of(self, server: Server, door: Door, port: int) -> Iterator[Path]:
        bound = [*self._eips.get(door.name, ()), *(self._eips.get(server.id, ()) if door.primary else ())]
        for eip in dict.fromkeys(bound):
            if eip.private_ip == SOMETHING and len(door.private_ips) > 1:
                text = f"EIP {eip.address} is bound to {door.name}, at which of its addresses is not known"
                gate = Gate("address", eip.id, text, lets=None)
                for inner in door.private_ips:
                    yield self._direct("eip", server, door, eip.address, port, (gate,), inner)
                continue
            inner = door.first_ip if eip.private_ip in ("", SOMETHING) else eip.private_ip
            gate = Gate("address", eip.id, f"EIP {eip.address} is bound to {door.name}{f' ({inner})' if inner else ''}")
            yield self._direct("eip", server, door, eip.address, port, (gate,), inner)

    def _ipv6_of(self, server: Server, door: Door, port: int) -> Iterator[Path]:
        for address in door.ipv6:
            found = self.network.ipv6.get(address)
            lets = found.bandwidth > 0 if found else None
            text = {
                True: f"{address} of {door.name} has internet bandwidth",
                False: f"{address} of {door.name} has no internet bandwidth",
                None: f"whether {address} of {door.name} has internet bandwidth could not be read",
            }[lets]
            gate = Gate("address", found.key or address if found else address, text, lets)
            yield self._direct("ipv6", server, door, address, port, (gate,), address)

    def _forwards_of(self, server: Server, door: Door, port: int) -> Iterator[Path]:
        for forward in (one for ip in door.private_ips for one in self._forwards.get(ip, ())):
            gateway = self.network.gateways.get(forward.gateway)
            front = front_port(forward, port)
            if front is None or (gateway and (not gateway.internet or not same_vpc(gateway.vpc, door.vpc))):
                continue
            if not gateway and forward.region != door.region:
                continue
            address = Gate(
                "address", forward.gateway, f"{forward.external_ip} belongs to NAT gateway {forward.gateway}"
            )
            text = f"DNAT entry {forward.id} hands on {forward_text(forward)}"
            if not front:
                text = f"what DNAT entry {forward.id} hands on to {forward.internal_ip} is not understood"
            elif not forward.available:
                text = f"{text}, but is being changed"
            entry = (address, Gate("forward", forward.id, text, True if front and forward.available else None))
            yield self._direct("dnat", server, door, forward.external_ip, port, entry, forward.internal_ip, front)

    def _listeners_of(self, server: Server, door: Door, port: int) -> Iterator[Path]:
        targets = dict.fromkeys((door.name, server.id, *door.private_ips))
        for handover in (one for target in targets for one in self._handovers.get(target, ())):
            balancer, front = handover.balancer, handover.front(port)
            if front is None or balancer.region != door.region or handover.listener.protocol == "udp":
                continue
            if self._gets(server, door, handover):
                for address in self._addresses(balancer):
                    yield self._balanced(server, door, handover, address, front, port)

    def _gets(self, server: Server, door: Door, handover: Handover) -> bool:
        """Whether it is this interface of the server that gets the packets: the primary one unless another is named."""
        backend = handover.backend
        if backend.target in door.private_ips:
            return same_vpc(handover.balancer.vpc, door.vpc)
        if backend.target != server.id or backend.ip in door.private_ips:
            return True
        others = (one for one in self._interfaces.get(server.id, ()) if one.id != door.name)
        return door.primary and not any(backend.ip in one.private_ips for one in others)

    def _balanced(self, server: Server, door: Door, handover: Handover, address: str, front: int, port: int) -> Path:
        balancer, listener = handover.balancer, handover.listener
        gates = [*self._front_gates(balancer, listener, address, front), self._listener_gate(handover, front, port)]
        if listener.acl:
            gates.append(self._acl_gate(listener, address))
        if not listener.layer_4:
            spoken = listener.protocol.upper()
            gates.append(
                Gate(
                    "protocol",
                    listener.id,
                    f"the listener speaks {spoken} itself and hands on no connection of an SSH client",
                    lets=False,
                )
            )
            gates.append(instance_gate(server))
            return Path(balancer.kind, server.id, address, front, tuple(gates), (HEARD_ALL_THE_SAME,))
        kept = door.judged_inside and handover.group.preserve_client and not is_v6(address)
        groups, evidence = (
            self._kept_gate(door, handover, port, public(address)) if kept else self._own_gate(door, handover, port)
        )
        return Path(balancer.kind, server.id, address, front, (*gates, groups, instance_gate(server)), evidence)

    def _hidden(self, server: Server, port: int) -> Iterator[Path]:
        """Paths that lead somewhere that could not be read: to this server as likely as to any other."""
        for balancer, listener in self._blind:
            if balancer.region != server.region or not listener.layer_4 or listener.back_port not in (0, port):
                continue
            text = f"which servers are behind {listener.protocol} {ports_text(listener)} could not be read"
            front = port if listener.first <= port <= listener.last else listener.first
            for address in self._addresses(balancer):
                gates = [
                    *self._front_gates(balancer, listener, address, front),
                    Gate("listener", listener.id, text, lets=None if listener.running else False),
                    *([self._acl_gate(listener, address)] if listener.acl else []),
                    instance_gate(server),
                ]
                yield Path(balancer.kind, server.id, address, front, tuple(gates))
        for eip in self._eips_of_kind("HaVip"):
            if eip.region == server.region:
                text = f"EIP {eip.address} is bound to {eip.bound_to}, whose servers are not looked for"
                gates = (Gate("address", eip.id, text, lets=None), instance_gate(server))
                yield Path("eip", server.id, eip.address, port, gates)

    # Gates

    def _front_gates(self, balancer: Balancer, listener: Listener, address: str, front: int) -> Iterator[Gate]:
        kind = balancer.kind.upper()
        text = f"{address} belongs to {kind} {balancer.id}" if address else f"an address of {kind} {balancer.id}"
        yield Gate("address", balancer.id, text)
        if balancer.groups and balancer.kind == NLB and listener.layer_4:
            names = ", ".join(balancer.groups)
            found = self._judge(balancer.groups, (), front, LET_IN)
            text = f"tcp {front} is let in by {names} of {balancer.id} from {words(found.sure & public(address))}"
            yield Gate("balancer_groups", names, text, found)

    def _listener_gate(self, handover: Handover, front: int, port: int) -> Gate:
        balancer, listener, backend = handover.balancer, handover.listener, handover.backend
        text = f"{listener.protocol} {front} hands on to port {port} of {backend.target}"
        text = f"{text}, without an access control list" if balancer.kind == CLB and not listener.acl else text
        for fails, why in (
            (not balancer.active, f"{balancer.id} is not active"),
            (not listener.running, "the listener is stopped"),
            (not backend.weight, f"{backend.target} has the weight 0, so it gets no new connections"),
        ):
            if fails:
                return Gate("listener", listener.id, f"{text}, but {why}", lets=False)
        return Gate("listener", listener.id, text)

    def _acl_gate(self, listener: Listener, address: str) -> Gate:
        names = ", ".join(listener.acls)
        found = [self.network.acls.get(name) for name in listener.acls]
        if None in found:
            return Gate("acl", names, f"the entries of the {listener.acl_type} list {names} could not be read", None)
        listed = Addresses.of(*(entry for acl in found for entry in acl.entries))
        if not listed:
            return Gate("acl", names, f"the {listener.acl_type} list {names} is empty, so it lets everybody by")
        passing = (listed if listener.acl_type == "white" else EVERYWHERE - listed) & public(address)
        text = f"the {listener.acl_type} list {names} lets by {words(passing)}"
        return Gate("acl", names, text, Sources(passing, passing))

    def _groups_gate(self, door: Door, inner: str, port: int, everybody: Addresses) -> tuple[Gate, tuple[str, ...]]:
        """The gate of the interface's groups where the client's address arrives, and the rules that decide."""
        key = (door.name, inner, port, everybody)
        if key not in self._gates:
            self._gates[key] = self._judged_gate(door, inner, port, everybody)
        return self._gates[key]

    def _judged_gate(self, door: Door, inner: str, port: int, everybody: Addresses) -> tuple[Gate, tuple[str, ...]]:
        if door.groups is None:
            text = f"the security groups of {door.name} could not be read"
            return Gate("security_groups", "", text, lets=None), ()
        names = ", ".join(door.groups)
        found = self._judge(door.groups, (inner,) if inner else (), port)
        possible = found.possible & everybody
        text = (
            f"tcp {port} is let in by {self._titles(door.groups)} of {door.name} from {words(found.sure & everybody)}"
            if found.sure & everybody or not possible
            else f"whom {names} of {door.name} let in to tcp {port} depends on what could not be read"
        )
        return Gate("security_groups", names, text, found), self._evidence(door, inner, port, everybody)

    def _kept_gate(self, door: Door, handover: Handover, port: int, everybody: Addresses) -> tuple[Gate, tuple]:
        """The gate of the interface's groups for what comes with the client's address: it stops nobody for certain."""
        gate, evidence = self._groups_gate(door, handover.inner(door), port, everybody)
        sure = gate.lets.sure if isinstance(gate.lets, Sources) else NOTHING
        gate = replace(gate, lets=Sources(sure, EVERYWHERE), text=f"{gate.text}; {UNDOCUMENTED}")
        return gate, (*evidence, UNDOCUMENTED)

    def _own_gate(self, door: Door, handover: Handover, port: int) -> tuple[Gate, tuple]:
        """The gate of the interface's groups for what comes with the load balancer's own address, the same way."""
        balancer, inner = handover.balancer, handover.inner(door)
        local = (one for one in balancer.local_addresses if is_v6(one) == is_v6(inner))
        own = CLOUD_SERVICES if balancer.kind == CLB else Addresses.of(*local)
        known = door.groups is not None and door.judged_inside
        found = self._judge(door.groups, (inner,) if inner else (), port) if known else Sources()
        accepts = bool(own) and own <= found.sure
        names = ", ".join(door.groups or ())
        by = f"by {names or 'the security groups'} of {door.name} from {balancer.id} itself"
        text = f"tcp {port} is let in {by}" if accepts else f"tcp {port} is not known to be let in {by}; {UNCONFIRMED}"
        lets = Sources(EVERYWHERE if accepts else NOTHING, EVERYWHERE)
        return Gate("security_groups", names, text, lets), (UNCONFIRMED,)

    def _judge(
        self, groups: tuple[str, ...], inner: tuple[str, ...], port: int, more: tuple[Rule, ...] = ()
    ) -> Sources:
        """From where the merged rules of these groups accept a connection to this port of this inner address."""
        key = (frozenset(groups), inner, port, more)
        if key not in self._judged:
            known = all(name in self.network.groups for name in groups)
            rules = (*self._rules(groups, inner), *more)
            found = accepted(rules, port, self.network.lists)
            self._judged[key] = found if known else Sources(NOTHING, EVERYWHERE)
        return self._judged[key]

    def _rules(self, groups: Iterable[str], inner: tuple[str, ...]) -> list[Rule]:
        """The merged rules, those for other destinations left out."""
        rules = (rule for name in groups if name in self.network.groups for rule in self.network.groups[name].rules)
        return [rule for rule in (aimed(rule, inner) for rule in rules) if rule]

    def _evidence(self, door: Door, inner: str, port: int, everybody: Addresses) -> tuple[str, ...]:
        """The rules that let somebody in, and the groups that could not be read."""
        unread = [f"the rules of {name} could not be read" for name in door.groups if name not in self.network.groups]
        lists = self.network.lists
        admit = [
            (name, rule)
            for name in door.groups
            for rule in admitting(self._rules((name,), (inner,) if inner else ()), port, lists, everybody)
        ]
        more = [f"{len(admit) - SHOWN} more rules let somebody in"] if len(admit) > SHOWN else []
        return (*unread, *(f"{name}: {rule}" for name, rule in admit[:SHOWN]), *more)

    def _titles(self, groups: tuple[str, ...]) -> str:
        names = [(name, self.network.groups[name].name if name in self.network.groups else "") for name in groups]
        return ", ".join(f"{name} ({title})" if title not in ("", name) else name for name, title in names)

    # Looking up

    @cached_property
    def _interfaces(self) -> dict[str, list[Interface]]:
        return grouped((one.server, one) for one in self.network.interfaces.values() if one.server)

    @cached_property
    def _eips(self) -> dict[str, list[Eip]]:
        return grouped((one.bound_to, one) for one in self.network.eips.values() if one.bound_to)

    def _eips_of_kind(self, kind: str) -> list[Eip]:
        return [one for one in self.network.eips.values() if one.kind == kind]

    @cached_property
    def _forwards(self) -> dict[str, list[Forward]]:
        return grouped((one.internal_ip, one) for one in self.network.forwards.values())

    @cached_property
    def _handovers(self) -> dict[str, list[Handover]]:
        found = (
            (backend.target, Handover(balancer, listener, group, backend))
            for balancer, listener in self._facing
            for name in listener.server_groups
            if (group := self.network.server_groups.get(name))
            for backend in group.backends
        )
        return grouped(found)

    @cached_property
    def _blind(self) -> list[tuple[Balancer, Listener]]:
        """Listeners some of whose servers could not be read."""
        known = self.network.server_groups
        return [pair for pair in self._facing if any(name not in known for name in pair[1].server_groups)]

    @cached_property
    def _facing(self) -> list[tuple[Balancer, Listener]]:
        """The listeners of load balancers that have, or may have, a public address."""
        pairs = ((self.network.balancers.get(one.balancer), one) for one in self.network.listeners.values())
        return [(balancer, one) for balancer, one in pairs if balancer and self._addresses(balancer)]

    def _addresses(self, balancer: Balancer) -> list[str]:
        """The public addresses that lead to a load balancer; one that is '' where they could not be read."""
        own = balancer.addresses if balancer.internet else ()
        bound = [eip.address for eip in self._eips.get(balancer.id, ())]
        return list(dict.fromkeys([*(own if own is not None else [""]), *bound]))


def instance_gate(server: Server) -> Gate:
    """The server itself, which has to run."""
    if not server.status:
        return Gate("instance", server.id, f"the state of {server.id} could not be read", lets=None)
    lets = True if server.status == RUNNING else False if stopped(server) else None
    return Gate("instance", server.id, f"{server.id} is {server.status.lower()}", lets)


def front_port(forward: Forward, port: int) -> int | None:
    """The external port that a DNAT entry hands on to this internal port; None if there is none, or it is not TCP.

    0: there may be one, but not all of the entry is understood.
    """
    outer, inner = entry_ports(forward.external_port), entry_ports(forward.internal_port)
    whole = is_whole(forward)
    if forward.protocol.lower() == "udp" or (inner and not whole and not inner[0] <= port <= inner[1]):
        return None
    if not outer or not inner or forward.protocol.lower() not in ("tcp", "any"):
        return 0
    return port if whole else min(outer[0] + port - inner[0], outer[1])


def is_whole(forward: Forward) -> bool:
    """It hands on every port as it is."""
    return "any" in (forward.external_port.lower(), forward.internal_port.lower())


def entry_ports(text: str) -> tuple[int, int] | None:
    """First and last port of a DNAT entry's text, `any` standing for all; None: it is not told, or not understood."""
    if text.lower() == "any":
        return 1, 65535
    found = read_range(text) if text else None
    return found[0] if found else None


def forward_text(forward: Forward) -> str:
    """What a DNAT entry hands on, and where to."""
    if is_whole(forward):
        return f"every port to {forward.internal_ip}"
    return (
        f"{forward.protocol.lower()} {forward.external_port} to port {forward.internal_port} of {forward.internal_ip}"
    )


def aimed(rule: Rule, inner: tuple[str, ...]) -> Rule | None:
    """The rule as it is for connections to this inner address; None if it speaks of others."""
    for field in ("to", "to6"):
        block = getattr(rule, field)
        if not block or not inner:
            continue
        if inner[0] not in Addresses.of(block):
            return None
        rule = replace(rule, **{field: ""})
    return rule


def same_vpc(ours: str, theirs: str) -> bool:
    """Addresses mean the same in both; where a VPC is not known they may."""
    return not ours or not theirs or ours == theirs


def ports_text(listener: Listener) -> str:
    """The front ports of a listener."""
    return str(listener.first) if listener.first == listener.last else f"{listener.first}-{listener.last}"


def grouped(pairs: Iterable[tuple[str, object]]) -> dict[str, list]:
    """Key to everything that was given with it."""
    found: dict[str, list] = {}
    for key, one in pairs:
        found.setdefault(key, []).append(one)
    return found
