# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as a value: task results in, one dict as docs/report.schema.json describes it out. No I/O.

An event is what one task (or one item of its loop) brought back, cut down to what the report needs:

    host, task, module   where it comes from; module without the collection's name where it is one of ours
    ours                 the module belongs to this collection
    mode                 "audit" (check mode) or "enforce"
    failed, ignored      the task failed; the play was told to go on regardless
    scope                fingerprint of the options that say what is looked at and what must hold
    hidden               no_log keeps the result from us
    refused              another run has the account, so nothing was to be examined
    controls             ids of the controls that the module judged
    risks, summary, account_id, journal, unread, message
                         of the result; risks is None where the result had no list of risks
    security_center      what Security Center says of the account, None for every other module
    investigations       what was found out about attacks, None where the module investigates nothing
"""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatchcase
from itertools import tee
from typing import TYPE_CHECKING

from ansible_collections.hardening.alicloud.plugins.module_utils.controls import CONTROLS
from ansible_collections.hardening.alicloud.plugins.module_utils.values import SEVERITIES

from .report_history import history
from .report_investigations import MODULE as INVESTIGATOR
from .report_investigations import investigations, returned
from .report_scores import joined, ratio, reading, security_center

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SCHEMA_VERSION = "1.2"
COLLECTION = "hardening.alicloud."
STATUSES = ("open", "fixed", "whitelisted", "unknown")
COUNTS = ("examined", "compliant", "open", "fixed", "whitelisted", "unknown", "not_applicable")

# Options that change neither what is looked at nor what must hold. The credentials stand here so that not even
# their fingerprint is in a report.
NOT_SCOPE = frozenset(
    (
        "access_key_id",
        "access_key_secret",
        "security_token",
        "profile",
        "assume_role_arn",
        "ecs_ram_role",
        "endpoint_url",
        "workers",
        "journal",
        "whitelist",
        "max_changes",
        "force",
    )
)
# These judge what the run has found (fail_on); what they say stands in the report already.
VERDICTS = frozenset(("ansible.builtin.assert", "ansible.builtin.fail", "assert", "fail"))
# Modules of ours that look for no risks, beside the *_info ones.
OTHER_MODULES = frozenset(("restore", "security_center_whitelist", INVESTIGATOR))
MESSAGE_LENGTH = 2000
SILENT = "The task failed without saying why; run it again with -vvv."
HIDDEN = (
    "no_log hides the result of this task, so its risks are missing here;"
    " remove no_log: the module hides its secrets itself."
)


def events_of(task: dict, result: dict) -> list[dict]:
    """Cut a task result down to events: one, or for a loop one for each item that was not skipped.

    task holds host, task, action (resolved where possible), mode, failed, ignored and args.
    """
    items = result.get("results")
    if not (isinstance(items, list) and items and all(isinstance(item, dict) for item in items)):
        return [_event(task, result)]
    return [_event({**task, "failed": bool(item.get("failed"))}, item) for item in items if not item.get("skipped")]


def _event(task: dict, result: dict) -> dict:
    action = task["action"]
    ours = action.startswith(COLLECTION)
    module = action.removeprefix(COLLECTION).removeprefix("ansible.legacy.")
    options = _dict(_dict(result.get("invocation")).get("module_args")) or task["args"]
    risks = plain(result.get("risks"))
    summary = plain(result.get("summary"))
    unread = plain(result.get("unread"))
    return {
        "host": str(plain(task["host"])),
        "task": str(plain(task["task"])),
        "module": module,
        "ours": ours,
        "mode": task["mode"],
        "failed": task["failed"],
        "ignored": task["ignored"],
        "scope": fingerprint(options),
        "controls": _judged(module, options) if ours else [],
        "risks": risks if _are_risks(risks, summary) else None,
        "summary": summary if isinstance(summary, dict) else {},
        "account_id": _text(result.get("account_id")),
        "journal": _text(result.get("journal")),
        "unread": [item for item in unread if isinstance(item, dict)] if isinstance(unread, list) else [],
        "hidden": ours and "censored" in result,
        "refused": ours and "held_by" in result,
        "message": str(plain(result.get("msg") or ""))[:MESSAGE_LENGTH],
        "security_center": reading(plain(result)) if ours and module == "security_center_info" else None,
        "investigations": returned(plain(result)) if ours and module == INVESTIGATOR else None,
    }


def _judged(module: str, options: dict) -> list[str]:
    """Ids of the module's controls, without those that it judges only if an option asks for it."""
    return [
        name
        for name, control in CONTROLS.items()
        if control["module"] == module and (not control.get("when") or options.get(control["when"]))
    ]


