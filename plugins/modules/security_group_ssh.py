#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group_ssh
short_description: Close SSH to the internet in security groups, and lock nobody out
version_added: "0.1.0"
description:
  - Finds every ECS security group of an account whose rules let the internet connect to SSH (or to other ports), and
    takes that away. In check mode it only reports.
  - Rules are judged as the cloud evaluates them, by priority, with Drop before Accept, over IPv4 and IPv6, with prefix
    lists and port lists expanded. What could not be read is reported as V(unknown), unless the rest decides already.
  - A rule that lets unwanted sources in is replaced by rules that allow all the same but that. A rule for all ports
    from anywhere goes on to allow every other port from anywhere. Private addresses, where Ansible, bastion hosts and
    health checks come from, keep their access, and so do source groups.
  - First the new rules are added, then the group is read again, and only if they are there the old rules are removed,
    by their ids. Drop rules are never removed.
  - Of the IP protocols that a rule for C(ALL) lets in, rules can name but TCP, UDP, ICMP and GRE in every region. So
    such a rule stays, two priorities lower, behind one rule for each source to keep and a Drop of the guarded ports.
    All other protocols, such as ESP and AH of IPsec, stay allowed too. Whom you allow later needs a rule with the
    priority that the old one had, or with a higher one.
  - A Drop speaks for all groups of a network interface. None is added where it would take away more than it should, in
    this group or in one that shares an interface with it, or where that is not known. The group is then reported with
    C(blocked_by), and O(force) replaces C(ALL) by the protocols that rules can name.
  - Each group is judged alone. A Drop in another group of the same network interface is not taken into account. In the
    classic network only rules for the interface to the internet are looked at.
options:
  ports:
    description:
      - The TCP ports to guard.
    type: list
    elements: int
    default: [22]
  allowed_sources:
    description:
      - Who may connect over the internet, as addresses, CIDR blocks of IPv4 or IPv6, or ids of prefix lists.
      - They keep the access that they have; none is given to them.
      - A rule narrowed to a whole prefix list names the list, so that it follows the list's changes.
    type: list
    elements: str
    default: []
  keep_sources:
    description:
      - Addresses or CIDR blocks that must stay able to connect. A group whose change would cut one of them off is
        reported with C(blocked_by), and left as it is.
      - By default the address from which you are logged in to the machine that runs this by SSH, if you are
        (environment E(SSH_CONNECTION) or E(SSH_CLIENT)).
    type: list
    elements: str
  include_private:
    description:
      - Also take private sources away that O(allowed_sources) does not hold. 100.64.0.0/10, where load balancers and
        health checks come from, always keeps its access.
    type: bool
    default: false
  force:
    description:
      - Also change groups while O(allowed_sources) is empty, which leaves nobody on the internet able to connect.
      - Also change groups whose rules for all protocols can't be narrowed without losing those that rules can't name.
      - Without it, they are reported with C(blocked_by), and left as they are.
    type: bool
    default: false
  names:
    description:
      - Patterns of names or ids of security groups, as a shell has them. A pattern that begins with V(!) leaves groups
        out.
    type: list
    elements: str
    default: ["*"]
  tags:
    description:
      - Only groups that have all of these tags.
    type: dict
    default: {}
extends_documentation_fragment:
  - hardening.alicloud.connection
  - hardening.alicloud.run
  - hardening.alicloud.attributes
seealso:
  - module: hardening.alicloud.restore
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: Report what lets the internet in
  hardening.alicloud.security_group_ssh:
  check_mode: true

- name: Leave SSH and RDP to the office and to a prefix list
  hardening.alicloud.security_group_ssh:
    ports: [22, 3389]
    allowed_sources:
      - 203.0.113.0/28
      - 2001:db8:0:1::/64
      - pl-bp1office

- name: Never cut off the deployment host
  hardening.alicloud.security_group_ssh:
    allowed_sources: [203.0.113.0/28]
    keep_sources: [198.51.100.17]
