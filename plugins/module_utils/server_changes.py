# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to servers, network interfaces, public addresses and DNAT entries, undone. Pure.

Facts: Alibaba Cloud's documentation of ECS 2014-05-26 and VPC 2016-04-28. A call that would change nothing is refused
there (starting what runs, binding what is bound), so what succeeded tells what was before; but a call for several
instances may leave some of them as they are. An instance that is stopped in economical mode (StopCharging, which an
account may have for its default) loses its fixed public address, and gets another one as it starts. What was deleted
is known from the events that made and changed it, if those are in the window too. UNCONFIRMED: whether an event tells
of an instance that was shut down from within; one that is stopped is taken to be so since its last call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from .addresses import is_v6
from .change_kinds import Kind, Memory, hide, listed, reveal, say
from .network import CLB, SOMETHING, Eip, Forward, Gateway, Interface, Ipv6, Network, Server
from .network_rows import spelled
from .trail import Event

INSTANCE = ("ecs", "instance", ("InstanceId",))
INTERFACE = ("ecs", "eni", ("NetworkInterfaceId",))
EIP = ("vpc", "eip", ("AllocationId",))
GATEWAY = ("vpc", "natgateway", ("NatGatewayId",))
ENTRY = ("vpc", "forwardentry", ("ForwardEntryId",))
BAND = ("vpc", "ipv6address", ("Ipv6AddressId", "Ipv6InternetBandwidthId"))
# Parameters that give a new interface more addresses than its primary one.
MORE_ADDRESSES = (
    "PrivateIpAddress",
    "SecondaryPrivateIpAddressCount",
    "Ipv4Prefix",
    "Ipv4PrefixCount",
    "Ipv6Address",
    "Ipv6AddressCount",
    "Ipv6Prefix",
    "Ipv6PrefixCount",
)
ADDRESS_UNTOLD = "it does not tell which public address the instance had"


@dataclass(frozen=True)
class Held:
    """What instances held before an event by those before it: fixed public addresses by instance, and EIPs.

    kept: they have the same addresses after it.
    """

    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    eips: tuple[Eip, ...] = ()
    kept: bool = False


# Servers


def servers(event: Event) -> tuple[str, ...]:
    """The instances that a call names, or that its answer does."""
    answered = event.response.get("InstanceIdSets")
    made = answered.get("InstanceIdSet") if isinstance(answered, dict) else None
    return tuple(made or ()) or event.texts("InstanceId") or tuple(filter(None, (event.text("InstanceId"),)))


def _undo_made(network: Network, event: Event) -> Network:
    for name in servers(event):
        network = network.drop(Server(name, event.region), *network.interfaces_of(name))
        network = reveal(network, "servers", name)
    return network


def _undo_deleted(network: Network, event: Event) -> Network:
    """What a deleted instance was is not known, but for what events of the window bound to it or gave it."""
    known: Held = event.known or Held()
    bound = (
        replace(network.eips[one.id], bound_to=one.bound_to, kind=one.kind, private_ip=one.private_ip)
        for one in known.eips
        if one.id in network.eips
    )
    for name in servers(event):
        network = network.put(Server(name, event.region, name, "", known.addresses.get(name, ())))
        network = hide(network, event, "servers", "what the instance was is not known", name)
    return network.put(*bound)


def _learn_deleted(memory: Memory, event: Event) -> Held:
    names = servers(event)
    bound = tuple(one for one in memory.things.values() if isinstance(one, Eip) and one.bound_to in names)
    for one in bound:
        memory.note(_free(one))
    return replace(_learn_released(memory, event), eips=bound)


def _undo_stopped(network: Network, event: Event, status: str = "Running") -> Network:
    """They ran, with the addresses that they have still, or had by earlier events; else, they may have lost one."""
    known: Held = event.known or Held()
    for server in _known_servers(network, event):
        addresses = server.public_ips or known.addresses.get(server.id, ())
        network = network.put(replace(server, status=status, public_ips=addresses))
        if not (addresses or known.kept or server.classic or _has_eip(network, server)):
            network = hide(network, event, "servers", ADDRESS_UNTOLD, server.id)
    return network