def _are_risks(risks: object, summary: object) -> bool:
    """Another module may well use the word risks for something else."""
    if not isinstance(risks, list):
        return False
    if risks:
        return all(isinstance(risk, dict) and risk.get("control") and risk.get("status") for risk in risks)
    return isinstance(summary, dict) and "examined" in summary


def fingerprint(options: dict) -> str:
    """Twelve hex digits that differ when two calls of a module look at, or ask for, something else."""
    telling = {
        str(name): plain(value)
        for name, value in options.items()
        if name not in NOT_SCOPE and not str(name).startswith("_")
    }
    return hashlib.sha256(json.dumps(telling, sort_keys=True).encode()).hexdigest()[:12]


def plain(value: object) -> object:
    """Turn a value into JSON's own types, with what is not valid Unicode replaced."""
    if isinstance(value, dict):
        return {str(plain(str(key))): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value).encode(errors="replace").decode()


def _text(value: object) -> str | None:
    return str(plain(value)) if value not in (None, "") else None


def is_worth_a_report(events: Iterable[dict]) -> bool:
    """Tell whether any task looked for risks, or should have, or investigated, or read the score."""
    return any(_examines(event) or _investigates(event) or event["security_center"] for event in events)


def _investigates(event: dict) -> bool:
    """Tell whether a task investigated, or should have: its silence must not look like peace."""
    if event["investigations"] is not None:
        return True
    return event["ours"] and event["module"] == INVESTIGATOR and (event["failed"] or event["hidden"])


def _examines(event: dict) -> bool:
    if event["risks"] is not None:
        return True
    if event["refused"]:
        return False
    control = event["ours"] and event["module"] not in OTHER_MODULES and not event["module"].endswith("_info")
    return control and (event["failed"] or event["hidden"])


def build_report(run: dict, events: list[dict], earlier: Iterable[dict] = ()) -> dict:
    """Make the whole report.

    run: id, started, finished (UTC, ISO 8601), playbook, ansible_version, collection_version.
    earlier: reports of earlier runs, newest first; read only as far as needed.
    """
    examinations = _examinations(events)
    risks = _merge(events)
    for_changes, for_history = tee(earlier)
    changes = _compare(examinations, risks, for_changes)
    by_id = {risk["id"]: risk for risk in risks}
    centers = security_center(events)
    investigated = investigations(events)
    seen = [*examinations, *centers, *(event for event in events if _investigates(event))]
    report = {
        "schema_version": SCHEMA_VERSION,
        "run": {
            **run,
            "mode": "enforce" if any(one["mode"] == "enforce" for one in examinations) else "audit",
            "investigated": any(_investigates(event) for event in events),
            "hosts": sorted({one["host"] for one in seen}),
            "accounts": sorted({one["account_id"] for one in (*seen, *investigated) if one["account_id"]}),
        },
        "totals": _totals(examinations, risks),
        "summaries": [_summary(one, by_id) for one in examinations],
        "risks": sorted(risks, key=_order),
        **changes,
        "security_center": joined(centers, by_id),
        "investigations": investigated,
        "errors": [error for event in events for error in _errors(event)],
        "journals": sorted({event["journal"] for event in events if event["journal"]}),
    }
    return {**report, "history": history(report, for_history)}


# --- what was looked at ------------------------------------------------------------------------------------------


def _examinations(events: list[dict]) -> list[dict]:
    """One entry for each host, account, module and scope; of several tasks with the same four the last one counts."""
    found: dict[tuple, dict] = {}
    for event in events:
        if not _examines(event):
            continue
        risks = [_risk(raw, event) for raw in event["risks"] or []]
        account = event["account_id"] or next((risk["account_id"] for risk in risks if risk["account_id"]), None)
        key = (event["host"], account, event["module"], event["scope"])
        entry = found.setdefault(key, {"ids": set(), "controls": set()})
        entry.update(
            host=event["host"],
            account_id=account,
            module=event["module"],
            scope=event["scope"],
            mode=event["mode"],
            resources={name: _count(event["summary"].get(name)) for name in COUNTS},
            unknown={risk["resource"] for risk in risks if risk["status"] == "unknown"},
            whole=_is_whole(event, risks),
        )
        entry["ids"] |= {risk["id"] for risk in risks}
        entry["controls"] |= {*event["controls"], *(risk["control"] for risk in risks)}
    return list(found.values())


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _is_whole(event: dict, risks: list[dict]) -> bool:
    """All that could not be read is the resource of some risk here, so a risk that is missing is really gone."""
    if event["risks"] is None or (event["failed"] and not event["summary"].get("examined")):
        return False
    return {str(item.get("what")) for item in event["unread"]} <= {risk["resource"] for risk in risks}


