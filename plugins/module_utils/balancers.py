# SPDX-License-Identifier: GPL-3.0-or-later
"""The load balancers of an account as values (CLB, ALB and NLB), read by lists over whole regions.

A region costs ceil(N/100) calls for its load balancers; where there are any in scope, ceil(M/50) for the log settings
of its CLBs (an ALB's stands in the list), ceil(L/100) for its listeners, and ceil(S/100) for the servers behind those
of ALBs and NLBs. Only the server groups of TCP listeners of CLBs have to be read one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, TypeVar

from . import alb, slb
from .errors import NOT_THE_CLOUD, CloudError, OptionError, Unread
from .names import pick
from .pages import items_at, numbered, tokened
from .values import Resource

if TYPE_CHECKING:
    from .cloud import Cloud

T = TypeVar("T")
KINDS = ("clb", "alb", "nlb")
PRODUCTS = {"clb": "slb", "alb": "alb", "nlb": "nlb"}
LAYER_7 = ("http", "https")


@dataclass(frozen=True)
class Listener:
    """One listener: its front ports from first to last, and the ports of its servers, Unread where they were denied."""

    protocol: str
    first: int
    last: int
    back: frozenset[int] | Unread = frozenset()


@dataclass(frozen=True)
class Balancer:
    """One load balancer. kind: clb, alb or nlb; exposure: internet or intranet.

    log: project and logstore of its access logs, None while they are off. listeners: None where nobody needed them.
    unread: the load balancers of a region could not be read; then this stands for all of them.
    """

    kind: str
    resource: Resource
    exposure: str = ""
    tags: dict = field(default_factory=dict, hash=False)
    log: tuple[str, str] | Unread | None = None
    listeners: tuple[Listener, ...] | Unread | None = None
    unread: Unread | None = None


def read_balancers(cloud: Cloud, options: SimpleNamespace, only: frozenset[str] | None) -> list[Balancer]:
    """The load balancers in scope, every region and kind in flight together. only: ARNs to read again."""
    places = _places(cloud, options) if only is None else _places_of(only)
    listed = cloud.map(lambda place: _list(cloud, *place), places)
    # A wrong key is no matter of a region.
    for answer in listed:
        if isinstance(answer, CloudError) and answer.bad_key:
            raise answer
    wanted, unused = _choose(
        options, [one for answer in listed if not isinstance(answer, CloudError) for one in answer]
    )
    if only is None:
        cloud.warnings += [f"names: no load balancer in scope matches {pattern!r}." for pattern in unused]
    else:
        wanted = [balancer for balancer in wanted if balancer.resource.arn in only]
    groups: dict[tuple[str, str], list[Balancer]] = {}
    for balancer in wanted:
        groups.setdefault((balancer.kind, balancer.resource.region), []).append(balancer)
    reads = [
        (part, place, group) for place, group in groups.items() for part in _parts(place[0], bool(options.admin_ports))
    ]
    answers = cloud.map(lambda read: read[0](cloud, read[1][1], read[2]), reads)
    found: dict[str, dict] = {}
    for (part, _unused, group), answer in zip(reads, answers, strict=True):
        for balancer in group:
            value = Unread.of(answer) if isinstance(answer, CloudError) else answer.get(balancer.resource.id)
            found.setdefault(balancer.resource.arn, {})[FIELDS[part]] = value
    unread = [
        Balancer(kind, _resource(cloud, kind, region, "*", "*"), unread=Unread.of(answer))
        for (kind, region), answer in zip(places, listed, strict=True)
        if isinstance(answer, CloudError)
    ]
    return unread + [_completed(balancer, found.get(balancer.resource.arn, {})) for balancer in wanted]


def _completed(balancer: Balancer, found: dict) -> Balancer:
    # A load balancer that a list of listeners does not name has none.
    if "listeners" in found and found["listeners"] is None:
        found = {**found, "listeners": ()}
    return replace(balancer, **found)


def _places(cloud: Cloud, options: SimpleNamespace) -> list[tuple[str, str]]:
    known = cloud.all_regions()
    wrong = sorted(set(options.regions) - set(known))
    if wrong:
        raise OptionError(f"regions: this account has no region {', '.join(wrong)}; it has {', '.join(sorted(known))}.")
    return [(kind, region) for kind in options.types for region in options.regions or known]


def _places_of(arns: frozenset[str]) -> list[tuple[str, str]]:
    kinds = {product: kind for kind, product in PRODUCTS.items()}
    parts = [arn.split(":") for arn in sorted(arns)]
    return sorted({(kinds[part[1]], part[2]) for part in parts if part[1] in kinds})


def _choose(options: SimpleNamespace, listed: list[Balancer]) -> tuple[list[Balancer], list[str]]:
    """The load balancers in scope, and the patterns of names that stand for none of them."""
    tagged = [one for one in listed if all(one.tags.get(key) == str(value) for key, value in options.tags.items())]
    return pick(options.names, tagged, lambda one: (one.resource.id, one.resource.name))


def _resource(cloud: Cloud, kind: str, region: str, balancer: str, name: str) -> Resource:
    product = PRODUCTS[kind]
    return Resource(
        f"acs:{product}:{region}:{cloud.account_id}:loadbalancer/{balancer}",
        f"ACS::{product.upper()}::LoadBalancer",
        balancer,
        name or balancer,
        region,
        cloud.account_id,
    )


def _list(cloud: Cloud, kind: str, region: str) -> list[Balancer]:
    """The load balancers of a kind in a region; none where ALB or NLB is not offered, which is not so everywhere."""
    try:
        rows = _rows(cloud, kind, region)
    except CloudError as error:
        if kind != "clb" and error.not_offered:
            return []
        raise
    return [
        Balancer(
            kind,
            _resource(cloud, kind, region, row["LoadBalancerId"], row.get("LoadBalancerName", "")),
            (row.get("AddressType") or "").lower(),
            _tags(row.get("Tags")),
            alb.target(row) if kind == "alb" else None,
        )
        for row in rows
    ]


def _rows(cloud: Cloud, kind: str, region: str) -> list[dict]:
    if kind == "clb":
        return numbered(cloud, "slb", "DescribeLoadBalancers", region, 100, ("LoadBalancers", "LoadBalancer"))
    return tokened(cloud, kind, "ListLoadBalancers", region, "LoadBalancers")


def _tags(found: dict | list | None) -> dict:
    rows = (found.get("Tag") if isinstance(found, dict) else found) or []
    return {row.get("TagKey", row.get("Key", "")): row.get("TagValue", row.get("Value", "")) for row in rows}


def _parts(kind: str, admin_ports: bool) -> list[Callable[[Cloud, str, list[Balancer]], dict]]:
    """What else is read of a region's load balancers of a kind."""
    if kind == "clb":
        return [_targets, _clb_listeners]
    return [{"alb": _alb_listeners, "nlb": _nlb_listeners}[kind]] if admin_ports else []


