# SPDX-License-Identifier: GPL-3.0-or-later
"""ECS 2014-05-26: security groups and their rules, prefix lists, port lists."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.moments import now
from simulator.paging import by_number, by_token, tokened
from simulator.parameters import Bool, Each, Int, Json, Region, Text

from .ecs import QUOTA, Ecs, Group, Rule, ecs, section

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simulator.call import Call

PROTOCOLS = {"TCP", "UDP", "ICMP", "ICMPV6", "GRE", "ALL"}
PERMISSION = {
    name: Text()
    for name in (
        "Policy", "Priority", "IpProtocol", "PortRange", "PortRangeListId", "SourceCidrIp", "Ipv6SourceCidrIp",
        "SourceGroupId", "SourceGroupOwnerAccount", "SourcePrefixListId", "SourcePortRange", "DestCidrIp",
        "Ipv6DestCidrIp", "NicType", "Description",
    )
}  # fmt: skip
SOURCES = ("SourceCidrIp", "Ipv6SourceCidrIp", "SourceGroupId", "SourcePrefixListId")  # the first one counts
TAGS = Each({"Key": Text(required=True), "Value": Text()}, most=20)


def arn_of(kind: str, name: str) -> Callable[[Call], str]:
    """The ARN of a resource of this kind that the parameter of this name names."""
    return lambda call: call.arn(f"{kind}/{call.params[name]}")


def group_of(call: Call) -> Group:
    """The group that the call names, in the region that it names."""
    found = section.of(call.account).security_groups.get(call.params["SecurityGroupId"])
    if found is None or found.region != call.region:
        raise ApiError("InvalidSecurityGroupId.NotFound", "The specified SecurityGroupId does not exist.", 404)
    return found


def has_tags(tags: dict[str, str], wanted: list[dict[str, str]] | None) -> bool:
    """Whether all the wanted tags are there; one without a value fits any."""
    return all(one["Key"] in tags and one.get("Value") in (None, tags[one["Key"]]) for one in wanted or [])


def paged(things: Sequence[Any], call: Call, by: str = "InvalidParameter") -> tuple[Sequence[Any], dict[str, Any]]:
    """The page asked for, by token where one of the token's parameters was sent, else by number."""
    if {"MaxResults", "NextToken"} & set(call.params):
        page, token = by_token(things, {"MaxResults": 10, **call.params}, by)
        return page, {"NextToken": token}
    return by_number(things, {"PageNumber": 1, "PageSize": 10, **call.params})


@ecs.action(
    "DescribeSecurityGroups",
    resource=lambda call: call.arn("securitygroup/*"),
    params={
        "RegionId": Region(required=True),
        "MaxResults": Int(1, 100),
        "NextToken": Text(),
        "PageNumber": Int(1),
        "PageSize": Int(1, 100),
        "SecurityGroupId": Text(),
        "SecurityGroupIds": Json(most=100),
        "SecurityGroupName": Text(),
        "SecurityGroupType": Text(choices=("normal", "enterprise")),
        "VpcId": Text(),
        "ServiceManaged": Bool(),
        "Tag": TAGS,
    },
)
def describe_security_groups(call: Call) -> dict[str, Any]:
    """List groups without their rules. TotalCount comes with page numbers only."""
    asked = call.params
    equal = {"SecurityGroupId": "id", "SecurityGroupName": "name", "SecurityGroupType": "type", "VpcId": "vpc",
             "ServiceManaged": "service_managed"}  # fmt: skip
    found = [
        group
        for group in section.of(call.account).security_groups.values()
        if group.region == call.region
        and all(asked.get(name) in (None, getattr(group, attribute)) for name, attribute in equal.items())
        and group.id in asked.get("SecurityGroupIds", [group.id])
        and has_tags(group.tags, asked.get("Tag"))
    ]
    page, paging = paged(found, call)
    return {"SecurityGroups": {"SecurityGroup": [_show(each) for each in page]}, "RegionId": call.region, **paging}


