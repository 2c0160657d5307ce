# SPDX-License-Identifier: GPL-3.0-or-later
"""Security Center's score: 100 less what is deducted, by the documented rules of its two models.

legacy: each failed check item, unhandled alert and open vulnerability deducts by its kind, attacks deduct once; a type
deducts no more than its threshold. With open alerts it is 60 at most, with open vulnerabilities 80, and never below 10.
home_security_score: the same by other kinds; it knows no attacks. That it has no caps is our reading.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.parameters import Text

from .sas import LANG, bought, item_status, items, sas, section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.call import Call
    from simulator.estate import Account

LEAST, MOST_WITH_ALERTS, MOST_WITH_VULNERABILITIES = 10, 60, 80
ALARMS = {"serious": "HIGH", "suspicious": "MEDIUM", "remind": "LOW"}
VULNERABILITIES = {"emg": "VUL_EMR_UNFIX", "sys": "VUL_WIN", "cve": "VUL_LINUX", "cms": "VUL_CMS"}
NEW_VULNERABILITIES = {"emg": "EMG_VUL", "app": "APP_VUL", "sca": "APP_VUL"}
TITLES = {
    "CLOUD_HC_HIGH_LEVEL": "High-risk items of config assessment",
    "CLOUD_HC_OTHER_LEVEL": "Other items of config assessment",
    "OTHER_ATTACH": "Attack incidents",
}


@sas.action("DescribeSecureSuggestion", params={**LANG, "CalType": Text(choices=("home_security_score",))})
@bought
def describe_secure_suggestion(call: Call) -> dict[str, Any]:
    """Tell a model's score and what it deducts. What comes for a model that the account lacks is UNCONFIRMED."""
    state = section.of(call.account)
    model = call.params.get("CalType", "legacy")
    if model not in state.models:
        raise ApiError("IllegalParam", f"CalType {model} is not enabled for this account.", 400)
    found = _suggestions(call.account, model)
    times = [result.last for results in state.results.values() for result in results.values()]
    return {
        "Score": str(_score(call.account, model, found)),
        "CalTime": max(times, default=0),
        "TotalCount": len(found),
        "Suggestions": found,
    }


def _suggestions(account: Account, model: str) -> list[dict[str, Any]]:
    """Give one suggestion for each sub type that deducts, a type's points cut at its threshold."""
    state = section.of(account)
    left = dict(state.thresholds)
    counted = Counter(_legacy(account) if model == "legacy" else _new(account))
    wanted = [
        (kind, sub, TITLES.get(sub, sub), count * state.weights.get(sub, 0)) for (kind, sub), count in counted.items()
    ]
    if model == "legacy":
        wanted += [(one["type"], one["sub_type"], one.get("title", ""), one["points"]) for one in state.fixed]
    suggestions = []
    for kind, sub, title, points in wanted:
        deducted = min(points, left.get(kind, points))
        if kind in left:
            left[kind] -= deducted
        if deducted:
            detail = {"SubType": sub, "Title": title, "Description": title}
            suggestions.append({"SuggestType": kind, "Points": deducted, "Detail": [detail]})
    return suggestions


def _score(account: Account, model: str, suggestions: list[dict[str, Any]]) -> int:
    score = 100 - sum(each["Points"] for each in suggestions)
    if model == "legacy":
        if any(_is_open(alert) for alert in section.of(account).alerts):
            score = min(score, MOST_WITH_ALERTS)
        if any(_is_unfixed(each) for each in section.of(account).vulnerabilities):
            score = min(score, MOST_WITH_VULNERABILITIES)
    return max(score, LEAST)


def _legacy(account: Account) -> Iterator[tuple[str, str]]:
    """Yield (type, sub type) for each occurrence: a failed item counts once, however many resources fail it."""
    state = section.of(account)
    for item in items(account):
        if item_status(account, item) == "NOT_PASS":
            yield "SS_CLOUD_HC", "CLOUD_HC_HIGH_LEVEL" if item.level == "HIGH" else "CLOUD_HC_OTHER_LEVEL"
    for alert in filter(_is_open, state.alerts):
        yield "SS_ALARM", f"ALARM_{ALARMS[alert['level']]}"
    for vulnerability in filter(_is_unfixed, state.vulnerabilities):
        if vulnerability["type"] in VULNERABILITIES:
            yield "SS_VUL", VULNERABILITIES[vulnerability["type"]]
    if state.attacks:
        yield "OTHER", "OTHER_ATTACH"


def _new(account: Account) -> Iterator[tuple[str, str]]:
    state = section.of(account)
    for item in items(account):
        if item_status(account, item) == "NOT_PASS":
            yield "SS_SAS_CLOUD_HC", f"SSI_SAS_CLOUD_HC_{item.level}"
    for alert in filter(_is_open, state.alerts):
        yield "SS_SAS_ALARM", f"SSI_SAS_ALARM_{ALARMS[alert['level']]}"
    for vulnerability in filter(_is_unfixed, state.vulnerabilities):
        kind = NEW_VULNERABILITIES.get(vulnerability["type"], "SYS_VUL")
        yield f"SS_SAS_{kind}", f"SSI_SAS_{kind}"


def _is_open(alert: dict[str, Any]) -> bool:
    return alert.get("dealed", "N") == "N"


def _is_unfixed(vulnerability: dict[str, Any]) -> bool:
    return vulnerability.get("status", 1) == 1
