# SPDX-License-Identifier: GPL-3.0-or-later
"""Would a new TCP connection succeed? Decided packet by packet, from the state of the simulated cloud alone.

A connection reaches an instance that runs, at one of its network interfaces: from a public address where the interface
has a public one of the same family, from a private address always. It gets in if the rules of all groups of that
interface, taken together, accept it. Established connections, routes and network ACLs are not simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from .errors import EstateError
from .services.ecs import Ecs, Group, Instance, Rule, section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .estate import World

PRIVATE = [
    ip_network(text)
    for text in (
        "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15",
        "fc00::/7", "fe80::/10",
    )
]  # fmt: skip


@dataclass(frozen=True)
class Attempt:
    """A first packet: from where, to which port."""

    source: IPv4Address | IPv6Address
    port: int
    source_port: int = 50000

    @property
    def is_private(self) -> bool:
        """It does not come over the internet."""
        return any(self.source in network for network in PRIVATE if network.version == self.source.version)


@dataclass(frozen=True)
class Door:
    """One interface of an instance: its groups, its own address, and its public one."""

    groups: list[str]
    private_ip: str
    public_ip: str
    ipv6: str
    nic: str = "intranet"


def connect(world: World, source: str, instance: str, port: int) -> bool:
    """Whether a new TCP connection from an address to a port of an instance succeeds. EstateError: no such instance."""
    for account in world.accounts.values():
        state = section.of(account)
        if instance in state.instances:
            attempt = Attempt(ip_address(source), port)
            server = state.instances[instance]
            return server.status == "Running" and any(enters(door, attempt, state) for door in doors(server, state))
    raise EstateError(f"there is no instance {instance}")


def doors(server: Instance, state: Ecs) -> Iterator[Door]:
    """The interfaces of a server; in the classic network one to the internet and one inside."""
    if not server.vpc:
        yield Door(server.groups, "", server.public_ip or server.eip, "", "internet")
        yield Door(server.groups, server.private_ip, "", "")
        return
    for one in state.interfaces():
        if one.instance == server.id:
            public = one.eip or (server.public_ip if one.type == "Primary" else "")
            yield Door(one.groups, one.private_ip, public, one.ipv6)


def enters(door: Door, attempt: Attempt, state: Ecs) -> bool:
    """Whether the attempt finds this interface, and is let in."""
    if not attempt.is_private and not (door.ipv6 if attempt.source.version == 6 else door.public_ip):
        return False
    groups = [state.security_groups[name] for name in door.groups]
    memberships = senders_groups(attempt, state)
    if any(is_open_inside(group) and group.id in memberships for group in groups):
        return True
    rules = [rule for group in groups for rule in group.rules if speaks(rule, group, door, attempt, memberships, state)]
    if not rules:
        return False
    best = min(rule.priority for rule in rules)
    return all(rule.policy.lower() == "accept" for rule in rules if rule.priority == best)


def is_open_inside(group: Group) -> bool:
    """Members of a basic group reach each other, whatever its rules say, unless that is switched off."""
    return group.type == "normal" and group.inner_access == "Accept"


def senders_groups(attempt: Attempt, state: Ecs) -> set[str]:
    """The groups of whoever has the source address inside the account's network."""
    address = str(attempt.source)
    return {
        group
        for server in state.instances.values()
        for door in doors(server, state)
        if address in (door.private_ip, door.ipv6)
        for group in door.groups
    }


def speaks(rule: Rule, group: Group, door: Door, attempt: Attempt, memberships: set[str], state: Ecs) -> bool:
    """Whether an inbound rule is about this attempt."""
    if rule.direction != "ingress" or rule.nic != door.nic or rule.protocol.upper() not in ("TCP", "ALL", "6"):
        return False
    ranges = [rule.ports] if rule.ports else state.port_lists[rule.port_list].entries
    if not any(contains(text, attempt.port) for text in ranges):
        return False
    if rule.source_ports and not contains(rule.source_ports, attempt.source_port):
        return False
    return is_meant(rule, group, attempt, memberships, state) and is_aimed(rule, door)


def is_meant(rule: Rule, group: Group, attempt: Attempt, memberships: set[str], state: Ecs) -> bool:
    """Whether the attempt comes from the rule's source."""
    if rule.source.startswith("sg-"):
        return group.type == "normal" and rule.source in memberships
    blocks = state.prefix_lists[rule.source].entries if rule.source.startswith("pl-") else [rule.source]
    networks = [ip_network(block, strict=False) for block in blocks]
    return any(attempt.source in network for network in networks if network.version == attempt.source.version)


def is_aimed(rule: Rule, door: Door) -> bool:
    """Whether the rule is about connections to this interface."""
    return not rule.dest or any(
        address and ip_address(address) in ip_network(rule.dest, strict=False)
        for address in (door.private_ip, door.ipv6)
    )


def contains(text: str, port: int) -> bool:
    """Whether a range `first/last` holds the port; -1/-1 holds all."""
    first, last = (int(part) for part in text.split("/"))
    return first == -1 or first <= port <= last
