# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to load balancers, their listeners, servers and access control lists, undone. Pure.

Facts: Alibaba Cloud's documentation of SLB 2014-05-15, NLB 2022-04-30 and ALB 2020-06-16. A listener of a CLB is
stopped when it is made. Whether adding a server or an entry that is there, removing one that is not, or starting what
runs is refused is UNCONFIRMED. So these calls, and those that set attributes, tell what was before only together with
earlier events of the window that do. Before that, a listener leads to servers that are not known, or whom it lets by
is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .change_kinds import Kind, Memory, hide, hides, listed, reveal, say
from .network import ALB, CLB, NLB, SOMETHING, AccessList, Backend, Balancer, Listener, Network, ServerGroup
from .network_rows import backend, default_groups, front_ports
from .trail import Event

PRODUCTS = {"Slb": CLB, "Nlb": NLB, "Alb": ALB}
PROTOCOLS = ("tcp", "udp", "http", "https")
CLB_ARN = ("slb", "loadbalancer", ("LoadBalancerId",))
GROUP_ARN = ("slb", "vservergroup", ("VServerGroupId", "MasterSlaveServerGroupId"))
ACL_ARN = ("slb", "acl", ("AclId",))
# Parameters of a listener that say where it leads, and whom it lets by.
LEADING = (
    "BackendServerPort",
    "VServerGroupId",
    "VServerGroup",
    "MasterSlaveServerGroupId",
    "MasterSlaveServerGroup",
    "ServerGroupId",
)
GUARDING = ("AclStatus", "AclType", "AclId", "AclIds", "AccessControlStatus")


def _number(text: str) -> int:
    return int(text) if text.lstrip("-").isdigit() else 0


# Listeners


def listener_id(event: Event, protocol: str = "") -> str:
    """The id that the network has for a listener: its own, or for a CLB's, what tells it apart."""
    if event.service != "Slb":
        return event.text("ListenerId")
    spoken = protocol or event.text("ListenerProtocol").lower()
    return f"{event.text('LoadBalancerId')}:{spoken}:{event.text('ListenerPort')}"


def _found(network: Network, event: Event, protocol: str = "") -> Listener | None:
    """The listener; a CLB's without its protocol, by its port."""
    if event.service != "Slb" or protocol or event.text("ListenerProtocol"):
        return network.listeners.get(listener_id(event, protocol))
    port, balancer = _number(event.text("ListenerPort")), event.text("LoadBalancerId")
    at_port = (one for one in network.listeners.values() if (one.balancer, one.first) == (balancer, port))
    return next(at_port, None)


def _described(event: Event, protocol: str = "") -> Listener:
    """The listener as the call that makes it describes it."""
    first, last = front_ports(*(_number(event.text(name)) for name in ("ListenerPort", "StartPort", "EndPort")))
    servers = event.text("VServerGroupId", "MasterSlaveServerGroupId")
    clb = event.service == "Slb"
    group = (servers or event.text("LoadBalancerId")) if clb else event.text("ServerGroupId")
    return Listener(
        listener_id(event, protocol),
        event.region,
        event.text("LoadBalancerId"),
        protocol or event.text("ListenerProtocol").lower(),
        first,
        last,
        0 if servers or not clb else max(_number(event.text("BackendServerPort")), 0),
        (group,) if group else default_groups(event.things("DefaultActions")),
        not clb,
        event.text("AclStatus") == "on",
        event.text("AclType") or "white",
        tuple(filter(None, event.text("AclId").split(","))) or event.texts("AclIds"),
    )


def _somewhere(event: Event, found: Listener | None, protocol: str = "") -> Listener:
    """The listener, leading to servers that are not known."""
    told = found or _described(event, protocol or event.text("ListenerProtocol").lower() or "tcp")
    return replace(told, back_port=0, server_groups=(SOMETHING,), running=True)


def _undo_made(protocol: str = "") -> Callable[[Network, Event], Network]:
    def undo(network: Network, event: Event) -> Network:
        return network.drop(_described(event, protocol))

    return undo


def _undo_deleted(network: Network, event: Event) -> Network:
    known: Listener | None = event.known
    if known is None and event.service != "Slb":
        # Not even the load balancer is named.
        return hide(
            network, event, PRODUCTS[event.service], "it does not tell what the listener was", listener_id(event)
        )
    return network.put(known or _somewhere(event, None))


def _undo_turned(network: Network, event: Event) -> Network:
    """It may have run or not."""
    found = _found(network, event)
    if isinstance(event.known, Listener):
        return network.put(event.known)
    return network.put(replace(found, running=True, acl=True, acls=(*found.acls, SOMETHING))) if found else network


