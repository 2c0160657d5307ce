# SPDX-License-Identifier: GPL-3.0-or-later
"""Security Center's whitelist rules: which are ours, and how they come and go.

The API knows neither an owner nor a date after which a rule ends. Both stand in the remark of a rule of ours, under a
mark by which we know it again. A rule without that mark is somebody else's, and is never touched.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace

from .cloud import Cloud
from .errors import CloudError, Unread
from .security_center import RULE_PAGE, Site, readable
from .values import Call
from .whitelist import Entry
from .writes import Write

MARK = "hardening.alicloud"
FIELDS = ("control", "expires", "owner", "reason")
ADD, ADD_ITEM, REMOVE = "AddCheckInstanceResultWhiteList", "AddCheckResultWhiteList", "RemoveCheckResultWhiteList"


def plain(text: str) -> str:
    """The text without what an editor or a console changes on its way: line ends, and space around it."""
    return re.sub("\r+\n?", "\n", text).strip()


@dataclass(frozen=True)
class Accepted:
    """What a remark of ours says: the words of the inventory, and expires as YYYY-MM-DD."""

    control: str
    expires: str
    owner: str
    reason: str

    @classmethod
    def of(cls, entry: Entry) -> Accepted:
        """What is to be said of an entry. The owner has to stay on one line, for the reason begins on the next."""
        return cls(entry.control, entry.expires.isoformat(), " ".join(entry.owner.split()), plain(entry.reason))

    @classmethod
    def read(cls, remark: str) -> Accepted | None:
        """What a remark says, None if it is none of ours."""
        lines = plain(remark).split("\n", len(FIELDS))
        heads = [MARK, *(f"{name}: " for name in FIELDS)]
        if len(lines) != len(heads) or not all(line.startswith(head) for line, head in zip(lines, heads, strict=True)):
            return None
        return cls(*(line.removeprefix(head) for line, head in zip(lines[1:], heads[1:], strict=True)))

    @property
    def remark(self) -> str:
        """The remark that says it, the reason last because it may have several lines."""
        return "\n".join([MARK, *(f"{name}: {getattr(self, name)}" for name in FIELDS)])

    def __str__(self) -> str:
        return f"until {self.expires} ({' '.join(self.reason.split())}; {self.owner})"


@dataclass(frozen=True)
class Rule:
    """One whitelist rule. accepted: None for somebody else's. instances: empty for a rule of the whole item."""

    id: int
    check_id: int
    check_name: str
    product: str
    whole_item: bool
    remark: str
    accepted: Accepted | None
    instances: tuple[str, ...] | Unread = ()

    def names(self, instance_id: str) -> bool:
        """It is a rule for this resource, not for the whole item."""
        return not isinstance(self.instances, Unread) and instance_id in self.instances


class Rules:
    """A site's whitelist rules."""

    def __init__(self, site: Site):
        self._site = site

    def list(self, check_id: int | None = None, of_interest: frozenset[int] | None = None) -> list[Rule]:
        """Every rule, or those of one item. Their resources are read for ours and for the items of interest."""
        params = {"RuleType": "WHITE", "Lang": "en", **({"CheckId": check_id} if check_id else {})}
        rules = [_rule(entry) for entry in self._site.pages("ListCheckRule", params, "CheckRules")]

        def fill(rule: Rule) -> Rule:
            if rule.whole_item or not (rule.accepted or of_interest is None or rule.check_id in of_interest):
                return rule
            return replace(rule, instances=readable(lambda: self._instances(rule.id)))

        return self._site.together(fill, rules)

    def _instances(self, rule_id: int) -> tuple[str, ...]:
        """The ids of a rule's resources. The answer does not tell how many pages there are."""
        found: list[dict] = []
        for number in range(1, 10_000):
            params = {"RuleId": rule_id, "CurrentPage": number, "PageSize": RULE_PAGE}
            part = self._site.call("ListCheckRuleInstance", params).get("CheckRuleInstances") or []
            found += part
            if len(part) < RULE_PAGE:
                break
        return tuple(str(entry["InstanceId"]) for entry in found)


