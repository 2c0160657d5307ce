# SPDX-License-Identifier: GPL-3.0-or-later
"""ECS 2014-05-26: what changes who gets in, beside adding and removing rules.

Groups belong to network interfaces; an instance's own are those of its primary one. What takes the cloud some seconds
ends at once here: an instance that starts is running, an interface that is attached is in use.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.parameters import Bool, Each, Param, Region, Text

from .ecs import Ecs, Instance, Interface, PrefixList, Rule, ecs, section, spelled
from .ecs_security_groups import PERMISSION, SOURCES, arn_of, group_of, refuse_managed, rule_of, source_field
from .vpc import eip_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.call import Call

MOST_GROUPS = 5  # of a network interface, where the quota was not raised
FREE = ("192.0.2.0/24", "198.51.100.0/24")  # the addresses that are given to instances
REGION: dict[str, Param] = {"RegionId": Region(required=True)}
GROUP: dict[str, Param] = {"SecurityGroupId": Text(required=True)}
SERVER: dict[str, Param] = {"InstanceId": Text(required=True)}
INTERFACE: dict[str, Param] = {"NetworkInterfaceId": Text(required=True)}
EITHER: dict[str, Param] = {"InstanceId": Text(), "NetworkInterfaceId": Text()}


# --- groups, rules, lists ------------------------------------------------------------------------------------------


@ecs.action(
    "ModifySecurityGroupRule",
    writes=True,
    resource=arn_of("securitygroup", "SecurityGroupId"),
    params={**REGION, **GROUP, **PERMISSION, "SecurityGroupRuleId": Text(required=True), "ClientToken": Text()},
)
def modify_security_group_rule(call: Call) -> dict[str, Any]:
    """Change the fields of an inbound rule that are named. Its source stays of the kind that it is."""
    group, state, asked = group_of(call), section.of(call.account), call.params
    refuse_managed(group)
    found = next((rule for rule in group.rules if rule.rule_id == asked["SecurityGroupRuleId"]), None)
    if found is None or found.direction != "ingress":
        raise ApiError("SecurityGroupRule.NotFound", "The specified security group rule does not exist.", 404)
    kinds = {name for name in SOURCES if name in asked}
    if kinds and kinds != {source_field(found.source)}:
        # UNCONFIRMED: the exact code; that the kind of a source can't be changed is documented.
        raise ApiError("InvalidParameter.SourceType", "The kind of a rule's source can't be changed.", 400)
    changed = rule_of({**_fields(found), **{name: asked[name] for name in PERMISSION if name in asked}}, group, state)
    changed.id, changed.number = found.id, found.number
    changed.created, changed.added = found.created, found.added
    if any(rule.content == changed.content for rule in group.rules if rule is not found):
        # UNCONFIRMED: the exact code.
        raise ApiError("SecurityGroupRule.Conflict", "The specified security group rule exists already.", 403)
    group.rules[group.rules.index(found)] = changed
    return {}


def _fields(rule: Rule) -> dict[str, str]:
    """The rule as parameters, without those that are not set."""
    shown = {
        source_field(rule.source): rule.source,
        "SourceGroupOwnerAccount": rule.source_owner,
        "Policy": rule.policy,
        "Priority": str(rule.priority),
        "IpProtocol": rule.protocol,
        "PortRange": rule.ports,
        "PortRangeListId": rule.port_list,
        "SourcePortRange": rule.source_ports,
        "Ipv6DestCidrIp" if ":" in rule.dest else "DestCidrIp": rule.dest,
        "NicType": rule.nic,
        "Description": rule.description,
    }
    return {name: value for name, value in shown.items() if value}


@ecs.action(
    "ModifySecurityGroupPolicy",
    writes=True,
    resource=arn_of("securitygroup", "SecurityGroupId"),
    params={
        **REGION,
        **GROUP,
        "InnerAccessPolicy": Text(
            required=True, choices=("Accept", "Drop", "accept", "drop"), error="InvalidInnerAccessPolicy.Malformed"
        ),
        "ClientToken": Text(),
    },
)
def modify_security_group_policy(call: Call) -> dict[str, Any]:
    """Say whether the members of a group reach each other; an enterprise group can't."""
    group = group_of(call)
    refuse_managed(group)
    if group.type == "enterprise":
        # UNCONFIRMED: the exact code; that it is fixed is documented.
        raise ApiError("InvalidOperation.InvalidSecurityGroupType", "The group's policy can't be changed.", 403)
    group.inner_access = call.params["InnerAccessPolicy"].capitalize()
    return {}