def _undo_set(protocol: str = "") -> Callable[[Network, Event], Network]:
    def undo(network: Network, event: Event) -> Network:
        found = _found(network, event, protocol)
        if isinstance(event.known, Listener):
            return network.put(event.known)
        if _sets(event, LEADING):
            if found is None and event.service != "Slb":
                return hide(network, event, PRODUCTS[event.service], "it does not tell where the listener led")
            network = network.put(_somewhere(event, found, protocol))
        return _undo_guarded(network, event, protocol) if _sets(event, GUARDING) else network

    return undo


def _sets(event: Event, names: tuple[str, ...]) -> bool:
    return any(event.request.get(name) for name in names)


def _undo_guarded(network: Network, event: Event, protocol: str = "") -> Network:
    """Whom the listener let by is not known."""
    found = _found(network, event, protocol)
    return network.put(replace(found, acl=True, acls=(SOMETHING,))) if found else network


def _learn_listener(protocol: str = "") -> Callable[[Memory, Event], None]:
    return lambda memory, event: memory.note(_described(event, protocol))


def _learn_turned(*, running: bool) -> Callable[[Memory, Event], object]:
    def learn(memory: Memory, event: Event) -> object:
        return memory.change(Listener, _remembered(memory, event), running=running)

    return learn


def _learn_set(protocol: str = "") -> Callable[[Memory, Event], object]:
    """It is as before but for what was set; where it leads, if that was set, is taken from the call alone."""

    def learn(memory: Memory, event: Event) -> object:
        name = _remembered(memory, event, protocol)
        before = memory.recall(Listener, name)
        if before is None or not _sets(event, (*LEADING, *GUARDING)):
            return before
        return memory.forget(Listener, name)

    return learn


def _remembered(memory: Memory, event: Event, protocol: str = "") -> str:
    """The id of the listener; of a CLB's without its protocol, the one that is remembered."""
    name = listener_id(event, protocol)
    if event.service != "Slb" or protocol or event.text("ListenerProtocol"):
        return name
    tries = (listener_id(event, one) for one in PROTOCOLS)
    return next((one for one in tries if memory.recall(Listener, one)), name)


def _forget_listener(memory: Memory, event: Event) -> object:
    return memory.forget(Listener, _remembered(memory, event))


# Load balancers


def _undo_balancer_made(network: Network, event: Event) -> Network:
    name = event.text("LoadBalancerId")
    listeners = [one for one in network.listeners.values() if one.balancer == name]
    return reveal(network.drop(Balancer(name, event.region, ""), *listeners), PRODUCTS[event.service], name)


def _undo_balancer_lost(network: Network, event: Event) -> Network:
    """Its address is known from the call that made it, if that is in the window; its listeners are not."""
    kind, name = PRODUCTS[event.service], event.text("LoadBalancerId")
    known = event.known if isinstance(event.known, Balancer) else None
    network = hide(network, event, kind, "what the load balancer handed on to whom is not known", name)
    return network.put(known or Balancer(name, event.region, kind, addresses=None))


def _learn_balancer(memory: Memory, event: Event) -> None:
    address = event.text("Address")
    if event.service == "Slb":
        memory.note(ServerGroup(event.text("LoadBalancerId"), event.region))  # nothing stands behind it yet
    # A CLB is one to the internet unless it is said. UNCONFIRMED: the default.
    kind = event.text("AddressType").lower()
    internet = kind != "intranet" if event.service == "Slb" else kind == "internet"
    memory.note(
        Balancer(
            event.text("LoadBalancerId"),
            event.region,
            PRODUCTS[event.service],
            event.text("LoadBalancerName"),
            internet,
            (address,) if address and internet else None,
        )
    )


def _undo_joined(network: Network, event: Event) -> Network:
    return _regrouped(network, event, lambda groups, named: tuple(one for one in groups if one not in named))


def _undo_left(network: Network, event: Event) -> Network:
    return _regrouped(network, event, lambda groups, named: (*groups, *(one for one in named if one not in groups)))


def _regrouped(network: Network, event: Event, before: Callable[[tuple, tuple], tuple]) -> Network:
    found = network.balancers.get(event.text("LoadBalancerId"))
    return (
        network.put(replace(found, groups=before(found.groups, event.texts("SecurityGroupIds")))) if found else network
    )


# Servers behind them


