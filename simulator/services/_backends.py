# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers behind load balancers of all kinds, and the groups that they are in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.errors import EstateError
from simulator.registry import known_addresses, known_keys

from .ecs import section as ecs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simulator.estate import Account

    from .ecs import Interface

WEIGHT = 100


@dataclass
class Backend:
    """One server: an instance, a network interface or an address. Without a server it is a port and nothing else.

    `port` 0 stands for the port that the client chose (NLB), or for the listener's (a CLB's default group).
    """

    server: str = ""
    port: int = 0
    weight: int = WEIGHT

    @property
    def kind(self) -> str:
        """`ecs`, `eni` or `ip`, from how the id looks."""
        start, dash, _rest = self.server.partition("-")
        return {"": "ecs", "i": "ecs", "eni": "eni"}.get(start, "ip") if dash or not start else "ip"


@dataclass
class Group:
    """A server group of one region; the client's address is preserved on the way to its servers, or is not (NLB)."""

    id: str
    region: str
    servers: list[Backend] = field(default_factory=list)
    preserve_client_ip: bool = True


def servers(entries: Iterable[Any], where: str) -> list[Backend]:
    """Load servers; a number is a server of which only the port is known."""
    return [_server(entry, where) for entry in entries]


def _server(entry: Any, where: str) -> Backend:
    if isinstance(entry, int):
        return Backend(port=entry)
    known_keys(entry, set(Backend.__dataclass_fields__), f"{where}: server")
    backend = Backend(**entry)
    if not backend.server:
        raise EstateError(f"{where}: a server is an instance, a network interface or an address")
    return backend


def show(backends: Iterable[Backend]) -> list[Any]:
    """Dump servers as they are loaded."""
    return [dict(vars(each)) if each.server else each.port for each in backends]


def groups(data: Mapping[str, Any], used: Iterable[tuple[str, str]], account: Account) -> dict[str, Group]:
    """Load server groups; `used` are pairs of a group and the region of a load balancer that uses it.

    A group that does not say where it is, is where it is used, or in the account's first region.
    """
    places = dict(used)
    result = {}
    for name, entry in data.items():
        given = entry if isinstance(entry, dict) else {"servers": entry}
        known_keys(given, set(Group.__dataclass_fields__) - {"id"}, f"server group {name}")
        region = given.get("region") or places.get(name) or account.regions[0]
        listed = servers(given.get("servers") or [], f"server group {name}")
        result[name] = Group(name, region, listed, bool(given.get("preserve_client_ip", True)))
    for name, region in used:
        if name not in result or result[name].region != region:
            raise EstateError(f"a listener in {region} names the server group {name}, which is not there")
    return result


def show_groups(found: Mapping[str, Group]) -> dict[str, Any]:
    """Dump server groups as they are loaded."""
    return {
        name: {"region": one.region, "servers": show(one.servers), "preserve_client_ip": one.preserve_client_ip}
        for name, one in found.items()
    }


def check(backends: Iterable[Backend], account: Account, region: str, where: str) -> None:
    """Refuse servers that are not there; an address may be anybody's."""
    for each in backends:
        if each.kind == "ip":
            known_addresses(where, each.server)
        elif each.server and getattr(_named(each, account), "region", "") != region:
            raise EstateError(f"{where}: there is no {each.server} in {region}")


def check_groups(names: Iterable[str], account: Account, region: str, where: str) -> None:
    """Refuse security groups of a load balancer that are not there."""
    found = ecs.of(account).security_groups
    missing = [name for name in names if name not in found or found[name].region != region]
    if missing:
        raise EstateError(f"{where}: there is no security group {', '.join(missing)} in {region}")


def interface(backend: Backend, account: Account, region: str, vpc: str = "") -> Interface | None:
    """Find the network interface that gets a server's packets; None for a server outside of the account's VPCs.

    Addresses are looked for in the VPC of the load balancer.
    """
    for one in ecs.of(account).interfaces():
        primary = one.type == "Primary" and one.instance == backend.server
        addressed = backend.server in one.addresses and one.vpc == vpc
        if one.region == region and (primary or addressed or one.id == backend.server):
            return one
    return None


def _named(backend: Backend, account: Account) -> Any:
    """Find the instance or the network interface that a server's id names."""
    state = ecs.of(account)
    found = state.instances.get(backend.server) or state.network_interfaces.get(backend.server)
    return found or next((one for one in state.interfaces() if one.id == backend.server), None)


def address(backend: Backend, account: Account) -> str:
    """Give the private address of a server, "" where it has none."""
    return backend.server if backend.kind == "ip" else getattr(_named(backend, account), "private_ip", "")


def server_id(backend: Backend, place: int) -> str:
    """Give the id that the API shows; one is made up for a server of which only the port is known."""
    return backend.server or f"i-{place}"


def group_type(group: Group) -> str:
    """Give the type of a server group of an NLB or ALB."""
    return "Ip" if any(each.kind == "ip" for each in group.servers) else "Instance"


def group_servers(group: Group, account: Account) -> list[dict[str, Any]]:
    """Show the servers of a group as NLB and ALB do."""
    return [
        {
            "ServerGroupId": group.id,
            "ServerId": server_id(each, place),
            "ServerIp": address(each, account),
            "ServerType": each.kind.capitalize(),
            "Port": each.port,
            "Weight": each.weight,
            "Status": "Available",
        }
        for place, each in enumerate(group.servers)
    ]
