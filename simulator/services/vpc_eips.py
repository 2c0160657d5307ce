# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC 2016-04-28: elastic IP addresses."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.paging import by_number, numbered
from simulator.parameters import Bool, Csv, Region, Text

from .ecs import section as ecs
from .slb import section as slb
from .vpc import KINDS, Eip, bindings, section, takes_eips, vpc

if TYPE_CHECKING:
    from simulator.call import Call

    from .ecs import Ecs

BOUND_KINDS = (*filter(None, KINDS.values()), "HaVip", "IpAddress")
FREE = ip_network("198.51.100.0/24")  # where the addresses of new EIPs come from


@vpc.action(
    "DescribeEipAddresses",
    resource=lambda call: call.arn("eip/*"),
    params={
        "RegionId": Region(required=True),
        "AllocationId": Csv(most=50),
        "EipAddress": Csv(most=50),
        "AssociatedInstanceType": Text(choices=BOUND_KINDS),
        "AssociatedInstanceId": Text(),
        "Status": Text(choices=("Associating", "Unassociating", "InUse", "Available", "Releasing")),
        **numbered(100),
    },
)
def describe_eip_addresses(call: Call) -> dict[str, Any]:
    """List a region's EIPs. Those of NLBs and ALBs are not among them here; whether they really are is UNCONFIRMED."""
    asked = call.params
    found = [
        each
        for each in section.of(call.account).eips.values()
        if each.region == call.region
        and each.id in asked.get("AllocationId", [each.id])
        and each.address in asked.get("EipAddress", [each.address])
        and asked.get("AssociatedInstanceType") in (None, each.kind)
        and asked.get("AssociatedInstanceId") in (None, each.bound_to)
        and asked.get("Status") in (None, _status(each))
    ]
    private_ips = {eip.id: private_ip for (_eni, private_ip), (eip,) in bindings(call.account).items()}
    page, paging = by_number(found, asked)
    return {"EipAddresses": {"EipAddress": [_show(each, private_ips) for each in page]}, **paging}


def _status(eip: Eip) -> str:
    return "InUse" if eip.bound_to else "Available"


def _show(eip: Eip, private_ips: dict[str, str]) -> dict[str, Any]:
    """The private address is documented for network interfaces only."""
    return {
        "AllocationId": eip.id,
        "IpAddress": eip.address,
        "Name": eip.name,
        "Status": _status(eip),
        "RegionId": eip.region,
        "InstanceId": eip.bound_to,
        "InstanceType": eip.kind,
        "InstanceRegionId": eip.region if eip.bound_to else "",
        "PrivateIpAddress": private_ips.get(eip.id, "") if eip.kind == "NetworkInterface" else "",
        "Mode": eip.mode,
        "Netmode": "public",
        "BusinessStatus": "Normal",
        "ServiceManaged": 0,
        "Tags": {"Tag": [{"Key": key, "Value": value} for key, value in eip.tags.items()]},
    }


# --- changing them -------------------------------------------------------------------------------------------------


def _arn(call: Call) -> str:
    return call.arn(f"eip/{call.params['AllocationId']}")


def _eip(call: Call) -> Eip:
    found = section.of(call.account).eips.get(call.params["AllocationId"])
    if found is None or found.region != call.region:
        raise ApiError("InvalidAllocationId.NotFound", "Specified allocation ID is not found", 404)
    return found


@vpc.action(
    "AllocateEipAddress",
    writes=True,
    resource=lambda call: call.arn("eip/*"),
    params={
        "RegionId": Region(required=True),
        "Name": Text(),
        "Bandwidth": Text(pattern=r"\d{1,4}"),
        "InternetChargeType": Text(choices=("PayByBandwidth", "PayByTraffic")),
        "ClientToken": Text(),
    },
)
def allocate_eip_address(call: Call) -> dict[str, Any]:
    """Get a new EIP that is bound to nothing."""
    eips = section.of(call.account).eips
    taken = {each.address for each in eips.values()}
    address = next((str(each) for each in FREE.hosts() if str(each) not in taken), None)
    if address is None:
        raise ApiError("QuotaExceeded.Eip", "Elastic IP address quota exceeded", 400)
    eip = Eip(f"eip-{call.request_id.lower()}", call.region, address, name=call.params.get("Name", ""))
    eips[eip.id] = eip
    return {"AllocationId": eip.id, "EipAddress": eip.address}


@vpc.action(
    "ReleaseEipAddress",
    writes=True,
    resource=_arn,
    params={"RegionId": Region(required=True), "AllocationId": Text(required=True)},
)
def release_eip_address(call: Call) -> dict[str, Any]:
    """Give an EIP back that is bound to nothing."""
    eip = _eip(call)
    if eip.bound_to:
        raise ApiError("IncorrectEipStatus", "Current elastic IP status does not support this operation.", 400)
    del section.of(call.account).eips[eip.id]
    return {}


