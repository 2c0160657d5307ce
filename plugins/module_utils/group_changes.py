# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to security groups, their rules and lists, and to which interface is in which group, undone. Pure.

Facts: Alibaba Cloud's documentation of ECS 2014-05-26. Adding a rule that is there succeeds and adds nothing, and so
does removing by content one that is not; so neither call tells what was before, unless an earlier one does, or the rule
is there still, with the time of its creation. Removing by id names no content: the rules that are known to have been
there, and are gone, explain it if they are as many as ids. UNCONFIRMED: that a rule keeps the time of its creation when
it is modified.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from .addresses import Addresses
from .change_kinds import Facts, Kind, Memory, hide, listed, reveal, say
from .exposure import Lists, Rule, port_text
from .network import SOMETHING, Group, Interface, Network
from .restriction import identity
from .security_groups import FIELDS, rule_of
from .trail import Event, moment

ADDS, CHANGES = "AuthorizeSecurityGroup", "ModifySecurityGroupRule"
GROUP = ("ecs", "securitygroup", ("SecurityGroupId",))
# What a rule may not be without, for anything to be known of its group.
UNDOES_ALL = {"Policy", "Priority", "IpProtocol", "SourcePortRange", "DestCidrIp", "Ipv6DestCidrIp"}
# Times of creation may be those of the minute, and the cloud's clocks may differ.
SKEW = timedelta(seconds=60)


def asked(event: Event) -> list[Rule]:
    """The rules that a call names by content; in its old form, it is one."""
    return [rule_of(one) for one in event.things("Permissions") or [event.request]]


def by_identity(rules: Iterable[Rule]) -> dict[tuple, Rule]:
    """Rules by what tells them apart; of those that are not known in full, that is the id too."""
    return {(*identity(rule), rule.id) if is_vague(rule) else identity(rule): rule for rule in rules}


def is_vague(rule: Rule) -> bool:
    """Not all of the rule is known."""
    return SOMETHING in (rule.prefix_list, rule.port_list)


def worded(rule: Rule) -> str:
    """A rule in a sentence."""
    ports = rule.port_list if rule.port_list and not rule.ports else port_text(rule.ports) or "all ports"
    drop = "" if rule.accepts else "a drop of "
    protocol = "all protocols," if rule.protocol == "ALL" else rule.protocol.lower()
    return f"{drop}{protocol} {ports} from {rule.source or 'nowhere'}"


# Rules


def _undo_authorize(network: Network, event: Event) -> Network:
    group = network.groups.get(event.text("SecurityGroupId"))
    if group is None:
        return _revealed(network, event)
    added = by_identity(asked(event))
    if not set(added) <= set(by_identity(group.rules)):
        return _hidden(network, event, "a rule that it added is not there afterwards, and no event tells why")
    before = (one for rule in group.rules for one in (_earlier(rule, event) if identity(rule) in added else [rule]))
    return _before(network, event, group, before)


def _earlier(rule: Rule, event: Event) -> list[Rule]:
    """The added rule before it was added: not there, if that is when it was created, else it had been there."""
    born = born_at(rule)
    if born is None or event.time - SKEW <= born < event.time or identity(rule) in _told(event).recent:
        return [replace(rule, doubtful=True)]
    return [] if born >= event.time else [rule]


def born_at(rule: Rule) -> datetime | None:
    """When the rule was created; None if that is not known."""
    try:
        return moment(rule.created)
    except ValueError:
        return None


def makers(events: Sequence[Event], rule: Rule) -> list[Event]:
    """Those of the events on its group that may have made the rule; if it was changed, by whatever they added."""
    if any(event.name == CHANGES and event.text("SecurityGroupRuleId") == rule.id for event in events):
        return [event for event in events if event.name in (ADDS, CHANGES)]
    return [event for event in events if event.name == ADDS and identity(rule) in by_identity(asked(event))]


def _undo_revoke(network: Network, event: Event) -> Network:
    group = network.groups.get(event.text("SecurityGroupId"))
    if group is None:
        return _revealed(network, event)
    ids = event.texts("SecurityGroupRuleId")
    return _undo_by_id(network, event, group, len(ids)) if ids else _undo_by_content(network, event, group)


def _undo_by_content(network: Network, event: Event, group: Group) -> Network:
    removed = by_identity(asked(event))
    if any(identity(rule) in removed and not rule.doubtful for rule in group.rules):
        return _hidden(network, event, "a rule that it removed is there afterwards, and no event tells why")
    kept = [rule for rule in group.rules if identity(rule) not in removed]
    return _before(network, event, group, [*kept, *(replace(rule, doubtful=True) for rule in removed.values())])


