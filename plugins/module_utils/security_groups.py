# SPDX-License-Identifier: GPL-3.0-or-later
"""The security groups of an account as values, the one way in which they are read, and the calls that change them.

Facts: Alibaba Cloud's API documentation of ECS 2014-05-26. Adding a rule that is there already succeeds and adds
nothing; removing by content what is not there succeeds and removes nothing, so rules are removed by their ids.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

from .addresses import Addresses
from .cloud import Cloud
from .errors import CloudError, HardeningError, OptionError, Unread
from .exposure import Lists, Rule, read_range
from .names import pick
from .restriction import LAST_PRIORITY, identity
from .retry import backoff
from .values import Resource
from .writes import Write

TYPE = "ACS::ECS::SecurityGroup"
# The largest pages that the API gives, and the most rules that one call may add or remove.
GROUPS_PAGE, RULES_PAGE, INTERFACES_PAGE, RULES_A_CALL = 100, 1000, 500, 100
# How often a group is read again until what was added shows.
LOOKS = 6
# The API's names of the texts of a rule, and ours.
FIELDS = {
    "PortRange": "ports",
    "PortRangeListId": "port_list",
    "SourceCidrIp": "cidr",
    "Ipv6SourceCidrIp": "cidr6",
    "SourceGroupId": "group",
    "SourceGroupOwnerAccount": "group_owner",
    "SourcePrefixListId": "prefix_list",
    "SourcePortRange": "source_ports",
    "DestCidrIp": "to",
    "Ipv6DestCidrIp": "to6",
    "Description": "description",
}


@dataclass(frozen=True)
class Group:
    """One security group with its inbound rules, and what of its region bears on them.

    inner: its members may talk to each other. classic: it is one of the classic network. rule_count: rules of both
    directions. used: a network interface is in it; None where the cloud can't say (the classic network has none).
    in_scope: the run's options speak of it. neighbours: the other groups that these interfaces are in; only read for a
    group with a rule for all protocols. lists: prefix lists and port lists by id, Unread where they could not be read.
    entries: how many entries each prefix list may have. unread: the group itself could not be read, and then nothing
    else here means anything.
    """

    resource: Resource
    enterprise: bool = False
    managed: bool = False
    inner: bool = False
    classic: bool = False
    rule_count: int = 0
    rules: tuple[Rule, ...] = ()
    used: bool | Unread | None = None
    in_scope: bool = True
    neighbours: tuple[Group, ...] = ()
    lists: Lists = field(default_factory=Lists)
    entries: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    unread: Unread | None = None


@dataclass
class _Region:
    """A region's groups, as far as they have been read. known: all that it has, by id, with nothing but their names."""

    name: str
    groups: list[Group]
    known: dict[str, Group] = field(default_factory=dict)

    def group(self, name: str) -> Group:
        """The group of this id, be it one that was made since they were listed."""
        ours = self.groups[0].resource
        arn = ours.arn.replace(ours.id, name)
        return self.known.get(name) or Group(replace(ours, arn=arn, id=name, name=name), in_scope=False, rule_count=1)


def read_groups(
    cloud: Cloud, options: SimpleNamespace, only: frozenset[str] | None, prefix_lists: Iterable[str] = ()
) -> list[Group]:
    """The groups in scope, everything of one kind in flight together.

    only: ARNs to read again, None for the whole scope. prefix_lists: further lists to read in every region that has
    them. What can't even be listed is one unread stand-in for all the groups of a region, or of the account.
    """
    try:
        names = _regions(cloud, options, only)
    except CloudError as error:
        if error.bad_key:
            raise
        return [Group(_resource(cloud, "*", "", "*"), unread=Unread.of(error))]
    regions = [
        _Region(name, [Group(_resource(cloud, "*", "", name), unread=Unread.of(answer))])
        if isinstance(answer, CloudError)
        else answer
        for name, answer in zip(names, cloud.map(lambda name: _list(cloud, name), names), strict=True)
    ]
    _choose(cloud, options, only, regions)
    _read_rules(cloud, regions)
    _read_lists(cloud, regions, tuple(prefix_lists))
    return [group for region in regions for group in region.groups]


def read_rules(cloud: Cloud, region: str, group: str, classic: bool) -> tuple[tuple[Rule, ...], bool]:
    """A group's inbound rules, and whether its members may talk to each other: one call for each thousand rules.

    In the classic network, only rules for the interface to the internet.
    """
    found = read_group(cloud, region, group, classic=classic)
    return found["rules"], found["inner"]


