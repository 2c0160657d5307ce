# SPDX-License-Identifier: GPL-3.0-or-later
"""SLB 2014-05-15: vServer groups and primary/secondary groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.parameters import Bool, Region, Text

from . import _backends
from .slb import balancer_arn, balancer_named, kind_of, section, slb

if TYPE_CHECKING:
    from simulator.call import Call

    from ._backends import Group


@slb.action(
    "DescribeVServerGroups",
    resource=balancer_arn,
    params={
        "RegionId": Region(required=True),
        "LoadBalancerId": Text(required=True),
        "IncludeListener": Bool(default=False),
        "IncludeRule": Bool(default=False),
    },
)
def describe_vserver_groups(call: Call) -> dict[str, Any]:
    """List the vServer groups of a load balancer; here those that its listeners use."""
    listeners = [each for each in balancer_named(call).listeners if each.server_group]
    groups = section.of(call.account).server_groups
    shown = [
        {
            "VServerGroupId": name,
            "VServerGroupName": name,
            "ServerCount": len(groups[name].servers),
            "AssociatedObjects": {
                "Listeners": {
                    "Listener": [
                        {"Port": each.port, "Protocol": each.protocol}
                        for each in listeners
                        if each.server_group == name and call.params["IncludeListener"]
                    ]
                },
                "Rules": {"Rule": []},
            },
        }
        for name in dict.fromkeys(each.server_group for each in listeners)
    ]
    return {"VServerGroups": {"VServerGroup": shown}}


def _group(call: Call, name: str) -> Group:
    """Find the group that a call names. One of the other kind, as listeners use it, is refused like one that is not
    there; that it is so is UNCONFIRMED.
    """
    group = section.of(call.account).server_groups.get(call.params[name])
    if group is None or group.region != call.region or kind_of(call.account, group.id) not in (None, name):
        raise ApiError("InvalidParameter", f"The specified {name} does not exist.", 400)
    return group


def _balancer_of(call: Call, group: Group) -> str:
    """Name the load balancer whose listeners use a group."""
    return next(
        (
            balancer.id
            for balancer in section.of(call.account).load_balancers.values()
            for each in balancer.listeners
            if group.id in (each.server_group, each.master_slave_group)
        ),
        "",
    )


def _servers(call: Call, group: Group) -> list[dict[str, Any]]:
    return [
        {
            "ServerId": _backends.server_id(each, place),
            "Type": each.kind,
            "Port": each.port,
            "Weight": each.weight,
            "Description": "",
            "ServerIp": _backends.address(each, call.account),
        }
        for place, each in enumerate(group.servers)
    ]


@slb.action(
    "DescribeVServerGroupAttribute", params={"RegionId": Region(required=True), "VServerGroupId": Text(required=True)}
)
def describe_vserver_group_attribute(call: Call) -> dict[str, Any]:
    """List the servers of a vServer group."""
    group = _group(call, "VServerGroupId")
    return {
        "VServerGroupId": group.id,
        "VServerGroupName": group.id,
        "LoadBalancerId": _balancer_of(call, group),
        "BackendServers": {"BackendServer": _servers(call, group)},
    }


@slb.action(
    "DescribeMasterSlaveServerGroupAttribute",
    params={"RegionId": Region(required=True), "MasterSlaveServerGroupId": Text(required=True)},
)
def describe_master_slave_server_group_attribute(call: Call) -> dict[str, Any]:
    """List the servers of a primary/secondary group: the first is the primary one. They have no ServerIp."""
    group = _group(call, "MasterSlaveServerGroupId")
    servers = [
        {name: value for name, value in each.items() if name != "ServerIp"}
        | {"ServerType": "Slave" if place else "Master"}
        for place, each in enumerate(_servers(call, group))
    ]
    return {
        "MasterSlaveServerGroupId": group.id,
        "MasterSlaveServerGroupName": group.id,
        "LoadBalancerId": _balancer_of(call, group),
        "MasterSlaveBackendServers": {"MasterSlaveBackendServer": servers},
    }
