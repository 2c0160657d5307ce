# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of which an account's network is read, each as the values that its rows stand for.

Every function reads one list of a region, or one thing in it, to its end. Facts: Alibaba Cloud's API documentation of
ECS 2014-05-26, VPC 2016-04-28, SLB 2014-05-15, NLB 2022-04-30 and ALB 2020-06-16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from itertools import chain
from typing import TYPE_CHECKING

from .network import (
    ALB,
    CLB,
    NLB,
    AccessList,
    Backend,
    Balancer,
    Eip,
    Forward,
    Gateway,
    Group,
    Interface,
    Ipv6,
    Listener,
    Server,
    ServerGroup,
    Thing,
)
from .pages import numbered, tokened
from .security_groups import read_group

if TYPE_CHECKING:
    from .cloud import Cloud


def servers(cloud: Cloud, region: str) -> Iterator[Thing]:
    """Instances; and what they tell of their interfaces and EIPs, less than the lists of those do."""
    for row in tokened(cloud, "ecs", "DescribeInstances", region, "Instances", "Instance"):
        inside = row.get("VpcAttributes") or {}
        server = Server(
            row["InstanceId"],
            region,
            row.get("InstanceName") or row["InstanceId"],
            row.get("Status", ""),
            tuple((row.get("PublicIpAddress") or {}).get("IpAddress") or ()),
            inside.get("VpcId", ""),
            row.get("InstanceNetworkType") == "classic",
            tuple((row.get("SecurityGroupIds") or {}).get("SecurityGroupId") or ()),
            (
                *((row.get("InnerIpAddress") or {}).get("IpAddress") or ()),
                *((inside.get("PrivateIpAddress") or {}).get("IpAddress") or ()),
            ),
        )
        yield server
        for one in (row.get("NetworkInterfaces") or {}).get("NetworkInterface") or []:
            primary = one.get("Type") == "Primary"
            addresses = (one["PrimaryIpAddress"],) if one.get("PrimaryIpAddress") else ()
            groups = server.groups if primary else None
            yield Interface(one["NetworkInterfaceId"], region, server.id, primary, server.vpc, addresses, groups=groups)
        yield from stand_in(row.get("EipAddress"), "IpAddress", server.id, region)


def interfaces(cloud: Cloud, region: str) -> Iterator[Thing]:
    """Network interfaces, and what they tell of their EIPs."""
    path = ("NetworkInterfaceSets", "NetworkInterfaceSet")
    for row in tokened(cloud, "ecs", "DescribeNetworkInterfaces", region, *path, size=500):
        rows = (row.get("PrivateIpSets") or {}).get("PrivateIpSet") or []
        rows.sort(key=lambda one: not one.get("Primary"))
        first = row.get("PrivateIpAddress")
        addresses = tuple(one["PrivateIpAddress"] for one in rows) or ((first,) if first else ())
        yield Interface(
            row["NetworkInterfaceId"],
            region,
            row.get("InstanceId") or "",
            row.get("Type") == "Primary",
            row.get("VpcId", ""),
            addresses,
            tuple(spelled(one["Ipv6Address"]) for one in (row.get("Ipv6Sets") or {}).get("Ipv6Set") or []),
            tuple((row.get("SecurityGroupIds") or {}).get("SecurityGroupId") or ()),
        )
        for one in rows:
            private = one["PrivateIpAddress"]
            yield from stand_in(
                one.get("AssociatedPublicIp"), "PublicIpAddress", row["NetworkInterfaceId"], region, private
            )
        yield from stand_in(row.get("AssociatedPublicIp"), "PublicIpAddress", row["NetworkInterfaceId"], region)


def stand_in(row: dict | None, name: str, bound_to: str, region: str, private_ip: str = "") -> Iterator[Eip]:
    """An EIP as what it is bound to tells of it, without a kind; the list of EIPs knows more."""
    if row and row.get(name):
        yield Eip(row.get("AllocationId") or row[name], region, row[name], "", bound_to, "", private_ip)


