# SPDX-License-Identifier: GPL-3.0-or-later
"""NLB 2022-04-30: what an account has of it. The actions on that are in `nlb_*.py`. It has no access logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.errors import EstateError
from simulator.registry import Product, Section, known_keys

from . import _backends, _balancers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.call import Call
    from simulator.estate import Account, World

nlb = Product("nlb", version="2022-04-30", hosts=("nlb.<region>.aliyuncs.com", "nlb-vpc.<region>.aliyuncs.com"))


@dataclass
class Listener:
    """One listener: of one port, or, with port 0, of all from `start` to `end`."""

    id: str
    port: int = 0
    protocol: str = "TCP"
    start: int = 0
    end: int = 0
    server_group: str = ""
    status: str = "Running"


@dataclass
class Balancer:
    """One NLB: with `addresses` of the internet, and `local_addresses` from which it speaks to servers in its VPC.

    Without security groups of its own it lets everybody in.
    """

    id: str
    region: str
    name: str = ""
    address_type: str = "Internet"
    status: str = "Active"
    vpc: str = "vpc-default"
    addresses: list[str] = field(default_factory=list)
    local_addresses: list[str] = field(default_factory=list)
    security_groups: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)


@dataclass
class Nlb:
    """An account's NLBs, and its server groups."""

    load_balancers: dict[str, Balancer] = field(default_factory=dict)
    server_groups: dict[str, _backends.Group] = field(default_factory=dict)


def _load(data: Mapping[str, Any] | None, account: Account) -> Nlb:
    data = data or {}
    known_keys(data, {"load_balancers", "server_groups"}, f"account {account.id}: nlb")
    balancers = list(_balancers.load(data, account, "NLB", Balancer, Listener))
    for each in balancers:
        if each.addresses and not each.local_addresses:
            missing = "with public addresses it has local_addresses too, from which it speaks to servers"
            raise EstateError(f"NLB {each.id}: {missing}")
    used = [(each.server_group, balancer.region) for balancer in balancers for each in balancer.listeners]
    groups = _backends.groups(data.get("server_groups") or {}, [each for each in used if each[0]], account)
    return Nlb({each.id: each for each in balancers}, groups)


def _check(world: World) -> None:
    for account in world.accounts.values():
        _balancers.check(section.of(account), account)


section = Section("nlb", _load, _balancers.dump, _check)


def here(call: Call) -> list[Balancer]:
    """List the load balancers of the call's region."""
    return [each for each in section.of(call.account).load_balancers.values() if each.region == call.region]


def groups_here(call: Call) -> list[_backends.Group]:
    """List the server groups of the call's region."""
    return [each for each in section.of(call.account).server_groups.values() if each.region == call.region]
