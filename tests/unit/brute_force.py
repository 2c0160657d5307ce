# SPDX-License-Identifier: GPL-3.0-or-later
"""A second opinion on security groups: one packet at a time, rule by rule, without any arithmetic of sets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network


@dataclass(frozen=True)
class Packet:
    """The first packet of a connection. group: the security group that its sender is in, if any."""

    source: str
    port: int
    protocol: str = "TCP"
    source_port: int = 40000
    target: str = "10.0.0.9"
    group: str = ""


def accepts(rules, packet, prefix_lists=None, port_lists=None):
    """Whether the rules accept the packet: the best rank wins, a Drop wins ties, nothing said is a Drop."""
    best = None
    for rule in rules:
        if not fits(rule, packet, prefix_lists or {}, port_lists or {}):
            continue
        rank = (rule.priority, 0 if rule.policy == "drop" else 1)
        if best is None or rank < best:
            best = rank
    return best is not None and best[1] == 1


def fits(rule, packet, prefix_lists, port_lists):
    """Whether the rule speaks of the packet."""
    protocol = {"6": "TCP"}.get(rule.protocol, rule.protocol)
    if protocol not in ("ALL", packet.protocol):
        return False
    if packet.protocol in ("TCP", "UDP") and not fits_ports(rule, packet, port_lists):
        return False
    if rule.to and not in_block(packet.target, rule.to):
        return False
    return fits_source(rule, packet, prefix_lists)


def fits_ports(rule, packet, port_lists):
    """Whether the rule speaks of the packet's ports, on both ends."""
    ranges = [rule.ports] if rule.ports else port_lists[rule.port_list]
    comes_from = not rule.source_ports or in_range(packet.source_port, rule.source_ports)
    return comes_from and any(in_range(packet.port, each) for each in ranges)


def fits_source(rule, packet, prefix_lists):
    """Whether the rule speaks of the packet's sender."""
    if rule.cidr or rule.cidr6:
        return in_block(packet.source, rule.cidr or rule.cidr6)
    if rule.group:
        return packet.group == rule.group
    return any(in_block(packet.source, each) for each in prefix_lists[rule.prefix_list])


def in_range(port, text):
    """`1/65535`, with -1/-1 for any."""
    low, high = map(int, text.split("/"))
    return low == -1 or low <= port <= high


@cache
def in_block(address, text):
    """Families never meet."""
    one, block = ip_address(address), ip_network(text)
    return one.version == block.version and one in block
