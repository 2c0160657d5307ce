# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC 2016-04-28: NAT gateways, and the DNAT entries of their forward tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.paging import by_number, numbered
from simulator.parameters import Region, Text

from .vpc import Forward, NatGateway, section, vpc

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
