# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an account's network bears on who can reach a server, as one value. Pure.

Everything stands under its own id and names others by theirs, so that a change to one thing is the replacement of that
thing: `network.put(thing)` and `network.drop(thing)` give a network that differs in nothing else. Times past are
networks like any other.

Ids are the cloud's. Where it has none, they are made up of what tells such things apart: the listener of a CLB is
`lb-1:tcp:22`, the default server group of a CLB has the id of the CLB, an IPv6 address is its own id.

What an id leads to nothing for could not be read, or was deleted meanwhile: never take it for harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from .errors import Unread
from .exposure import Lists, Rule

CLB, NLB, ALB = "clb", "nlb", "alb"
# The id of a thing that is there and not known; it leads to nothing.
SOMETHING = "?"
RUNNING = "Running"


@dataclass(frozen=True)
class Server:
    """One ECS instance.

    status: the API's word (Running, Stopped, …), '' where the server is known by others' references to it alone.
    public_ips: its static public addresses; EIPs are not among them. classic: it is in the classic network and has no
    network interfaces, so that groups and private_ips, which are empty for any other server, are its own.
    """

    id: str
    region: str
    name: str = ""
    status: str = RUNNING
    public_ips: tuple[str, ...] = ()
    vpc: str = ""
    classic: bool = False
    groups: tuple[str, ...] = ()
    private_ips: tuple[str, ...] = ()


@dataclass(frozen=True)
class Interface:
    """One network interface (ENI).

    server: id of the instance that it is attached to, or ''. private_ips: the primary address first. ipv6: addresses,
    each an Ipv6 of the network. groups: ids of its security groups, None where they could not be read.
    """

    id: str
    region: str
    server: str = ""
    primary: bool = False
    vpc: str = ""
    private_ips: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    groups: tuple[str, ...] | None = ()


@dataclass(frozen=True)
class Ipv6:
    """One IPv6 address of an interface. bandwidth: to the internet, in Mbit/s; with 0 it can't be reached from there.

    key: the id that VPC knows it by (ipv6-…). bandwidth_id: that of its internet bandwidth, '' without any.
    """

    id: str
    region: str
    bandwidth: int = 0
    key: str = ""
    bandwidth_id: str = ""


@dataclass(frozen=True)
class Group:
    """One security group. rules: the inbound ones. inner: its members may talk to each other."""

    id: str
    region: str
    name: str = ""
    vpc: str = ""
    inner: bool = False
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Eip:
    """One elastic public address.

    bound_to: id of the instance, interface, load balancer or NAT gateway that has it, '' while none has. kind: the
    API's word for that (EcsInstance, NetworkInterface, SlbInstance, Nat, …), `none` while it is bound to nothing, ''
    where only the thing that has it told of it. private_ip: which address of the interface it stands for, '' for the
    primary one.
    """

    id: str
    region: str
    address: str
    name: str = ""
    bound_to: str = ""
    kind: str = ""
    private_ip: str = ""


@dataclass(frozen=True)
class Balancer:
    """One load balancer. kind: clb, nlb or alb.

    addresses: its own public addresses, None where they could not be read; EIPs that are bound to it by hand are not
    among them. local_addresses: the private ones from which an NLB reaches its servers, () where that was not asked
    for. groups: its own security groups. active: it hands on anything at all.
    """

    id: str
    region: str
    kind: str
    name: str = ""
    internet: bool = True
    addresses: tuple[str, ...] | None = ()
    local_addresses: tuple[str, ...] = ()
    vpc: str = ""
    groups: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True)
class Listener:
    """One listener of a load balancer, at the front ports from first to last.

    protocol: lower case, as tcp, tcpssl, udp, http, https, quic. server_groups: ids of those that it hands on to; more
    than one only for ALBs. paired: that of a CLB is a primary/secondary one, which its id does not tell. back_port: the
    port of every server, 0 where each server has its own in the group. acl: an access control list is switched on,
    whose type is white or black; acls are the ids of the lists.
    """

    id: str
    region: str
    balancer: str
    protocol: str
    first: int
    last: int
    back_port: int = 0
    server_groups: tuple[str, ...] = ()
    running: bool = True
    acl: bool = False
    acl_type: str = "white"
    acls: tuple[str, ...] = ()
    paired: bool = False

    @property
    def layer_4(self) -> bool:
        """It hands connections on as they are, whatever is spoken over them."""
        return self.protocol in ("tcp", "tcpssl")


@dataclass(frozen=True)
class Backend:
    """One place that a server group hands on to.

    target: id of an instance or an interface, or an address in the VPC. port: 0 where the listener says it, or where
    it is the port that the client asked for. weight: with 0 it gets no new connections. ip: which of the target's
    addresses, '' for the primary one.
    """

    target: str
    port: int = 0
    weight: int = 100
    ip: str = ""