def _summary(one: dict, risks: dict[str, dict]) -> dict:
    return {
        **{key: one[key] for key in ("host", "account_id", "module", "scope", "mode")},
        "complete": one["whole"] and not one["unknown"],
        "controls": sorted(one["controls"]),
        "resources": one["resources"],
        "open": sorted({name for name in one["ids"] if risks[name]["status"] == "open"} | one["unconfirmed"]),
        "compared_with": one["compared_with"],
    }


# --- risks -------------------------------------------------------------------------------------------------------


def risk_id(risk: dict) -> str:
    """CONTROL@ARN, with the account in between where the ARN does not name it."""
    account, resource = risk["account_id"], risk["resource"]
    owner = f"{account}/" if account and account not in resource else ""
    return f"{risk['control']}@{owner}{resource}"


def _risk(raw: dict, event: dict) -> dict:
    """Give the risk every key that the schema promises, whatever the module left out."""
    risk = {
        "control": str(raw["control"]),
        "title": str(raw.get("title") or raw["control"]),
        "severity": raw["severity"] if raw.get("severity") in SEVERITIES else "medium",
        "status": raw["status"] if raw["status"] in STATUSES else "unknown",
        "account_id": _text(raw.get("account_id")) or event["account_id"],
        "region": _text(raw.get("region")),
        "resource": str(raw.get("resource") or raw.get("resource_id") or raw.get("resource_name") or "*"),
        "resource_type": _text(raw.get("resource_type")),
        "resource_id": _text(raw.get("resource_id")),
        "resource_name": _text(raw.get("resource_name")),
        "expected": raw.get("expected"),
        "actual": raw.get("actual"),
        "evidence": _list(raw.get("evidence")),
        "changes": [change for change in _list(raw.get("changes")) if isinstance(change, dict)],
        "blocked_by": _text(raw.get("blocked_by")),
        "whitelist": _accepted(raw.get("whitelist")),
        "references": raw.get("references"),
        "journal": event["journal"] if raw["status"] == "fixed" else None,
    }
    return {"id": risk_id(risk), **risk, "reported_by": [{"host": event["host"], "module": event["module"]}]}


def _dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list:
    return value if isinstance(value, list) else [value] if value else []


def _accepted(entry: object) -> dict[str, str] | None:
    if not isinstance(entry, dict) or not entry:
        return None
    return {key: str(entry.get(key) or "") for key in ("reason", "owner", "expires")}


def _merge(events: list[dict]) -> list[dict]:
    """Each risk once. The last word counts, but not knowing is no word against an earlier one."""
    merged: dict[str, dict] = {}
    for event in events:
        for raw in event["risks"] or []:
            risk = _risk(raw, event)
            before = merged.get(risk["id"], risk)
            said = before if risk["status"] == "unknown" else risk
            reporters = [one for one in before["reported_by"] if one not in risk["reported_by"]] + risk["reported_by"]
            merged[risk["id"]] = {**said, "reported_by": reporters}
    return list(merged.values())


def _order(risk: dict) -> tuple:
    """Unknown first, since nobody can say how bad it is; then the worst, and what is open before what is not."""
    return (
        risk["status"] != "unknown",
        SEVERITIES.index(risk["severity"]),
        STATUSES.index(risk["status"]),
        risk["control"],
        risk["resource"],
    )


def _totals(examinations: list[dict], risks: list[dict]) -> dict:
    statuses = [risk["status"] for risk in risks]
    severities = [risk["severity"] for risk in risks if risk["status"] == "open"]
    return {
        "by_status": {status: statuses.count(status) for status in STATUSES},
        "open_by_severity": {severity: severities.count(severity) for severity in SEVERITIES},
        "resources": {name: sum(one["resources"][name] for one in examinations) for name in COUNTS},
        "ratio": ratio(examinations),
    }


