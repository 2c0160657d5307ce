# SPDX-License-Identifier: GPL-3.0-or-later
"""Security Center (SAS 2018-12-03): its state. What it does stands beside, in sas_results, sas_score and so on.

An account whose estate has no `sas` has not bought it: every call is refused with NoPurchase.

Results are those of the last scan, and do not follow the account until they are verified or scanned again. The points
of the score are the estate's: Alibaba Cloud's own are not documented in full.
"""

from __future__ import annotations

import copy
import time
import zlib
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from simulator.errors import ApiError, EstateError
from simulator.moments import dated, seconds
from simulator.parameters import Int, Param, Text
from simulator.registry import Product, Section, known_keys

from ._sas_items import ITEMS, Item, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from simulator.call import Call
    from simulator.estate import Account, World

T = TypeVar("T")
MODELS = ("legacy", "home_security_score")
LEVELS = ("HIGH", "MEDIUM", "LOW")
STATUSES = ("PASS", "NOT_PASS", "CHECKING", "NOT_CHECK", "WHITELIST", "FAILED")
FIRST_SCAN = 1_767_225_600_000  # 2026-01-01 in UTC, in milliseconds
LANG: dict[str, Param] = {"Lang": Text(choices=("zh", "en"), default="zh", error="IllegalParam")}

sas = Product(
    "sas",
    version="2018-12-03",
    hosts=("tds.aliyuncs.com", "tds.cn-shanghai.aliyuncs.com", "tds.ap-southeast-1.aliyuncs.com"),
    ram="yundun-sas",
    denial=("NoPermission", 403),
)


@dataclass
class Result:
    """What the last check of a resource said: status is PASS, NOT_PASS, NOT_CHECK or FAILED, times are milliseconds."""

    status: str
    name: str
    region: str
    first: int = FIRST_SCAN
    last: int = FIRST_SCAN


@dataclass
class Rule:
    """A whitelist rule; without instances it is of the whole item, those to come included."""

    check: str
    remark: str = ""
    instances: list[str] = field(default_factory=list)


@dataclass
class Task:
    """A check under way: pairs of item and resource, over at `due` (seconds since the epoch)."""

    pairs: list[tuple[str, str]]
    due: float


@dataclass
class Sas:
    """An account's Security Center.

    not_purchased         patterns of actions that answer NoPurchase
    models                the models of the score that it has
    weights, thresholds   points for each occurrence of a sub type, most points for a type
    fixed                 further deductions: {type, sub_type, title, points}
    seconds               how long a check takes
    refusals              the next requests for a check are refused: {code, seconds}
    other_checks          items with results that nothing here changes
    results               item key to resource id to Result
    """

    not_purchased: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=lambda: ["legacy"])
    weights: dict[str, int] = field(default_factory=dict)
    thresholds: dict[str, int] = field(default_factory=dict)
    fixed: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    refusals: list[dict[str, Any]] = field(default_factory=list)
    other_checks: list[dict[str, Any]] = field(default_factory=list)
    results: dict[str, dict[str, Result]] = field(default_factory=dict)
    rules: dict[int, Rule] = field(default_factory=dict)
    vulnerabilities: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    attacks: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)

    def add(self, rule: Rule) -> int:
        """Keep the rule, and give its id: the same again for what was removed and comes back."""
        number = 1000 + zlib.crc32(f"{rule.check}/{rule.remark}/{rule.instances}".encode()) % 1_000_000
        while number in self.rules:
            number += 1
        self.rules[number] = rule
        return number


# --- estate --------------------------------------------------------------------------------------------------------

PLAIN = ("not_purchased", "models", "weights", "thresholds", "fixed", "seconds", "refusals", "other_checks")
WHERE = {"instance_id", "instance_name", "internet_ip", "intranet_ip", "region", "uuid"}
FIELDS = {
    "vulnerabilities": WHERE | {"name", "alias", "type", "necessity", "status", "time"},
    "alerts": WHERE | {"id", "name", "type", "level", "dealed", "time"},
    "attacks": WHERE | {"id", "type", "type_name", "count", "source", "port", "time"},
}


def _load(data: Mapping[str, Any] | None, account: Account) -> Sas | None:
    if data is None:
        return None
    where = f"account {account.id}: sas"
    known_keys(data, {*PLAIN, *FIELDS, "results", "rules"}, where)
    state = Sas(**{name: copy.deepcopy(data[name]) for name in PLAIN if name in data})
    if set(state.models) - set(MODELS):
        raise EstateError(f"{where}: models are {', '.join(MODELS)}")
    for kind, allowed in FIELDS.items():
        for entry in data.get(kind) or []:
            known_keys(entry, allowed | {"days_ago"}, f"{where}: {kind}")
            getattr(state, kind).append(dated(entry, f"{where}: {kind}"))
    for entry in state.other_checks:
        known_keys(entry, {"key", "name", "type", "level", "instances"}, f"{where}: other_checks")
    for entry in data.get("rules") or []:
        known_keys(entry, set(Rule.__dataclass_fields__), f"{where}: rules")
        state.add(Rule(**copy.deepcopy(dict(entry))))
    state.results = {
        key: {name: Result(**result) for name, result in results.items()}
        for key, results in (data.get("results") or {}).items()
    }
    return state


def milliseconds(moment: str) -> int:
    """Turn `2026-02-27T04:01:15Z` into milliseconds since the epoch."""
    return seconds(moment) * 1000