def read_group(cloud: Cloud, region: str, group: str, *, classic: bool) -> dict[str, object]:
    """What read_rules gives as rules and inner, and the group's name and vpc."""
    params = {"SecurityGroupId": group, "Direction": "ingress", "MaxResults": RULES_PAGE}
    if classic:
        params["NicType"] = "internet"
    pages = list(_pages(cloud, "DescribeSecurityGroupAttribute", params, region))
    return {
        "rules": tuple(rule_of(one) for page in pages for one in page["Permissions"]["Permission"]),
        "inner": pages[0].get("InnerAccessPolicy", "").lower() == "accept",
        "name": pages[0].get("SecurityGroupName") or group,
        "vpc": pages[0].get("VpcId") or "",
    }


def rule_of(permission: Mapping[str, object]) -> Rule:
    """A rule as DescribeSecurityGroupAttribute shows it."""
    texts = {ours: permission.get(theirs) or "" for theirs, ours in FIELDS.items()}
    if texts["port_list"] and texts["ports"] == "-1/-1":
        texts["ports"] = ""
    nic = permission.get("NicType") or ""
    return Rule(
        policy=(permission.get("Policy") or "accept").lower(),
        priority=int(permission.get("Priority") or 1),
        protocol=(permission.get("IpProtocol") or "").upper(),
        nic="" if nic == "intranet" else nic,
        id=permission.get("SecurityGroupRuleId") or "",
        created=permission.get("CreateTime") or "",
        **texts,
    )


def permission_of(rule: Rule) -> dict[str, str]:
    """A rule in the words of AuthorizeSecurityGroup."""
    given = {theirs: getattr(rule, ours) for theirs, ours in FIELDS.items()}
    words = {
        "Policy": rule.policy,
        "Priority": str(rule.priority),
        "IpProtocol": rule.protocol,
        "NicType": rule.nic,
    }
    return {name: value for name, value in {**words, **given}.items() if value}


def _list(cloud: Cloud, region: str) -> _Region:
    listed = _pages(cloud, "DescribeSecurityGroups", {"MaxResults": GROUPS_PAGE}, region)
    return _Region(
        region, [_group(cloud, one, region) for page in listed for one in page["SecurityGroups"]["SecurityGroup"]]
    )


def _group(cloud: Cloud, found: dict, region: str) -> Group:
    return Group(
        _resource(cloud, found["SecurityGroupId"], found.get("SecurityGroupName", ""), region),
        enterprise=found.get("SecurityGroupType") == "enterprise",
        managed=bool(found.get("ServiceManaged")),
        classic=not found.get("VpcId"),
        rule_count=int(found.get("RuleCount", 1)),
        tags={tag["TagKey"]: tag.get("TagValue", "") for tag in (found.get("Tags") or {}).get("Tag", [])},
    )


def _choose(cloud: Cloud, options: SimpleNamespace, only: frozenset[str] | None, regions: list[_Region]) -> None:
    """Leave in each region what is in scope, and what could not be read."""
    everything = [group for region in regions for group in region.groups if not group.unread]
    tagged = [
        group for group in everything if all(group.tags.get(key) == str(value) for key, value in options.tags.items())
    ]
    chosen, unused = pick(options.names, tagged, lambda group: (group.resource.id, group.resource.name))
    if only is None:
        cloud.warnings += [f"names: no security group in scope matches {pattern!r}." for pattern in unused]
    scope = {group.resource.arn for group in chosen}
    arns = scope & (only or scope)
    for region in regions:
        region.known = {one.resource.id: replace(one, in_scope=one.resource.arn in scope) for one in region.groups}
        region.groups = [group for group in region.groups if group.unread or group.resource.arn in arns]


def _used_groups(cloud: Cloud, region: str) -> dict[str, set[str]]:
    """Every group that a network interface is in, with all the groups of its interfaces."""
    pages = _pages(cloud, "DescribeNetworkInterfaces", {"MaxResults": INTERFACES_PAGE}, region)
    found: dict[str, set[str]] = {}
    for one in (one for page in pages for one in page["NetworkInterfaceSets"]["NetworkInterfaceSet"]):
        together = one["SecurityGroupIds"]["SecurityGroupId"]
        for group in together:
            found.setdefault(group, set()).update(together)
    return found


def _read_rules(cloud: Cloud, regions: list[_Region]) -> None:
    """Read the rules of every group that has any, and beside them which groups are in use.

    A group that vanished since it was listed is left out.
    """
    groups = [group for region in regions for group in region.groups if group.rule_count and not group.unread]
    names = sorted({group.resource.region for group in groups})
    answers = cloud.map(
        lambda one: _with_rules(cloud, one) if isinstance(one, Group) else _used_groups(cloud, one), [*names, *groups]
    )
    used = dict(zip(names, answers[: len(names)], strict=True))
    read = dict(zip((group.resource.arn for group in groups), answers[len(names) :], strict=True))
    for region in regions:
        pairs = [(group, read.get(group.resource.arn, group)) for group in region.groups]
        region.groups = [
            replace(group, unread=Unread.of(now))
            if isinstance(now, CloudError)
            else _with_use(now, used.get(region.name, {}), region)
            for group, now in pairs
            if not _gone(cloud, group, now)
        ]
    _read_neighbours(cloud, regions)