"""

RETURN = r"""
risks:
  description:
    - Every security group that fails a control, whatever became of it.
    - See M(hardening.alicloud.oss_bucket_acl) for the fields.
  returned: always
  type: list
  elements: dict
summary:
  description: Counts of resources, each under one status.
  returned: always
  type: dict
  sample: {examined: 12, compliant: 10, open: 1, fixed: 0, whitelisted: 1, unknown: 0, not_applicable: 0}
unread:
  description: What could not be read, with the action, the error code and the request id.
  returned: always
  type: list
  elements: dict
account_id:
  description: The account that was looked at.
  returned: always
  type: str
  sample: "1234567890123456"
journal:
  description: The restore journal that the changes were written to.
  returned: when something was changed
  type: str
"""

import os
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils.addresses import Addresses, of_option
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.enforce import enforce
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError, Unread
from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import (
    CLOUD_SERVICES,
    PRIVATE,
    PUBLIC,
    Rule,
    accepted,
    admitting,
    decided,
    fits,
    is_internet,
    is_nearly_all,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.restriction import (
    LAST_PRIORITY,
    QUOTA,
    Guard,
    Neighbours,
    Restriction,
    describe,
    restrict,
    room,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.security_groups import (
    RULES_A_CALL,
    Group,
    permission_of,
    read_groups,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.values import (
    COMPLIANT,
    OPEN,
    SEVERITIES,
    UNKNOWN,
    Call,
    Change,
    Finding,
)

INTERNET = "sg-risky-ports-check"
ALLOWED_ONLY = "sg-ssh-allowed-sources-only"
SHOWN = 5
UNNAMEABLE = (
    "it lets in all IP protocols; of these, TCP, UDP, ICMP and GRE would stay, but others (ESP, AH, SCTP) can't be "
    "named by rules everywhere, and would no longer be let in from these sources"
)


@dataclass(frozen=True)
class Wish:
    """What the options ask for. scope: the sources that are judged. allowed, keep: the option's addresses."""

    ports: tuple[int, ...]
    scope: Addresses
    allowed: Addresses
    allowed_lists: tuple[str, ...]
    keep: Addresses

    @classmethod
    def of(cls, options: SimpleNamespace) -> Wish:
        """The options understood; OptionError for what makes no sense."""
        wrong = [port for port in options.ports if not 1 <= port <= 65535]
        if wrong or not options.ports:
            raise OptionError(f"ports: {wrong or 'nothing'} is not a list of TCP ports from 1 to 65535.")
        lists = tuple(sorted({one for one in options.allowed_sources if one.startswith("pl-")}))
        allowed = of_option("allowed_sources", [one for one in options.allowed_sources if one not in lists])
        scope = (PUBLIC | PRIVATE) - CLOUD_SERVICES if options.include_private else PUBLIC
        keep = of_option("keep_sources", logged_in_from() if options.keep_sources is None else options.keep_sources)
        return cls(tuple(sorted(set(options.ports))), scope, allowed, lists, keep)

    def guard(self, group: Group) -> Guard:
        """What to guard in this group, as far as the allowed prefix lists could be read."""
        lists = {name: group.lists.prefixes.get(name) for name in self.allowed_lists}
        named = {name: found for name, found in lists.items() if isinstance(found, Addresses)}
        allowed = self.allowed | Addresses.merged(span for found in named.values() for span in found.spans)
        spared = PRIVATE if self.scope == PUBLIC else CLOUD_SERVICES
        return Guard(self.ports, self.scope - allowed, spared | self.allowed, named)

    def unread(self, group: Group) -> tuple[Unread, ...]:
        """Which allowed prefix lists could not be read."""
        found = (group.lists.prefixes.get(name) for name in self.allowed_lists)
        return tuple(one for one in found if isinstance(one, Unread))


