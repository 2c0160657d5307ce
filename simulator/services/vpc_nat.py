# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC 2016-04-28: NAT gateways, and the DNAT entries of their forward tables."""

from __future__ import annotations

from dataclasses import asdict
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError, EstateError
from simulator.paging import by_number, numbered
from simulator.parameters import Bool, Region, Text

from .vpc import Forward, NatGateway, forward_of, section, vpc

if TYPE_CHECKING:
    from simulator.call import Call
    from simulator.estate import Account


@vpc.action(
    "DescribeNatGateways",
    resource=lambda call: call.arn("natgateway/*"),
    params={
        "RegionId": Region(required=True),
        "NatGatewayId": Text(),
        "NetworkType": Text(choices=("internet", "intranet")),
        "VpcId": Text(),
        **numbered(50),
    },
)
def describe_nat_gateways(call: Call) -> dict[str, Any]:
    """List a region's NAT gateways."""
    asked = call.params
    found = [
        each
        for each in section.of(call.account).nat_gateways.values()
        if each.region == call.region
        and asked.get("NatGatewayId") in (None, each.id)
        and asked.get("NetworkType") in (None, each.network_type)
        and asked.get("VpcId") in (None, each.vpc)
    ]
    page, paging = by_number(found, asked)
    return {"NatGateways": {"NatGateway": [_show(each, call.account) for each in page]}, **paging}


def _show(gateway: NatGateway, account: Account) -> dict[str, Any]:
    forwarded = {each.external_ip for each in gateway.forwards}
    addresses = [
        {
            "IpAddress": each.address,
            "AllocationId": each.id,
            "UsingStatus": "UsedByForwardTable" if each.address in forwarded else "Idle",
        }
        for each in section.of(account).eips.values()
        if each.bound_to == gateway.id
    ]
    return {
        "NatGatewayId": gateway.id,
        "Name": gateway.name,
        "RegionId": gateway.region,
        "VpcId": gateway.vpc,
        "NatType": "Enhanced",
        "NetworkType": gateway.network_type,
        "Status": "Available",
        "BusinessStatus": "Normal",
        "ForwardTableIds": {"ForwardTableId": [gateway.forward_table]},
        "IpLists": {"IpList": addresses},
    }


@vpc.action(
    "DescribeForwardTableEntries",
    resource=lambda call: call.arn("forwardtable/*"),
    params={
        "RegionId": Region(required=True),
        "ForwardTableId": Text(),
        "NatGatewayId": Text(),
        "ForwardEntryId": Text(),
        "ExternalIp": Text(),
        "InternalIp": Text(),
        **numbered(50),
    },
)
def describe_forward_table_entries(call: Call) -> dict[str, Any]:
    """List the entries of a gateway's forward table: one of table and gateway has to be named."""
    asked = call.params
    if not {"ForwardTableId", "NatGatewayId"} & set(asked):
        raise call.product.missing("ForwardTableId")  # the code for this one is UNCONFIRMED
    gateway = _gateway(call)
    found = [
        each
        for each in gateway.forwards
        if asked.get("ForwardEntryId") in (None, each.id)
        and asked.get("ExternalIp") in (None, each.external_ip)
        and asked.get("InternalIp") in (None, each.internal_ip)
    ]
    page, paging = by_number(found, asked)
    return {"ForwardTableEntries": {"ForwardTableEntry": [_show_forward(each, gateway) for each in page]}, **paging}


def _gateway(call: Call) -> NatGateway:
    """Find the gateway that a call names, by its id or by its table's; that a stranger is 404 is UNCONFIRMED."""
    state = section.of(call.account)
    table = call.params.get("ForwardTableId")
    gateway = state.by_table(table) if table else state.nat_gateways.get(call.params["NatGatewayId"])
    if gateway is None or gateway.region != call.region or call.params.get("NatGatewayId") not in (None, gateway.id):
        name = "ForwardTableId" if table else "NatGatewayId"
        raise ApiError(f"Invalid{name}.NotFound", f"Specified {name} does not exist.", 404)
    return gateway


def _show_forward(forward: Forward, gateway: NatGateway) -> dict[str, Any]:
    return {
        "ForwardEntryId": forward.id,
        "ForwardEntryName": forward.name,
        "ForwardTableId": gateway.forward_table,
        "NatGatewayId": gateway.id,
        "ExternalIp": forward.external_ip,
        "ExternalPort": forward.external_port,
        "InternalIp": forward.internal_ip,
        "InternalPort": forward.internal_port,
        "IpProtocol": forward.protocol,
        "Status": forward.status,
    }


