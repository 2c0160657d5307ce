# SPDX-License-Identifier: GPL-3.0-or-later
"""How load balancers stand in an estate, ALBs and NLBs as a whole, and the zones that those are in."""

from __future__ import annotations

from dataclasses import asdict
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

from simulator.errors import EstateError
from simulator.registry import known_addresses, known_keys

from . import _backends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from simulator.estate import Account

    from . import alb, nlb

B = TypeVar("B")


def load(data: Mapping[str, Any], account: Account, kind: str, balancer: type[B], listener: type) -> Iterator[B]:
    """Load a section's load balancers as objects of this class, with listeners of that one."""
    for entry in data.get("load_balancers") or []:
        where = f"{kind} {entry.get('id')}"
        check_place(entry, balancer, where, account)
        listeners = entry.get("listeners") or []
        for each in listeners:
            known_keys(each, set(listener.__dataclass_fields__), f"{where}: listener")
        yield balancer(**{**entry, "listeners": [listener(**each) for each in listeners]})


def check_place(entry: Mapping[str, Any], balancer: type, where: str, account: Account) -> None:
    """Refuse what this class of load balancers does not know, and one that is nowhere."""
    known_keys(entry, set(balancer.__dataclass_fields__), where)
    if not entry.get("id") or entry.get("region") not in account.regions:
        raise EstateError(f"{where}: an id and a region of the account are needed")


def dump(state: alb.Alb | nlb.Nlb) -> dict[str, Any]:
    """Dump load balancers and server groups as they are loaded."""
    balancers = [
        vars(each) | {"listeners": [asdict(one) for one in each.listeners]} for each in state.load_balancers.values()
    ]
    return {"load_balancers": balancers, "server_groups": _backends.show_groups(state.server_groups)}


def check(state: alb.Alb | nlb.Nlb, account: Account) -> None:
    """Refuse addresses that are none, and servers and security groups that are not there."""
    for group in state.server_groups.values():
        _backends.check(group.servers, account, group.region, group.id)
    for balancer in state.load_balancers.values():
        known_addresses(balancer.id, *balancer.addresses, *balancer.local_addresses)
        _backends.check_groups(balancer.security_groups, account, balancer.region, balancer.id)


def addresses(balancer: alb.Balancer | nlb.Balancer) -> Iterator[tuple[str, str, list[str]]]:
    """Give what an NLB or ALB has in each of its zones: a public address, a private one at which it is reached in its
    VPC, which is made up, and those from which it speaks to servers.
    """
    pairs = zip_longest(balancer.addresses, balancer.local_addresses, fillvalue="")
    for place, (public, local) in enumerate(pairs, start=1):
        yield public, f"192.168.255.{place}", [local] if local else []


def zones(balancer: alb.Balancer | nlb.Balancer, shown: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Show each address in a zone of its own; their names are made up."""
    return [
        {
            "ZoneId": f"{balancer.region}-{place}",
            "VSwitchId": f"vsw-{balancer.vpc}",
            "LoadBalancerAddresses": [address],
        }
        for place, address in enumerate(shown, start=1)
    ]