def _show(group: Group) -> dict[str, Any]:
    return {
        "SecurityGroupId": group.id,
        "SecurityGroupName": group.name,
        "SecurityGroupType": group.type,
        "VpcId": group.vpc,
        "Description": group.description,
        "RuleCount": len(group.rules),
        "GroupToGroupRuleCount": sum(rule.source.startswith("sg-") for rule in group.rules),
        "ServiceManaged": group.service_managed,
        "CreationTime": "2024-01-01T00:00:00Z",
        "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in group.tags.items()]},
    }


@ecs.action(
    "DescribeSecurityGroupAttribute",
    resource=arn_of("securitygroup", "SecurityGroupId"),
    params={
        "RegionId": Region(required=True),
        "SecurityGroupId": Text(required=True),
        "Direction": Text(choices=("ingress", "egress", "all"), default="all"),
        "NicType": Text(choices=("internet", "intranet")),
        **tokened(1000, default=500, least=10),
    },
)
def describe_security_group_attribute(call: Call) -> dict[str, Any]:
    """Show a group's rules, a page of them. In the classic network they are those of one kind of interface."""
    group = group_of(call)
    nic = "intranet" if group.vpc else call.params.get("NicType", "internet")
    direction = call.params["Direction"]
    rules = [rule for rule in group.rules if direction in ("all", rule.direction) and rule.nic == nic]
    page, token = by_token(rules, call.params)
    return {
        "SecurityGroupId": group.id,
        "SecurityGroupName": group.name,
        "VpcId": group.vpc,
        "Description": group.description,
        "InnerAccessPolicy": group.inner_access,
        "RegionId": group.region,
        "NextToken": token,
        "Permissions": {"Permission": [_show_rule(rule) for rule in page]},
    }


def _show_rule(rule: Rule) -> dict[str, Any]:
    far = "Source" if rule.direction == "ingress" else "Dest"
    blank = dict.fromkeys(
        [name for end in ("Source", "Dest") for name in (
            f"{end}CidrIp", f"Ipv6{end}CidrIp", f"{end}GroupId", f"{end}GroupName", f"{end}GroupOwnerAccount",
            f"{end}PrefixListId", f"{end}PrefixListName",
        )], "",
    )  # fmt: skip
    here = {("Ipv6DestCidrIp" if ":" in rule.dest else "DestCidrIp"): rule.dest} if rule.dest else {}
    return {
        **blank,
        **here,
        source_field(rule.source).replace("Source", far): rule.source,
        f"{far}GroupOwnerAccount": rule.source_owner,
        "SecurityGroupRuleId": rule.rule_id,
        "Direction": rule.direction,
        "IpProtocol": rule.protocol,
        "PortRange": rule.ports,
        "PortRangeListId": rule.port_list,
        "PortRangeListName": "",
        "SourcePortRange": rule.source_ports,
        "Policy": rule.policy.capitalize(),
        "Priority": str(rule.priority),
        "NicType": rule.nic,
        "Description": rule.description,
        "CreateTime": rule.added or rule.created or "2024-01-01T00:00:00Z",
    }


def source_field(source: str) -> str:
    """The parameter that names such a source."""
    kinds = {"sg-": "SourceGroupId", "pl-": "SourcePrefixListId"}
    return kinds.get(source[:3]) or ("Ipv6SourceCidrIp" if ":" in source else "SourceCidrIp")