def group_id(event: Event) -> str:
    """The server group that a call is about; the default one of a CLB has the CLB's id."""
    return event.text("VServerGroupId", "ServerGroupId", "MasterSlaveServerGroupId") or event.text("LoadBalancerId")


def _backends(event: Event, name: str) -> tuple[Backend, ...]:
    """Servers that a call names, as mappings or by their ids alone."""
    plain = [{"ServerId": one} for one in event.texts(name)]
    return tuple(backend(row) for row in (*event.things(name), *plain))


def _same(one: Backend, other: Backend) -> bool:
    """Both are the same server of a group; a call without a port means all of its ports."""
    return one.target == other.target and (not other.port or one.port == other.port)


def _undo_servers(network: Network, event: Event) -> Network:
    """Before, the group's servers are as earlier events tell, or not known."""
    name = group_id(event)
    if isinstance(event.known, ServerGroup):
        return reveal(network.put(event.known), "server_groups", name)
    without = network.drop(ServerGroup(name, event.region))
    return hide(without, event, "server_groups", "it does not tell which servers there were before", name)


def _undo_group_made(network: Network, event: Event) -> Network:
    name = group_id(event)
    return reveal(network.drop(ServerGroup(name, event.region)), "server_groups", name)


def _learn_group(memory: Memory, event: Event) -> None:
    name = group_id(event)
    preserve = event.text("PreserveClientIpEnabled").lower() != "false"
    any_port = event.text("AnyPortEnabled").lower() == "true"
    memory.note(ServerGroup(name, event.region, _backends(event, "BackendServers"), preserve, any_port))


def _learn_servers(added: str = "", removed: str = "") -> Callable[[Memory, Event], object]:
    def learn(memory: Memory, event: Event) -> object:
        before = memory.recall(ServerGroup, group_id(event))
        if before is None:
            return None
        fresh, gone = _backends(event, added), _backends(event, removed)
        kept = [one for one in before.backends if not any(_same(one, other) for other in gone)]
        if any(_same(one, other) for one in kept for other in fresh):
            return memory.forget(ServerGroup, group_id(event))  # what it has done to the one that was there is not told
        memory.note(replace(before, backends=(*kept, *fresh)))
        return before

    return learn


def _forget_group(memory: Memory, event: Event) -> object:
    return memory.forget(ServerGroup, group_id(event))


# Access control lists


def _entries(event: Event) -> tuple[str, ...]:
    return tuple(one["entry"] for one in event.things("AclEntrys") if one.get("entry"))


def _undo_entries(network: Network, event: Event) -> Network:
    """Before, the list held what earlier events tell, or nobody knows what."""
    name = event.text("AclId")
    if isinstance(event.known, AccessList):
        return reveal(network.put(event.known), "acls", name)
    without = network.drop(AccessList(name, event.region))
    return hide(without, event, "acls", "it does not tell what the list held before", name)


def _learn_entries(*, added: bool) -> Callable[[Memory, Event], object]:
    def learn(memory: Memory, event: Event) -> object:
        before = memory.recall(AccessList, event.text("AclId"))
        if before is not None:
            kept = tuple(one for one in before.entries if one not in _entries(event))
            memory.note(replace(before, entries=(*kept, *_entries(event)) if added else kept))
        return before

    return learn


def _say_listener(verb: str, protocol: str = "") -> Callable[[Event], str]:
    def say(event: Event) -> str:
        port = event.text("ListenerPort") or f"{event.text('StartPort')}-{event.text('EndPort')}".strip("-")
        spoken = protocol or event.text("ListenerProtocol").lower()
        named = " ".join(filter(None, (spoken, port))) or event.text("ListenerId")
        port_behind = event.text("BackendServerPort")
        back = event.text("VServerGroupId", "ServerGroupId") or (f"port {port_behind}" if port_behind else "")
        joint = f" of {event.text('LoadBalancerId')}" if event.text("LoadBalancerId") else ""
        return f"{verb} the listener {named}{joint}{f' to {back}' if back else ''}"

    return say


def _say_set(protocol: str = "") -> Callable[[Event], str]:
    def say(event: Event) -> str:
        given = [f"{name} {event.text(name)}" for name in (*LEADING, *GUARDING) if event.text(name)]
        return f"{_say_listener('set', protocol)(event)}: {listed(given)}" if given else ""

    return say


def _say_servers(verb: str, joint: str, *names: str) -> Callable[[Event], str]:
    def say(event: Event) -> str:
        named = [one.target for name in names for one in _backends(event, name)]
        return f"{verb} {listed(named) or 'servers'} {joint} {group_id(event)}"

    return say