def _read_neighbours(cloud: Cloud, regions: list[_Region]) -> None:
    """Read the rules of all neighbours that are not read already."""
    read = {group.resource.arn: group for region in regions for group in region.groups}
    asked = {
        one.resource.arn: one
        for group in read.values()
        for one in group.neighbours
        if one.resource.arn not in read and one.rule_count and not one.unread
    }
    answers = zip(asked.values(), cloud.map(lambda one: _with_rules(cloud, one), asked.values()), strict=True)
    for one, answer in answers:
        failed = isinstance(answer, CloudError)
        read[one.resource.arn] = replace(one, unread=Unread.of(answer)) if failed else answer
    for region in regions:
        region.groups = [
            replace(group, neighbours=tuple(read.get(one.resource.arn, one) for one in group.neighbours))
            for group in region.groups
        ]


def _with_rules(cloud: Cloud, group: Group) -> Group:
    rules, inner = read_rules(cloud, group.resource.region, group.resource.id, group.classic)
    return replace(group, rules=rules, inner=inner)


def _with_use(group: Group, used: dict[str, set[str]] | CloudError, region: _Region) -> Group:
    if group.classic:
        return group
    if isinstance(used, CloudError):
        return replace(group, used=Unread.of(used))
    together = used.get(group.resource.id, set())
    others = sorted(together - {group.resource.id}) if any(rule.protocol == "ALL" for rule in group.rules) else ()
    return replace(group, used=bool(together), neighbours=tuple(map(region.group, others)))


def _gone(cloud: Cloud, group: Group, answer: Group | CloudError) -> bool:
    if not isinstance(answer, CloudError) or not _not_found(answer):
        return False
    cloud.warnings.append(f"The group {group.resource.name} was deleted while it was being read; it is left out.")
    return True


def _read_lists(cloud: Cloud, regions: list[_Region], extra: tuple[str, ...]) -> None:
    """Read each list that a rule refers to, and the extra ones, once, and give every group those of its region."""
    asked = [
        (region, action, name)
        for region in regions
        for action, names in _named_lists(region, extra).items()
        for name in sorted(names)
    ]
    answers = cloud.map(lambda one: READERS[one[1]](cloud, one[0].name, one[2]), asked)
    for region in regions:
        read = {one[1:]: answer for one, answer in zip(asked, answers, strict=True) if one[0] is region}
        prefixes = {name: answer for (action, name), answer in read.items() if action == PREFIX_LIST}
        lists = Lists(
            {name: _content(answer) for name, answer in prefixes.items() if name not in extra or not _absent(answer)},
            {name: _content(answer) for (action, name), answer in read.items() if action == PORT_LIST},
        )
        entries = {name: answer[1] for name, answer in prefixes.items() if not isinstance(answer, CloudError)}
        region.groups = [replace(group, lists=lists, entries=entries) for group in region.groups]


def _named_lists(region: _Region, extra: tuple[str, ...]) -> dict[str, set[str]]:
    rules = [rule for group in region.groups for one in (group, *group.neighbours) for rule in one.rules]
    return {
        PREFIX_LIST: {rule.prefix_list for rule in rules if rule.prefix_list} | set(extra if rules else ()),
        PORT_LIST: {rule.port_list for rule in rules if rule.port_list},
    }


def _content(answer: tuple | CloudError) -> object:
    return Unread.of(answer) if isinstance(answer, CloudError) else answer[0]


def _absent(answer: object) -> bool:
    """A list is in one region; in every other one it is not there, and so allows nothing."""
    return isinstance(answer, CloudError) and _not_found(answer)


def _prefix_list(cloud: Cloud, region: str, name: str) -> tuple[Addresses, int]:
    answer = cloud.rpc("ecs", PREFIX_LIST, {"PrefixListId": name}, region)
    cidrs = [entry["Cidr"] for entry in answer["Entries"]["Entry"]]
    return Addresses.of(*cidrs), int(answer.get("MaxEntries") or len(cidrs))


def _port_list(cloud: Cloud, region: str, name: str) -> tuple[tuple, int]:
    entries = cloud.rpc("ecs", PORT_LIST, {"PortRangeListId": name}, region)["Entries"]
    return tuple(one for entry in entries for one in read_range(entry["PortRange"]) or ()), len(entries)