@ecs.action(
    "ModifyPrefixList",
    writes=True,
    resource=arn_of("prefixlist", "PrefixListId"),
    params={
        **REGION,
        "PrefixListId": Text(required=True),
        "PrefixListName": Text(),
        "Description": Text(),
        "AddEntry": Each({"Cidr": Text(required=True), "Description": Text()}, most=100),
        "RemoveEntry": Each({"Cidr": Text(required=True)}, most=100),
    },
)
def modify_prefix_list(call: Call) -> dict[str, Any]:
    """Add entries and remove others, all of them or none."""
    found = section.of(call.account).prefix_lists.get(call.params["PrefixListId"])
    if found is None or found.region != call.region:
        raise ApiError("InvalidPrefixListId.NotFound", "The specified prefix list does not exist.", 404)
    added = [_block(one["Cidr"], found) for one in call.params.get("AddEntry", [])]
    removed = [_block(one["Cidr"], found) for one in call.params.get("RemoveEntry", [])]
    present = [spelled(one) for one in found.entries]
    if set(added) & set(removed):
        # UNCONFIRMED: the exact code.
        raise ApiError("InvalidParameter.CidrDuplicated", "An entry is both added and removed.", 400)
    if set(removed) - set(present):
        # UNCONFIRMED: the exact code.
        raise ApiError("InvalidParameter.Cidr", "An entry to be removed does not exist.", 400)
    kept = [one for one in present if one not in removed]
    entries = [*kept, *(one for one in dict.fromkeys(added) if one not in kept)]
    if len(entries) > found.max_entries:
        # UNCONFIRMED: the exact code.
        raise ApiError("LimitExceed.MaxEntries", "The prefix list has no room for so many entries.", 403)
    found.entries = entries
    found.name = call.params.get("PrefixListName", found.name)
    return {}


def _block(text: str, of: PrefixList) -> str:
    try:
        block = ip_network(text, strict=False)
    except ValueError:
        block = None
    if block is None or f"IPv{block.version}" != of.family:
        raise ApiError("InvalidParameter.Cidr", f"The specified block {text} is not valid.", 400)
    return str(block)


# --- who is in which group -----------------------------------------------------------------------------------------


@ecs.action(
    "JoinSecurityGroup",
    writes=True,
    resource=arn_of("securitygroup", "SecurityGroupId"),
    params={"RegionId": Region(), **GROUP, **EITHER},
)
def join_security_group(call: Call) -> dict[str, Any]:
    """Put an instance's primary interface, or an interface, into one more group."""
    holder, group = _either(call), call.params["SecurityGroupId"]
    if group in holder.groups:
        raise ApiError("InvalidInstanceId.AlreadyExists", "It is in the specified security group already.", 403)
    _check_groups([*holder.groups, group], holder, section.of(call.account))
    holder.groups = [*holder.groups, group]
    return {}


@ecs.action(
    "LeaveSecurityGroup",
    writes=True,
    resource=arn_of("securitygroup", "SecurityGroupId"),
    params={"RegionId": Region(), **GROUP, **EITHER},
)
def leave_security_group(call: Call) -> dict[str, Any]:
    """Take an instance's primary interface, or an interface, out of a group that is not its last."""
    holder, group = _either(call), call.params["SecurityGroupId"]
    if group not in holder.groups:
        raise ApiError("InstanceNotInSecurityGroup", "It is not in the specified security group.", 403)
    if holder.groups == [group]:
        raise ApiError("InstanceLastSecurityGroup", "It must be in one security group at least.", 403)
    holder.groups = [one for one in holder.groups if one != group]
    return {}


@ecs.action(
    "ModifyInstanceAttribute",
    writes=True,
    resource=arn_of("instance", "InstanceId"),
    params={**SERVER, "SecurityGroupIds": Each(Text(), most=16), "InstanceName": Text()},
)
def modify_instance_attribute(call: Call) -> dict[str, Any]:
    """Give an instance other groups in place of all that it has, or another name."""
    server = _server(call)
    _replace_groups(server, call.params.get("SecurityGroupIds", []), section.of(call.account))
    server.name = call.params.get("InstanceName", server.name)
    return {}


@ecs.action(
    "ModifyNetworkInterfaceAttribute",
    writes=True,
    resource=arn_of("eni", "NetworkInterfaceId"),
    params={**REGION, **INTERFACE, "SecurityGroupId": Each(Text(), most=16)},
)
def modify_network_interface_attribute(call: Call) -> dict[str, Any]:
    """Give an interface other groups in place of all that it has."""
    _replace_groups(_interface(call), call.params.get("SecurityGroupId", []), section.of(call.account))
    return {}


def _replace_groups(holder: Instance | Interface, groups: list[str], state: Ecs) -> None:
    if groups:
        _check_groups(groups, holder, state)
        holder.groups = list(dict.fromkeys(groups))


def _check_groups(groups: list[str], holder: Instance | Interface, state: Ecs) -> None:
    found = [state.security_groups.get(name) for name in groups]
    if any(group is None or group.region != holder.region for group in found):
        raise ApiError("InvalidSecurityGroupId.NotFound", "The specified SecurityGroupId does not exist.", 404)
    if any(group.vpc != holder.vpc for group in found):
        raise ApiError("InvalidSecurityGroupId.VPCMismatch", "The security group is in another VPC.", 403)
    if len({group.type for group in found}) > 1:
        # UNCONFIRMED: the exact code.
        raise ApiError("InvalidOperation.InvalidSecurityGroupType", "Basic and enterprise groups don't mix.", 403)
    if len(set(groups)) > MOST_GROUPS:
        raise ApiError("InstanceSecurityGroupLimitExceeded", "It is in as many security groups as it can be.", 403)


