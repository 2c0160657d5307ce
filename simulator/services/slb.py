# SPDX-License-Identifier: GPL-3.0-or-later
"""SLB 2014-05-15 (Classic Load Balancer): what an account has of it. The actions on that are in `slb_*.py`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError, EstateError
from simulator.registry import Product, Section, known_addresses, known_keys

from . import _backends, _balancers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.call import Call
    from simulator.estate import Account, World

    from ._backends import Backend

PROTOCOLS = ("tcp", "udp", "http", "https")

slb = Product(
    "slb",
    version="2014-05-15",
    hosts=("slb.aliyuncs.com", "slb.<region>.aliyuncs.com", "slb-vpc.<region>.aliyuncs.com"),
)


@dataclass
class Listener:
    """One listener. With a server group (vServer or primary/secondary), the servers' own ports count.

    `acl_type` white lets in what is in one of the lists, black what is in none; lists that are all empty let all in.
    """

    port: int
    protocol: str
    backend_port: int | None = None
    server_group: str = ""
    master_slave_group: str = ""
    status: str = "running"
    acl_status: str = "off"
    acl_type: str = "white"
    acls: list[str] = field(default_factory=list)


@dataclass
class Acl:
    """A list of addresses that listeners of a region let in or keep out."""

    id: str
    region: str
    entries: list[str] = field(default_factory=list)


@dataclass
class Balancer:
    """One CLB; `servers` are its default group. `access_log` is {project, logstore}; with `traffic`, an entry arrives
    as soon as logs are on.
    """

    id: str
    region: str
    name: str = ""
    address: str = ""
    address_type: str = "internet"
    status: str = "active"
    tags: dict[str, str] = field(default_factory=dict)
    servers: list[Backend] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    access_log: dict[str, str] | None = None
    traffic: bool = False


@dataclass
class Slb:
    """An account's CLBs, its vServer and primary/secondary groups, and its access control lists."""

    load_balancers: dict[str, Balancer] = field(default_factory=dict)
    server_groups: dict[str, _backends.Group] = field(default_factory=dict)
    acls: dict[str, Acl] = field(default_factory=dict)


def _load(data: Mapping[str, Any] | None, account: Account) -> Slb:
    data = data or {}
    known_keys(data, {"load_balancers", "server_groups", "acls"}, f"account {account.id}: slb")
    balancers = [_load_balancer(entry, account) for entry in data.get("load_balancers") or []]
    listeners = [(balancer, listener) for balancer in balancers for listener in balancer.listeners]
    used = [(name, each.region) for each, one in listeners for name in (one.server_group, one.master_slave_group)]
    asked = [(name, each.region) for each, one in listeners for name in one.acls]
    return Slb(
        {each.id: each for each in balancers},
        _backends.groups(data.get("server_groups") or {}, [each for each in used if each[0]], account),
        _load_acls(data.get("acls") or {}, asked, account),
    )


def _load_balancer(entry: Mapping[str, Any], account: Account) -> Balancer:
    where = f"load balancer {entry.get('id')}"
    _balancers.check_place(entry, Balancer, where, account)
    known_addresses(where, entry.get("address") or "")
    listeners = [_load_listener(each, where) for each in entry.get("listeners") or []]
    if entry.get("access_log"):
        known_keys(entry["access_log"], {"project", "logstore"}, f"{where}: access_log")
    servers = _backends.servers(entry.get("servers") or [], where)
    return Balancer(**{**entry, "listeners": listeners, "servers": servers})


def _load_listener(entry: Mapping[str, Any], where: str) -> Listener:
    known_keys(entry, set(Listener.__dataclass_fields__), f"{where}: listener")
    listener = Listener(**entry)
    if isinstance(listener.acl_status, bool):  # YAML's idea of on and off
        listener.acl_status = "on" if listener.acl_status else "off"
    if listener.protocol not in PROTOCOLS:
        raise EstateError(f"{where}: the protocol of a listener is one of {', '.join(PROTOCOLS)}")
    if listener.acl_status not in ("on", "off") or listener.acl_type not in ("white", "black"):
        raise EstateError(f"{where}: acl_status is on or off, acl_type white or black")
    return listener


def _load_acls(data: Mapping[str, Any], used: list[tuple[str, str]], account: Account) -> dict[str, Acl]:
    """Load access control lists; one that does not say where it is, is where it is used, or in the first region."""
    places = dict(used)
    result = {}
    for name, entry in data.items():
        given = entry if isinstance(entry, dict) else {"entries": entry}
        known_keys(given, {"region", "entries"}, f"acl {name}")
        region = given.get("region") or places.get(name) or account.regions[0]
        result[name] = Acl(name, region, [network(each) for each in given.get("entries") or []])
    for name, region in used:
        if name not in result or result[name].region != region:
            raise EstateError(f"a listener in {region} names the access control list {name}, which is not there")
    return result


def network(text: str) -> str:
    """Give an entry of an access control list in its one spelling. EstateError: it is none."""
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise EstateError(f"{text} is no address or block of addresses") from None


def _dump(state: Slb) -> dict[str, Any]:
    balancers = [
        vars(each) | {"listeners": [asdict(one) for one in each.listeners], "servers": _backends.show(each.servers)}
        for each in state.load_balancers.values()
    ]
    acls = {name: {"region": acl.region, "entries": list(acl.entries)} for name, acl in state.acls.items()}
    return {"load_balancers": balancers, "server_groups": _backends.show_groups(state.server_groups), "acls": acls}


def _check(world: World) -> None:
    for account in world.accounts.values():
        state = section.of(account)
        for each in (*state.load_balancers.values(), *state.server_groups.values()):
            _backends.check(each.servers, account, each.region, each.id)


section = Section("slb", _load, _dump, _check)


def kind_of(account: Account, group: str) -> str | None:
    """Give the parameter by which calls name a server group of this kind; None for one that no listener uses."""
    listeners = [each for balancer in section.of(account).load_balancers.values() for each in balancer.listeners]
    if any(each.server_group == group for each in listeners):
        return "VServerGroupId"
    return "MasterSlaveServerGroupId" if any(each.master_slave_group == group for each in listeners) else None


def balancers_here(call: Call) -> list[Balancer]:
    """List the load balancers of the call's region."""
    return [each for each in section.of(call.account).load_balancers.values() if each.region == call.region]


def balancer_arn(call: Call) -> str:
    """Give the ARN of the load balancer that a call names."""
    return call.arn(f"loadbalancer/{call.params['LoadBalancerId']}")


def balancer_named(call: Call, name: str | None = None) -> Balancer:
    """Find the load balancer that a call names, in its region; raises the product's error."""
    wanted = name or call.params["LoadBalancerId"]
    found = next((each for each in balancers_here(call) if each.id == wanted), None)
    if found is None:
        raise ApiError("InvalidLoadBalancerId.NotFound", "The specified LoadBalancerId does not exist.", 404)
    return found
