# SPDX-License-Identifier: GPL-3.0-or-later
"""Security Center (SAS 2018-12-03) as values: check items, their results, and the score; joined to our controls.

Source of the API's facts: Alibaba Cloud's typed SDK alibabacloud_sas20181203 10.3 and the help pages of its actions.
Numeric ids of check items are not documented, and their names differ by language: an item is found at run time, by its
product and its English name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import SimpleNamespace
from typing import TypeVar

from .cloud import Cloud
from .controls import CONTROLS
from .errors import NOT_THE_CLOUD, CloudError, OptionError, Unread
from .values import Resource

T = TypeVar("T")
R = TypeVar("R")

PAGE = 100
RULE_PAGE = 20  # the documented default; a larger one that is cut down would pass for the last page
SEVERITIES = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
MODELS = {"legacy": {}, "home_security_score": {"CalType": "home_security_score"}}
# Lower ends of the bands that the help page on the score names.
BANDS = ((95, "secure"), (85, "few_risks"), (70, "many_risks"), (0, "high_risk"))
# The products whose items a control can be joined with, by how its id begins.
PRODUCTS = {"oss": ("OSS",), "slb": ("SLB", "ALB", "NLB"), "alb": ("SLB", "ALB"), "sg": ("ECS", "VPC"), "ecs": ("ECS",)}
NOT_PURCHASED = "NoPurchase"

SPEC = {
    "checks": {"type": "dict", "default": {}},
    "site": {"type": "str", "choices": ["auto", "china", "international"], "default": "auto"},
}


@dataclass(frozen=True)
class Item:
    """A check item. status is the API's word (PASS, NOT_PASS, WHITELIST …); controls are ours that it speaks of."""

    id: int
    name: str
    product: str
    kind: str
    status: str
    severity: str
    checked: int
    controls: tuple[str, ...]

    def resource(self, account_id: str) -> Resource:
        """The item itself, as what a whitelist for all of its resources is set on."""
        arn = f"acs:yundun-sas:*:{account_id}:checkitem/{self.id}"
        return Resource(arn, "ACS::ThreatDetection::CheckItem", str(self.id), self.name, "", account_id)


@dataclass(frozen=True)
class Instance:
    """A resource under a check item. updated: when it was last checked, in milliseconds."""

    item: Item
    id: str
    resource: Resource
    status: str
    updated: int


