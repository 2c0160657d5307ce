# SPDX-License-Identifier: GPL-3.0-or-later
"""SLB 2014-05-15: listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.paging import paged, tokened
from simulator.parameters import Each, Int, Region, Text

from .slb import PROTOCOLS, Listener, balancer_arn, balancer_named, balancers_here, kind_of, section, slb

if TYPE_CHECKING:
    from simulator.call import Call
    from simulator.parameters import Param

    from .slb import Balancer


@slb.action(
    "DescribeLoadBalancerListeners",
    params={
        "RegionId": Region(required=True),
        "LoadBalancerId": Each(most=10),
        "ListenerProtocol": Text(choices=PROTOCOLS),
        **tokened(100),
    },
)
def describe_load_balancer_listeners(call: Call) -> dict[str, Any]:
    """List a region's listeners, in one flat list."""
    wanted = call.params.get("LoadBalancerId")
    protocol = call.params.get("ListenerProtocol")
    listeners = [
        _show(balancer, each)
        for balancer in balancers_here(call)
        if wanted is None or balancer.id in wanted
        for each in balancer.listeners
        if protocol in (None, each.protocol)
    ]
    return paged(call, "Listeners", listeners)


def _show(balancer: Balancer, listener: Listener) -> dict[str, Any]:
    """That type and lists are shown only while access control is on is UNCONFIRMED."""
    shown: dict[str, Any] = {
        "LoadBalancerId": balancer.id,
        "ListenerPort": listener.port,
        "ListenerProtocol": listener.protocol,
        "Status": listener.status,
        "AclStatus": listener.acl_status,
        "Bandwidth": -1,
    }
    if listener.acl_status == "on":
        shown |= {"AclType": listener.acl_type, "AclIds": listener.acls, "AclId": ",".join(listener.acls[:1])}
    if listener.backend_port is not None:
        shown["BackendServerPort"] = listener.backend_port
    if listener.server_group:
        shown["VServerGroupId"] = listener.server_group
    if listener.master_slave_group:
        shown[f"{listener.protocol.upper()}ListenerConfig"] = {"MasterSlaveServerGroupId": listener.master_slave_group}
    return shown


# --- changing them -------------------------------------------------------------------------------------------------

ONE: dict[str, Param] = {
    "RegionId": Region(required=True),
    "LoadBalancerId": Text(required=True),
    "ListenerPort": Int(1, 65535, required=True),
}
ANY_PROTOCOL: dict[str, Param] = {**ONE, "ListenerProtocol": Text(choices=PROTOCOLS)}
SETTINGS: dict[str, Param] = {
    "VServerGroupId": Text(),
    "MasterSlaveServerGroupId": Text(),
    "AclStatus": Text(choices=("on", "off")),
    "AclType": Text(choices=("white", "black")),
    "AclId": Text(),
    "Bandwidth": Int(-1, 5120),
    "Description": Text(),
    "Scheduler": Text(choices=("wrr", "rr", "sch", "tch")),
}


def _listener(call: Call, balancer: Balancer, protocol: str | None = None) -> Listener:
    """Find the listener that a call names; a protocol has to be named where a port has two. Its code is UNCONFIRMED."""
    protocol = protocol or call.params.get("ListenerProtocol")
    found = [
        each
        for each in balancer.listeners
        if each.port == call.params["ListenerPort"] and protocol in (None, each.protocol)
    ]
    if not found:
        raise ApiError("ListenerNotFound", "The specified resource does not exist.", 404)
    if len(found) > 1:
        raise call.product.missing("ListenerProtocol")
    return found[0]


@slb.action(
    "CreateLoadBalancerTCPListener",
    writes=True,
    resource=balancer_arn,
    params={**ONE, **SETTINGS, "BackendServerPort": Int(1, 65535)},
)
def create_load_balancer_tcp_listener(call: Call) -> dict[str, Any]:
    """Make a listener, which is stopped until it is started."""
    balancer = balancer_named(call)
    port = call.params["ListenerPort"]
    # UDP has ports of its own
    if any(each.port == port and each.protocol != "udp" for each in balancer.listeners):
        raise ApiError("ListenerAlreadyExists", "A listener with the specified port already exists.", 400)
    listener = Listener(port, "tcp", call.params.get("BackendServerPort"), status="stopped")
    _set(call, balancer, listener)
    if listener.backend_port is None and not (listener.server_group or listener.master_slave_group):
        raise call.product.missing("BackendServerPort")
    balancer.listeners.append(listener)
    return {}


@slb.action(
    "SetLoadBalancerTCPListenerAttribute",
    writes=True,
    resource=balancer_arn,
    params={
        **ONE,
        **SETTINGS,
        "VServerGroup": Text(choices=("on", "off")),
        "MasterSlaveServerGroup": Text(choices=("on", "off")),
    },
)
def set_load_balancer_tcp_listener_attribute(call: Call) -> dict[str, Any]:
    """Change a listener: its server group and its access control."""
    balancer = balancer_named(call)
    _set(call, balancer, _listener(call, balancer, "tcp"))
    return {}


def _set(call: Call, balancer: Balancer, listener: Listener) -> None:
    """Take over what a call says, once all of it has been found right."""
    state, asked = section.of(call.account), call.params
    acls = [each for each in asked.get("AclId", "").split(",") if each]
    if any(each not in state.acls or state.acls[each].region != balancer.region for each in acls):
        raise ApiError("InvalidAclId.NotFound", "The specified AclId does not exist.", 404)  # the code is UNCONFIRMED
    for name in ("VServerGroupId", "MasterSlaveServerGroupId"):
        group = state.server_groups.get(asked.get(name))
        of_another = group and (group.region != balancer.region or kind_of(call.account, group.id) not in (None, name))
        if name in asked and (group is None or of_another):
            raise ApiError("InvalidParameter", f"The specified {name} does not exist.", 400)
    if asked.get("AclStatus") == "on" and not (acls or listener.acls):
        raise call.product.missing("AclId")
    listener.server_group = _chosen(call, "VServerGroup", listener.server_group)
    listener.master_slave_group = _chosen(call, "MasterSlaveServerGroup", listener.master_slave_group)
    listener.acl_status = asked.get("AclStatus", listener.acl_status)
    listener.acl_type = asked.get("AclType", listener.acl_type)
    listener.acls = acls or listener.acls


def _chosen(call: Call, kind: str, present: str) -> str:
    """Give the server group of a kind that a listener uses after the call."""
    return "" if call.params.get(kind) == "off" else call.params.get(f"{kind}Id", present)


@slb.action("DeleteLoadBalancerListener", writes=True, resource=balancer_arn, params=ANY_PROTOCOL)
def delete_load_balancer_listener(call: Call) -> dict[str, Any]:
    """Delete a listener."""
    balancer = balancer_named(call)
    balancer.listeners.remove(_listener(call, balancer))
    return {}


@slb.action("StartLoadBalancerListener", writes=True, resource=balancer_arn, params=ANY_PROTOCOL)
def start_load_balancer_listener(call: Call) -> dict[str, Any]:
    """Start a listener; one that runs goes on running."""
    _listener(call, balancer_named(call)).status = "running"
    return {}


@slb.action("StopLoadBalancerListener", writes=True, resource=balancer_arn, params=ANY_PROTOCOL)
def stop_load_balancer_listener(call: Call) -> dict[str, Any]:
    """Stop a listener."""
    _listener(call, balancer_named(call)).status = "stopped"
    return {}