def _targets(cloud: Cloud, region: str, _unused: list[Balancer]) -> dict[str, tuple[str, str]]:
    return slb.targets(cloud, region)


def _clb_listeners(cloud: Cloud, region: str, group: list[Balancer]) -> dict[str, tuple[Listener, ...]]:
    ids = {balancer.resource.id for balancer in group}
    rows = [
        row
        for row in tokened(cloud, "slb", "DescribeLoadBalancerListeners", region, "Listeners")
        if row["LoadBalancerId"] in ids
    ]
    asked = {servers for servers in map(_servers_of, rows) if servers}
    ports = {
        servers: _attempt(lambda servers=servers: _clb_ports(cloud, region, *servers)) for servers in sorted(asked)
    }

    def listener(row: dict) -> Listener:
        servers, port = _servers_of(row), int(row["ListenerPort"])
        # Where no port is set, SLB says 0, -520 or nothing.
        back = ports[servers] if servers else frozenset({int(row.get("BackendServerPort") or 0)} - {0, -520})
        return Listener(row["ListenerProtocol"].lower(), port, port, back)

    return _by_balancer(rows, listener)


def _servers_of(row: dict) -> tuple[str, str] | None:
    """The group whose servers' own ports count for a TCP listener: vServer or primary/secondary; None without one."""
    if row["ListenerProtocol"].lower() != "tcp":
        return None
    if row.get("VServerGroupId"):
        return ("VServerGroup", row["VServerGroupId"])
    pair = (row.get("TCPListenerConfig") or {}).get("MasterSlaveServerGroupId")
    return ("MasterSlaveServerGroup", pair) if pair else None


