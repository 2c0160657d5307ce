# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC 2016-04-28: elastic IP addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.paging import by_number, numbered
from simulator.parameters import Csv, Region, Text

from .vpc import KINDS, Eip, bindings, section, vpc

if TYPE_CHECKING:
    from simulator.call import Call

BOUND_KINDS = (*filter(None, KINDS.values()), "HaVip", "IpAddress")


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
