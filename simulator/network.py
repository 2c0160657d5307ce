# SPDX-License-Identifier: GPL-3.0-or-later
"""Would a new TCP connection succeed? Decided packet by packet, from the state of the simulated cloud alone.

`connect` tries all addresses of one server, `reach` one public address, whatever stands behind it. Not simulated are
established connections, routes, network ACLs, firewalls, health checks and the rules by which load balancers of layer 7
choose a server: those end the client's connection themselves, so it gets to no server.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from .errors import EstateError
from .groups import Attempt, Door, is_in, judge, lets_in
from .services import _backends
from .services.ecs import section as ecs
from .services.network import section as network
from .services.nlb import section as nlb
from .services.slb import section as slb
from .services.vpc import bindings, eip_of
from .services.vpc import section as vpc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .estate import Account, World
    from .services import nlb as _nlb
    from .services import slb as _slb
    from .services._backends import Backend
    from .services.ecs import Instance, Interface
    from .services.vpc import NatGateway

End = tuple[str, int]  # the instance and the port at which a connection ends


def connect(world: World, source: str, instance: str, port: int) -> bool:
    """Whether a new TCP connection from an address to a port of an instance succeeds. EstateError: no such instance.

    It finds an instance that runs: from a public address where the interface has a public one of the same family,
    from a private address always.
    """
    for account in world.accounts.values():
        state = ecs.of(account)
        if instance in state.instances:
            attempt = Attempt(ip_address(source), port)
            server = state.instances[instance]
            found = [door for door in doors(server, account) if finds(door, attempt)]
            return server.status == "Running" and any(lets_in(door, attempt, state) for door in found)
    raise EstateError(f"there is no instance {instance}")


def reach(world: World, source: str, address: str, port: int) -> list[list[str | int]]:
    """Where a new TCP connection from an outside address to a public one can end: pairs of instance and port, sorted.

    Nowhere, if the address is private or nobody's. A private source is nowhere outside.
    """
    attempt, target = Attempt(ip_address(source), port), ip_address(address)
    if attempt.is_private or attempt.source.version != target.version:
        return []
    ends = {end for account in world.accounts.values() for end in _ends(account, str(target), attempt)}
    return [list(end) for end in sorted(ends)]


# --- a server's own addresses --------------------------------------------------------------------------------------


def doors(server: Instance, account: Account) -> Iterator[Door]:
    """The addresses of a server; in the classic network one to the internet and one inside."""
    if not server.vpc:
        eip = eip_of(server.id, account)
        public = [*filter(None, (server.public_ip, eip.address if eip else ""))]
        yield Door(server.groups, "", public, "internet")
        yield Door(server.groups, server.private_ip)
        return
    eips = bindings(account)
    for one in ecs.of(account).interfaces():
        if one.instance == server.id:
            for address in (one.private_ip, *one.secondary_ips):
                own = server.public_ip if one.type == "Primary" and address == one.private_ip else ""
                public = [*filter(None, (own, *(eip.address for eip in eips.get((one.id, address), []))))]
                yield Door(one.groups, address, public)
            if one.ipv6:
                yield Door(one.groups, one.ipv6, [str(ip_address(one.ipv6))] if one.ipv6_bandwidth else [])


def finds(door: Door, attempt: Attempt) -> bool:
    """Whether the attempt gets to this address, before the groups are asked."""
    if attempt.source.version != door.version:
        return False
    return door.nic != "internet" if attempt.is_private else bool(door.public)


# --- whatever stands behind a public address -----------------------------------------------------------------------


def _ends(account: Account, address: str, attempt: Attempt) -> Iterator[End]:
    """Follow the attempt from a public address of the account."""
    yield from _to_servers(account, address, attempt)
    bound = [eip.bound_to for eip in vpc.of(account).eips.values() if eip.address == address]
    for gateway in vpc.of(account).nat_gateways.values():
        if gateway.id in bound:
            yield from _through_nat(gateway, account, address, attempt)
    for clb in slb.of(account).load_balancers.values():
        if clb.id in bound or (clb.address == address and clb.address_type == "internet"):
            yield from _through_clb(clb, account, attempt)
    for balancer in nlb.of(account).load_balancers.values():
        if address in balancer.addresses and balancer.address_type == "Internet":
            yield from _through_nlb(balancer, account, attempt)


def _to_servers(account: Account, address: str, attempt: Attempt) -> Iterator[End]:
    state = ecs.of(account)
    for server in state.instances.values():
        for door in doors(server, account):
            if address in door.public and server.status == "Running" and lets_in(door, attempt, state):
                yield server.id, attempt.port


def _through_nat(gateway: NatGateway, account: Account, address: str, attempt: Attempt) -> Iterator[End]:
    """DNAT keeps the client's address; the groups of the interface that has the internal one are asked.

    That an entry only works for an instance without an EIP is documented; how an instance with one answers is not, so
    here the packet arrives all the same.
    """
    state = ecs.of(account)
    for forward in gateway.forwards:
        port = forward.inside(attempt.port)
        if forward.external_ip != address or forward.status != "Available" or not port or forward.protocol == "UDP":
            continue
        for one in state.interfaces():
            here = (one.region, one.vpc) == (gateway.region, gateway.vpc) and forward.internal_ip in one.addresses
            door = Door(one.groups, forward.internal_ip)
            if here and _runs(one, account) and lets_in(door, Attempt(attempt.source, port), state):
                yield one.instance, port


def _through_clb(balancer: _slb.Balancer, account: Account, attempt: Attempt) -> Iterator[End]:
    """A listener of layer 4 hands on with the client's address; the groups' part in that is the estate's choice."""
    state = slb.of(account)
    for listener in balancer.listeners if balancer.status == "active" else ():
        running = listener.status == "running" and listener.protocol == "tcp"
        if not running or listener.port != attempt.port or not _admits(listener, state, attempt):
            continue
        group = listener.server_group or listener.master_slave_group
        for each in state.server_groups[group].servers if group else balancer.servers:
            port = each.port if group else listener.backend_port or 0
            inner = Attempt(attempt.source, port)
            for server, door in _behind(each, account, balancer.region):
                if port > 0 and _passes_groups(door, inner, account):
                    yield server, port


