# SPDX-License-Identifier: GPL-3.0-or-later
"""Which public address belonged to what, and when, over the moments that a replay gives. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from .network import Network
from .replay import Moment
from .targets import targets

# What a public address can come from, and go to.
FIELDS = ("eips", "servers", "balancers", "interfaces", "ipv6", "gateways", "forwards")


class Holding(NamedTuple):
    """An address and what has it, as targets has it.

    address: '' for that of an EIP that was released, and allocated before the events begin.
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
        if before is None or any(getattr(before, name) is not getattr(moment.network, name) for name in FIELDS):
            now = holdings(moment.network)
            for gone in [one for one in running if one not in now]:
                running[gone].until = moment.since
                done.append(running.pop(gone))
            for fresh in now - set(running):
                running[fresh] = Tenure(fresh, moment.since)
        before = moment.network
    return [one for one in (*done, *running.values()) if one.since is None or one.since != one.until]


def holdings(network: Network) -> set[Holding]:
    """What has which public address at one moment; addresses that are not known stand beside each other."""
    known = {Holding(*(row[name] for name in Holding._fields)) for row in targets(network) if row["address"]}
    unknown = (one for one in network.eips.values() if not one.address)
    return known | {Holding("", "eip", one.id, one.region, one.bound_to) for one in unknown}
