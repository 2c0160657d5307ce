# SPDX-License-Identifier: GPL-3.0-or-later
"""ECS 2014-05-26: instances and network interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.paging import by_token
from simulator.parameters import Each, Int, Json, Region, Text

from .ecs import Instance, Interface, ecs, section
from .ecs_security_groups import TAGS, has_tags, paged
from .vpc import Eip, bindings, eip_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.call import Call


@ecs.action(
    "DescribeInstances",
    refuses=False,
    resource=lambda call: call.arn("instance/*"),
    params={
        "RegionId": Region(required=True),
        "MaxResults": Int(1, 100),
        "NextToken": Text(),
        "PageNumber": Int(1),
        "PageSize": Int(1, 100),
        "InstanceIds": Json(most=100),
        "SecurityGroupId": Text(),
        "VpcId": Text(),
        "Status": Text(choices=("Pending", "Running", "Starting", "Stopping", "Stopped")),
        "AdditionalAttributes": Each(Text()),
        "Tag": TAGS,
    },
)
def describe_instances(call: Call) -> dict[str, Any]:
    """List instances. Whoever may not see them gets an empty list and no error: the API's documented trap."""
    asked = call.params
    allowed = call.key.allows("ecs:DescribeInstances", call.arn("instance/*"), call.context)
    found = [
        one
        for one in section.of(call.account).instances.values()
        if allowed
        and one.region == call.region
        and one.id in asked.get("InstanceIds", [one.id])
        and asked.get("SecurityGroupId", one.groups[0]) in one.groups
        and asked.get("VpcId") in (None, one.vpc)
        and asked.get("Status") in (None, one.status)
        and has_tags(one.tags, asked.get("Tag"))
    ]
    page, paging = paged(found, call)
    return {"TotalCount": len(found), **paging, "Instances": {"Instance": [_show(one, call) for one in page]}}


def _show(one: Instance, call: Call) -> dict[str, Any]:
    interfaces = [each for each in section.of(call.account).interfaces() if each.instance == one.id]
    eip = eip_of(one.id, call.account)
    more = "NETWORK_PRIMARY_ENI_IP" in call.params.get("AdditionalAttributes", [])
    return {
        "InstanceId": one.id,
        "InstanceName": one.name or one.id,
        "Status": one.status,
        "RegionId": one.region,
        "InstanceNetworkType": "vpc" if one.vpc else "classic",
        "PublicIpAddress": {"IpAddress": [one.public_ip] if one.public_ip else []},
        "EipAddress": {"IpAddress": eip.address if eip else "", "AllocationId": eip.id if eip else ""},
        "InnerIpAddress": {"IpAddress": [one.private_ip] if one.private_ip and not one.vpc else []},
        "SecurityGroupIds": {"SecurityGroupId": one.groups},
        "VpcAttributes": {
            "VpcId": one.vpc,
            "VSwitchId": f"vsw-{one.vpc}" if one.vpc else "",
            "NatIpAddress": "",
            "PrivateIpAddress": {"IpAddress": [one.private_ip] if one.private_ip and one.vpc else []},
        },
        "NetworkInterfaces": {"NetworkInterface": [_show_short(each, more=more) for each in interfaces]},
        "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in one.tags.items()]},
    }


def _show_short(one: Interface, *, more: bool) -> dict[str, Any]:
    """Show an interface of an instance: all addresses of the primary one, if they are asked for, else the first."""
    shown: dict[str, Any] = {"NetworkInterfaceId": one.id, "Type": one.type, "PrimaryIpAddress": one.private_ip}
    if more and one.type == "Primary":
        private = [{"PrivateIpAddress": each, "Primary": each == one.private_ip} for each in one.addresses]
        shown["PrivateIpSets"] = {"PrivateIpSet": private}
        shown["Ipv6Sets"] = {"Ipv6Set": [{"Ipv6Address": one.ipv6}] if one.ipv6 else []}
    return shown


@ecs.action(
    "DescribeNetworkInterfaces",
    resource=lambda call: call.arn("eni/*"),
    params={
        "RegionId": Region(required=True),
        "MaxResults": Int(10, 500),
        "NextToken": Text(),
        "PageNumber": Int(1),
        "PageSize": Int(1, 1000),
        "InstanceId": Text(),
        "NetworkInterfaceId": Each(Text(), most=100),
        "SecurityGroupId": Text(),
        "Type": Text(choices=("Primary", "Secondary")),
        "VpcId": Text(),
    },
)
def describe_network_interfaces(call: Call) -> dict[str, Any]:
    """List network interfaces. A filter by group finds secondary ones only, as documented."""
    asked = call.params
    found = [
        one
        for one in section.of(call.account).interfaces()
        if one.region == call.region
        and asked.get("InstanceId") in (None, one.instance)
        and one.id in asked.get("NetworkInterfaceId", [one.id])
        and (asked.get("SecurityGroupId") is None or (asked["SecurityGroupId"] in one.groups and one.type != "Primary"))
        and asked.get("Type") in (None, one.type)
        and asked.get("VpcId") in (None, one.vpc)
    ]
    if "PageSize" in asked or "PageNumber" in asked:
        page, paging = paged(found, call)
    else:
        page, token = by_token(found, {"MaxResults": 500, **asked})
        paging = {"NextToken": token}
    eips = bindings(call.account)
    shown = [_show_interface(one, eips) for one in page]
    return {"TotalCount": len(found), **paging, "NetworkInterfaceSets": {"NetworkInterfaceSet": shown}}


def _show_interface(one: Interface, eips: Mapping[tuple[str, str], list[Eip]]) -> dict[str, Any]:
    def associated(private_ip: str) -> dict[str, str]:
        bound = eips.get((one.id, private_ip))
        return {"PublicIpAddress": bound[0].address, "AllocationId": bound[0].id} if bound else {}

    return {
        "NetworkInterfaceId": one.id,
        "InstanceId": one.instance,
        "Type": one.type,
        "Status": "InUse" if one.instance else "Available",
        "ServiceManaged": False,
        "VpcId": one.vpc,
        "PrivateIpAddress": one.private_ip,
        "SecurityGroupIds": {"SecurityGroupId": one.groups},
        "AssociatedPublicIp": associated(one.private_ip),
        "PrivateIpSets": {
            "PrivateIpSet": [
                {
                    "PrivateIpAddress": each,
                    "Primary": each == one.private_ip,
                    "AssociatedPublicIp": associated(each),
                }
                for each in (one.private_ip, *one.secondary_ips)
            ]
        },
        "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": one.ipv6}] if one.ipv6 else []},
    }