# --- interfaces, instances -----------------------------------------------------------------------------------------


@ecs.action(
    "AttachNetworkInterface",
    writes=True,
    resource=arn_of("eni", "NetworkInterfaceId"),
    params={**REGION, **INTERFACE, **SERVER},
)
def attach_network_interface(call: Call) -> dict[str, Any]:
    """Give an interface that is free to an instance of its VPC."""
    server, interface = _server(call), _secondary(call)
    if interface.instance:
        raise ApiError("InvalidOperation.InvalidEniState", "The network interface is not available.", 403)
    if interface.vpc != server.vpc:
        raise ApiError("InvalidOperation.VpcMismatch", "The network interface is in another VPC.", 403)
    interface.instance = server.id
    return {}


@ecs.action(
    "DetachNetworkInterface",
    writes=True,
    resource=arn_of("eni", "NetworkInterfaceId"),
    params={**REGION, **INTERFACE, **SERVER},
)
def detach_network_interface(call: Call) -> dict[str, Any]:
    """Take an interface from its instance; the primary one stays."""
    server, interface = _server(call), _secondary(call)
    if interface.instance != server.id:
        raise ApiError("InvalidOperation.InvalidEniState", "The network interface is not of this instance.", 403)
    interface.instance = ""
    return {}


@ecs.action("StartInstance", writes=True, resource=arn_of("instance", "InstanceId"), params=SERVER)
def start_instance(call: Call) -> dict[str, Any]:
    """Start what is stopped; an address that was released as it stopped is followed by another one."""
    server = _server(call)
    _turn(server, "Stopped", "Running")
    if server.economical and not server.public_ip and not eip_of(server.id, call.account):
        server.public_ip = _free_address(call)
    server.economical = False
    return {}


@ecs.action(
    "StopInstance",
    writes=True,
    resource=arn_of("instance", "InstanceId"),
    params={**SERVER, "ForceStop": Bool(), "StoppedMode": Text(choices=("KeepCharging", "StopCharging"))},
)
def stop_instance(call: Call) -> dict[str, Any]:
    """Stop what runs; in economical mode, its fixed public address is released. An account may have that for default.

    Instances of the classic network have no such mode.
    """
    server = _server(call)
    _turn(server, "Running", "Stopped")
    if call.params.get("StoppedMode") == "StopCharging" and server.vpc and server.public_ip:
        server.economical, server.public_ip = True, ""
    return {}


def _turn(server: Instance, before: str, after: str) -> None:
    if server.status != before:
        raise ApiError("IncorrectInstanceStatus", "The current status of the resource does not allow this.", 403)
    server.status = after


@ecs.action(
    "AllocatePublicIpAddress",
    writes=True,
    resource=arn_of("instance", "InstanceId"),
    params={**SERVER, "IpAddress": Text()},
)
def allocate_public_ip_address(call: Call) -> dict[str, Any]:
    """Give an instance a fixed public address: a free one, if none is named. The one that it has is answered again."""
    server = _server(call)
    server.public_ip = server.public_ip or call.params.get("IpAddress") or _free_address(call)
    return {"IpAddress": server.public_ip}


def _free_address(call: Call) -> str:
    taken = {one.public_ip for one in section.of(call.account).instances.values()}
    return next(str(one) for block in FREE for one in ip_network(block).hosts() if str(one) not in taken)


def _server(call: Call) -> Instance:
    return _named_server(call.params["InstanceId"], call)


def _named_server(name: str, call: Call) -> Instance:
    found = section.of(call.account).instances.get(name)
    if found is None or call.region not in ("", found.region):
        raise ApiError("InvalidInstanceId.NotFound", "The specified InstanceId does not exist.", 404)
    return found


def _interface(call: Call) -> Instance | Interface:
    """What holds the groups of the interface: for a primary one, its instance."""
    state, name = section.of(call.account), call.params["NetworkInterfaceId"]
    found = next((one for one in state.interfaces() if one.id == name and call.region in ("", one.region)), None)
    if found is None:
        raise ApiError("InvalidEniId.NotFound", "The specified NetworkInterfaceId does not exist.", 404)
    return state.instances[found.instance] if found.type == "Primary" else state.network_interfaces[found.id]


def _secondary(call: Call) -> Interface:
    found = _interface(call)
    if isinstance(found, Instance):
        raise ApiError("InvalidOperation.InvalidEniType", "A primary network interface stays where it is.", 403)
    return found


def _either(call: Call) -> Instance | Interface:
    group_of(call)
    asked: Mapping[str, Any] = call.params
    if ("InstanceId" in asked) == ("NetworkInterfaceId" in asked):
        # UNCONFIRMED: the exact code; that one of both has to be named is documented.
        raise ApiError("InvalidParameter.InvalidInstanceIdOrEniId", "Name an instance or an interface.", 400)
    return _server(call) if "InstanceId" in asked else _interface(call)
