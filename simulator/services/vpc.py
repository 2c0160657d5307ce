# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC 2016-04-28: elastic IP addresses, and NAT gateways with what they forward. The actions are in `vpc_*.py`."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

from simulator.errors import EstateError
from simulator.registry import Product, Section, known_addresses, known_keys

from .ecs import section as ecs
from .slb import section as slb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.estate import Account, World

KINDS = {"i": "EcsInstance", "eni": "NetworkInterface", "lb": "SlbInstance", "ngw": "Nat", "": ""}
PROTOCOLS = {"tcp": "TCP", "udp": "UDP", "any": "Any"}

vpc = Product(
    "vpc",
    version="2016-04-28",
    hosts=("vpc.aliyuncs.com", "vpc.<region>.aliyuncs.com", "vpc-vpc.<region>.aliyuncs.com"),
)


@dataclass
class Eip:
    """An elastic IP address; `private_ip` says to which address of an interface it is bound, if not to the primary."""

    id: str
    region: str
    address: str
    bound_to: str = ""
    private_ip: str = ""
    mode: str = "NAT"
    name: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What it is bound to, as the API names it; "" for nothing."""
        return KINDS[self.bound_to.partition("-")[0]]


@dataclass
class Forward:
    """A DNAT entry; ports are `any`, a number or a range `10/20`, the protocol is TCP, UDP or Any."""

    id: str
    external_ip: str
    external_port: str
    internal_ip: str
    internal_port: str
    protocol: str = "TCP"
    status: str = "Available"
    name: str = ""

    def inside(self, port: int) -> int:
        """Give the internal port that an external one is mapped to, 0 if this entry does not forward it."""
        (first, last), (start, _end) = span(self.external_port), span(self.internal_port)
        return start + port - first if first <= port <= last else 0

    def clashes(self, other: Forward) -> bool:
        """Whether both would get the same packets."""
        same = self.external_ip == other.external_ip
        if "any" in (self.external_port, other.external_port):
            return same  # an address that is mapped as a whole is for that entry alone
        (first, last), (start, end) = span(self.external_port), span(other.external_port)
        return same and self.protocol == other.protocol and first <= end and start <= last


@dataclass
class NatGateway:
    """A NAT gateway, of the internet or (`intranet`) inside of a VPC."""

    id: str
    region: str
    forward_table: str
    vpc: str = "vpc-default"
    network_type: str = "internet"
    name: str = ""
    forwards: list[Forward] = field(default_factory=list)


@dataclass
class Vpc:
    """An account's part of VPC; everything by its id."""

    eips: dict[str, Eip] = field(default_factory=dict)
    nat_gateways: dict[str, NatGateway] = field(default_factory=dict)

    def by_table(self, table: str) -> NatGateway | None:
        """Find the gateway that a forward table belongs to."""
        return next((each for each in self.nat_gateways.values() if each.forward_table == table), None)


def span(ports: str) -> tuple[int, int]:
    """Give the first and the last port of `22`, `10/20` or `any`."""
    if ports == "any":
        return 1, 65535
    first, _slash, last = ports.partition("/")
    return int(first), int(last or first)


def takes_eips(thing: Any) -> bool:
    """Whether EIPs can be bound to it: to internal load balancers, and to NAT gateways of the internet."""
    if isinstance(thing, NatGateway):
        return thing.network_type == "internet"
    return getattr(thing, "address_type", "intranet") == "intranet"


def bindings(account: Account) -> dict[tuple[str, str], list[Eip]]:
    """List EIPs by the interface that they lead to and which of its private addresses."""
    interfaces = ecs.of(account).interfaces()
    named = {one.id: one for one in interfaces} | {one.instance: one for one in interfaces if one.type == "Primary"}
    result: dict[tuple[str, str], list[Eip]] = {}
    for eip in section.of(account).eips.values():
        if one := named.get(eip.bound_to):
            result.setdefault((one.id, eip.private_ip or one.private_ip), []).append(eip)
    return result


def eip_of(instance: str, account: Account) -> Eip | None:
    """Find the EIP that is bound to an instance itself."""
    return next((each for each in section.of(account).eips.values() if each.bound_to == instance), None)


# --- the estate ----------------------------------------------------------------------------------------------------


def _load(data: Mapping[str, Any] | None, account: Account) -> Vpc:
    data = data or {}
    known_keys(data, {"eips", "nat_gateways"}, f"account {account.id}: vpc")
    state = Vpc()
    for entry in data.get("eips") or []:
        _add(state.eips, _make(Eip, entry, "EIP"), account)
    for entry in data.get("nat_gateways") or []:
        forwards = [forward_of(each) for each in entry.get("forwards") or []]
        _add(state.nat_gateways, _make(NatGateway, {**entry, "forwards": forwards}, "NAT gateway"), account)
    return state


