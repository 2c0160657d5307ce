# SPDX-License-Identifier: GPL-3.0-or-later
"""SLB 2014-05-15: load balancers, and the servers of their default groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.paging import by_number, numbered
from simulator.parameters import Json, Region, Text

from . import _backends
from .ecs import section as ecs
from .slb import balancer_arn, balancer_named, balancers_here, slb

if TYPE_CHECKING:
    from simulator.call import Call

    from ._backends import Backend
    from .slb import Balancer


@slb.action("DescribeLoadBalancers", params={"RegionId": Region(required=True), **numbered(100, 50)})
def describe_load_balancers(call: Call) -> dict[str, Any]:
    """List a region's load balancers."""
    page, paging = by_number(balancers_here(call), call.params)
    return {"LoadBalancers": {"LoadBalancer": [_show(each) for each in page]}, **paging}


def _show(balancer: Balancer) -> dict[str, Any]:
    return {
        "LoadBalancerId": balancer.id,
        "LoadBalancerName": balancer.name,
        "LoadBalancerStatus": balancer.status,
        "Address": balancer.address,
        "AddressType": balancer.address_type,
        "AddressIPVersion": "ipv4",
        "NetworkType": "vpc" if balancer.address_type == "intranet" else "classic",
        "RegionId": balancer.region,
        "RegionIdAlias": balancer.region,
        "VpcId": "",
        "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in balancer.tags.items()]},
    }


@slb.action(
    "DescribeLoadBalancerAttribute",
    resource=balancer_arn,
    params={"RegionId": Region(required=True), "LoadBalancerId": Text(required=True)},
)
def describe_load_balancer_attribute(call: Call) -> dict[str, Any]:
    """Show a load balancer with its listeners in short, and its default group."""
    balancer = balancer_named(call)
    listeners = [{"ListenerPort": each.port, "ListenerProtocol": each.protocol} for each in balancer.listeners]
    return {
        **_show(balancer),
        "ListenerPorts": {"ListenerPort": [each.port for each in balancer.listeners]},
        "ListenerPortsAndProtocol": {"ListenerPortAndProtocol": listeners},
        "BackendServers": {
            "BackendServer": [
                {**_short(each, place), "ServerIp": _backends.address(each, call.account)}
                for place, each in enumerate(balancer.servers)
            ]
        },
    }


def _short(backend: Backend, place: int) -> dict[str, Any]:
    return {
        "ServerId": _backends.server_id(backend, place),
        "Type": backend.kind,
        "Weight": backend.weight,
        "Description": "",
    }


SERVERS = {
    "RegionId": Region(required=True),
    "LoadBalancerId": Text(required=True),
    "BackendServers": Json(required=True, most=20),
}


def _given(call: Call) -> list[Backend]:
    """Give the servers that a call names. Whether a weight may be a text is UNCONFIRMED; here it may."""
    known = {**ecs.of(call.account).instances, **{each.id: each for each in ecs.of(call.account).interfaces()}}
    result = []
    for entry in call.params["BackendServers"]:
        if not isinstance(entry, dict) or not set(entry) <= {"ServerId", "Weight", "Type", "Description"}:
            raise ApiError("InvalidParameter", "The specified parameter BackendServers is not valid.", 400)
        server = str(entry.get("ServerId", ""))
        if server not in known or known[server].region != call.region:
            raise ApiError("InvalidServerId.NotFound", "The specified ServerId does not exist.", 404)
        weight = str(entry.get("Weight", _backends.WEIGHT))
        if not weight.isdigit() or int(weight) > _backends.WEIGHT:
            raise ApiError("InvalidWeight.Malformed", "The specified Weight is not valid.", 400)
        result.append(_backends.Backend(server, weight=int(weight)))
    return result


@slb.action("AddBackendServers", writes=True, resource=balancer_arn, params=SERVERS)
def add_backend_servers(call: Call) -> dict[str, Any]:
    """Put servers into the default group; one that is there gets the new weight."""
    balancer, given = balancer_named(call), _given(call)
    kept = {each.server: each for each in balancer.servers} | {each.server: each for each in given}
    balancer.servers = list(kept.values())
    return _changed(balancer)


@slb.action("RemoveBackendServers", writes=True, resource=balancer_arn, params=SERVERS)
def remove_backend_servers(call: Call) -> dict[str, Any]:
    """Take servers out of the default group; that one which is not in it is no error, is UNCONFIRMED."""
    balancer, gone = balancer_named(call), {each.server for each in _given(call)}
    balancer.servers = [each for each in balancer.servers if each.server not in gone]
    return _changed(balancer)


def _changed(balancer: Balancer) -> dict[str, Any]:
    servers = [_short(each, place) for place, each in enumerate(balancer.servers)]
    return {"LoadBalancerId": balancer.id, "BackendServers": {"BackendServer": servers}}