# --- changing them -------------------------------------------------------------------------------------------------

FIELDS = {
    "ExternalIp": "external_ip",
    "ExternalPort": "external_port",
    "InternalIp": "internal_ip",
    "InternalPort": "internal_port",
    "IpProtocol": "protocol",
    "ForwardEntryName": "name",
}
PORTS = r"(?i)any|\d{1,5}(/\d{1,5})?"


def _entry_params(*, required: bool) -> dict[str, Any]:
    return {
        "RegionId": Region(required=True),
        "ForwardTableId": Text(required=True),
        "ExternalIp": Text(required=required),
        "ExternalPort": Text(required=required, pattern=PORTS, error="InvalidExternalPort.Malformed"),
        "InternalIp": Text(required=required),
        "InternalPort": Text(required=required, pattern=PORTS, error="InvalidInternalPort.Malformed"),
        "IpProtocol": Text(required=required, pattern="(?i)tcp|udp|any", error="InvalidProtocal.ValueNotSupported"),
        "ForwardEntryName": Text(),
        "PortBreak": Bool(),
        "ClientToken": Text(),
    }


def _table_arn(call: Call) -> str:
    return call.arn(f"forwardtable/{call.params['ForwardTableId']}")


def _entry(call: Call, gateway: NatGateway) -> Forward:
    found = next((each for each in gateway.forwards if each.id == call.params["ForwardEntryId"]), None)
    if found is None:
        raise ApiError("InvalidForwardEntryId.NotFound", "Specified forward entry ID does not exist", 404)
    return found


def _proposed(call: Call, gateway: NatGateway, present: dict[str, Any]) -> Forward:
    """Give the entry that a call asks for, found right. Which code a wrong pair of port ranges gets is UNCONFIRMED.

    That an instance with an EIP of its own is refused as a target is documented in older editions only; not here.
    """
    asked = {field: call.params[name] for name, field in FIELDS.items() if name in call.params}
    try:
        forward = forward_of({**present, **asked})
    except EstateError:
        raise ApiError(
            "InvalidInternalPort.Malformed", "The specified InternalPort is not a valid port.", 400
        ) from None
    for name, text in (("ExternalIp", forward.external_ip), ("InternalIp", forward.internal_ip)):
        try:
            ip_address(text)
        except ValueError:
            raise ApiError(
                f"Invalid{name}.Malformed", f"The specified {name} is not a valid IP address.", 400
            ) from None
    eips = section.of(call.account).eips.values()
    if gateway.network_type == "internet" and forward.external_ip not in {
        each.address for each in eips if each.bound_to == gateway.id
    }:
        raise ApiError("InvalidIp.NotInNatgw", "The specified Ip not belong to natgateway.", 400)
    if any(forward.clashes(each) for each in gateway.forwards if each.id != forward.id):
        raise ApiError("OperationUnsupported.ForwardEntry", "Duplicated destination ip port is unsupported.", 400)
    return forward


@vpc.action("CreateForwardEntry", writes=True, resource=_table_arn, params=_entry_params(required=True))
def create_forward_entry(call: Call) -> dict[str, Any]:
    """Make a DNAT entry, at once: that it is Pending for a while is not simulated."""
    gateway = _gateway(call)
    forward = _proposed(call, gateway, {"id": f"fwd-{call.request_id.lower()}"})
    gateway.forwards.append(forward)
    return {"ForwardEntryId": forward.id}


@vpc.action(
    "ModifyForwardEntry",
    writes=True,
    resource=_table_arn,
    params={**_entry_params(required=False), "ForwardEntryId": Text(required=True)},
)
def modify_forward_entry(call: Call) -> dict[str, Any]:
    """Change what is given of a DNAT entry."""
    gateway = _gateway(call)
    entry = _entry(call, gateway)
    gateway.forwards[gateway.forwards.index(entry)] = _proposed(call, gateway, asdict(entry))
    return {}


@vpc.action(
    "DeleteForwardEntry",
    writes=True,
    resource=_table_arn,
    params={
        "RegionId": Region(required=True),
        "ForwardTableId": Text(required=True),
        "ForwardEntryId": Text(required=True),
        "ClientToken": Text(),
    },
)
def delete_forward_entry(call: Call) -> dict[str, Any]:
    """Delete a DNAT entry."""
    gateway = _gateway(call)
    gateway.forwards.remove(_entry(call, gateway))
    return {}