# --- against earlier runs ----------------------------------------------------------------------------------------


def _compare(examinations: list[dict], risks: list[dict], earlier: Iterable[dict]) -> dict:
    """Find new, still_open, closed and unconfirmed (sorted ids), and note its baseline in each examination.

    Every examination is held against the newest earlier report with the same account, module and scope, so a run
    of one role between two full runs neither hides nor closes anything.
    """
    status = {risk["id"]: risk["status"] for risk in risks}
    # Without an account nothing was looked at, and nothing says whose risks to compare with.
    baselines = _baselines({_key(one) for one in examinations if one["account_id"]}, earlier)
    is_open = {name for name, value in status.items() if value == "open"}
    was_open: set[str] = set()
    gone: set[str] = set()
    for one in examinations:
        one["compared_with"], before = baselines.get(_key(one), (None, set()))
        was_open |= before
        # An unknown risk is neither open nor closed; a whitelisted one is accepted, and stands in the report.
        silent = {name for name in before if status.get(name, "unknown") == "unknown"}
        one["unconfirmed"] = {name for name in silent if name in status or not _would_show(one, name)}
        gone |= {name for name in before if status.get(name) == "fixed"} | (silent - one["unconfirmed"])
    unconfirmed = set().union(*(one["unconfirmed"] for one in examinations))
    return {
        "new": sorted(is_open - was_open),
        "still_open": sorted(is_open & was_open),
        "closed": sorted(gone - unconfirmed),
        "unconfirmed": sorted(unconfirmed),
    }


def _key(one: dict) -> tuple:
    return (one["account_id"], one["module"], one["scope"])


def _baselines(wanted: set[tuple], earlier: Iterable[dict]) -> dict[tuple, tuple[str, set[str]]]:
    """For each wanted key the run that it is held against, and the ids that were open after it."""
    found: dict[tuple, tuple[str, set[str]]] = {}
    reports: Iterator[dict] = iter(earlier)
    while len(found) < len(wanted) and (report := next(reports, None)) is not None:
        for key, ids in _open_in(report).items():
            if key in wanted:
                found.setdefault(key, (report["run"]["id"], ids))
    return found


def _open_in(report: dict) -> dict[tuple, set[str]]:
    """Key to open ids of an earlier report; empty if it is none of ours or of another schema."""
    found: dict[tuple, set[str]] = {}
    try:
        if _major(report["schema_version"]) == _major(SCHEMA_VERSION) and isinstance(report["run"]["id"], str):
            for one in report["summaries"]:
                found.setdefault(_key(one), set()).update(str(name) for name in one["open"])
    except (KeyError, TypeError, AttributeError):
        return {}
    return found


def _major(version: str) -> str:
    return version.partition(".")[0]


def _would_show(one: dict, name: str) -> bool:
    """Tell whether the examination would report this risk if it stood: its resource was not out of sight."""
    arn = name.partition("@")[2]
    return one["whole"] and not any(_hides(unknown, arn) for unknown in one["unknown"])


def _hides(unknown: str, arn: str) -> bool:
    """Tell whether what could not be read is this resource, or around it (a region, an account, a list)."""
    return fnmatchcase(arn, unknown) or arn.startswith(f"{unknown}/") or _kind(unknown) != _kind(arn)


def _kind(arn: str) -> tuple[str, str]:
    """Product and type of an ARN: ("ecs", "securitygroup"), ("oss", "")."""
    parts = arn.split(":")
    return (parts[1] if len(parts) > 1 else "", parts[-1].rpartition("/")[0])


# --- what went wrong ---------------------------------------------------------------------------------------------


def _errors(event: dict) -> Iterator[dict]:
    """Yield what could not be read, and the task's own failure."""
    where = {key: event[key] for key in ("host", "module", "task", "ignored")}
    for item in event["unread"]:
        yield {
            **where,
            "kind": "unread",
            "what": _text(item.get("what")),
            "action": _text(item.get("action")),
            "code": _text(item.get("code")),
            "message": str(item.get("message") or "")[:MESSAGE_LENGTH],
            "request_id": _text(item.get("request_id")),
        }
    if event["hidden"] or (event["failed"] and event["module"] not in VERDICTS):
        message = HIDDEN if event["hidden"] else event["message"] or SILENT
        nothing = dict.fromkeys(("what", "action", "code", "request_id"))
        yield {**where, "kind": "task", **nothing, "message": message}
