# SPDX-License-Identifier: GPL-3.0-or-later
"""SLB 2014-05-15: access control lists of listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError, EstateError
from simulator.paging import by_number, numbered
from simulator.parameters import Int, Json, Region, Text

from .slb import network, section, slb

if TYPE_CHECKING:
    from simulator.call import Call

    from .slb import Acl


@slb.action("DescribeAccessControlLists", params={"RegionId": Region(required=True), "AclName": Text(), **numbered(50)})
def describe_access_control_lists(call: Call) -> dict[str, Any]:
    """List a region's access control lists, without their entries."""
    found = [
        each
        for each in section.of(call.account).acls.values()
        if each.region == call.region and call.params.get("AclName") in (None, each.id)
    ]
    page, paging = by_number(found, call.params)
    return {"Acls": {"Acl": [_show(each) for each in page]}, "Count": len(page), **paging}


def _show(acl: Acl) -> dict[str, Any]:
    version = "ipv6" if any(":" in entry for entry in acl.entries) else "ipv4"
    return {"AclId": acl.id, "AclName": acl.id, "AddressIPVersion": version}


def _arn(call: Call) -> str:
    return call.arn(f"acl/{call.params['AclId']}")


def _acl(call: Call) -> Acl:
    """Find the list that a call names; the code for none is UNCONFIRMED."""
    found = section.of(call.account).acls.get(call.params["AclId"])
    if found is None or found.region != call.region:
        raise ApiError("AclNotExist", "The specified Acl does not exist.", 400)
    return found


@slb.action(
    "DescribeAccessControlListAttribute",
    resource=_arn,
    params={
        "RegionId": Region(required=True),
        "AclId": Text(required=True),
        "Page": Int(1, default=1),
        "PageSize": Int(1, 50, default=10),
    },
)
def describe_access_control_list_attribute(call: Call) -> dict[str, Any]:
    """Show a list's entries, by pages whose number is called Page, and the listeners that use it."""
    acl = _acl(call)
    page, _paging = by_number(acl.entries, {**call.params, "PageNumber": call.params["Page"]})
    listeners = [
        {
            "LoadBalancerId": balancer.id,
            "ListenerPort": each.port,
            "Protocol": each.protocol,
            "AclType": each.acl_type,
        }
        for balancer in section.of(call.account).load_balancers.values()
        for each in balancer.listeners
        if acl.id in each.acls and each.acl_status == "on"
    ]
    return {
        **_show(acl),
        "AclEntrys": {"AclEntry": [{"AclEntryIP": each, "AclEntryComment": ""} for each in page]},
        "RelatedListeners": {"RelatedListener": listeners},
        "TotalAclEntry": len(acl.entries),
    }


CHANGE = {"RegionId": Region(required=True), "AclId": Text(required=True), "AclEntrys": Json(required=True, most=50)}


def _given(call: Call) -> list[str]:
    """Give the entries that a call names: `[{"entry": "203.0.113.0/24", "comment": "…"}]`."""
    try:
        return [network(each["entry"]) for each in call.params["AclEntrys"]]
    except (EstateError, TypeError, KeyError):
        raise ApiError("InvalidParameter", "The specified parameter AclEntrys is not valid.", 400) from None


@slb.action("AddAccessControlListEntry", writes=True, resource=_arn, params=CHANGE)
def add_access_control_list_entry(call: Call) -> dict[str, Any]:
    """Add entries; that one which is there already is refused so is UNCONFIRMED."""
    acl, given = _acl(call), _given(call)
    if set(given) & set(acl.entries):
        raise ApiError("AclEntryExist", "The specified AclEntry already exists.", 400)
    acl.entries.extend(dict.fromkeys(given))
    return {}


@slb.action("RemoveAccessControlListEntry", writes=True, resource=_arn, params=CHANGE)
def remove_access_control_list_entry(call: Call) -> dict[str, Any]:
    """Take entries out; that one which is not there is refused so is UNCONFIRMED."""
    acl, given = _acl(call), _given(call)
    if not set(given) <= set(acl.entries):
        raise ApiError("AclEntryNotExist", "The specified AclEntry does not exist.", 400)
    acl.entries = [each for each in acl.entries if each not in given]
    return {}