def _say_entries(verb: str, joint: str) -> Callable[[Event], str]:
    return lambda event: f"{verb} {listed(_entries(event)) or 'entries'} {joint} the list {event.text('AclId')}"


KINDS: dict[tuple[str, str], Kind] = {
    ("Slb", "CreateLoadBalancer"): Kind(
        say("created CLB $LoadBalancerId with $Address"), _undo_balancer_made, CLB_ARN, _learn_balancer
    ),
    ("Slb", "DeleteLoadBalancer"): Kind(
        say("deleted CLB $LoadBalancerId"),
        _undo_balancer_lost,
        CLB_ARN,
        lambda memory, event: memory.forget(Balancer, event.text("LoadBalancerId")),
    ),
    ("Slb", "SetLoadBalancerStatus"): Kind(
        say("set CLB $LoadBalancerId $LoadBalancerStatus"), hides(CLB, "its status before is not told"), CLB_ARN
    ),
    **{
        ("Slb", f"CreateLoadBalancer{protocol.upper()}Listener"): Kind(
            _say_listener("created", protocol), _undo_made(protocol), CLB_ARN, _learn_listener(protocol)
        )
        for protocol in PROTOCOLS
    },
    **{
        ("Slb", f"SetLoadBalancer{protocol.upper()}ListenerAttribute"): Kind(
            _say_set(protocol), _undo_set(protocol), CLB_ARN, _learn_set(protocol)
        )
        for protocol in PROTOCOLS
    },
    ("Slb", "SetListenerAccessControlStatus"): Kind(_say_set(), _undo_set(), CLB_ARN, _learn_set()),
    **{
        ("Slb", f"{verb}ListenerWhiteListItem"): Kind(
            say(f"{word} the list of listener $ListenerPort of $LoadBalancerId"), _undo_guarded, CLB_ARN
        )
        for verb, word in (("Add", "added $SourceItems to"), ("Remove", "removed $SourceItems from"))
    },
    ("Slb", "DeleteLoadBalancerListener"): Kind(_say_listener("deleted"), _undo_deleted, CLB_ARN, _forget_listener),
    ("Slb", "StartLoadBalancerListener"): Kind(
        _say_listener("started"), _undo_turned, CLB_ARN, _learn_turned(running=True)
    ),
    ("Slb", "StopLoadBalancerListener"): Kind(
        _say_listener("stopped"), _undo_turned, CLB_ARN, _learn_turned(running=False)
    ),
    # The default group of a CLB, and its vServer groups.
    **{
        ("Slb", f"Add{middle}BackendServers"): Kind(
            _say_servers("added", joint, "BackendServers"),
            _undo_servers,
            arn,
            _learn_servers(added="BackendServers"),
        )
        for middle, joint, arn in (("", "behind", CLB_ARN), ("VServerGroup", "to", GROUP_ARN))
    },
    **{
        ("Slb", f"Remove{middle}BackendServers"): Kind(
            _say_servers("removed", joint, "BackendServers"),
            _undo_servers,
            arn,
            _learn_servers(removed="BackendServers"),
        )
        for middle, joint, arn in (("", "from behind", CLB_ARN), ("VServerGroup", "from", GROUP_ARN))
    },
    ("Slb", "SetBackendServers"): Kind(
        _say_servers("set the weights of", "behind", "BackendServers"), _undo_servers, CLB_ARN, _forget_group
    ),
    ("Slb", "CreateVServerGroup"): Kind(
        _say_servers("created a server group of", "named", "BackendServers"), _undo_group_made, GROUP_ARN, _learn_group
    ),
    ("Slb", "DeleteVServerGroup"): Kind(
        say("deleted the server group $VServerGroupId"), _undo_servers, GROUP_ARN, _forget_group
    ),
    ("Slb", "ModifyVServerGroupBackendServers"): Kind(
        _say_servers("replaced servers with", "in", "NewBackendServers"),
        _undo_servers,
        GROUP_ARN,
        _learn_servers(added="NewBackendServers", removed="OldBackendServers"),
    ),
    ("Slb", "SetVServerGroupAttribute"): Kind(
        _say_servers("set the servers", "of", "BackendServers"), _undo_servers, GROUP_ARN, _forget_group
    ),
    ("Slb", "CreateMasterSlaveServerGroup"): Kind(
        say("created the server group $MasterSlaveServerGroupId"), _undo_group_made, GROUP_ARN
    ),
    ("Slb", "DeleteMasterSlaveServerGroup"): Kind(
        say("deleted the server group $MasterSlaveServerGroupId"), _undo_servers, GROUP_ARN
    ),
    ("Slb", "AddAccessControlListEntry"): Kind(
        _say_entries("added", "to"), _undo_entries, ACL_ARN, _learn_entries(added=True)
    ),
    ("Slb", "RemoveAccessControlListEntry"): Kind(
        _say_entries("removed", "from"), _undo_entries, ACL_ARN, _learn_entries(added=False)
    ),
    ("Slb", "CreateAccessControlList"): Kind(
        say("created the list $AclId"),
        lambda network, event: network.drop(AccessList(event.text("AclId"), event.region)),
        ACL_ARN,
        lambda memory, event: memory.note(AccessList(event.text("AclId"), event.region)),
    ),
    ("Slb", "DeleteAccessControlList"): Kind(
        say("deleted the list $AclId"),
        _undo_entries,
        ACL_ARN,
        lambda memory, event: memory.forget(AccessList, event.text("AclId")),
    ),
}


