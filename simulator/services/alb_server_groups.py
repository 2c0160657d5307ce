# SPDX-License-Identifier: GPL-3.0-or-later
"""ALB 2020-06-16: server groups, and the servers in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.paging import paged, tokened
from simulator.parameters import Each, Text

from . import _backends
from .alb import alb, here, region, section

if TYPE_CHECKING:
    from simulator.call import Call

    from ._backends import Group


def _groups(call: Call) -> list[Group]:
    place = region(call)
    return [each for each in section.of(call.account).server_groups.values() if each.region == place]


@alb.action("ListServerGroups", params={"ServerGroupIds": Each(most=20), **tokened(100)})
def list_server_groups(call: Call) -> dict[str, Any]:
    """List a region's server groups."""
    wanted = call.params.get("ServerGroupIds")
    groups = [_show(each, call) for each in _groups(call) if wanted is None or each.id in wanted]
    return paged(call, "ServerGroups", groups)


def _show(group: Group, call: Call) -> dict[str, Any]:
    users = [each for each in here(call) if any(group.id in one.server_groups for one in each.listeners)]
    return {
        "ServerGroupId": group.id,
        "ServerGroupName": group.id,
        "ServerGroupType": _backends.group_type(group),
        "ServerGroupStatus": "Available",
        "Protocol": "HTTP",
        "VpcId": users[0].vpc if users else "vpc-default",
        "ServerCount": len(group.servers),
        "RelatedLoadBalancerIds": [each.id for each in users],
    }


@alb.action("ListServerGroupServers", params={"ServerGroupId": Text(), **tokened(100)})
def list_server_group_servers(call: Call) -> dict[str, Any]:
    """List the servers of one server group, or of all groups of the region."""
    asked = call.params.get("ServerGroupId")
    groups = [each for each in _groups(call) if asked in (None, each.id)]
    return paged(call, "Servers", [one for each in groups for one in _backends.group_servers(each, call.account)])
