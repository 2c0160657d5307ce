#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_whitelist
short_description: Keep Security Center's whitelist as the inventory has it, and have findings checked again
version_added: "0.1.0"
description:
  - Whitelists in Security Center the risks that O(whitelist) accepts, and nothing else. Each resource that has not
    passed a check item, and that an entry for one of the item's controls fits, gets a rule of its own. The remark of
    the rule says the control, the reason, the owner and the last day.
  - Security Center's own rules never end. A rule of ours is removed once its entry is past its day, or gone from
    O(whitelist); it is made anew when the entry's words change. Ours are known by the first line of their remark.
  - Rules that somebody else made are left alone, and listed in RV(other_rules). Where the rules that are there can't be
    read, nothing is written. No alert is ever handled.
  - What is not in step is reported as a risk of the control V(security-center-whitelist-in-step), with the changes that
    would close it. The risks that the entries accept are not repeated here; the control modules report them.
  - Some check items speak of several controls, and a rule hides all of them. A resource that fails another of them,
    which the inventory does not accept, gets no rule, and one that is there goes. To know that, a bucket's ACL is read,
    and whether its policy is public. A whole item gets a rule only if entries with the scope V(item) accept every
    control of it.
  - An account must not be kept by two inventories, for each would remove the rules of the other.
options:
  verify:
    description:
      - Afterwards, ask Security Center to check again every resource that has not passed an item of our controls, wait
        until it has, and read the score again. Nothing is asked for in check mode.
    type: bool
    default: false
  verify_timeout:
    description:
      - Seconds that checking again may take. What is not over by then is an error, and so is a request to wait longer.
    type: int
    default: 600
extends_documentation_fragment:
  - hardening.alicloud.connection
  - hardening.alicloud.run
  - hardening.alicloud.security_center
  - hardening.alicloud.attributes
seealso:
  - module: hardening.alicloud.security_center_info
  - module: hardening.alicloud.restore
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: Whitelist one public bucket, and have everything else checked again
  hardening.alicloud.security_center_whitelist:
    verify: true
    whitelist:
      - control: oss-bucket-public-read-prohibited
        resource: acme-www
        reason: static website, public by intent
        owner: web team
        expires: "2027-06-30"

- name: Name the check item that the catalogue's phrases don't find
  hardening.alicloud.security_center_whitelist:
    checks:
      oss-bucket-versioning-enabled: "OSS - Version control of buckets"
    whitelist: "{{ hardening_whitelist }}"
"""

RETURN = r"""
risks:
  description:
    - Every resource whose whitelisting is not as the inventory has it. See M(hardening.alicloud.oss_bucket_acl) for the
      fields.
  returned: always
  type: list
  elements: dict
summary:
  description: Counts of the resources that Security Center checks for our controls, each under one status.
  returned: always
  type: dict
  sample: {examined: 12, compliant: 11, open: 0, fixed: 1, whitelisted: 0, unknown: 0, not_applicable: 0}
other_rules:
  description: Whitelist rules that somebody else made.
  returned: always
  type: list
  elements: dict
  contains:
    rule_id: {description: Id of the rule., type: int, sample: 1001}
    check_id: {description: Id of the check item., type: int, sample: 41202}
    name: {description: Name of the check item., type: str, sample: OSS-Bucket Access Permissions}
    scope: {description: "V(instance), or V(item) for the whole item.", type: str, sample: instance}
    remark: {description: What its maker wrote., type: str}
    instances: {description: Ids of the resources; read for items of our controls only., type: list, elements: str}
verification:
  description: The items that were checked again.
  returned: when O(verify) is set, and not in check mode
  type: list
  elements: dict
  contains:
    check_id: {description: Id of the check item., type: int, sample: 41202}
    name: {description: Name of the check item., type: str, sample: OSS-Bucket Access Permissions}
    control: {description: The control that it speaks of., type: str}
    asked: {description: Ids of the resources that had not passed., type: list, elements: str}
    passed: {description: Those that have passed now., type: list, elements: str}
    not_passed: {description: Those that still have not., type: list, elements: str}
    pending: {description: Those whose check is not over., type: list, elements: str}
score:
  description: The score after that. See M(hardening.alicloud.security_center_info) for it and for RV(scores).
  returned: when O(verify) is set, and not in check mode
  type: float
  sample: 94
scores:
  description: The score by each model.
  returned: when O(verify) is set, and not in check mode
  type: dict