def _undo_by_id(network: Network, event: Event, group: Group, count: int) -> Network:
    if _told(event).whole or len(_vanished(event, group)) == count:
        return _before(network, event, group, group.rules)
    return _hidden(network, event, "it names the rules that it removed by their ids alone")


def _vanished(event: Event, group: Group) -> list[Rule]:
    """The rules that are known to have been there before the event, and are not after it.

    None, where a rule after it is not known in full, for that may be one of them.
    """
    if any(map(is_vague, group.rules)):
        return []
    after = by_identity(group.rules)
    return [rule for name, rule in _told(event).present.items() if name not in after]


def _undo_modify(network: Network, event: Event) -> Network:
    """The one rule that vanished is the rule before. Else its source and ports can be unknown; where something else of
    it was changed, the whole group is.
    """
    group, given = network.groups.get(event.text("SecurityGroupId")), _modified(event)
    if not given:
        return network
    if group is None:
        return _revealed(network, event)
    if _told(event).whole:
        return _before(network, event, group, group.rules)
    name = event.text("SecurityGroupRuleId")
    found = next((rule for rule in group.rules if rule.id == name), None)
    others, vanished = [rule for rule in group.rules if rule is not found], _vanished(event, group)
    if len(vanished) == 1:
        return _before(network, event, group, [*others, replace(vanished[0], id=name)])
    if found is None or given & UNDOES_ALL:
        return _hidden(network, event, "it does not tell what the rule was before")
    return network.put(replace(group, rules=(*others, _blurred(found, given))))


def _blurred(rule: Rule, given: set[str]) -> Rule:
    """The rule before these fields were given, as far as it is known."""
    sources = {"SourceCidrIp", "Ipv6SourceCidrIp", "SourceGroupId", "SourcePrefixListId"}
    if given & sources:
        rule = replace(rule, cidr="", cidr6="", group="", prefix_list=SOMETHING)
    return replace(rule, ports="", port_list=SOMETHING) if given - sources else rule


def _modified(event: Event) -> set[str]:
    """The fields of a rule that were given, but for its description."""
    return {name for name in (*FIELDS, "Policy", "Priority", "IpProtocol") if event.text(name)} - {"Description"}


def _told(event: Event) -> Facts:
    """What earlier events tell of the group's rules."""
    return event.known or Facts()


def _before(network: Network, event: Event, group: Group, rules: Iterable[Rule]) -> Network:
    """The group with these rules, as far as earlier events do not tell otherwise."""
    facts = _told(event)
    if facts.whole:
        return network.put(replace(group, rules=tuple(facts.present.values())))
    found = {name: rule for name, rule in by_identity(rules).items() if name not in facts.absent}
    sure = {name: replace(found.get(name, rule), doubtful=False) for name, rule in facts.present.items()}
    return network.put(replace(group, rules=tuple((found | sure).values())))


def _revealed(network: Network, event: Event) -> Network:
    """The group from what earlier events tell alone, if that is all of it."""
    name, facts = event.text("SecurityGroupId"), _told(event)
    if not facts.whole:
        return network
    group = network.groups.get(name) or Group(name, event.region, name)
    return reveal(network.put(replace(group, rules=tuple(facts.present.values()))), "groups", name)


def _hidden(network: Network, event: Event, why: str) -> Network:
    """Without the group, unless earlier events tell all of it."""
    if _told(event).whole:
        return _revealed(network, event)
    name = event.text("SecurityGroupId")
    return hide(network.drop(Group(name, event.region)), event, "groups", why, name)


def _learn_authorize(memory: Memory, event: Event) -> Facts:
    known, added = _facts(memory, event), by_identity(asked(event))
    _note(memory, event, replace(known, present={**known.present, **added}, absent=known.absent - set(added)))
    keys = {(event.text("SecurityGroupId"), name): name for name in added}
    recent = {name for key, name in keys.items() if key in memory.added and event.time - memory.added[key] <= SKEW}
    memory.added |= dict.fromkeys(keys, event.time)
    return replace(known, recent=frozenset(recent))


def _learn_revoke(memory: Memory, event: Event) -> Facts:
    known, ids = _facts(memory, event), event.texts("SecurityGroupRuleId")
    removed = known.present if ids else by_identity(asked(event))
    kept = {name: rule for name, rule in known.present.items() if name not in removed}
    if ids:
        everything = known.whole and len(ids) == len(known.present)
        _note(memory, event, replace(known, present=kept, whole=everything))
    else:
        _note(memory, event, replace(known, present=kept, absent=known.absent | set(removed)))
    return known


def _learn_modify(memory: Memory, event: Event) -> Facts:
    known = _facts(memory, event)
    if _modified(event):
        _note(memory, event, Facts())
    return known