class Site:
    """One account's Security Center, on one of the two sites that there are: its calls, and its lists."""

    def __init__(self, cloud: Cloud, region: str):
        self.cloud = cloud
        self.region = region

    def call(self, action: str, params: dict | None = None) -> dict:
        """One call, at the site's region."""
        return self.cloud.rpc("sas", action, params, region=self.region)

    def pages(self, action: str, params: dict, key: str) -> list[dict]:
        """Every entry of a list, all pages after the first in flight together."""

        def page(number: int) -> dict:
            return self.call(action, {**params, "CurrentPage": number, "PageSize": PAGE})

        first = page(1)
        info = first.get("PageInfo") or first
        total, size = int(info.get("TotalCount") or 0), int(info.get("PageSize") or PAGE)
        answers = [first, *self.together(page, range(2, -(-total // size) + 1))]
        return [entry for answer in answers for entry in answer.get(key) or []]

    def together(self, function: Callable[[T], R], given: Iterable[T]) -> list[R]:
        """function over all that is given, at once; the first error of any of them ends it."""
        answers = self.cloud.map(function, given)
        for answer in answers:
            if isinstance(answer, CloudError):
                raise answer
        return answers


class SecurityCenter(Site):
    """A site's check items and their results, joined to our controls as the options say."""

    def __init__(self, cloud: Cloud, options: SimpleNamespace):
        super().__init__(cloud, site_of(options))
        self._checks = checked_map(options.checks)

    def items(self) -> list[Item]:
        """Every check item with its status."""
        return [self._item(entry) for entry in self.pages("ListCheckResult", {"Lang": "en"}, "Checks")]

    def _item(self, entry: dict) -> Item:
        product = str(entry.get("InstanceType") or "")
        return Item(
            id=int(entry["CheckId"]),
            name=str(entry.get("CheckShowName") or ""),
            product=product,
            kind=str(entry.get("InstanceSubType") or ""),
            status=str(entry.get("Status") or ""),
            severity=SEVERITIES.get(str(entry.get("RiskLevel")).upper(), "medium"),
            checked=int(entry.get("LastCheckTime") or 0),
            controls=controls_of(int(entry["CheckId"]), str(entry.get("CheckShowName") or ""), product, self._checks),
        )

    def instances(self, item: Item, names: Iterable[str] = ()) -> list[Instance]:
        """The resources of an item with their results; all of them, or those of these ids."""
        params = {"CheckId": item.id, "Lang": "en", **({"InstanceIds": list(names)} if names else {})}
        return [self._instance(item, entry) for entry in self.pages("ListCheckInstanceResult", params, "BasicData")]

    def _instance(self, item: Item, entry: dict) -> Instance:
        name, region = str(entry.get("InstanceName") or entry["InstanceId"]), str(entry.get("RegionId") or "")
        return Instance(
            item=item,
            id=str(entry["InstanceId"]),
            resource=resource_of(item.product, str(entry["InstanceId"]), name, region, self.cloud.account_id),
            status=str(entry.get("Status") or ""),
            updated=int((entry.get("InstanceInfo") or {}).get("LastUpdateTime") or 0),
        )

    def score(self, model: str) -> dict | None:
        """The answer for one model: Score, CalTime, Suggestions; None where the account has no such model.

        CloudError where the score is neither a number nor empty.
        """
        try:
            answer = self.call("DescribeSecureSuggestion", {"Lang": "en", **MODELS[model]})
        except CloudError as error:
            # How an account without the new model answers is UNCONFIRMED; a parameter error is what it would be.
            if model != "legacy" and error.code.startswith(("IllegalParam", "InvalidParam", "InvalidCalType")):
                return None
            raise
        said = str("" if answer.get("Score") is None else answer["Score"]).strip()
        if said and not re.fullmatch(r"\d+(\.\d+)?", said):
            problem = f"the score is {said!r}, which is no number"
            raise CloudError("DescribeSecureSuggestion", NOT_THE_CLOUD, problem, str(answer.get("RequestId") or ""))
        return answer if said else None


def site_of(options: SimpleNamespace) -> str:
    """The region that stands for a site: cn-hangzhou for mainland China and Hong Kong, ap-southeast-1 for the rest."""
    outside = bool(options.regions) and not any(region.startswith("cn-") for region in options.regions)
    international = options.site == "international" or (options.site == "auto" and outside)
    return "ap-southeast-1" if international else "cn-hangzhou"


def checked_map(checks: dict) -> dict[str, list[str]]:
    """The option checks as lists of texts; OptionError for a control that there is none of."""
    unknown = sorted(set(checks) - set(CONTROLS))
    if unknown:
        raise OptionError(f"checks: there is no control {', '.join(unknown)}.")
    return {
        control: [str(one) for one in (given if isinstance(given, list) else [given])]
        for control, given in checks.items()
    }


def controls_of(number: int, name: str, product: str, checks: dict[str, list[str]]) -> tuple[str, ...]:
    """The controls that a check item speaks of, in the catalogue's order; what checks says of one counts alone."""
    return tuple(
        control
        for control, entry in CONTROLS.items()
        if (
            str(number) in checks[control] or named(name, checks[control])
            if control in checks
            else product in PRODUCTS.get(control.partition("-")[0], ())
            and any(says(name, phrase) for phrase in entry["security_center"])
        )
    )


def says(name: str, phrase: str) -> bool:
    """The name has the words of the phrase in their order, others between them or not; case does not matter.

    Only whole words count, for "support" speaks of no port; a star in the phrase stands for the rest of a word.
    """
    words = iter(re.findall(r"\w+", name.casefold()))
    return all(any(fnmatchcase(word, part) for word in words) for part in phrase.casefold().split())


def named(name: str, patterns: list[str]) -> bool:
    """The name fits a pattern, and none of those that begin with an exclamation mark; case does not matter."""
    low = name.casefold()
    leaves = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    takes = [pattern for pattern in patterns if not pattern.startswith("!")]
    return any(fnmatchcase(low, pattern.casefold()) for pattern in takes) and not any(
        fnmatchcase(low, pattern.casefold()) for pattern in leaves
    )


def resource_of(product: str, number: str, name: str, region: str, account_id: str) -> Resource:
    """A resource that Security Center names, under the ARN that the control modules give it."""
    if product == "OSS":
        return Resource(f"acs:oss:*:{account_id}:{name}", "ACS::OSS::Bucket", name, name, region, account_id)
    for start, (service, kind, shown) in _KINDS.items():
        if number.startswith(start):
            return Resource(
                f"acs:{service}:{region}:{account_id}:{kind}/{number}", shown, number, name, region, account_id
            )
    arn = f"acs:{product.lower() or '*'}:{region or '*'}:{account_id}:{number}"
    return Resource(arn, f"ACS::{product}", number, name, region, account_id)


# How an id begins tells the kind of resource more surely than the product does: ALBs are listed as SLB too.
_KINDS = {
    "lb-": ("slb", "loadbalancer", "ACS::SLB::LoadBalancer"),
    "alb-": ("alb", "loadbalancer", "ACS::ALB::LoadBalancer"),
    "nlb-": ("nlb", "loadbalancer", "ACS::NLB::LoadBalancer"),
    "sg-": ("ecs", "securitygroup", "ACS::ECS::SecurityGroup"),
    "i-": ("ecs", "instance", "ACS::ECS::Instance"),
}


def number_of(answer: dict | None) -> float | int | None:
    """The score in an answer as a number."""
    if answer is None:
        return None
    value = float(answer["Score"])
    return int(value) if value.is_integer() else value


def band_of(score: float | None) -> str | None:
    """The band that the score lies in."""
    return None if score is None else next((name for least, name in BANDS if score >= least), BANDS[-1][1])


def read_scores(center: SecurityCenter, attempt: Callable) -> dict:
    """The results score, scores, band and deductions. attempt(what, read) gives None for what it could not read."""
    answers = dict(
        zip(
            MODELS,
            center.together(lambda model: attempt("score", lambda: center.score(model)), MODELS),
            strict=True,
        )
    )
    scores = {model: number_of(answer) for model, answer in answers.items()}
    # The console's home page shows the model that is named after it, where the account has it.
    score = scores["legacy"] if scores["home_security_score"] is None else scores["home_security_score"]
    return {
        "score": score,
        "scores": scores,
        "band": band_of(score),
        "deductions": [row for model, answer in answers.items() for row in deductions(model, answer)],
    }


def deductions(model: str, answer: dict | None) -> list[dict]:
    """What a model deducts, one row for each detail of a suggestion; the points are the API's."""
    return [
        {
            "model": model,
            "type": suggestion.get("SuggestType") or "",
            "sub_type": detail.get("SubType") or "",
            "title": detail.get("Title") or "",
            "points": suggestion.get("Points"),
        }
        for suggestion in (answer or {}).get("Suggestions") or []
        for detail in suggestion.get("Detail") or [{}]
    ]


class Gaps:
    """What could not be read: unavailable is what was not bought, unread is what was refused or broke off."""

    def __init__(self) -> None:
        self.unavailable: list[dict] = []
        self.unread: list[dict] = []

    def attempt(self, what: str, read: Callable) -> object:
        """What read gives; None, and a note, where it can't."""
        found = readable(read)
        if not isinstance(found, Unread):
            return found
        place = self.unavailable if found.code == NOT_PURCHASED else self.unread
        place.append(found.as_dict(what))
        return None


def readable(read: Callable[[], T]) -> T | Unread:
    """What read gives, or the trace of why it can't. A key that is not accepted ends the run."""
    try:
        return read()
    except CloudError as error:
        if error.bad_key:
            raise
        return Unread.of(error)