unavailable:
  description: What the account's edition does not offer. Nothing is whitelisted then, and nothing fails.
  returned: always
  type: list
  elements: dict
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

from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils import whitelist
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.controls import CONTROLS
from ansible_collections.hardening.alicloud.plugins.module_utils.enforce import enforce
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError, Unread
from ansible_collections.hardening.alicloud.plugins.module_utils.security_center import (
    NOT_PURCHASED,
    SPEC,
    Gaps,
    Instance,
    Item,
    SecurityCenter,
    read_scores,
    readable,
    resource_of,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.security_center_rules import (
    Accepted,
    Rule,
    Rules,
    adding,
    removing,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.security_center_siblings import failing, not_accepted
from ansible_collections.hardening.alicloud.plugins.module_utils.security_center_verify import verify
from ansible_collections.hardening.alicloud.plugins.module_utils.values import (
    COMPLIANT,
    OPEN,
    UNKNOWN,
    Change,
    Finding,
    Resource,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.whitelist import Entry

CONTROL = "security-center-whitelist-in-step"
# What is whitelisted without a rule that tells of it (any more, or not yet) is whitelisted by nobody's decision.
FAILING = ("NOT_PASS", "WHITELIST")


@dataclass(frozen=True)
class State:
    """What Security Center says. items: those of our controls; instances: by the item's id; only: ARNs to judge.

    hidden: by the item's id and the instance's, the controls that a rule would hide though nobody accepts them.
    """

    account_id: str
    region: str
    today: date
    items: list[Item] | Unread
    rules: list[Rule] | Unread
    instances: dict[int, list[Instance] | Unread]
    hidden: dict[tuple[int, str], tuple[str, ...] | Unread]
    only: frozenset[str] | None = None


@dataclass(frozen=True)
class Case:
    """One resource under one check item; or the item itself, for rules of the whole item: then ids is empty.

    failing: it has not passed. covered: somebody else's rule whitelists it, or one for the whole item does. fit: those
    of ours that say what is wanted, of this resource and of all others that they name. hides: controls that a rule
    would hide though nobody accepts them, so that none is wanted.
    """

    item: Item
    resource: Resource
    ids: tuple[str, ...]
    failing: bool
    covered: bool
    ours: tuple[Rule, ...]
    fit: tuple[Rule, ...]
    wanted: Accepted | None
    hides: tuple[str, ...] | Unread = ()

    @property
    def kept(self) -> Rule | None:
        """The rule that stays."""
        return self.fit[0] if self.fit else None

    @property
    def dropped(self) -> list[Rule]:
        """The rules that have to go."""
        return [rule for rule in self.ours if rule is not self.kept]

    @property
    def missing(self) -> bool:
        """There has to be a rule, and is none."""
        return bool(self.wanted) and not self.kept and not self.covered and (self.failing or bool(self.ours))


def read(cloud: Cloud, options: SimpleNamespace, only: frozenset[str] | None) -> State:
    """Items, then results and rules side by side; all of them even after a change, for the API has lists only."""
    if options.verify_timeout < 1:
        raise OptionError("verify_timeout must be 1 or more.")
    center = SecurityCenter(cloud, options)
    items = readable(center.items)
    mapped = [] if isinstance(items, Unread) else [item for item in items if item.controls]
    entries = whitelist.parse(options.whitelist)
    if only is None and mapped:
        cloud.warnings += unmatched(entries, mapped)
    wanted = frozenset(item.id for item in mapped)
    rules, *results = center.together(
        readable,
        [
            lambda: Rules(center).list(of_interest=wanted),
            *(lambda item=item: center.instances(item) for item in mapped),
        ],
    )
    today = datetime.now(UTC).date()
    instances = dict(zip((item.id for item in mapped), results, strict=True))
    hidden = look_behind(center, lasting_still(entries, today), instances)
    if only is None:
        cloud.warnings += [hiding(number, name, left, mapped) for (number, name), left in hidden.items() if left]
        cloud.warnings += [
            f"{item.name} is not whitelisted as a whole: a rule would hide {', '.join(left)} too, which no entry with "
            "the scope item accepts."
            for item in mapped
            if (left := left_out(item, lasting_still(entries, today)))
        ]
    return State(
        account_id=cloud.account_id,
        region=center.region,
        today=today,
        items=items if isinstance(items, Unread) else mapped,
        rules=rules,
        instances=instances,
        hidden=hidden,
        only=only,
    )


def look_behind(
    center: SecurityCenter, entries: list[Entry], instances: dict[int, list[Instance] | Unread]
) -> dict[tuple[int, str], tuple[str, ...] | Unread]:
    """What is amiss, and accepted by nobody, behind each result that an entry accepts in part."""
    accepted = [
        (one, left)
        for results in instances.values()
        if not isinstance(results, Unread)
        for one in results
        if one.status in FAILING and (left := not_accepted(one, entries))
    ]
    found = center.together(lambda pair: failing(center, *pair), accepted)
    return {(one.item.id, one.id): answer for (one, _unused), answer in zip(accepted, found, strict=True)}


def hiding(number: int, name: str, left: tuple[str, ...] | Unread, items: list[Item]) -> str:
    """The warning that nothing is whitelisted for a resource though the inventory accepts it, and why."""
    item = next(item.name for item in items if item.id == number)
    if isinstance(left, Unread):
        return f"Nothing is whitelisted for {name}: what else {item} finds there could not be read ({left.code})."
    return f"{name} is not whitelisted: a rule of {item} would hide {', '.join(left)} too, which nobody accepts there."


def left_out(item: Item, entries: list[Entry]) -> tuple[str, ...]:
    """The controls of the item that no entry accepts as a whole, where one accepts another of them so; else none."""
    accepted = {entry.control for entry in entries if entry.scope == "item"}
    left = tuple(control for control in item.controls if control not in accepted)
    return left if len(left) < len(item.controls) else ()


def lasting_still(entries: list[Entry], today: date) -> list[Entry]:
    """The entries that have not ended."""
    return [entry for entry in entries if entry.expires >= today]


def unmatched(entries: list[Entry], mapped: list[Item]) -> list[str]:
    """One warning for each accepted control that Security Center should have a check item for, and has none."""
    speaking = {control for item in mapped for control in item.controls}
    expected = {entry.control for entry in entries if CONTROLS.get(entry.control, {}).get("security_center")}
    return [
        f"Security Center has no check item for {control} that could be found: name it in the option checks."
        for control in sorted(expected - speaking)
    ]


def assess(state: State, options: SimpleNamespace) -> list[Finding]:
    """A finding for each resource under our items, and for each item that has a rule of its own or is to have one."""
    obstacles = tuple(one for one in (state.items, state.rules) if isinstance(one, Unread))
    unread = tuple(one for one in obstacles if one.code != NOT_PURCHASED)
    if unread:
        return [unknowable(resource(state, f"acs:yundun-sas:*:{state.account_id}:*"), unread)]
    if obstacles:
        return []
    entries = lasting_still(whitelist.parse(options.whitelist), state.today)
    cases: dict[str, list[Case]] = {}
    unknown: list[Finding] = []
    for item in items_of(state):
        unread = unread_of(state, item)
        if unread:
            unknown.append(unknowable(item.resource(state.account_id), unread))
            continue
        for case in cases_of(state, item, entries):
            cases.setdefault(case.resource.arn, []).append(case)
    findings = [*unknown, *(judge(state, group) for group in cases.values())]
    return findings if state.only is None else chosen(state, findings)


def resource(state: State, arn: str) -> Resource:
    """A resource of which only the ARN is known."""
    name = arn.rpartition(":")[2]
    return Resource(arn, "ACS::ThreatDetection::CheckItem", name, name, "", state.account_id)


def unknowable(what: Resource, unread: tuple[Unread, ...]) -> Finding:
    """The finding for what can't be judged, and must not be written to."""
    return Finding(CONTROL, what, UNKNOWN, "readable", "not readable", unread=unread)


def chosen(state: State, findings: list[Finding]) -> list[Finding]:
    """Those of the ARNs to judge again. A resource that is gone has nothing left to be out of step."""
    left = state.only - {finding.resource.arn for finding in findings}
    gone = [Finding(CONTROL, resource(state, arn), COMPLIANT) for arn in sorted(left)]
    return [*(finding for finding in findings if finding.resource.arn in state.only), *gone]


def items_of(state: State) -> list[Item]:
    """The items of our controls, and those that are none (any more) but have a rule of ours."""
    known = {item.id for item in state.items}
    stray = {rule.check_id: rule for rule in state.rules if rule.accepted and rule.check_id not in known}
    # They speak of no control, whatever the remark says of its own: nothing accepts a rule there.
    return [
        *state.items,
        *(Item(number, rule.check_name, rule.product, "", "", "medium", 0, ()) for number, rule in stray.items()),
    ]


def unread_of(state: State, item: Item) -> tuple[Unread, ...]:
    """What could not be read of an item. What it takes to read it was bought, since the rules were readable."""
    parts = [state.instances.get(item.id), *(rule.instances for rule in state.rules if rule.check_id == item.id)]
    return tuple(dict.fromkeys(part for part in parts if isinstance(part, Unread)))


def cases_of(state: State, item: Item, entries: list[Entry]) -> list[Case]:
    """The item itself, where that is called for, and each of its resources."""
    rules = [rule for rule in state.rules if rule.check_id == item.id]
    ours = [rule for rule in rules if rule.accepted]
    results = {one.id: one for one in state.instances.get(item.id, [])}
    whole = whole_item(state, item, entries, rules)
    # A rule of ours for the whole item counts only if it is to stay.
    covered = any(rule.whole_item and not rule.accepted for rule in rules) or bool(whole and whole.wanted)
    named = {
        name: resource_of(item.product, name, name, "", state.account_id) for rule in ours for name in rule.instances
    }
    resources = {**named, **{name: one.resource for name, one in results.items()}}
    hides = {name: state.hidden.get((item.id, name), ()) for name in resources}
    # Where it can't be told what a rule would hide, the resource is unknown, and others may share its rule until then.
    wanted = {
        name: None if hides[name] and not isinstance(hides[name], Unread) else accepting(item, what, entries)
        for name, what in resources.items()
    }
    fit = [rule for rule in ours if rule.instances and all(wanted[name] == rule.accepted for name in rule.instances)]
    cases = [whole] if whole else []
    for name, what in resources.items():
        case = Case(
            item=item,
            resource=what,
            ids=(name,),
            failing=name in results and results[name].status in FAILING,
            covered=covered or any(rule.names(name) for rule in rules if not rule.accepted),
            ours=tuple(rule for rule in ours if rule.names(name)),
            fit=tuple(rule for rule in fit if rule.names(name)),
            wanted=wanted[name],
            hides=hides[name],
        )
        cases.append(case)
    return cases


def whole_item(state: State, item: Item, entries: list[Entry], rules: list[Rule]) -> Case | None:
    """The case of the item itself: only where an entry asks for it, or a rule of ours is there."""
    what = item.resource(state.account_id)
    asked = [entry for entry in entries if entry.scope == "item" and entry.control in item.controls]
    ours = tuple(rule for rule in rules if rule.accepted and rule.whole_item)
    if not asked and not ours:
        return None
    covered = any(rule.whole_item and not rule.accepted for rule in rules)
    hides = left_out(item, entries)
    wanted = None if hides else lasting(asked)
    fit = tuple(rule for rule in ours if rule.accepted == wanted)
    return Case(item, what, (), item.status in FAILING, covered, ours, fit, wanted, hides)


def accepting(item: Item, what: Resource, entries: list[Entry]) -> Accepted | None:
    """What a rule for this resource has to say, by the entries that accept it for a control of the item."""
    return lasting(
        [
            entry
            for entry in entries
            if entry.scope == "instance"
            and any(entry.covers(Finding(control, what, OPEN)) for control in item.controls)
        ]
    )


def lasting(entries: list[Entry]) -> Accepted | None:
    """What the entry says that lasts longest, None where there is none."""
    return Accepted.of(max(entries, key=lambda one: one.expires)) if entries else None


def judge(state: State, cases: list[Case]) -> Finding:
    """One resource under all of its items."""
    what = cases[0].resource
    unread = tuple(dict.fromkeys(one for case in cases for one in undecided(state, case)))
    if unread:
        return unknowable(what, unread)
    out = [case for case in cases if case.dropped or case.missing]
    if not out:
        return Finding(CONTROL, what, COMPLIANT)
    return Finding(
        CONTROL,
        what,
        OPEN,
        expected="; ".join(dict.fromkeys(should(case) for case in out)),
        actual="; ".join(dict.fromkeys(found(case) for case in out)),
        evidence=tuple(sentence for case in out for sentence in evidence(case)),
        changes=tuple(change for case in out for change in changes(state, case)),
        severity="medium" if any(case.dropped for case in out) else "low",
    )


def undecided(state: State, case: Case) -> list[Unread]:
    """What could not be read of the resource, or of another that a rule names which would have to go."""
    names = dict.fromkeys([*case.ids, *(name for rule in case.dropped for name in rule.instances)])
    answers = [state.hidden.get((case.item.id, name)) for name in names]
    return [answer for answer in answers if isinstance(answer, Unread)]


def should(case: Case) -> str:
    """How it has to be, in words."""
    if not case.wanted:
        return "not whitelisted"
    return f"whitelisted {case.wanted}" if case.ours else f"whitelisted until {case.wanted.expires}"


def found(case: Case) -> str:
    """How it is, in words."""
    return ", ".join(f"whitelisted {rule.accepted}" for rule in case.ours) or "not whitelisted"


def evidence(case: Case) -> list[str]:
    """Why it has to change."""
    sentences = [f"rule {rule.id} of {case.item.name}: {why(case, rule)}" for rule in case.dropped]
    if case.missing and not case.dropped:
        sentences.append(f"the inventory accepts it, and {case.item.name} has no rule for it")
    return sentences


def why(case: Case, rule: Rule) -> str:
    """Why a rule has to go."""
    if case.hides:
        return f"it hides {', '.join(case.hides)} too, which the inventory does not accept here"
    if not case.item.controls:
        return f"the item speaks of none of our controls (any more); the rule says {rule.accepted}"
    if not case.wanted:
        return f"the inventory does not accept it (any more); the rule says {rule.accepted}"
    if rule.accepted != case.wanted:
        return "the inventory has other words for it"
    return "it is there twice" if case.kept else "it names other resources, which the inventory does not accept so"


def changes(state: State, case: Case) -> list[Change]:
    """Remove what has to go, then make what is missing."""
    changes = [removal(state, case, rule) for rule in case.dropped]
    needs = tuple(change.resource.arn for change in changes if change.resource != case.resource)
    if case.missing:
        remark = case.wanted.remark
        call = adding(state.region, case.item.id, remark, case.ids)
        undo = removing(state.region, case.item.id, remark, case.ids)
        changes.append(Change(case.resource, call, undo, "", f"{case.item.name}: whitelisted {case.wanted}", needs))
    return changes


def removal(state: State, case: Case, rule: Rule) -> Change:
    """Remove a rule by its id. One that somebody gave more resources is a matter of the item, and goes once."""
    call = removing(state.region, rule.check_id, rule.remark, rule.instances, rule.id)
    undo = adding(state.region, rule.check_id, rule.remark, rule.instances)
    shared = len(rule.instances) > 1
    what = case.item.resource(state.account_id) if shared else case.resource
    return Change(what, call, undo, f"{case.item.name}: whitelisted {rule.accepted}", "")


def conclude(cloud: Cloud, options: SimpleNamespace, state: State, enforcing: bool) -> tuple[dict, list[str]]:
    """What else there is to tell: others' rules, what was not bought, and what checking again has brought."""
    gaps = [one for one in (state.items, state.rules) if isinstance(one, Unread) and one.code == NOT_PURCHASED]
    told = {
        "unavailable": [one.as_dict("whitelist") for one in gaps],
        "other_rules": [] if isinstance(state.rules, Unread) else [shown(rule) for rule in others(state.rules)],
    }
    if not options.verify or not enforcing or isinstance(state.items, Unread):
        return told, []
    center = SecurityCenter(cloud, options)
    checked, errors = verify(center, options.verify_timeout)
    gaps = Gaps()
    scores = read_scores(center, gaps.attempt)
    errors += [f"The score could not be read: {one['message']} ({one['code']})." for one in gaps.unread]
    return {**told, "verification": checked, "score": scores["score"], "scores": scores["scores"]}, errors


def others(rules: list[Rule]) -> list[Rule]:
    """Somebody else's rules, in the order of their items' names."""
    return sorted((rule for rule in rules if not rule.accepted), key=lambda rule: (rule.check_name, rule.id))


def shown(rule: Rule) -> dict:
    """Somebody else's rule as the result lists it."""
    return {
        "rule_id": rule.id,
        "check_id": rule.check_id,
        "name": rule.check_name,
        "scope": "item" if rule.whole_item else "instance",
        "remark": rule.remark,
        "instances": [] if isinstance(rule.instances, Unread) else list(rule.instances),
    }


def main() -> None:
    """Declare the options."""
    enforce(
        spec={
            **SPEC,
            "verify": {"type": "bool", "default": False},
            "verify_timeout": {"type": "int", "default": 600},
        },
        read=read,
        assess=assess,
        conclude=conclude,
    )


if __name__ == "__main__":
    main()