@dataclass(frozen=True)
class ServerGroup:
    """The servers behind listeners. preserve_client: connections arrive with the client's own address.

    any_port: an NLB's group for listeners of all ports, whose servers are asked at the port that the client asked for.
    """

    id: str
    region: str
    backends: tuple[Backend, ...] = ()
    preserve_client: bool = True
    any_port: bool = False


@dataclass(frozen=True)
class AccessList:
    """An access control list of CLB listeners: CIDR texts."""

    id: str
    region: str
    name: str = ""
    entries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gateway:
    """One NAT gateway. internet: it is one to the internet. tables: ids of its DNAT tables."""

    id: str
    region: str
    name: str = ""
    vpc: str = ""
    internet: bool = True
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Forward:
    """One DNAT entry, with the texts of the API: ports are a number, `10/20` or `any`, the protocol TCP, UDP or Any."""

    id: str
    region: str
    gateway: str
    table: str
    external_ip: str
    external_port: str
    internal_ip: str
    internal_port: str
    protocol: str
    available: bool = True


@dataclass(frozen=True)
class Gap:
    """Something that could not be read, so that what is not there may well be.

    kind: what it would have shown, a key of GAPS. region: '' for all of them. what: the id of the one thing, or of the
    thing that it belongs to; '' where it is everything of that kind in the region.
    """

    kind: str
    region: str
    unread: Unread
    what: str = ""

    @property
    def name(self) -> str:
        """How results name it."""
        return f"{GAPS[self.kind]} of {self.what or self.region or 'the account'}"

    def as_dict(self) -> dict:
        """The gap as results show it among what is unread."""
        return self.unread.as_dict(self.name)


# What a gap can be in. clb, nlb and alb: load balancers with their listeners and server groups.
GAPS = {
    "regions": "regions",
    "servers": "instances",
    "interfaces": "network interfaces",
    "ipv6": "IPv6 addresses",
    "eips": "EIPs",
    CLB: "CLBs",
    NLB: "NLBs",
    ALB: "ALBs",
    "addresses": "addresses",
    "server_groups": "backends",
    "acls": "entries",
    "gateways": "NAT gateways",
    "forwards": "DNAT entries",
    "groups": "rules",
    "prefix_lists": "entries",
    "port_lists": "entries",
    "events": "events",
}

Thing: TypeAlias = (
    Server | Interface | Ipv6 | Group | Eip | Balancer | Listener | ServerGroup | AccessList | Gateway | Forward
)


@dataclass(frozen=True)
class Network:
    """An account's network, each field a mapping from ids; lists: prefix lists and port lists that rules refer to."""

    servers: Mapping[str, Server] = field(default_factory=dict)
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    ipv6: Mapping[str, Ipv6] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    eips: Mapping[str, Eip] = field(default_factory=dict)
    balancers: Mapping[str, Balancer] = field(default_factory=dict)
    listeners: Mapping[str, Listener] = field(default_factory=dict)
    server_groups: Mapping[str, ServerGroup] = field(default_factory=dict)
    acls: Mapping[str, AccessList] = field(default_factory=dict)
    gateways: Mapping[str, Gateway] = field(default_factory=dict)
    forwards: Mapping[str, Forward] = field(default_factory=dict)
    lists: Lists = field(default_factory=Lists)
    gaps: tuple[Gap, ...] = ()

    def put(self, *things: Thing) -> Network:
        """This network with these things in it, each in the place of the one with its id, if there is one."""
        changed: dict[str, dict] = {}
        for thing in things:
            kind = FIELDS[type(thing)]
            changed.setdefault(kind, dict(getattr(self, kind)))[thing.id] = thing
        return replace(self, **changed)

    def drop(self, *things: Thing) -> Network:
        """This network without the things of these kinds and ids."""
        changed: dict[str, dict] = {}
        for thing in things:
            kind = FIELDS[type(thing)]
            changed.setdefault(kind, dict(getattr(self, kind))).pop(thing.id, None)
        return replace(self, **changed)

    def interfaces_of(self, server: str) -> list[Interface]:
        """The interfaces that are attached to a server, the primary one first."""
        return primary_first(one for one in self.interfaces.values() if one.server == server)


def primary_first(interfaces: Iterable[Interface]) -> list[Interface]:
    """The interfaces of a server in the order in which it counts them."""
    return sorted(interfaces, key=lambda one: (not one.primary, one.id))


FIELDS: dict[type, str] = {
    Server: "servers",
    Interface: "interfaces",
    Ipv6: "ipv6",
    Group: "groups",
    Eip: "eips",
    Balancer: "balancers",
    Listener: "listeners",
    ServerGroup: "server_groups",
    AccessList: "acls",
    Gateway: "gateways",
    Forward: "forwards",
}