def eips(cloud: Cloud, region: str) -> Iterator[Thing]:
    """EIPs, bound or not."""
    for row in numbered(cloud, "vpc", "DescribeEipAddresses", region, 100, ("EipAddresses", "EipAddress")):
        yield Eip(
            row["AllocationId"],
            region,
            row["IpAddress"],
            row.get("Name") or "",
            row.get("InstanceId") or "",
            row.get("InstanceType") or "none",
            row.get("PrivateIpAddress") or "",
        )


def gateways(cloud: Cloud, region: str) -> Iterator[Thing]:
    """NAT gateways."""
    for row in numbered(cloud, "vpc", "DescribeNatGateways", region, 50, ("NatGateways", "NatGateway")):
        yield Gateway(
            row["NatGatewayId"],
            region,
            row.get("Name") or "",
            row.get("VpcId") or "",
            (row.get("NetworkType") or "internet").lower() == "internet",
            tuple((row.get("ForwardTableIds") or {}).get("ForwardTableId") or ()),
        )


def forwards(cloud: Cloud, gateway: Gateway) -> Iterator[Thing]:
    """The DNAT entries of a gateway."""
    path = ("ForwardTableEntries", "ForwardTableEntry")
    rows = numbered(cloud, "vpc", "DescribeForwardTableEntries", gateway.region, 50, path, NatGatewayId=gateway.id)
    for row in rows:
        yield Forward(
            row["ForwardEntryId"],
            gateway.region,
            gateway.id,
            row.get("ForwardTableId") or "",
            row["ExternalIp"],
            str(row["ExternalPort"]),
            row["InternalIp"],
            str(row["InternalPort"]),
            row.get("IpProtocol") or "Any",
            (row.get("Status") or "Available") == "Available",
        )


def ipv6_addresses(cloud: Cloud, region: str) -> Iterator[Thing]:
    """IPv6 addresses with their bandwidth to the internet."""
    for row in numbered(cloud, "vpc", "DescribeIpv6Addresses", region, 50, ("Ipv6Addresses", "Ipv6Address")):
        band = row.get("Ipv6InternetBandwidth") or {}
        yield Ipv6(
            spelled(row["Ipv6Address"]),
            region,
            int(band.get("Bandwidth") or 0),
            row.get("Ipv6AddressId") or "",
            band.get("Ipv6InternetBandwidthId") or "",
        )


def spelled(address: str) -> str:
    """An IPv6 address in its one short spelling."""
    return str(ip_address(address))


def group(cloud: Cloud, region: str, name: str, *, classic: bool) -> Iterator[Thing]:
    """A security group; of one in the classic network, the rules for the interface to the internet."""
    yield Group(name, region, **read_group(cloud, region, name, classic=classic))


def clbs(cloud: Cloud, region: str) -> Iterator[Thing]:
    """CLBs."""
    for row in numbered(cloud, "slb", "DescribeLoadBalancers", region, 100, ("LoadBalancers", "LoadBalancer")):
        internet, address = row.get("AddressType") == "internet", row.get("Address") or ""
        addresses = (address,) if address else ()
        yield Balancer(
            row["LoadBalancerId"],
            region,
            CLB,
            row.get("LoadBalancerName") or row["LoadBalancerId"],
            internet,
            (addresses or None) if internet else (),
            vpc=row.get("VpcId") or "",
            active=row.get("LoadBalancerStatus", "active") == "active",
        )


def clb_listeners(cloud: Cloud, region: str) -> Iterator[Thing]:
    """The listeners of CLBs. Where no port of the servers is set, SLB says 0, -520 or nothing."""
    for row in tokened(cloud, "slb", "DescribeLoadBalancerListeners", region, "Listeners"):
        balancer, protocol, port = row["LoadBalancerId"], row["ListenerProtocol"].lower(), int(row["ListenerPort"])
        group = row.get("VServerGroupId")
        pair = (row.get(f"{protocol.upper()}ListenerConfig") or {}).get("MasterSlaveServerGroupId")
        servers = group or pair
        yield Listener(
            f"{balancer}:{protocol}:{port}",
            region,
            balancer,
            protocol,
            port,
            port,
            0 if servers else max(int(row.get("BackendServerPort") or 0), 0),
            (servers or balancer,),
            row.get("Status", "running") == "running",
            row.get("AclStatus") == "on",
            row.get("AclType") or "white",
            tuple(row.get("AclIds") or filter(None, (row.get("AclId"),))),
            paired=bool(pair and not group),
        )


