# SPDX-License-Identifier: GPL-3.0-or-later
"""NLB 2022-04-30: load balancers and listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.paging import paged, tokened
from simulator.parameters import Bool, Each, Int, Region, Text

from . import _balancers
from .nlb import Listener, here, nlb, section

if TYPE_CHECKING:
    from simulator.call import Call

    from .nlb import Balancer

REGION = Region(required=True)


@nlb.action("ListLoadBalancers", params={"RegionId": REGION, "LoadBalancerIds": Each(most=20), **tokened(100)})
def list_load_balancers(call: Call) -> dict[str, Any]:
    """List a region's load balancers, each with its addresses."""
    wanted = call.params.get("LoadBalancerIds")
    return paged(call, "LoadBalancers", [_show(each) for each in here(call) if wanted is None or each.id in wanted])


@nlb.action(
    "GetLoadBalancerAttribute",
    resource=lambda call: call.arn(f"loadbalancer/{call.params['LoadBalancerId']}"),
    params={"RegionId": REGION, "LoadBalancerId": Text(required=True)},
)
def get_load_balancer_attribute(call: Call) -> dict[str, Any]:
    """Show a load balancer with the addresses from which it speaks to servers, which the list does not have."""
    return _show(_balancer(call), with_local=True)


def _balancer(call: Call) -> Balancer:
    balancer = next((each for each in here(call) if each.id == call.params["LoadBalancerId"]), None)
    if balancer is None:
        raise ApiError("ResourceNotFound.loadBalancer", "The specified resource is not found.", 404)
    return balancer


def _show(balancer: Balancer, *, with_local: bool = False) -> dict[str, Any]:
    """The ids of its interfaces are made up."""
    addresses = [
        {
            "PublicIPv4Address": public,
            "PrivateIPv4Address": private,
            "EniId": f"eni-{balancer.id}-{place}",
            **({"Ipv4LocalAddresses": local} if with_local else {}),
        }
        for place, (public, private, local) in enumerate(_balancers.addresses(balancer))
    ]
    return {
        "LoadBalancerId": balancer.id,
        "LoadBalancerName": balancer.name,
        "LoadBalancerStatus": balancer.status,
        "LoadBalancerType": "Network",
        "AddressType": balancer.address_type,
        "AddressIpVersion": "Ipv4",
        "RegionId": balancer.region,
        "VpcId": balancer.vpc,
        "SecurityGroupIds": balancer.security_groups,
        "ZoneMappings": _balancers.zones(balancer, addresses),
        "Tags": [{"Key": key, "Value": value} for key, value in balancer.tags.items()],
    }


@nlb.action("ListListeners", params={"RegionId": REGION, "LoadBalancerIds": Each(most=20), **tokened(100)})
def list_listeners(call: Call) -> dict[str, Any]:
    """List a region's listeners."""
    wanted = call.params.get("LoadBalancerIds")
    listeners = [
        {
            "ListenerId": each.id,
            "LoadBalancerId": balancer.id,
            "RegionId": balancer.region,
            "ListenerPort": each.port,
            "ListenerProtocol": each.protocol,
            "ListenerStatus": each.status,
            "ServerGroupId": each.server_group,
            **({"StartPort": str(each.start), "EndPort": str(each.end)} if not each.port else {}),
        }
        for balancer in here(call)
        if wanted is None or balancer.id in wanted
        for each in balancer.listeners
    ]
    return paged(call, "Listeners", listeners)


@nlb.action(
    "CreateListener",
    writes=True,
    resource=lambda call: call.arn(f"loadbalancer/{call.params['LoadBalancerId']}"),
    params={
        "RegionId": REGION,
        "LoadBalancerId": Text(required=True),
        "ListenerProtocol": Text(required=True, choices=("TCP", "UDP", "TCPSSL")),
        "ListenerPort": Int(0, 65535, required=True),
        "StartPort": Int(1, 65535),
        "EndPort": Int(1, 65535),
        "ServerGroupId": Text(required=True),
        "ListenerDescription": Text(),
        "DryRun": Bool(default=False),
        "ClientToken": Text(),
    },
)
def create_listener(call: Call) -> dict[str, Any]:
    """Make a listener that runs at once; port 0 needs a range of ports. Codes for refusals are UNCONFIRMED."""
    asked, state = call.params, section.of(call.account)
    balancer = _balancer(call)
    group = state.server_groups.get(asked["ServerGroupId"])
    if group is None or group.region != call.region:
        raise ApiError("ResourceNotFound.serverGroup", "The specified resource is not found.", 404)
    if not asked["ListenerPort"] and not {"StartPort", "EndPort"} <= set(asked):
        raise call.product.missing("StartPort")
    if not asked["ListenerPort"] and asked["StartPort"] > asked["EndPort"]:
        raise ApiError("InvalidParameter.StartPort", "The specified parameter StartPort is not valid.", 400)
    listener = Listener(
        f"lsn-{call.request_id.lower()}",
        asked["ListenerPort"],
        asked["ListenerProtocol"],
        asked.get("StartPort", 0) if not asked["ListenerPort"] else 0,
        asked.get("EndPort", 0) if not asked["ListenerPort"] else 0,
        group.id,
    )
    if any(_clash(each, listener) for each in balancer.listeners):
        raise ApiError("ResourceAlreadyExist.listener", "The specified listener already exists.", 400)
    if asked["DryRun"]:
        raise ApiError("DryRunOperation", "Request validation has been passed with DryRun flag set.", 400)
    balancer.listeners.append(listener)
    return {"ListenerId": listener.id, "JobId": call.request_id.lower()}


def _clash(one: Listener, other: Listener) -> bool:
    """Whether both would get the same packets."""
    same = (one.protocol == "UDP") == (other.protocol == "UDP")
    (first, last), (start, end) = ((each.port or each.start, each.port or each.end) for each in (one, other))
    return same and first <= end and start <= last


@nlb.action(
    "DeleteListener",
    writes=True,
    resource=lambda call: call.arn(f"listener/{call.params['ListenerId']}"),
    params={
        "RegionId": REGION,
        "ListenerId": Text(required=True),
        "DryRun": Bool(default=False),
        "ClientToken": Text(),
    },
)
def delete_listener(call: Call) -> dict[str, Any]:
    """Delete a listener, at once."""
    for balancer in here(call):
        for each in balancer.listeners:
            if each.id == call.params["ListenerId"]:
                if call.params["DryRun"]:
                    raise ApiError("DryRunOperation", "Request validation has been passed with DryRun flag set.", 400)
                balancer.listeners.remove(each)
                return {"JobId": call.request_id.lower()}
    raise ApiError("ResourceNotFound.listener", "The specified resource is not found.", 404)
