# SPDX-License-Identifier: GPL-3.0-or-later
"""NLB 2022-04-30: server groups, and the servers in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.paging import paged, tokened
from simulator.parameters import Each, Region, Text

from . import _backends
from .nlb import groups_here, here, nlb

if TYPE_CHECKING:
    from simulator.call import Call

    from ._backends import Group

REGION = Region(required=True)


@nlb.action("ListServerGroups", params={"RegionId": REGION, "ServerGroupIds": Each(most=20), **tokened(100)})
def list_server_groups(call: Call) -> dict[str, Any]:
    """List a region's server groups: it is here that a client's address is preserved, or is not."""
    wanted = call.params.get("ServerGroupIds")
    groups = [_show(each, call) for each in groups_here(call) if wanted is None or each.id in wanted]
    return paged(call, "ServerGroups", groups)


def _show(group: Group, call: Call) -> dict[str, Any]:
    users = [each for each in here(call) if any(one.server_group == group.id for one in each.listeners)]
    return {
        "ServerGroupId": group.id,
        "ServerGroupName": group.id,
        "ServerGroupType": _backends.group_type(group),
        "ServerGroupStatus": "Available",
        "Protocol": "TCP",
        "RegionId": group.region,
        "VpcId": users[0].vpc if users else "vpc-default",
        "ServerCount": len(group.servers),
        "RelatedLoadBalancerIds": [each.id for each in users],
        "PreserveClientIpEnabled": group.preserve_client_ip,
        "AnyPortEnabled": any(each.port == 0 for each in group.servers),
    }


@nlb.action("ListServerGroupServers", params={"RegionId": REGION, "ServerGroupId": Text(), **tokened(100)})
def list_server_group_servers(call: Call) -> dict[str, Any]:
    """List the servers of one server group, or of all groups of the region."""
    asked = call.params.get("ServerGroupId")
    groups = [each for each in groups_here(call) if asked in (None, each.id)]
    return paged(call, "Servers", [one for each in groups for one in _backends.group_servers(each, call.account)])