def logged_in_from() -> list[str]:
    """From where whoever started this is logged in to this machine by SSH."""
    session = os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_CLIENT") or ""
    return [one.partition("%")[0] for one in session.split()[:1]]


def read(cloud: Cloud, options: SimpleNamespace, only: frozenset[str] | None) -> list[Group]:
    """Every security group in scope, with the lists that its rules and the allowed sources refer to."""
    wish = Wish.of(options)
    groups = read_groups(cloud, options, only, wish.allowed_lists)
    missing = [name for name in wish.allowed_lists if not any(name in group.lists.prefixes for group in groups)]
    if missing and only is None and any(group.rules for group in groups):
        raise OptionError(f"allowed_sources: no region in scope has the prefix list {', '.join(missing)}.")
    return groups


def assess(groups: list[Group], options: SimpleNamespace) -> list[Finding]:
    """Each group under the controls."""
    wish = Wish.of(options)
    return [finding for group in groups for finding in judge(group, wish, options)]


def judge(group: Group, wish: Wish, options: SimpleNamespace) -> list[Finding]:
    """One group: whether the internet gets in, and where allowed sources are given, whether only they do."""
    expected = f"no source outside allowed_sources at {ports_text(wish.ports)}"
    if group.unread:
        return [Finding(INTERNET, group.resource, UNKNOWN, expected, "not readable", unread=(group.unread,))]
    view = View.of(group, wish)
    tests = {INTERNET: is_internet, **({ALLOWED_ONLY: bool} if options.allowed_sources else {})}
    verdicts = {control: decided(test, view.unwanted) for control, test in tests.items()}
    if not any(verdict is not False for verdict in verdicts.values()):
        return [Finding(control, group.resource, COMPLIANT) for control in verdicts]
    return [view.finding(control, verdict, expected, options) for control, verdict in verdicts.items()]


