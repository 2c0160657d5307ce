# SPDX-License-Identifier: GPL-3.0-or-later
"""What security groups say about a new TCP connection.

The rules of all groups of an interface count together: the best one that fits decides, and a Drop wins ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .services.ecs import Ecs, Group, Rule

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
    """One address of an interface, the groups of that interface, and the public addresses that lead there."""

    groups: Sequence[str]
    address: str
    public: Sequence[str] = ()
    nic: str = "intranet"

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.address else 4


def lets_in(door: Door, attempt: Attempt, state: Ecs) -> bool:
    """Whether the groups let the attempt in; what no rule fits stays out."""
    return judge(door, attempt, state) is True


def judge(door: Door, attempt: Attempt, state: Ecs) -> bool | None:
    """What the groups decide; None where no rule of theirs fits."""
    groups = [state.security_groups[name] for name in door.groups]
    memberships = senders_groups(attempt, state)
    if any(is_open_inside(group) and group.id in memberships for group in groups):
        return True
    rules = [rule for group in groups for rule in group.rules if speaks(rule, group, door, attempt, memberships, state)]
    if not rules:
        return None
    best = min(rule.priority for rule in rules)
    return all(rule.policy.lower() == "accept" for rule in rules if rule.priority == best)


def is_open_inside(group: Group) -> bool:
    """Members of a basic group reach each other, whatever its rules say, unless that is switched off."""
    return group.type == "normal" and group.inner_access == "Accept"


def senders_groups(attempt: Attempt, state: Ecs) -> set[str]:
    """The groups of whoever has the source address inside the account's network."""
    address = str(attempt.source)
    members = [one for one in state.interfaces() if one.instance and address in (*one.addresses, one.ipv6)]
    classic = [one for one in state.instances.values() if not one.vpc and address == one.private_ip]
    return {group for one in (*members, *classic) for group in one.groups}


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
    return is_in(attempt.source, blocks)


def is_in(source: IPv4Address | IPv6Address, blocks: Sequence[str]) -> bool:
    """Whether one of the blocks holds the address."""
    return any(source in ip_network(block, strict=False) for block in blocks)


def is_aimed(rule: Rule, door: Door) -> bool:
    """Whether the rule is about connections to this address."""
    return not rule.dest or bool(door.address and ip_address(door.address) in ip_network(rule.dest, strict=False))


def contains(text: str, port: int) -> bool:
    """Whether a range `first/last` holds the port; -1/-1 holds all."""
    first, last = (int(part) for part in text.split("/"))
    return first == -1 or first <= port <= last