def _undo_started(network: Network, event: Event, status: str = "Stopped") -> Network:
    """An address that they have since may be another one than before they were stopped."""
    for server in _known_servers(network, event):
        if server.public_ips and not server.classic and server.id not in (event.known or ()):
            network = network.put(replace(server, status=status, public_ips=()))
            network = hide(network, event, "servers", ADDRESS_UNTOLD, server.id)
        else:
            network = network.put(replace(server, status=status))
    return network


def _known_servers(network: Network, event: Event) -> list[Server]:
    return [network.servers[name] for name in servers(event) if name in network.servers]


def _has_eip(network: Network, server: Server) -> bool:
    """An EIP is bound to itself, not to one of its interfaces: so it has no fixed public address."""
    return any(one.bound_to == server.id for one in network.eips.values())


def _learn_stopped(memory: Memory, event: Event) -> Held:
    """Addresses that were given in the window, if they may be lost now. kept: this call says that they are not."""
    if event.text("StoppedMode") == "KeepCharging":
        memory.keeping |= set(servers(event))
        return Held(kept=True)
    memory.keeping -= set(servers(event))
    return _learn_released(memory, event)


def _learn_started(memory: Memory, event: Event) -> set[str]:
    """Those whose address is still the one that they had when they were stopped."""
    kept = memory.keeping & set(servers(event))
    memory.keeping -= kept
    for name in set(servers(event)) - kept:
        memory.forget(Server, name)
    return kept


def _undo_public_ip(network: Network, event: Event) -> Network:
    """An instance has one fixed public address at most; to whom has one, the call answers the same."""
    server = network.servers.get(event.text("InstanceId"))
    if server is None:
        return network
    return hide(network.put(replace(server, public_ips=())), event, "servers", ADDRESS_UNTOLD, server.id)


def _undo_public_ip_released(network: Network, event: Event) -> Network:
    server, address = network.servers.get(event.text("InstanceId")), event.text("PublicIpAddress")
    if not event.text("InstanceId") or not address:
        return hide(network, event, "eips", "it does not tell which public address it was, or whose")
    return network.put(replace(server, public_ips=(address,))) if server else network


def _learn_public_ip(memory: Memory, event: Event) -> None:
    address = event.text("IpAddress")
    if address:
        memory.note(Server(event.text("InstanceId"), event.region, public_ips=(address,)))
    else:
        memory.forget(Server, event.text("InstanceId"))


def _learn_released(memory: Memory, event: Event) -> Held:
    """The public addresses that they had by earlier events, and have not any more."""
    gone = (memory.forget(Server, name) for name in servers(event))
    return Held({one.id: one.public_ips for one in gone if one})


def _learn_made(memory: Memory, event: Event) -> None:
    groups = event.texts("SecurityGroupIds") or event.texts("SecurityGroupId")
    for name in servers(event):
        if groups and name in memory.primary:
            memory.groups[memory.primary[name]] = groups


# Interfaces


def _undo_attach(network: Network, event: Event) -> Network:
    interface = network.interfaces.get(event.text("NetworkInterfaceId"))
    return network.put(replace(interface, server="")) if interface else network


def _undo_detach(network: Network, event: Event) -> Network:
    name = event.text("NetworkInterfaceId")
    interface = network.interfaces.get(name) or Interface(name, event.region, groups=None)
    if not interface.private_ips:
        network = hide(network, event, "interfaces", "which addresses the interface had is not known", name)
    return network.put(replace(interface, server=event.text("InstanceId")))


def _with_addresses(*, added: bool) -> Callable[[Network, Event], Network]:
    """The interface without the addresses that were added to it, or with those that were taken from it."""

    def undo(network: Network, event: Event) -> Network:
        interface = network.interfaces.get(event.text("NetworkInterfaceId"))
        if interface is None:
            return network
        named = _addresses(event)
        if not named:
            return hide(network, event, "interfaces", "it does not tell which addresses", interface.id)
        return network.put(_readdressed(interface, named, _without if added else _with))

    return undo


def _learn_addresses(*, added: bool) -> Callable[[Memory, Event], None]:
    """Where it does not tell them, none of the interface's addresses are known."""

    def learn(memory: Memory, event: Event) -> None:
        known, named = memory.forget(Interface, event.text("NetworkInterfaceId")), _addresses(event)
        if isinstance(known, Interface):
            now = _readdressed(known, named, _with if added else _without)
            memory.note(now if named and known.private_ips else replace(now, private_ips=()))

    return learn