@dataclass(frozen=True)
class View:
    """One group, seen with what is wished for.

    unwanted: for each port, what is accepted for sure, and what may be. members: security groups whose members get in.
    """

    group: Group
    wish: Wish
    guard: Guard
    unwanted: tuple[tuple[Addresses, Addresses], ...]
    members: tuple[str, ...]

    @classmethod
    def of(cls, group: Group, wish: Wish) -> View:
        """Judge the group's rules at each port."""
        guard, own = wish.guard(group), group.resource.id if group.inner else ""
        found = [accepted(group.rules, port, group.lists, own, group.enterprise) for port in wish.ports]
        unwanted = tuple((one.sure & guard.unwanted, one.possible & guard.unwanted) for one in found)
        return cls(group, wish, guard, unwanted, tuple(sorted(set().union(*(one.groups for one in found)))))

    def finding(self, control: str, verdict: bool | None, expected: str, options: SimpleNamespace) -> Finding:
        """What one control says of the group; verdict None: what could not be read decides."""
        resource, unread = self.group.resource, (*self.wish.unread(self.group), *self.unread_lists())
        if verdict is False:
            return Finding(control, resource, COMPLIANT)
        severity, why = self.severity(control)
        if verdict is None or self.wish.unread(self.group):
            return Finding(
                control, resource, UNKNOWN, expected, "depends on what is not readable", self.evidence, unread=unread
            )
        if isinstance(self.group.used, Unread):
            unread = (*unread, self.group.used)
        return Finding(
            control,
            resource,
            OPEN,
            expected,
            self.actual(),
            (*self.evidence, *((UNNAMEABLE,) if self.plan.lossy else ()), *why),
            self.changes,
            self.obstacle(options),
            severity,
            unread,
            also=self.also(),
        )

    @cached_property
    def plan(self) -> Restriction:
        """What has to be added and revoked."""
        return restrict(self.group.rules, self.guard, self.group.lists, self.neighbours())

    def neighbours(self) -> Neighbours | None:
        """The rules of the groups that share an interface; those that this run can't restrict are spared."""
        if not isinstance(self.group.used, bool) or any(one.unread for one in self.group.neighbours):
            return None
        rules = {True: [], False: []}
        for one in self.group.neighbours:
            rules[restricted(one)] += one.rules
        return Neighbours(tuple(rules[True]), tuple(rules[False]))

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """The calls that do it; none for a group that nobody but its service may change."""
        return () if self.group.managed or self.plan.obstacle else changes(self.group, self.plan)

    def severity(self, control: str) -> tuple[str, tuple[str, ...]]:
        """How bad it is, and why it is less bad than it looks, if it is: nothing uses the group."""
        worst = "critical" if any(is_nearly_all(sure) for sure, _possible in self.unwanted) else "high"
        severity = "medium" if control == ALLOWED_ONLY else worst
        if self.group.used is not False:
            return severity, ()
        lower = SEVERITIES[SEVERITIES.index(severity) + 1]
        return lower, (f"no network interface uses this group, so it is {lower} and not {severity}",)

    @property
    def has_hole(self) -> bool:
        """The plan needs a Drop, which speaks for every group of an interface."""
        return any(not rule.accepts for rule in self.plan.needed)

    def also(self) -> tuple[str, ...]:
        """The groups for which a new Drop would speak too, and which may let unwanted sources in themselves."""
        return tuple(one.resource.arn for one in self.group.neighbours if self.has_hole and restricted(one))

    def unread_lists(self) -> tuple[Unread, ...]:
        """The lists that bear on the verdict and could not be read."""
        lists = self.group.lists
        bearing = (
            rule for rule in self.group.rules if any(fits(rule, port, lists) is not False for port in self.wish.ports)
        )
        found = [
            one
            for rule in bearing
            for one in (lists.prefixes.get(rule.prefix_list), lists.ports.get(rule.port_list))
            if isinstance(one, Unread)
        ]
        return tuple(dict.fromkeys(found))

    @cached_property
    def evidence(self) -> tuple[str, ...]:
        """The rules that let unwanted sources in, at each port."""
        lines = []
        for port in self.wish.ports:
            found = admitting(self.group.rules, port, self.group.lists, self.guard.unwanted)
            lines += [f"port {port}: {rule} lets them in{named(rule)}" for rule in found[:SHOWN]]
            lines += [f"port {port}: {len(found) - SHOWN} more rules do"] if len(found) > SHOWN else []
        if self.members and self.wish.scope != PUBLIC:
            lines.append(f"members of {', '.join(self.members)} get in too, and keep their access")
        return tuple(lines)

    def actual(self) -> str:
        """Who gets in, in few words."""
        return "; ".join(
            f"port {port} open to {crowd(sure)}"
            for port, (sure, _possible) in zip(self.wish.ports, self.unwanted, strict=True)
            if sure
        )

    def obstacle(self, options: SimpleNamespace) -> str | None:
        """Why the group must not be changed."""
        if self.group.managed:
            return "a cloud service manages this group, and is the only one who may change it"
        if self.plan.obstacle:
            return self.plan.obstacle
        if not options.allowed_sources and not options.force:
            return (
                "allowed_sources is empty, so nobody on the internet could connect any more; force does it all the same"
            )
        cut_off = self.wish.keep & self.kept_out()
        if cut_off:
            return (
                f"it would cut off {', '.join(cut_off.cidrs()[:SHOWN])}, which keep_sources (or your own session) names"
            )
        if self.plan.lossy and not options.force:
            return f"only force would do it, for ESP, AH and other IP protocols would be lost: {self.plan.lossy}"
        return self.over_quota()

    def kept_out(self) -> Addresses:
        """The unwanted sources that may lose their access, to this group or to an interface that it shares."""
        rules = [*self.group.rules, *(rule for one in self.group.neighbours if self.has_hole for rule in one.rules)]
        found = (accepted(rules, port, self.group.lists).possible for port in self.wish.ports)
        return self.guard.unwanted & Addresses.merged(span for one in found for span in one.spans)

    def over_quota(self) -> str | None:
        """The sentence that says that the new rules don't fit beside the old ones."""
        rules, entries = self.group.rules, self.group.entries
        taken = max(self.group.rule_count - len(rules), 0) + room(rules, entries)
        needed = room(self.plan.added, entries)
        if taken + needed <= QUOTA:
            return None
        return f"{needed} rules would have to be added beside the {taken} that there are, and a group holds {QUOTA}"