@ecs.action(
    "AuthorizeSecurityGroup",
    writes=True,
    resource=arn_of("securitygroup", "SecurityGroupId"),
    params={
        "RegionId": Region(required=True),
        "SecurityGroupId": Text(required=True),
        "ClientToken": Text(),
        "Permissions": Each(PERMISSION, most=100, required=True),
    },
)
def authorize_security_group(call: Call) -> dict[str, Any]:
    """Add rules, all of them or none. One that is there already is no error and is not added again."""
    group, state = group_of(call), section.of(call.account)
    refuse_managed(group)
    fresh: dict[tuple, Rule] = {}
    present = {rule.content for rule in group.rules}
    for asked in call.params["Permissions"]:
        rule = rule_of(asked, group, state)
        if rule.content not in present:
            fresh.setdefault(rule.content, rule)
    if state.room([*group.rules, *fresh.values()]) > QUOTA:
        raise ApiError(
            "AuthorizationLimitExceed", "The limit of authorization records in the security group reaches.", 403
        )
    for rule in fresh.values():
        rule.number, rule.added = state.number(), now()
        group.rules.append(rule)
    return {}


@ecs.action(
    "RevokeSecurityGroup",
    writes=True,
    resource=arn_of("securitygroup", "SecurityGroupId"),
    params={
        "RegionId": Region(required=True),
        "SecurityGroupId": Text(required=True),
        "ClientToken": Text(),
        "SecurityGroupRuleId": Each(Text(), most=100),
        "Permissions": Each(PERMISSION, most=100),
    },
)
def revoke_security_group(call: Call) -> dict[str, Any]:
    """Remove rules: by id, which must be there; or by content, where what is not there is no error."""
    group, state = group_of(call), section.of(call.account)
    refuse_managed(group)
    ids, asked = call.params.get("SecurityGroupRuleId"), call.params.get("Permissions")
    if bool(ids) == bool(asked):
        raise call.product.missing("SecurityGroupRuleId")
    if ids:
        known = {rule.rule_id for rule in group.rules if rule.direction == "ingress"}
        if not set(ids) <= known:
            # The code is documented in two ways; this is the newer one.
            raise ApiError("InvalidParam.SecurityGroupRuleId", "The specified security group rule id is invalid.", 400)
        group.rules = [rule for rule in group.rules if rule.rule_id not in ids]
        return {}
    contents = {rule_of(each, group, state).content for each in asked}
    group.rules = [rule for rule in group.rules if rule.content not in contents]
    return {}


def refuse_managed(group: Group) -> None:
    """A group that a product of the cloud manages is nobody else's to change."""
    if group.service_managed:
        # UNCONFIRMED: the exact code.
        message = "The security group is managed by a cloud product."
        raise ApiError("InvalidOperation.ResourceManagedByCloudProduct", message, 403)


def rule_of(asked: dict[str, str], group: Group, state: Ecs) -> Rule:
    """The rule that these parameters ask for. Of several sources, and of range and list of ports, one counts."""
    source = next((asked[name] for name in SOURCES if name in asked), None)
    if source is None:
        raise ApiError("MissingParameter.Source", "One of the parameters SourceCidrIp, Ipv6SourceCidrIp, SourceGroupId "
                       "or SourcePrefixListId in request must not be empty.", 400)  # fmt: skip
    rule = Rule(
        source=source,
        ports=asked.get("PortRange", ""),
        protocol=asked.get("IpProtocol", "").upper(),
        policy=asked.get("Policy", "accept").capitalize(),
        priority=_priority(asked.get("Priority", "1")),
        port_list="" if asked.get("PortRange") else asked.get("PortRangeListId", ""),
        source_owner=asked.get("SourceGroupOwnerAccount", ""),
        source_ports=asked.get("SourcePortRange", ""),
        dest=asked.get("DestCidrIp") or asked.get("Ipv6DestCidrIp", ""),
        nic="intranet" if group.vpc else asked.get("NicType", "internet"),
        description=asked.get("Description", ""),
    )
    _check_words(rule)
    _check_ports(rule, state)
    _check_source(rule, group, state)
    return rule


def _priority(text: str) -> int:
    if not text.isdigit():
        raise ApiError("InvalidPriority.Malformed", "The parameter Priority is not valid.", 400)
    if not 1 <= int(text) <= 100:
        raise ApiError("InvalidPriority.ValueNotSupported", "The parameter Priority is not from 1 to 100.", 400)
    return int(text)