PREFIX_LIST, PORT_LIST = "DescribePrefixListAttributes", "DescribePortRangeListEntries"
READERS: dict[str, Callable[[Cloud, str, str], tuple]] = {PREFIX_LIST: _prefix_list, PORT_LIST: _port_list}


def _pages(cloud: Cloud, action: str, params: dict, region: str) -> Iterator[dict]:
    token = None
    while token != "":
        answer = cloud.rpc("ecs", action, {**params, "NextToken": token}, region)
        yield answer
        token = answer.get("NextToken") or ""


def _regions(cloud: Cloud, options: SimpleNamespace, only: frozenset[str] | None) -> list[str]:
    if only is not None:
        return sorted({arn.split(":")[2] for arn in only})
    known = cloud.all_regions()
    wrong = sorted(set(options.regions) - set(known))
    if wrong:
        raise OptionError(f"regions: this account has no region {', '.join(wrong)}; it has {', '.join(sorted(known))}.")
    return [name for name in known if not options.regions or name in options.regions]


def _resource(cloud: Cloud, group: str, name: str, region: str) -> Resource:
    account = cloud.account_id
    arn = f"acs:ecs:{region}:{account}:securitygroup/{group}"
    return Resource(arn, TYPE, group, name or group, region, account)


def _not_found(error: CloudError) -> bool:
    return error.status == 404 or error.code.endswith(".NotFound")


# Changing rules. The params of both calls name the rules by content (Permissions), so that they can be replayed: ids
# are given anew to what is added again. After: rules without which nothing may be removed.


def _live(cloud: Cloud, params: dict) -> tuple[Rule, ...]:
    return read_rules(cloud, params["RegionId"], params["SecurityGroupId"], _is_classic(params))[0]


def _is_classic(params: dict) -> bool:
    return any(one.get("NicType") == "internet" for one in params["Permissions"])


def _named(permissions: Iterable[dict]) -> set[tuple]:
    return {identity(rule_of(one)) for one in permissions}


def _given(rule: Rule) -> Rule:
    """The rule as it can be made: a system's priority is none that can be given, the last one is."""
    return replace(rule, priority=min(rule.priority, LAST_PRIORITY))


def _lacking(permissions: Iterable[dict], rules: Iterable[Rule]) -> set[tuple]:
    """What of this is not among the rules, be it as it was or as it can be made."""
    return {identity(_given(rule_of(one))) for one in permissions} - {identity(_given(rule)) for rule in rules}


def _authorize(cloud: Cloud, params: dict) -> None:
    made = [permission_of(_given(rule_of(one))) for one in params["Permissions"]]
    asked = {"SecurityGroupId": params["SecurityGroupId"], "Permissions": made}
    cloud.rpc("ecs", "AuthorizeSecurityGroup", asked, params["RegionId"])


def _revoke(cloud: Cloud, params: dict) -> None:
    """Remove the rules that are still there, by id, once every rule of After was seen among those that stay."""
    doomed, group = _named(params["Permissions"]), params["SecurityGroupId"]
    for look in range(1, LOOKS + 1):
        rules = _live(cloud, params)
        missing = _lacking(params.get("After", ()), (rule for rule in rules if identity(rule) not in doomed))
        ids = [rule.id for rule in rules if identity(rule) in doomed]
        if not ids or (not missing and _removed(cloud, params["RegionId"], group, ids)):
            return
        time.sleep(backoff(look))
    if missing:
        raise HardeningError(
            f"Nothing was removed: {len(missing)} of the rules that have to be there before don't show in later reads."
        )
    raise HardeningError(f"The rules {', '.join(ids)} show in every read, but the cloud does not know their ids.")


def _removed(cloud: Cloud, region: str, group: str, ids: list[str]) -> bool:
    """Whether the call went through; not if an id is not known (any more), which another look will tell."""
    try:
        cloud.rpc("ecs", "RevokeSecurityGroup", {"SecurityGroupId": group, "SecurityGroupRuleId": ids}, region)
    except CloudError as error:
        # Documented under several names; all say that a rule is gone.
        if "RuleId" in error.code or "RuleNotExist" in error.code or error.code == "SecurityGroupRule.NotFound":
            return False
        raise
    return True


def _setting(params: dict) -> str:
    return "rules " + "; ".join(sorted(str(rule_of(one)) for one in params["Permissions"]))


WRITES = {
    "AuthorizeSecurityGroup": Write(
        setting=_setting,
        send=_authorize,
        holds=lambda cloud, params: not _lacking(params["Permissions"], _live(cloud, params)),
    ),
    "RevokeSecurityGroup": Write(
        setting=_setting,
        send=_revoke,
        holds=lambda cloud, params: not _named(params["Permissions"]) & set(map(identity, _live(cloud, params))),
    ),
}