def restricted(group: Group) -> bool:
    """A run with these options restricts the group too."""
    return group.in_scope and not group.managed


def changes(group: Group, plan: Restriction) -> tuple[Change, ...]:
    """The calls: everything that is missing is added first, then what is too open is removed."""
    at = {"RegionId": group.resource.region, "SecurityGroupId": group.resource.id}
    needed, old = [permission_of(rule) for rule in plan.needed], [permission_of(rule) for rule in plan.revoked]
    lowered = any(rule.priority > LAST_PRIORITY for rule in plan.revoked)
    partial = "a rule of a system's priority above 100 can only be put back with 100" if lowered else ""
    calls = []
    for part in parts(plan.added):
        added = [permission_of(rule) for rule in part]
        call = Call("ecs", "AuthorizeSecurityGroup", {**at, "Permissions": added})
        # Whoever takes the new rules away again needs the old ones there, or would lock everybody out.
        undo = Call("ecs", "RevokeSecurityGroup", {**at, "Permissions": added, "After": old})
        calls.append(Change(group.resource, call, undo, "", describe(part)))
    for part in parts(plan.revoked):
        revoked = [permission_of(rule) for rule in part]
        ids = [rule.id for rule in part]
        call = Call(
            "ecs", "RevokeSecurityGroup", {**at, "SecurityGroupRuleId": ids, "Permissions": revoked, "After": needed}
        )
        undo = Call("ecs", "AuthorizeSecurityGroup", {**at, "Permissions": revoked}, partial)
        calls.append(Change(group.resource, call, undo, describe(part), ""))
    return tuple(calls)


def parts(rules: tuple[Rule, ...]) -> list[tuple[Rule, ...]]:
    """The rules in as many portions as there have to be calls."""
    return [rules[start : start + RULES_A_CALL] for start in range(0, len(rules), RULES_A_CALL)]


def crowd(sources: Addresses) -> str:
    """Sources in few words."""
    if is_nearly_all(sources):
        return "the internet"
    if is_internet(sources):
        return f"a large part of the internet ({sources.v4 * 100 // PUBLIC.v4} % of IPv4)" if sources.v4 else "IPv6"
    cidrs = sources.cidrs()
    return ", ".join(cidrs[:SHOWN]) + (f" and {len(cidrs) - SHOWN} more blocks" if len(cidrs) > SHOWN else "")


def named(rule: Rule) -> str:
    """A rule's id and description, as far as it has them."""
    words = ", ".join(filter(None, (rule.id, rule.description)))
    return f" ({words})" if words else ""


def ports_text(ports: tuple[int, ...]) -> str:
    """The guarded ports for a sentence."""
    return f"{'port' if len(ports) == 1 else 'ports'} {', '.join(map(str, ports))}"


def main() -> None:
    """Declare the options."""
    enforce(
        spec={
            "ports": {"type": "list", "elements": "int", "default": [22]},
            "allowed_sources": {"type": "list", "elements": "str", "default": []},
            "keep_sources": {"type": "list", "elements": "str"},
            "include_private": {"type": "bool", "default": False},
            "force": {"type": "bool", "default": False},
            "names": {"type": "list", "elements": "str", "default": ["*"]},
            "tags": {"type": "dict", "default": {}},
        },
        read=read,
        assess=assess,
    )


if __name__ == "__main__":
    main()