def _check_words(rule: Rule) -> None:
    if rule.policy not in ("Accept", "Drop"):
        raise ApiError("InvalidPolicy.Malformed", "The specified parameter Policy is not valid.", 400)
    if rule.protocol not in PROTOCOLS:
        raise ApiError("InvalidIpProtocol.ValueNotSupported", "The parameter IpProtocol is not supported.", 400)
    if len(rule.description) > 512:
        raise ApiError("InvalidSecurityGroupDiscription.Malformed", "The specified description is not valid.", 400)
    if rule.nic not in ("internet", "intranet"):
        raise ApiError("InvalidNicType.ValueNotSupported", "The specified NicType does not exist.", 400)


def _check_ports(rule: Rule, state: Ecs) -> None:
    if rule.port_list:
        if rule.port_list not in state.port_lists:
            # UNCONFIRMED: the exact code.
            raise ApiError("InvalidPortRangeListId.NotFound", "The specified port list does not exist.", 404)
        return
    match = re.fullmatch(r"(\d+)/(\d+)", rule.ports)
    ranged = match and 1 <= int(match[1]) <= int(match[2]) <= 65535
    if rule.ports != "-1/-1" if rule.protocol not in ("TCP", "UDP") else not ranged:
        raise ApiError("InvalidPortRange.Malformed", "The specified parameter PortRange is not valid.", 400)


def _check_source(rule: Rule, group: Group, state: Ecs) -> None:
    kind = source_field(rule.source)
    if kind == "SourcePrefixListId":
        if rule.source not in state.prefix_lists:
            # UNCONFIRMED: the exact code.
            raise ApiError("InvalidPrefixListId.NotFound", "The specified prefix list does not exist.", 404)
    elif kind == "SourceGroupId":
        if rule.source not in state.security_groups and not rule.source_owner:
            raise ApiError("InvalidSourceGroupId.NotFound", "The specified SourceGroupId does not exist.", 404)
        if group.type == "enterprise":
            # UNCONFIRMED: the exact code; that it is refused is documented.
            raise ApiError("InvalidParameter.SourceGroupId", "Enterprise groups take no source group.", 400)
    else:
        try:
            ip_network(rule.source, strict=False)
        except ValueError:
            raise ApiError(f"Invalid{kind}.Malformed", f"The specified parameter {kind} is not valid.", 400) from None


@ecs.action(
    "DescribePrefixListAttributes",
    resource=arn_of("prefixlist", "PrefixListId"),
    params={"RegionId": Region(required=True), "PrefixListId": Text(required=True)},
)
def describe_prefix_list_attributes(call: Call) -> dict[str, Any]:
    """Show a prefix list with all of its entries."""
    found = section.of(call.account).prefix_lists.get(call.params["PrefixListId"])
    if found is None or found.region != call.region:
        raise ApiError("InvalidPrefixListId.NotFound", "The specified prefix list does not exist.", 404)
    return {
        "PrefixListId": found.id,
        "PrefixListName": found.name,
        "AddressFamily": found.family,
        "MaxEntries": found.max_entries,
        "Description": "",
        "CreationTime": "2024-01-01T00:00:00Z",
        "Entries": {"Entry": [{"Cidr": cidr, "Description": ""} for cidr in found.entries]},
    }


@ecs.action(
    "DescribePortRangeListEntries",
    resource=arn_of("portrangelist", "PortRangeListId"),
    params={"RegionId": Region(required=True), "PortRangeListId": Text(required=True)},
)
def describe_port_range_list_entries(call: Call) -> dict[str, Any]:
    """Show a port list's entries: a plain list, unlike most of ECS."""
    found = section.of(call.account).port_lists.get(call.params["PortRangeListId"])
    if found is None or found.region != call.region:
        raise ApiError("InvalidPortRangeListId.NotFound", "The specified port list does not exist.", 404)
    return {"Entries": [{"PortRange": ports, "Description": ""} for ports in found.entries]}