def _rule(entry: dict) -> Rule:
    remark = str(entry.get("Remark") or "")
    return Rule(
        id=int(entry["RuleId"]),
        check_id=int(entry["CheckId"]),
        check_name=str(entry.get("CheckShowName") or ""),
        product=str(entry.get("InstanceType") or ""),
        # The other scope is spelt INSTNACE, and may one day be spelt right.
        whole_item=entry.get("ScopeType") == "ITEM",
        remark=remark,
        accepted=Accepted.read(remark),
    )


# --- writing -------------------------------------------------------------------------------------------------------


def adding(region: str, check_id: int, remark: str, instances: tuple[str, ...]) -> Call:
    """The call that makes a rule for these resources, or for the whole item where there are none."""
    params = {"region": region, "check_id": check_id, "remark": remark, "instances": list(instances)}
    return Call("sas", ADD if instances else ADD_ITEM, params)


def removing(region: str, check_id: int, remark: str, instances: tuple[str, ...], rule_id: int | None = None) -> Call:
    """The call that removes a rule: the one of this id or, where nobody knows it yet, ours with this content."""
    params = {
        "region": region,
        "check_id": check_id,
        "rule_id": rule_id,
        "remark": remark,
        "instances": list(instances),
    }
    return Call("sas", REMOVE, params)


def _alike(cloud: Cloud, params: dict) -> list[Rule]:
    """The rules with this content."""
    rules = Rules(Site(cloud, params["region"])).list(params["check_id"])
    return [
        rule
        for rule in rules
        if plain(rule.remark) == plain(params["remark"])
        and rule.whole_item == (not params["instances"])
        and (rule.whole_item or set(_known(rule)) == set(params["instances"]))
    ]


def _known(rule: Rule) -> tuple[str, ...]:
    if isinstance(rule.instances, Unread):
        raise CloudError(rule.instances.action, rule.instances.code, rule.instances.message, rule.instances.request_id)
    return rule.instances


def _add(cloud: Cloud, params: dict) -> None:
    named = {"InstanceIds": params["instances"], "CheckId": params["check_id"]}
    body = named if params["instances"] else {"CheckIds": [params["check_id"]]}
    # With the token, the call makes one rule even if it has to be sent twice.
    more = {"RuleType": "WHITE", "Remark": params["remark"], "ClientToken": str(uuid.uuid4())}
    cloud.rpc("sas", ADD if params["instances"] else ADD_ITEM, {**body, **more}, region=params["region"])


def _remove(cloud: Cloud, params: dict) -> None:
    for number in _candidates(cloud, params):
        answer = cloud.rpc(
            "sas", REMOVE, {"CheckIds": [params["check_id"]], "RuleId": number}, params["region"], repeatable=False
        )
        if answer.get("Success") is False:
            raise CloudError(REMOVE, str(answer.get("Code")), str(answer.get("Message")), answer.get("RequestId", ""))


def _candidates(cloud: Cloud, params: dict) -> list[int]:
    """The rule of this id if it is there; else ours with this content, which a restore may have given a new id."""
    rules = Rules(Site(cloud, params["region"])).list(params["check_id"], frozenset())
    if params["rule_id"] and any(rule.id == params["rule_id"] for rule in rules):
        return [params["rule_id"]]
    return [rule.id for rule in _alike(cloud, params)]


def _setting(params: dict) -> str:
    return f"whitelist of check item {params['check_id']} by a rule with the remark {params['remark']!r}"


WRITES = {
    ADD: Write(_setting, _add, lambda cloud, params: bool(_alike(cloud, params))),
    ADD_ITEM: Write(_setting, _add, lambda cloud, params: bool(_alike(cloud, params))),
    REMOVE: Write(_setting, _remove, lambda cloud, params: not _candidates(cloud, params)),
}