def clb_servers(cloud: Cloud, region: str, name: str, *, paired: bool = False) -> Iterator[Thing]:
    """A server group of a CLB: the default one of the CLB with this id, a primary/secondary one, or a vServer group.

    The ids of the last two look the same (rsp-), and each has an action of its own.
    """
    if name.startswith("lb-"):
        action, key = "DescribeLoadBalancerAttribute", "LoadBalancerId"
    elif paired:
        action, key = "DescribeMasterSlaveServerGroupAttribute", "MasterSlaveServerGroupId"
    else:
        action, key = "DescribeVServerGroupAttribute", "VServerGroupId"
    answer = cloud.rpc("slb", action, {key: name}, region)
    kind = "MasterSlaveBackendServer" if paired else "BackendServer"
    yield ServerGroup(name, region, tuple(backend(row) for row in answer[f"{kind}s"][kind]))


def access_list(cloud: Cloud, region: str, name: str) -> Iterator[Thing]:
    """An access control list with its entries, which are paged in a way of their own."""
    entries: list[str] = []
    page = 1
    while True:
        asked = {"AclId": name, "Page": page, "PageSize": 50}
        answer = cloud.rpc("slb", "DescribeAccessControlListAttribute", asked, region)
        found = (answer.get("AclEntrys") or {}).get("AclEntry") or []
        entries += [row["AclEntryIP"] for row in found]
        if not found or len(entries) >= int(answer.get("TotalAclEntry") or 0):
            break
        page += 1
    yield AccessList(name, region, answer.get("AclName") or "", tuple(entries))


def balancers(kind: str) -> Callable[[Cloud, str], Iterator[Thing]]:
    """How NLBs or ALBs are listed: without the addresses from which they reach servers, ALBs without any."""

    def read_balancers(cloud: Cloud, region: str) -> Iterator[Thing]:
        for row in tokened(cloud, kind, "ListLoadBalancers", region, "LoadBalancers"):
            internet = "internet" in ((row.get("AddressType") or "").lower(), ipv6_type(row))
            yield Balancer(
                row["LoadBalancerId"],
                region,
                kind,
                row.get("LoadBalancerName") or row["LoadBalancerId"],
                internet,
                public_addresses(row) or (None if internet else ()),
                vpc=row.get("VpcId") or "",
                groups=tuple(row.get("SecurityGroupIds") or ()),
                active=(row.get("LoadBalancerStatus") or "Active") in ("Active", "Configuring"),
            )

    return read_balancers


def zone_addresses(row: dict) -> list[dict]:
    """The addresses of a load balancer in all of its zones."""
    return [one for zone in row.get("ZoneMappings") or [] for one in zone.get("LoadBalancerAddresses") or []]


def ipv6_type(row: dict) -> str:
    """Whether its IPv6 addresses are for the internet: internet, intranet or nothing."""
    return (row.get("Ipv6AddressType") or "").lower()


def public_addresses(row: dict) -> tuple[str, ...]:
    """The public addresses of an NLB or ALB, as far as they are shown."""
    rows = zone_addresses(row)
    four = [one.get("PublicIPv4Address") or one.get("Address") for one in rows]
    six = [one.get("Ipv6Address") for one in rows]
    shown = [
        *(four if (row.get("AddressType") or "").lower() == "internet" else ()),
        *(six if ipv6_type(row) == "internet" else ()),
    ]
    return tuple(filter(None, shown))


def with_addresses(cloud: Cloud, balancer: Balancer) -> Iterator[Thing]:
    """An NLB or ALB with its public addresses, and those from which it reaches its servers.

    Both APIs document the local addresses as those used "to communicate with the backend servers"; the private ones
    beside them are those at which the load balancer is reached itself.
    """
    row = cloud.rpc(balancer.kind, "GetLoadBalancerAttribute", {"LoadBalancerId": balancer.id}, balancer.region)
    rows = zone_addresses(row)
    local = [one.get(name) or () for one in rows for name in ("Ipv4LocalAddresses", "Ipv6LocalAddresses")]
    yield replace(
        balancer,
        addresses=public_addresses(row) or balancer.addresses,
        local_addresses=tuple(chain.from_iterable(local)),
    )