def _of(service: str) -> dict[tuple[str, str], Kind]:
    """The actions of NLB and ALB, which are called the same."""
    kind = PRODUCTS[service]
    balancer, listener, group = (
        (kind, tail, (name,))
        for tail, name in (
            ("loadbalancer", "LoadBalancerId"),
            ("listener", "ListenerId"),
            ("servergroup", "ServerGroupId"),
        )
    )
    return {
        (service, "CreateLoadBalancer"): Kind(
            say(f"created {kind.upper()} $LoadBalancerId"), _undo_balancer_made, balancer, _learn_balancer
        ),
        (service, "DeleteLoadBalancer"): Kind(
            say(f"deleted {kind.upper()} $LoadBalancerId"),
            _undo_balancer_lost,
            balancer,
            lambda memory, event: memory.forget(Balancer, event.text("LoadBalancerId")),
        ),
        **{
            (service, name): Kind(
                say(f"{what} of {kind.upper()} $LoadBalancerId"),
                hides(kind, "its addresses before are not told"),
                balancer,
            )
            for name, what in (
                ("UpdateLoadBalancerAddressTypeConfig", "changed the network type"),
                ("UpdateLoadBalancerZones", "changed the zones"),
                ("EnableLoadBalancerIpv6Internet", "opened IPv6"),
                ("DisableLoadBalancerIpv6Internet", "closed IPv6"),
            )
        },
        (service, "LoadBalancerJoinSecurityGroup"): Kind(
            lambda event: f"put {event.text('LoadBalancerId')} into {listed(event.texts('SecurityGroupIds'))}",
            _undo_joined,
            balancer,
        ),
        (service, "LoadBalancerLeaveSecurityGroup"): Kind(
            lambda event: f"took {event.text('LoadBalancerId')} out of {listed(event.texts('SecurityGroupIds'))}",
            _undo_left,
            balancer,
        ),
        (service, "CreateListener"): Kind(_say_listener("created"), _undo_made(), listener, _learn_listener()),
        (service, "UpdateListenerAttribute"): Kind(_say_set(), _undo_set(), listener, _learn_set()),
        (service, "DeleteListener"): Kind(_say_listener("deleted"), _undo_deleted, listener, _forget_listener),
        (service, "StartListener"): Kind(_say_listener("started"), _undo_turned, listener, _learn_turned(running=True)),
        (service, "StopListener"): Kind(_say_listener("stopped"), _undo_turned, listener, _learn_turned(running=False)),
        (service, "CreateServerGroup"): Kind(
            say("created the server group $ServerGroupId"), _undo_group_made, group, _learn_group
        ),
        (service, "DeleteServerGroup"): Kind(
            say("deleted the server group $ServerGroupId"), _undo_servers, group, _forget_group
        ),
        (service, "AddServersToServerGroup"): Kind(
            _say_servers("added", "to", "Servers"),
            _undo_servers,
            group,
            _learn_servers(added="Servers"),
        ),
        (service, "RemoveServersFromServerGroup"): Kind(
            _say_servers("removed", "from", "Servers"),
            _undo_servers,
            group,
            _learn_servers(removed="Servers"),
        ),
        (service, "UpdateServerGroupServersAttribute"): Kind(
            _say_servers("set the servers", "of", "Servers"), _undo_servers, group, _forget_group
        ),
        (service, "UpdateServerGroupAttribute"): Kind(
            say("changed the server group $ServerGroupId"), _undo_servers, group, _forget_group
        ),
    }


KINDS |= _of("Nlb") | _of("Alb")