def _dump(state: Sas | None) -> dict[str, Any] | None:
    """Show the state; a check that is under way is left out, as if it had not been asked for."""
    if state is None:
        return None
    shown = {name: copy.deepcopy(getattr(state, name)) for name in (*PLAIN, *FIELDS)}
    results = {key: {name: asdict(result) for name, result in found.items()} for key, found in state.results.items()}
    rules = sorted((asdict(rule) for rule in state.rules.values()), key=lambda rule: (rule["check"], rule["remark"]))
    return {**shown, "results": results, "rules": rules}


def _check(world: World) -> None:
    """Make the first scan, once everything that it looks at is loaded."""
    for account in world.accounts.values():
        state = section.of(account)
        if state is None:
            continue
        keys = {item.key for item in items(account)}
        unknown = {rule.check for rule in state.rules.values()} | set(state.results)
        if unknown - keys:
            raise EstateError(f"account {account.id}: sas: no check {', '.join(sorted(unknown - keys))}")
        for item in items(account):
            if item.key not in state.results:
                scan(account, item, now=FIRST_SCAN)


section = Section("sas", _load, _dump, _check)


# --- items and results ---------------------------------------------------------------------------------------------


def items(account: Account) -> list[Item]:
    """Give every check item of the account."""
    return [*ITEMS, *(_other(entry) for entry in section.of(account).other_checks)]


def _other(entry: Mapping[str, Any]) -> Item:
    subjects = [
        Subject(one["id"], one.get("name", one["id"]), one.get("region", ""), passed=one.get("passed", False))
        for one in entry.get("instances") or []
    ]
    names = {"en": entry["name"], "zh": entry["name"]}
    return Item(entry["key"], names, entry["type"], "", entry["level"], lambda _: iter(subjects))


def scan(account: Account, item: Item, now: int, only: set[str] | None = None) -> None:
    """Judge the item's resources as they are now, all or some; what is gone has no result any more."""
    before = section.of(account).results.setdefault(item.key, {})
    after = {
        subject.id: Result(
            "PASS" if subject.passed else "NOT_PASS",
            subject.name,
            subject.region,
            before[subject.id].first if subject.id in before else now,
            now,
        )
        for subject in item.look(account)
    }
    kept = {} if only is None else {name: result for name, result in before.items() if name not in only}
    fresh = {name: result for name, result in after.items() if only is None or name in only}
    section.of(account).results[item.key] = dict(sorted((kept | fresh).items()))


def settle(account: Account) -> None:
    """Let the checks that are over have their results."""
    state = section.of(account)
    for name, task in list(state.tasks.items()):
        if task.pairs and task.due <= time.time():
            for item in items(account):
                only = {resource for key, resource in task.pairs if key == item.key}
                if only:
                    scan(account, item, int(time.time() * 1000), only)
            state.tasks[name] = Task([], task.due)


def status_of(account: Account, item: Item, resource: str) -> str:
    """Give the status of a resource under an item, as lists of results show it."""
    state = section.of(account)
    if any((item.key, resource) in task.pairs for task in state.tasks.values()):
        return "CHECKING"
    if any(rule.check == item.key and resource in rule.instances for rule in state.rules.values()):
        return "WHITELIST"
    return state.results[item.key][resource].status


def item_status(account: Account, item: Item) -> str:
    """Give the status of an item: the worst of its resources'. What it is with whitelisted ones is UNCONFIRMED."""
    state = section.of(account)
    if any(rule.check == item.key and not rule.instances for rule in state.rules.values()):
        return "WHITELIST"
    found = {status_of(account, item, resource) for resource in state.results[item.key]}
    return next((status for status in ("CHECKING", "NOT_PASS", "FAILED", "WHITELIST") if status in found), "PASS")


# --- what its actions share ----------------------------------------------------------------------------------------


def bought(handler: Callable[[Call], T]) -> Callable[[Call], T]:
    """Refuse what the account's edition does not offer; else bring results up to date first."""

    @wraps(handler)
    def guarded(call: Call) -> T:
        state = section.of(call.account)
        if state is None or any(fnmatchcase(call.action_name, pattern) for pattern in state.not_purchased):
            raise ApiError("NoPurchase", "You have not purchased the service, or it has expired.", 400)
        settle(call.account)
        return handler(call)

    return guarded


def paged(most: int = 100, default: int = 20) -> dict[str, Param]:
    """Parameters of CurrentPage / PageSize paging."""
    return {
        "CurrentPage": Int(1, default=1, error="IllegalParam"),
        "PageSize": Int(1, most, default=default, error="IllegalParam"),
    }


def page(found: Iterable[T], params: Mapping[str, Any]) -> tuple[list[T], dict[str, int]]:
    """Cut out the page asked for; with it the numbers of a PageInfo."""
    found = list(found)
    number, size = params["CurrentPage"], params["PageSize"]
    part = found[(number - 1) * size : number * size]
    return part, {"Count": len(part), "CurrentPage": number, "PageSize": size, "TotalCount": len(found)}


def find(call: Call, number: int) -> Item:
    """Find an item by its id."""
    for item in items(call.account):
        if item.number(call.account) == number:
            return item
    raise ApiError("IllegalParam", f"The check item {number} does not exist.", 400)


def known(call: Call, item: Item, resources: Iterable[str]) -> list[str]:
    """Refuse resources that the item has no result of."""
    results = section.of(call.account).results[item.key]
    unknown = [name for name in resources if name not in results]
    if unknown:
        raise ApiError("IllegalParam", f"The check item has no instance {', '.join(unknown)}.", 400)
    return list(resources)