def _clb_ports(cloud: Cloud, region: str, group: str, group_id: str) -> frozenset[int]:
    action = f"Describe{group}Attribute"
    path = (
        ("BackendServers", "BackendServer")
        if group == "VServerGroup"
        else ("MasterSlaveBackendServers", "MasterSlaveBackendServer")
    )
    servers = items_at(cloud.rpc("slb", action, {f"{group}Id": group_id}, region), path)
    if servers is None:
        raise CloudError(action, NOT_THE_CLOUD, f"the answer holds no {'.'.join(path)}")
    return frozenset(int(server["Port"]) for server in servers)


def _alb_listeners(cloud: Cloud, region: str, group: list[Balancer]) -> dict[str, tuple[Listener, ...]]:
    """The listeners with the servers of their default action; those of forwarding rules are not looked at."""
    rows = _rows_of(cloud, "alb", region, group)
    ports = _group_ports(cloud, "alb", region, rows)

    def listener(row: dict) -> Listener:
        tuples = [
            one["ServerGroupId"]
            for action in row.get("DefaultActions") or []
            for one in (action.get("ForwardGroupConfig") or {}).get("ServerGroupTuples") or []
        ]
        port = int(row["ListenerPort"])
        return Listener(row["ListenerProtocol"].lower(), port, port, ports(tuples))

    return _by_balancer(rows, listener)


def _nlb_listeners(cloud: Cloud, region: str, group: list[Balancer]) -> dict[str, tuple[Listener, ...]]:
    """The listeners; one of all ports (port 0) has a range instead, and hands each port on as it is."""
    rows = _rows_of(cloud, "nlb", region, group)
    ports = _group_ports(cloud, "nlb", region, rows)

    def listener(row: dict) -> Listener:
        port = int(row.get("ListenerPort") or 0)
        first, last = (port, port) if port else (int(row.get("StartPort") or 1), int(row.get("EndPort") or 65535))
        return Listener(row["ListenerProtocol"].lower(), first, last, ports([row.get("ServerGroupId")]))

    return _by_balancer(rows, listener)


def _rows_of(cloud: Cloud, product: str, region: str, group: list[Balancer]) -> list[dict]:
    ids = {balancer.resource.id for balancer in group}
    return [
        row for row in tokened(cloud, product, "ListListeners", region, "Listeners") if row["LoadBalancerId"] in ids
    ]


def _group_ports(
    cloud: Cloud, product: str, region: str, rows: list[dict]
) -> Callable[[list[str]], frozenset[int] | Unread]:
    """A function from server groups to their servers' ports; one list for the whole region, none without listeners."""
    servers = _attempt(lambda: tokened(cloud, product, "ListServerGroupServers", region, "Servers")) if rows else []
    if isinstance(servers, Unread):
        return lambda _groups: servers
    ports: dict[str, set[int]] = {}
    for server in servers:
        ports.setdefault(server["ServerGroupId"], set()).add(int(server.get("Port") or 0))
    return lambda groups: frozenset(port for group in groups for port in ports.get(group, ()) if port)


def _by_balancer(rows: list[dict], listener: Callable[[dict], Listener]) -> dict[str, tuple[Listener, ...]]:
    found: dict[str, tuple[Listener, ...]] = {}
    for row in rows:
        found[row["LoadBalancerId"]] = (*found.get(row["LoadBalancerId"], ()), listener(row))
    return found


def _attempt(read: Callable[[], T]) -> T | Unread:
    try:
        return read()
    except CloudError as error:
        return Unread.of(error)


FIELDS = {_targets: "log", _clb_listeners: "listeners", _alb_listeners: "listeners", _nlb_listeners: "listeners"}