def _facts(memory: Memory, event: Event) -> Facts:
    return memory.rules.get(event.text("SecurityGroupId"), Facts())


def _note(memory: Memory, event: Event, facts: Facts) -> None:
    memory.rules[event.text("SecurityGroupId")] = facts


# Groups


def _undo_create(network: Network, event: Event) -> Network:
    name = event.text("SecurityGroupId")
    return reveal(network.drop(Group(name, event.region)), "groups", name)


def _learn_create(memory: Memory, event: Event) -> None:
    """A new group has no inbound rules; those that the console gives it are calls of their own."""
    _note(memory, event, Facts(whole=True))


def _undo_delete(network: Network, event: Event) -> Network:
    return _hidden(network, event, "it does not tell what rules the group had")


def _learn_delete(memory: Memory, event: Event) -> Facts:
    known = _facts(memory, event)
    memory.rules.pop(event.text("SecurityGroupId"), None)
    return known


# Lists


def _undo_prefix_list(network: Network, event: Event) -> Network:
    """Entries that were removed had been there; of those that were added nobody knows."""
    name = event.text("PrefixListId")
    found = network.lists.prefixes.get(name)
    if event.things("AddEntry") or not isinstance(found, Addresses):
        why = "an entry that it added may have been there before"
        return hide(_without_list(network, name), event, "prefix_lists", why, name)
    cidrs = [one["Cidr"] for one in event.things("RemoveEntry") if one.get("Cidr")]
    prefixes = {**network.lists.prefixes, name: found | Addresses.of(*cidrs)} if cidrs else network.lists.prefixes
    return replace(network, lists=Lists(prefixes, network.lists.ports))


def _undo_other_list(network: Network, event: Event) -> Network:
    name = event.text("PrefixListId", "PortRangeListId")
    kind = "prefix_lists" if event.text("PrefixListId") else "port_lists"
    return hide(_without_list(network, name), event, kind, "it does not tell what the list held before", name)


def _without_list(network: Network, name: str) -> Network:
    prefixes, ports = ({key: one for key, one in lists.items() if key != name}
                       for lists in (network.lists.prefixes, network.lists.ports))  # fmt: skip
    return replace(network, lists=Lists(prefixes, ports))


# Who is in which group


def _undo_join(network: Network, event: Event) -> Network:
    name = event.text("SecurityGroupId")
    return _regrouped(
        network, event, lambda groups: tuple(one for one in groups if one != name) if name in groups else None
    )


def _undo_leave(network: Network, event: Event) -> Network:
    name = event.text("SecurityGroupId")
    return _regrouped(network, event, lambda groups: (*groups, name) if name not in groups else None)


def _undo_replace(network: Network, event: Event) -> Network:
    return _regrouped(network, event, lambda _groups: None) if _given(event) else network


def _undo_move(network: Network, event: Event) -> Network:
    """The primary interface may have had another private address, too."""
    network, moved = _regrouped(network, event, lambda _groups: None), holder(network, event)
    if moved is None:
        return network
    network = network.put(replace(network.interfaces[moved.id], private_ips=()))
    return hide(network, event, "servers", "it does not tell which private address the instance had", moved.server)


def _regrouped(network: Network, event: Event, before) -> Network:  # noqa: ANN001 - a function of groups
    """The interface, or the server of the classic network, in the groups that it was in before."""
    server = network.servers.get(event.text("InstanceId"))
    if server and server.classic:
        return network.put(replace(server, groups=event.known or before(server.groups) or (SOMETHING,)))
    interface = holder(network, event)
    if interface is None:
        return network
    groups = event.known or (before(interface.groups) if interface.groups is not None else None)
    return network.put(replace(interface, groups=groups))


def holder(network: Network, event: Event) -> Interface | None:
    """The interface that a call by instance or by interface is about."""
    name, server = event.text("NetworkInterfaceId"), event.text("InstanceId")
    if name:
        return network.interfaces.get(name)
    return next((one for one in network.interfaces_of(server) if one.primary), None)


def _given(event: Event) -> tuple[str, ...]:
    return event.texts("SecurityGroupIds") or event.texts("SecurityGroupId")


def _learn_join(memory: Memory, event: Event) -> tuple[str, ...] | None:
    known = memory.groups.get(memory.holder(event))
    if known is not None:
        memory.groups[memory.holder(event)] = (*known, event.text("SecurityGroupId"))
    return known


def _learn_leave(memory: Memory, event: Event) -> tuple[str, ...] | None:
    known = memory.groups.get(memory.holder(event))
    if known is not None:
        left = event.text("SecurityGroupId")
        memory.groups[memory.holder(event)] = tuple(one for one in known if one != left)
    return known