@vpc.action(
    "AssociateEipAddress",
    writes=True,
    resource=_arn,
    params={
        "RegionId": Region(required=True),
        "AllocationId": Text(required=True),
        "InstanceId": Text(required=True),
        "InstanceType": Text(choices=BOUND_KINDS, default="EcsInstance", error="InvalidInstanceType.ValueNotSupported"),
        "PrivateIpAddress": Text(),
        "Mode": Text(choices=("NAT", "MULTI_BINDED", "BINDED"), default="NAT"),
        "ClientToken": Text(),
    },
)
def associate_eip_address(call: Call) -> dict[str, Any]:
    """Bind an EIP, at once: that it is Associating for a while is not simulated.

    A network interface has to be a secondary one; how the API refuses a primary one is UNCONFIRMED.
    """
    eip, asked = _eip(call), call.params
    if eip.bound_to:
        raise ApiError("IncorrectEipStatus", "Current elastic IP status does not support this operation", 400)
    thing = _things(call).get(asked["InstanceId"])
    if thing is None:
        raise ApiError("InvalidInstanId.NotFound", "Specified instance does not exist.", 404)
    if thing.region != eip.region:
        message = "Specified elastic IP address and ECS instance are not in the same region."
        raise ApiError("InvalidParameter.Mismatch", message, 400)
    if not takes_eips(thing) or not getattr(thing, "vpc", "vpc"):
        raise ApiError("OperationDenied", "Specified instance is not in VPC.", 400)
    private_ip = asked.get("PrivateIpAddress", "") if asked["InstanceType"] == "NetworkInterface" else ""
    if private_ip and private_ip not in thing.addresses:
        raise ApiError("InvalidParameter", "The specified parameter PrivateIpAddress is not valid.", 400)
    if _is_taken(call, thing, private_ip):
        raise ApiError("InvalidAssociation.Duplicated", "Specified instance already is associated.", 400)
    eip.bound_to, eip.private_ip, eip.mode = thing.id, private_ip, asked["Mode"]
    return {}


def _things(call: Call) -> dict[str, Any]:
    """Whatever of the type that a call names an EIP may be bound to."""
    network: Ecs = ecs.of(call.account)
    return {
        "EcsInstance": network.instances,
        "NetworkInterface": network.network_interfaces,
        "SlbInstance": slb.of(call.account).load_balancers,
        "Nat": section.of(call.account).nat_gateways,
    }.get(call.params["InstanceType"], {})


def _is_taken(call: Call, thing: Any, private_ip: str) -> bool:
    """Whether there is no room for a further EIP: a NAT gateway takes many, an interface one for each address."""
    if getattr(thing, "public_ip", ""):
        return True
    same = [each for each in section.of(call.account).eips.values() if each.bound_to == thing.id]
    if call.params["InstanceType"] == "NetworkInterface":
        return any((each.private_ip or thing.private_ip) == (private_ip or thing.private_ip) for each in same)
    return bool(same) and call.params["InstanceType"] != "Nat"


@vpc.action(
    "UnassociateEipAddress",
    writes=True,
    resource=_arn,
    params={
        "RegionId": Region(required=True),
        "AllocationId": Text(required=True),
        "InstanceId": Text(),
        "InstanceType": Text(choices=BOUND_KINDS, error="InvalidInstanceType.ValueNotSupported"),
        "PrivateIpAddress": Text(),
        "Force": Bool(default=False),
        "ClientToken": Text(),
    },
)
def unassociate_eip_address(call: Call) -> dict[str, Any]:
    """Unbind an EIP, at once. From a NAT gateway that forwards by it, it takes force; by that the entries go.

    UNCONFIRMED are the code of the refusal without force, and that the entries go.
    """
    eip, asked = _eip(call), call.params
    if not eip.bound_to:
        raise ApiError("IncorrectEipStatus", "Current elastic IP status does not support this operation.", 400)
    bound = {"InstanceId": eip.bound_to, "InstanceType": eip.kind}
    bound |= {"PrivateIpAddress": eip.private_ip} if eip.private_ip else {}
    if any(asked.get(name, value) != value for name, value in bound.items()):
        raise ApiError("InvalidInstanceId.NotFound", "Specified instance does not exist.", 400)
    gateway = section.of(call.account).nat_gateways.get(eip.bound_to)
    forwards = [each for each in gateway.forwards if each.external_ip == eip.address] if gateway else []
    if forwards and not asked["Force"]:
        raise ApiError("InvalidIpStatus.HasBeenUsedByForwardTable", "The IP is used by a DNAT entry.", 400)
    for each in forwards:
        gateway.forwards.remove(each)
    eip.bound_to, eip.private_ip = "", ""
    return {}