def _readdressed(interface: Interface, named: tuple[str, ...], change: Callable) -> Interface:
    six = tuple(spelled(one) for one in named if is_v6(one))
    four = tuple(one for one in named if not is_v6(one))
    return replace(interface, private_ips=change(interface.private_ips, four), ipv6=change(interface.ipv6, six))


def _without(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in ours if one not in theirs)


def _with(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    return (*ours, *(one for one in theirs if one not in ours))


def _addresses(event: Event) -> tuple[str, ...]:
    """The addresses that a call names, or that its answer lists."""
    named = (*event.texts("Ipv6Address"), *event.texts("PrivateIpAddress"))
    answered = event.response.get("AssignedPrivateIpAddressesSet")
    sets = [(event.response.get("Ipv6Sets"), "Ipv6Address")]
    sets += [((answered or {}).get("PrivateIpSet"), "PrivateIpAddress")] if isinstance(answered, dict) else []
    listed_ = (address for found, name in sets if isinstance(found, dict) for address in found.get(name) or [])
    return named or tuple(listed_)


def _undo_spec(network: Network, event: Event) -> Network:
    """Without bandwidth to the internet, an instance loses its public address; with it, it gets one if it has none."""
    if event.text("AllocatePublicIp").lower() == "true":
        return _undo_public_ip(network, event)
    return hide(network, event, "eips", "it does not tell which public address the instance had")


def _say_spec(event: Event) -> str:
    server, band = event.text("InstanceId"), event.text("InternetMaxBandwidthOut")
    if event.text("AllocatePublicIp").lower() == "true":
        return f"gave {server} internet bandwidth and a public address"
    return f"took the internet bandwidth of {server}" if band == "0" else ""


def _undo_interface_made(network: Network, event: Event) -> Network:
    name = event.text("NetworkInterfaceId")
    return reveal(network.drop(Interface(name, event.region)), "interfaces", name)


def _undo_interface_deleted(network: Network, event: Event) -> Network:
    known: Interface | None = event.known
    return network.put(known or Interface(event.text("NetworkInterfaceId"), event.region, groups=None))


def _learn_interface(memory: Memory, event: Event) -> None:
    name = event.text("NetworkInterfaceId")
    groups = event.texts("SecurityGroupIds") or event.texts("SecurityGroupId")
    address = event.text("PrimaryIpAddress", "PrivateIpAddress")
    if groups:
        memory.groups[name] = groups
    alone = address and not any(event.request.get(one) for one in MORE_ADDRESSES)
    memory.note(Interface(name, event.region, private_ips=(address,) if alone else ()))


def _learn_interface_gone(memory: Memory, event: Event) -> Interface | None:
    name = event.text("NetworkInterfaceId")
    known = memory.forget(Interface, name)
    return replace(known, groups=memory.groups.get(name)) if isinstance(known, Interface) else None


# EIPs


def _undo_allocate(network: Network, event: Event) -> Network:
    name = event.text("AllocationId")
    return reveal(network.drop(Eip(name, event.region, "")), "eips", name)


def _eip(network: Network, event: Event) -> Eip:
    name = event.text("AllocationId")
    known = event.known if isinstance(event.known, Eip) else None
    return network.eips.get(name) or Eip(name, event.region, known.address if known else "")


def _free(eip: Eip) -> Eip:
    """The EIP, bound to nothing."""
    return replace(eip, bound_to="", kind="none", private_ip="")


def _undo_free(network: Network, event: Event) -> Network:
    """What is bound or released was bound to nothing."""
    return reveal(network.put(_free(_eip(network, event))), "eips", event.text("AllocationId"))


def _undo_unassociate(network: Network, event: Event) -> Network:
    if not event.text("InstanceId") and not (event.known and event.known.bound_to):
        network = hide(network, event, "eips", "it does not tell what the EIP was bound to", event.text("AllocationId"))
        return network.put(_eip(network, event))
    bound = _bound(_eip(network, event), event, unsaid=SOMETHING)
    if bound.kind == "SlbInstance" and not _faces_internet(network, bound.bound_to):
        network = hide(network, event, CLB, "the load balancer's listeners were not read", bound.bound_to)
    return network.put(bound)


def _faces_internet(network: Network, name: str) -> bool:
    """The load balancer can be reached from the internet. The listeners of others are not read."""
    found = network.balancers.get(name)
    return bool(found and found.internet) or any(one.bound_to == name for one in network.eips.values())


def _undo_batch(network: Network, event: Event) -> Network:
    for name in event.texts("InstanceIds"):
        network = reveal(network.put(_free(network.eips.get(name) or Eip(name, event.region, ""))), "eips", name)
    return network


def _bound(eip: Eip, event: Event, unsaid: str = "") -> Eip:
    """The EIP as bound to what the event names. unsaid: which address of an interface, where the event leaves it out.

    The call that binds then means the primary one; the one that unbinds does not tell.
    """
    known: Eip | None = event.known if isinstance(event.known, Eip) and event.known.bound_to else None
    target = event.text("InstanceId") or (known.bound_to if known else "")
    same = known and known.bound_to == target
    kind = event.text("InstanceType") or (known.kind if same else kind_of(target))
    left_out = known.private_ip if same else unsaid if kind == "NetworkInterface" else ""
    private = event.text("PrivateIpAddress") or left_out
    return replace(eip, bound_to=target, kind=kind, private_ip=private)


def kind_of(target: str) -> str:
    """The API's word for what an EIP is bound to, where a call does not say it."""
    kinds = {"i-": "EcsInstance", "en": "NetworkInterface", "lb": "SlbInstance", "ng": "Nat", "ha": "HaVip"}
    return kinds.get(target[:2], "EcsInstance")


def _learn_allocate(memory: Memory, event: Event) -> None:
    memory.note(Eip(event.text("AllocationId"), event.region, event.text("EipAddress", "IpAddress"), kind="none"))


def _learn_associate(memory: Memory, event: Event) -> object:
    name = event.text("AllocationId")
    known = memory.recall(Eip, name)
    memory.note(_bound(known or Eip(name, event.region, ""), replace(event, known=None)))
    return known


def _learn_batch(memory: Memory, event: Event) -> None:
    """They are bound to the same thing, each at an address of its own if that is an interface."""
    target = event.text("BindedInstanceId")
    kind = event.text("BindedInstanceType") or kind_of(target)
    private = SOMETHING if kind == "NetworkInterface" else ""
    for name in event.texts("InstanceIds"):
        known = memory.recall(Eip, name) or Eip(name, event.region, "")
        memory.note(replace(known, bound_to=target, kind=kind, private_ip=private))


def _learn_unassociate(memory: Memory, event: Event) -> object:
    name = event.text("AllocationId")
    known = memory.recall(Eip, name)
    memory.note(_free(known or Eip(name, event.region, "")))
    return known


# DNAT


def _undo_forward_made(network: Network, event: Event) -> Network:
    name = event.text("ForwardEntryId")
    return reveal(network.drop(_entry(name, event, network)), "forwards", name)


def _undo_forward_lost(network: Network, event: Event) -> Network:
    """Deleted, or changed: before, it was as earlier events tell, or nobody knows how."""
    name = event.text("ForwardEntryId")
    if isinstance(event.known, Forward):
        gateway = event.known.gateway or _gateway_of(network, event.known.table)
        return reveal(network.put(replace(event.known, gateway=gateway)), "forwards", name)
    without = network.drop(_entry(name, event, network))
    return hide(without, event, "forwards", "it does not tell where the entry led before", name)


def _undo_forward_changed(network: Network, event: Event) -> Network:
    return _undo_forward_lost(network, event) if _redirected(event) else network


def _redirected(event: Event) -> dict[str, str]:
    fields = {
        "external_ip": "ExternalIp",
        "external_port": "ExternalPort",
        "internal_ip": "InternalIp",
        "internal_port": "InternalPort",
        "protocol": "IpProtocol",
    }
    return {ours: event.text(theirs) for ours, theirs in fields.items() if event.text(theirs)}


def _entry(name: str, event: Event, network: Network) -> Forward:
    table = event.text("ForwardTableId")
    said = dict.fromkeys(("external_ip", "external_port", "internal_ip", "internal_port", "protocol"), "")
    return Forward(name, event.region, _gateway_of(network, table), table, **said | _redirected(event))


def _gateway_of(network: Network, table: str) -> str:
    return next((one.id for one in network.gateways.values() if table in one.tables), "")


def _learn_forward(memory: Memory, event: Event) -> None:
    memory.note(_entry(event.text("ForwardEntryId"), event, Network()))


def _learn_forward_changed(memory: Memory, event: Event) -> object:
    return memory.change(Forward, event.text("ForwardEntryId"), **_redirected(event))


def _undo_gateway_made(network: Network, event: Event) -> Network:
    name = event.text("NatGatewayId")
    return reveal(network.drop(Gateway(name, event.region)), "gateways", name)


def _undo_gateway_lost(network: Network, event: Event) -> Network:
    return hide(network, event, "gateways", "what the gateway forwarded is not known", event.text("NatGatewayId"))


# IPv6


def _banded(network: Network, event: Event) -> list[Ipv6]:
    names = {event.text("Ipv6AddressId"), event.text("Ipv6InternetBandwidthId", "InternetBandwidthId")} - {""}
    return [one for one in network.ipv6.values() if names & {one.key, one.bandwidth_id}]


def _undo_band_made(network: Network, event: Event) -> Network:
    return network.put(*(replace(one, bandwidth=0) for one in _banded(network, event)))


def _undo_band_deleted(network: Network, event: Event) -> Network:
    """An address that is not known any more may have had it, and then it is not known whose it was."""
    found = _banded(network, event)
    if not found and not event.text("Ipv6AddressId"):
        name = event.text("Ipv6InternetBandwidthId")
        found = [one for one in network.ipv6.values() if one.region == event.region and not one.bandwidth]
        return network.drop(*found) if name else network
    return network.put(*(replace(one, bandwidth=1) for one in found))


def _say_eip(verb: str, joint: str) -> Callable[[Event], str]:
    return lambda event: f"{verb} EIP {event.text('AllocationId')} {joint} {event.text('InstanceId') or 'something'}"


def _say_forward(event: Event) -> str:
    place = {"external_ip": "", "external_port": "", "internal_ip": "", "internal_port": "", **_redirected(event)}
    protocol = _redirected(event).get("protocol", "").lower()
    front, back = (
        " ".join(filter(None, (place[f"{end}_ip"], place[f"{end}_port"]))) for end in ("external", "internal")
    )
    return " ".join(filter(None, (protocol, front, "to" if back else "", back)))


def _say_forward_changed(event: Event) -> str:
    return f"changed DNAT entry {event.text('ForwardEntryId')} to {_say_forward(event)}" if _redirected(event) else ""


KINDS: dict[tuple[str, str], Kind] = {
    **{
        ("Ecs", name): Kind(lambda event: f"created {listed(servers(event))}", _undo_made, INSTANCE, _learn_made)
        for name in ("RunInstances", "CreateInstance")
    },
    **{
        ("Ecs", name): Kind(lambda event: f"deleted {listed(servers(event))}", _undo_deleted, INSTANCE, _learn_deleted)
        for name in ("DeleteInstance", "DeleteInstances")
    },
    **{
        ("Ecs", name): Kind(
            lambda event: f"started {listed(servers(event))}",
            partial(_undo_started, status=before),
            INSTANCE,
            _learn_started,
        )
        for name, before in (("StartInstance", "Stopped"), ("StartInstances", ""))
    },
    **{
        ("Ecs", name): Kind(
            lambda event: f"stopped {listed(servers(event))}",
            partial(_undo_stopped, status=before),
            INSTANCE,
            _learn_stopped,
        )
        for name, before in (("StopInstance", "Running"), ("StopInstances", ""))
    },
    ("Ecs", "AllocatePublicIpAddress"): Kind(
        say("gave $InstanceId the public address $IpAddress"),
        _undo_public_ip,
        INSTANCE,
        _learn_public_ip,
    ),
    ("Ecs", "ReleasePublicIpAddress"): Kind(
        say("took the public address $PublicIpAddress of $InstanceId"),
        _undo_public_ip_released,
        INSTANCE,
        _learn_released,
    ),
    ("Ecs", "ConvertNatPublicIpToEip"): Kind(
        say("turned the public address of $InstanceId into an EIP"),
        lambda network, event: hide(network, event, "eips", "which address it was about is not told"),
        INSTANCE,
        _learn_released,
    ),
    ("Ecs", "AttachNetworkInterface"): Kind(
        say("attached $NetworkInterfaceId to $InstanceId"),
        _undo_attach,
        INTERFACE,
    ),
    ("Ecs", "DetachNetworkInterface"): Kind(
        say("detached $NetworkInterfaceId from $InstanceId"),
        _undo_detach,
        INTERFACE,
    ),
    ("Ecs", "CreateNetworkInterface"): Kind(
        say("created $NetworkInterfaceId"), _undo_interface_made, INTERFACE, _learn_interface
    ),
    ("Ecs", "DeleteNetworkInterface"): Kind(
        say("deleted $NetworkInterfaceId"),
        _undo_interface_deleted,
        INTERFACE,
        _learn_interface_gone,
    ),
    **{
        ("Ecs", f"{verb}{what}Addresses"): Kind(
            lambda event, word=word: (
                f"{word} {event.text('NetworkInterfaceId')} the addresses {listed(_addresses(event)) or '(unsaid)'}"
            ),
            _with_addresses(added=verb == "Assign"),
            INTERFACE,
            _learn_addresses(added=verb == "Assign"),
        )
        for verb, word in (("Assign", "gave"), ("Unassign", "took from"))
        for what in ("PrivateIp", "Ipv6")
    },
    ("Ecs", "ModifyInstanceNetworkSpec"): Kind(_say_spec, _undo_spec, INSTANCE, _learn_released),
    **{
        ("Vpc", name): Kind(
            lambda event: (
                f"allocated EIP {event.text('AllocationId')} ({event.text('EipAddress') or 'address unsaid'})"
            ),
            _undo_allocate,
            EIP,
            _learn_allocate,
        )
        for name in ("AllocateEipAddress", "AllocateEipAddressPro")
    },
    ("Vpc", "AssociateEipAddressBatch"): Kind(
        lambda event: f"bound EIPs {listed(event.texts('InstanceIds'))} to {event.text('BindedInstanceId')}",
        _undo_batch,
        ("vpc", "eip", ("InstanceIds", "BindedInstanceId")),
        _learn_batch,
    ),
    ("Vpc", "ReleaseEipAddress"): Kind(
        say("released EIP $AllocationId"),
        _undo_free,
        EIP,
        lambda memory, event: memory.forget(Eip, event.text("AllocationId")),
    ),
    ("Vpc", "AssociateEipAddress"): Kind(_say_eip("bound", "to"), _undo_free, EIP, _learn_associate),
    ("Vpc", "UnassociateEipAddress"): Kind(_say_eip("unbound", "from"), _undo_unassociate, EIP, _learn_unassociate),
    ("Vpc", "CreateForwardEntry"): Kind(
        lambda event: f"forwarded {_say_forward(event)}", _undo_forward_made, ENTRY, _learn_forward
    ),
    ("Vpc", "DeleteForwardEntry"): Kind(
        say("deleted DNAT entry $ForwardEntryId"),
        _undo_forward_lost,
        ENTRY,
        lambda memory, event: memory.forget(Forward, event.text("ForwardEntryId")),
    ),
    ("Vpc", "ModifyForwardEntry"): Kind(_say_forward_changed, _undo_forward_changed, ENTRY, _learn_forward_changed),
    ("Vpc", "CreateNatGateway"): Kind(say("created NAT gateway $NatGatewayId"), _undo_gateway_made, GATEWAY),
    ("Vpc", "DeleteNatGateway"): Kind(
        say("deleted NAT gateway $NatGatewayId"),
        _undo_gateway_lost,
        GATEWAY,
    ),
    ("Vpc", "AllocateIpv6InternetBandwidth"): Kind(
        say("gave $Ipv6AddressId internet bandwidth"), _undo_band_made, BAND
    ),
    ("Vpc", "DeleteIpv6InternetBandwidth"): Kind(
        lambda event: f"took the internet bandwidth of {event.text('Ipv6AddressId', 'Ipv6InternetBandwidthId')}",
        _undo_band_deleted,
        BAND,
    ),
}
# ECS has calls of the same names, from before there was VPC. UNCONFIRMED: that they are recorded as its own.
KINDS |= {("Ecs", name): kind for (service, name), kind in KINDS.items() if service == "Vpc"}