def _learn_replace(memory: Memory, event: Event) -> tuple[str, ...] | None:
    known = memory.groups.get(memory.holder(event))
    if _given(event):
        memory.groups[memory.holder(event)] = _given(event)
    return known


# Sentences


def _about(verb: str, joint: str):  # noqa: ANN202 - a function of an event
    def say(event: Event) -> str:
        ids = event.texts("SecurityGroupRuleId")
        rules = f"rule {listed(ids)}" if ids else listed([worded(rule) for rule in asked(event)], 3)
        return f"{verb} {rules} {joint} {event.text('SecurityGroupId')}"

    return say


def _say_modify(event: Event) -> str:
    fields = [f"{name} {event.text(name)}" for name in sorted(_modified(event))]
    rule, group = event.text("SecurityGroupRuleId"), event.text("SecurityGroupId")
    return f"changed rule {rule} of {group} to {listed(fields)}" if fields else ""


def _say_list(event: Event) -> str:
    added, removed = ([one.get("Cidr") or one.get("PortRange") or "" for one in event.things(name)]
                      for name in ("AddEntry", "RemoveEntry"))  # fmt: skip
    parts = [f"{verb} {listed(found)}" for verb, found in (("added", added), ("removed", removed)) if found]
    name = event.text("PrefixListId", "PortRangeListId")
    return f"{' and '.join(parts)} in {name}" if parts else ""


def _who(event: Event) -> str:
    return event.text("NetworkInterfaceId", "InstanceId")


KINDS: dict[tuple[str, str], Kind] = {
    ("Ecs", ADDS): Kind(_about("authorized", "in"), _undo_authorize, GROUP, _learn_authorize),
    ("Ecs", "RevokeSecurityGroup"): Kind(_about("revoked", "from"), _undo_revoke, GROUP, _learn_revoke),
    ("Ecs", CHANGES): Kind(_say_modify, _undo_modify, GROUP, _learn_modify),
    # It bears on what members of the group send each other, which never comes over the internet.
    ("Ecs", "ModifySecurityGroupPolicy"): Kind(
        say("set the policy inside $SecurityGroupId to $InnerAccessPolicy"),
        lambda network, _event: network,
        GROUP,
    ),
    ("Ecs", "CreateSecurityGroup"): Kind(say("created the group $SecurityGroupId"), _undo_create, GROUP, _learn_create),
    ("Ecs", "DeleteSecurityGroup"): Kind(say("deleted the group $SecurityGroupId"), _undo_delete, GROUP, _learn_delete),
    ("Ecs", "ModifyPrefixList"): Kind(_say_list, _undo_prefix_list, ("ecs", "prefixlist", ("PrefixListId",))),
    ("Ecs", "DeletePrefixList"): Kind(
        say("deleted the prefix list $PrefixListId"),
        _undo_other_list,
        ("ecs", "prefixlist", ("PrefixListId",)),
    ),
    ("Ecs", "DeletePortRangeList"): Kind(
        say("deleted the port list $PortRangeListId"),
        _undo_other_list,
        ("ecs", "portrangelist", ("PortRangeListId",)),
    ),
    ("Ecs", "ModifyPortRangeList"): Kind(_say_list, _undo_other_list, ("ecs", "portrangelist", ("PortRangeListId",))),
    ("Ecs", "JoinSecurityGroup"): Kind(
        lambda event: f"put {_who(event)} into {event.text('SecurityGroupId')}",
        _undo_join,
        GROUP,
        _learn_join,
    ),
    ("Ecs", "LeaveSecurityGroup"): Kind(
        lambda event: f"took {_who(event)} out of {event.text('SecurityGroupId')}", _undo_leave, GROUP, _learn_leave
    ),
    ("Ecs", "ModifyInstanceAttribute"): Kind(
        lambda event: f"gave {_who(event)} the groups {listed(_given(event))}" if _given(event) else "",
        _undo_replace,
        ("ecs", "instance", ("InstanceId",)),
        _learn_replace,
    ),
    ("Ecs", "ModifyInstanceVpcAttribute"): Kind(
        lambda event: f"moved {_who(event)} in the VPC, with the groups {listed(_given(event))}",
        _undo_move,
        ("ecs", "instance", ("InstanceId",)),
        _learn_replace,
    ),
    ("Ecs", "ModifyNetworkInterfaceAttribute"): Kind(
        lambda event: f"gave {_who(event)} the groups {listed(_given(event))}" if _given(event) else "",
        _undo_replace,
        ("ecs", "eni", ("NetworkInterfaceId",)),
        _learn_replace,
    ),
}
