# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC 2016-04-28: IPv6 addresses, and the bandwidth by which they are on the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.paging import by_number, numbered
from simulator.parameters import Region, Text

from .ecs import Interface
from .ecs import section as ecs
from .vpc import vpc

if TYPE_CHECKING:
    from simulator.call import Call


@vpc.action(
    "DescribeIpv6Addresses",
    resource=lambda call: call.arn("ipv6address/*"),
    params={
        "RegionId": Region(required=True),
        "Ipv6AddressId": Text(),
        "Ipv6Address": Text(),
        "AssociatedInstanceId": Text(),
        "AssociatedInstanceType": Text(choices=("EcsInstance", "NetworkInterface")),
        "NetworkType": Text(choices=("Private", "Public")),
        "VpcId": Text(),
        **numbered(50),
    },
)
def describe_ipv6_addresses(call: Call) -> dict[str, Any]:
    """List a region's IPv6 addresses."""
    asked = call.params
    shown = [_show(each) for each in ecs.of(call.account).interfaces() if each.region == call.region and each.ipv6]
    found = [
        each
        for each in shown
        if all(asked.get(name) in (None, value) for name, value in each.items() if not isinstance(value, dict))
    ]
    page, paging = by_number(found, asked)
    return {"Ipv6Addresses": {"Ipv6Address": page}, **paging}


def _show(one: Interface) -> dict[str, Any]:
    """An address of a primary interface is shown as the instance's: that it is, is UNCONFIRMED, as is what stands for
    no bandwidth.
    """
    primary = one.type == "Primary"
    bandwidth = {
        "Ipv6InternetBandwidthId": f"ipv6bw-{one.id}",
        "Bandwidth": one.ipv6_bandwidth,
        "BusinessStatus": "Normal",
        "InternetChargeType": "PayByBandwidth",
    }
    return {
        "Ipv6AddressId": f"ipv6-{one.id}",
        "Ipv6Address": one.ipv6,
        "AssociatedInstanceId": one.instance if primary else one.id,
        "AssociatedInstanceType": "EcsInstance" if primary else "NetworkInterface",
        "NetworkType": "Public" if one.ipv6_bandwidth else "Private",
        "RealBandwidth": one.ipv6_bandwidth,
        "Ipv6InternetBandwidth": bandwidth if one.ipv6_bandwidth else {},
        "Status": "Available",
        "VpcId": one.vpc,
    }
