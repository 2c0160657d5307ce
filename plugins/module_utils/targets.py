# SPDX-License-Identifier: GPL-3.0-or-later
"""What each public address of an account belongs to, and what is to be found at it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .network import Balancer, Forward, Listener, Network
from .paths import entry_ports, same_vpc


def targets(network: Network) -> list[dict]:
    """Every public address of the account, in the order of addresses.

    kind: clb, nlb, alb, nat, eip, instance or ipv6; an EIP that is bound to a load balancer or a NAT gateway is listed
    as theirs. bound_to: id of the instance or interface that has it, '' if none. servers: ids of those it leads to,
    at whatever port, as far as they were read. ports: of listeners and DNAT entries, front ports from first to last,
    all of them where they are not understood, and back ports, [] where those are the same as in front, or not known.
    """
    found: dict[str, dict] = {}
    owners = _owners(network)
    for row in _rows(network):
        vpc, things = row.pop("vpc"), row.pop("behind")
        servers = {server for thing in things for place, server in owners.get(thing, ()) if same_vpc(vpc, place)}
        found.setdefault(row["address"], {**row, "servers": sorted(servers)})
    return [found[address] for address in sorted(found)]


def _owners(network: Network) -> dict[str, list[tuple[str, str]]]:
    """The servers that an id or a private address leads to, by that, each with the VPC in which it does: '' in any."""
    found = {one.id: [("", one.id)] for one in network.servers.values()}
    for interface in network.interfaces.values():
        if interface.server:
            found[interface.id] = [("", interface.server)]
            for address in interface.private_ips:
                found.setdefault(address, []).append((interface.vpc, interface.server))
    return found


def _rows(network: Network) -> Iterator[dict]:
    yield from _balancers(network)
    yield from _gateways(network)
    for server in network.servers.values():
        for address in server.public_ips:
            yield _row(address, "instance", server, [], server.id)
    for eip in network.eips.values():
        yield _row(eip.address, "eip", eip, [], eip.bound_to)
    for interface in network.interfaces.values():
        for address in interface.ipv6:
            if address in network.ipv6 and network.ipv6[address].bandwidth:
                yield _row(address, "ipv6", interface, [], interface.server or interface.id)


def _balancers(network: Network) -> Iterator[dict]:
    for balancer in network.balancers.values():
        own = balancer.addresses if balancer.internet else ()
        for address in (*(own or ()), *_bound(network, balancer.id)):
            yield _row(
                address, balancer.kind, balancer, list(_listeners(network, balancer)), behind=_behind(network, balancer)
            )


def _gateways(network: Network) -> Iterator[dict]:
    for gateway in network.gateways.values():
        entries = [one for one in network.forwards.values() if one.gateway == gateway.id]
        forwarded = [one.external_ip for one in entries] if gateway.internet else []
        for address in dict.fromkeys((*_bound(network, gateway.id), *forwarded)):
            here = [one for one in entries if one.external_ip == address]
            yield _row(address, "nat", gateway, [_entry(one) for one in here], behind=[one.internal_ip for one in here])


def _bound(network: Network, thing: str) -> list[str]:
    return [eip.address for eip in network.eips.values() if eip.bound_to == thing]


def _behind(network: Network, balancer: Balancer) -> list[str]:
    """Whatever the listeners of a load balancer hand on to."""
    names = [name for one in network.listeners.values() if one.balancer == balancer.id for name in one.server_groups]
    groups = (network.server_groups.get(name) for name in (balancer.id, *names))
    return [backend.target for group in groups if group for backend in group.backends]


def _row(
    address: str, kind: str, thing: object, ports: list[dict], bound_to: str = "", behind: Iterable[str] = ()
) -> dict:
    return {
        "address": address,
        "kind": kind,
        "id": thing.id,
        "name": getattr(thing, "name", "") or thing.id,
        "region": thing.region,
        "bound_to": bound_to,
        "vpc": getattr(thing, "vpc", ""),
        "behind": [bound_to, *behind],
        "ports": ports,
    }


def _listeners(network: Network, balancer: Balancer) -> Iterator[dict]:
    own = (one for one in network.listeners.values() if one.balancer == balancer.id)
    for one in sorted(own, key=lambda one: (one.first, one.protocol)):
        yield {"first": one.first, "last": one.last, "protocol": one.protocol, "back": _back(network, one)}


def _back(network: Network, listener: Listener) -> list[int]:
    if listener.back_port:
        return [listener.back_port]
    groups = (network.server_groups.get(name) for name in listener.server_groups)
    return sorted({backend.port for group in groups if group for backend in group.backends} - {0})


def _entry(one: Forward) -> dict:
    front, back = entry_ports(one.external_port), entry_ports(one.internal_port)
    first, last = front or (1, 65535)
    return {
        "first": first,
        "last": last,
        "protocol": one.protocol.lower(),
        "back": [back[0]] if back and back != front else [],
    }