def _make(kind: type, entry: Mapping[str, Any], what: str) -> Any:
    known_keys(entry, set(kind.__dataclass_fields__), f"{what} {entry.get('id')}")
    try:
        return kind(**entry)
    except TypeError as error:
        raise EstateError(f"{what} {entry.get('id')}: {error}") from None


def forward_of(entry: Mapping[str, Any]) -> Forward:
    """Make a DNAT entry of an estate's data, in its one spelling. EstateError: its ports or its protocol are wrong."""
    forward = _make(Forward, entry, "forward")
    forward.external_port = str(forward.external_port).lower()
    forward.internal_port = str(forward.internal_port).lower()
    try:
        outside, inside = span(forward.external_port), span(forward.internal_port)
        forward.protocol = PROTOCOLS[forward.protocol.lower()]
    except (ValueError, KeyError):
        raise EstateError(f"forward {forward.id}: ports are 22, 10/20 or any, protocols TCP, UDP or Any") from None
    if outside[1] - outside[0] != inside[1] - inside[0] or outside[1] < outside[0]:
        raise EstateError(f"forward {forward.id}: as many ports inside as outside are needed")
    if (forward.protocol == "Any") != (forward.external_port == "any"):
        raise EstateError(f"forward {forward.id}: all protocols go together with all ports")
    return forward


def _add(things: dict[str, Any], thing: Any, account: Account) -> None:
    if thing.id in things or thing.region not in account.regions:
        raise EstateError(f"{thing.id} is there twice, or in a region that the account does not have")
    things[thing.id] = thing


def _dump(state: Vpc) -> dict[str, Any]:
    return {name: [asdict(thing) for thing in getattr(state, name).values()] for name in ("eips", "nat_gateways")}


def _check(world: World) -> None:
    for account in world.accounts.values():
        _spell_out(account)
        _check_eips(account)
        for gateway in section.of(account).nat_gateways.values():
            _check_gateway(gateway, account)


def _spell_out(account: Account) -> None:
    """Make an EIP of each `eip` of an instance or interface: from then on there is one place to look at."""
    network, eips = ecs.of(account), section.of(account).eips
    for one in (*network.instances.values(), *network.network_interfaces.values()):
        if one.eip:
            _add(eips, Eip(f"eip-{one.id}", one.region, one.eip, one.id), account)
            one.eip = ""


def _check_eips(account: Account) -> None:
    network, eips = ecs.of(account), section.of(account).eips.values()
    things: dict[str, Any] = {
        **network.instances, **{one.id: one for one in network.interfaces()}, **slb.of(account).load_balancers,
        **section.of(account).nat_gateways,
    }  # fmt: skip
    for eip in eips:
        known_addresses(eip.id, eip.address)
        if eip.bound_to:
            _check_bound(eip, things.get(eip.bound_to))
    twice = [address for address, count in Counter(eip.address for eip in eips).items() if count > 1]
    twice += [f"the address {place[1]} of {place[0]}" for place, bound in bindings(account).items() if len(bound) > 1]
    if twice:
        raise EstateError(f"there is more than one EIP for {', '.join(twice)}")


def _check_bound(eip: Eip, thing: Any) -> None:
    if thing is None or thing.region != eip.region:
        raise EstateError(f"{eip.id}: there is no {eip.bound_to} in {eip.region}")
    if not takes_eips(thing):
        raise EstateError(f"{eip.id}: {thing.id} takes none: a CLB has to be intranet, a NAT gateway internet")
    if eip.private_ip and eip.private_ip not in getattr(thing, "addresses", [getattr(thing, "private_ip", "")]):
        raise EstateError(f"{eip.id}: {thing.id} has no address {eip.private_ip}")


def _check_gateway(gateway: NatGateway, account: Account) -> None:
    addresses = [each.address for each in section.of(account).eips.values() if each.bound_to == gateway.id]
    for forward in gateway.forwards:
        known_addresses(forward.id, forward.external_ip, forward.internal_ip)
        if gateway.network_type == "internet" and forward.external_ip not in addresses:
            raise EstateError(f"{forward.id}: {forward.external_ip} is no EIP that is bound to {gateway.id}")
    for one, other in combinations(gateway.forwards, 2):
        if one.id == other.id or one.clashes(other):
            raise EstateError(f"{one.id} and {other.id} forward the same packets")


section = Section("vpc", _load, _dump, _check)