def _admits(listener: _slb.Listener, state: _slb.Slb, attempt: Attempt) -> bool:
    """Whether a listener's access control lists let a client in; empty ones let everybody in."""
    entries = [entry for name in listener.acls for entry in state.acls[name].entries]
    if listener.acl_status == "off" or not entries:
        return True
    return is_in(attempt.source, entries) == (listener.acl_type == "white")


def _through_nlb(balancer: _nlb.Balancer, account: Account, attempt: Attempt) -> Iterator[End]:
    """An NLB hands on with the client's address or with its own local one, as the server group says."""
    own = [Door(balancer.security_groups, local) for local in balancer.local_addresses]
    if balancer.status != "Active" or all(judge(door, attempt, ecs.of(account)) is False for door in own):
        return
    for listener in balancer.listeners:
        fits = attempt.port == listener.port if listener.port else listener.start <= attempt.port <= listener.end
        if not fits or listener.status != "Running" or listener.protocol.upper() not in ("TCP", "TCPSSL"):
            continue
        group = nlb.of(account).server_groups.get(listener.server_group)
        for each in group.servers if group else ():
            port = each.port or attempt.port
            local = [Attempt(ip_address(door.address), port) for door in own]
            for server, door in _behind(each, account, balancer.region, balancer.vpc):
                if group.preserve_client_ip:
                    passes = _passes_groups(door, Attempt(attempt.source, port), account)
                else:
                    passes = any(lets_in(door, one, ecs.of(account)) for one in local)
                if passes:
                    yield server, port


def _behind(backend: Backend, account: Account, region: str, vpc_id: str = "") -> Iterator[tuple[str, Door]]:
    """Give the running instance behind a load balancer and the address at which it gets packets, if it gets any."""
    instances = ecs.of(account).instances
    if not backend.weight:
        return
    classic = instances.get(backend.server)
    one = _backends.interface(backend, account, region, vpc_id)
    if one and _runs(one, account):
        yield one.instance, Door(one.groups, backend.server if backend.kind == "ip" else one.private_ip)
    elif classic and not classic.vpc and classic.status == "Running":
        yield classic.id, Door(classic.groups, classic.private_ip)


def _passes_groups(door: Door, attempt: Attempt, account: Account) -> bool:
    """Whether groups let in what a load balancer hands on with the client's address; UNCONFIRMED if they are asked."""
    return not network.of(account).groups_filter_balancers or lets_in(door, attempt, ecs.of(account))


def _runs(one: Interface, account: Account) -> bool:
    return bool(one.instance) and ecs.of(account).instances[one.instance].status == "Running"