def nlb_listeners(cloud: Cloud, region: str) -> Iterator[Thing]:
    """The listeners of NLBs; one with port 0 has a range instead."""
    for row in tokened(cloud, "nlb", "ListListeners", region, "Listeners"):
        first, last = front_ports(*(int(row.get(name) or 0) for name in ("ListenerPort", "StartPort", "EndPort")))
        groups = (row["ServerGroupId"],) if row.get("ServerGroupId") else ()
        yield Listener(
            row["ListenerId"],
            region,
            row["LoadBalancerId"],
            row["ListenerProtocol"].lower(),
            first,
            last,
            0,
            groups,
            (row.get("ListenerStatus") or "Running") in ("Running", "Configuring"),
        )


def front_ports(port: int, first: int, last: int) -> tuple[int, int]:
    """The ports from first to last of a listener: without one of its own, it has a range, or all."""
    return (port, port) if port else (first or 1, last or 65535)


def default_groups(actions: list[dict]) -> tuple[str, ...]:
    """The server groups to which the default actions of an ALB's listener hand on."""
    tuples = (one for each in actions for one in (each.get("ForwardGroupConfig") or {}).get("ServerGroupTuples") or [])
    return tuple(one["ServerGroupId"] for one in tuples if one.get("ServerGroupId"))


def alb_listeners(cloud: Cloud, region: str) -> Iterator[Thing]:
    """The listeners of ALBs with the server groups of their default action; those of rules are not looked at."""
    for row in tokened(cloud, "alb", "ListListeners", region, "Listeners"):
        port = int(row["ListenerPort"])
        groups = default_groups(row.get("DefaultActions") or [])
        running = (row.get("ListenerStatus") or "Running") in ("Running", "Configuring")
        protocol = row["ListenerProtocol"].lower()
        yield Listener(row["ListenerId"], region, row["LoadBalancerId"], protocol, port, port, 0, groups, running)


def nlb_servers(cloud: Cloud, region: str) -> Iterator[Thing]:
    """The server groups of NLBs, with their servers."""
    rows = tokened(cloud, "nlb", "ListServerGroups", region, "ServerGroups")
    members = backends(cloud, NLB, region) if rows else {}
    for row in rows:
        yield ServerGroup(
            row["ServerGroupId"],
            region,
            members.get(row["ServerGroupId"], ()),
            row.get("PreserveClientIpEnabled", True) is not False,
            bool(row.get("AnyPortEnabled")),
        )


def alb_servers(cloud: Cloud, region: str) -> Iterator[Thing]:
    """The server groups of ALBs that have servers."""
    for name, members in backends(cloud, ALB, region).items():
        yield ServerGroup(name, region, members, preserve_client=False)


def backends(cloud: Cloud, product: str, region: str) -> dict[str, tuple[Backend, ...]]:
    """Server group to its servers, of NLBs or ALBs."""
    found: dict[str, list[Backend]] = {}
    for row in tokened(cloud, product, "ListServerGroupServers", region, "Servers"):
        found.setdefault(row["ServerGroupId"], []).append(backend(row))
    return {name: tuple(members) for name, members in found.items()}


def backend(row: dict) -> Backend:
    """One server of a server group, as every kind of load balancer shows it."""
    target, weight = row.get("ServerId") or row.get("ServerIp") or "", row.get("Weight")
    address = row.get("ServerIp") or ""
    return Backend(
        target,
        max(int(row.get("Port") or 0), 0),
        100 if weight is None else int(weight),
        "" if address == target else address,
    )


BALANCERS = {CLB: clbs, NLB: balancers(NLB), ALB: balancers(ALB)}
# What is read of a region with such load balancers: what a gap is in, and how.
LISTENERS = {
    CLB: ((CLB, clb_listeners),),
    NLB: ((NLB, nlb_listeners), ("server_groups", nlb_servers)),
    ALB: ((ALB, alb_listeners), ("server_groups", alb_servers)),
}
