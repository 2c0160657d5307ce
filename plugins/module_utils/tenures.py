# SPDX-License-Identifier: GPL-3.0-or-later
"""Which public address belonged to what, and when, over the moments that a replay gives. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from .network import Network
from .replay import Moment


class Holding(NamedTuple):
    """An address and what has it. kind: eip, instance, clb, nlb, alb or ipv6. bound_to: of an EIP, '' while unbound.

    address: '' for that of a released EIP whose allocation is older than the events.
    """

    address: str
    kind: str
    id: str
    region: str
    bound_to: str


@dataclass
class Tenure:
    """A holding with its time. since: None for before the window; until: None for still."""

    holding: Holding
    since: datetime | None
    until: datetime | None = None


def find(moments: Sequence[Moment]) -> list[Tenure]:
    """Every holding of the time, each with its beginning and end."""
    running: dict[Holding, Tenure] = {}
    done: list[Tenure] = []
    before: Network | None = None
    for moment in moments:
        if before is None or _differ(before, moment.network):
            now = set(holdings(moment.network))
            for gone in [one for one in running if one not in now]:
                running[gone].until = moment.since
                done.append(running.pop(gone))
            for fresh in now - set(running):
                running[fresh] = Tenure(fresh, moment.since)
        before = moment.network
    return [one for one in (*done, *running.values()) if one.since is None or one.since != one.until]


def holdings(network: Network) -> Iterator[Holding]:
    """What has which public address at one moment."""
    for eip in network.eips.values():
        yield Holding(eip.address, "eip", eip.id, eip.region, eip.bound_to)
    for server in network.servers.values():
        for address in server.public_ips:
            yield Holding(address, "instance", server.id, server.region, server.id)
    for balancer in network.balancers.values():
        for address in (balancer.addresses or ()) if balancer.internet else ():
            yield Holding(address, balancer.kind, balancer.id, balancer.region, balancer.id)
    for interface in network.interfaces.values():
        for address in interface.ipv6:
            yield Holding(address, "ipv6", interface.id, interface.region, interface.server)


def _differ(before: Network, after: Network) -> bool:
    fields = ("eips", "servers", "balancers", "interfaces")
    return any(getattr(before, name) is not getattr(after, name) for name in fields)
