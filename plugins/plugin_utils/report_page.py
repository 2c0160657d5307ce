# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as report.html: one file that needs nothing else, made from the files in page/.

Everything that comes from the cloud passes through Jinja2's autoescape, and control characters are spelt out before.
A content security policy names the hashes of the one style and the one script, so nothing else could run or load even
if a value got through.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .report import SEVERITIES, STATUSES
from .report_charts import gauge, score_line, stacked_bars
from .report_controls import clauses, name_of, standing, title, why
from .report_drawing import SHAPES
from .report_investigation_page import investigations_view
from .report_investigation_words import INVESTIGATION_WORDS
from .report_page_words import PAGE_WORDS, say
from .report_text import harmless, spoken
from .report_words import WORDS
from .report_zone import duration

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = Path(__file__).parent / "page"
STYLES, SCRIPTS = ("page.css", "investigations.css"), ("page.js",)
ATTACKS = 50  # the last ones are shown
SOON, URGENT = 30, 7  # days before a whitelist entry ends


def as_html(report: dict, language: str = "en") -> str:
    """Write the whole page in that language."""
    environment = Environment(
        loader=FileSystemLoader(PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.globals["shapes"] = SHAPES
    style, script = ("".join(map(_file, names)) for names in (STYLES, SCRIPTS))
    return environment.get_template("page.html.j2").render(
        **_view(report, language),
        style=Markup(style),  # noqa: S704  our own file
        script=Markup(script),  # noqa: S704  our own file
        policy=_policy(style, script),
    )


def _file(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def _harmless(value: object) -> object:
    return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _view(report: dict, language: str) -> dict:
    """Everything that the template shows, ready to be shown."""
    words = {**WORDS[language], **PAGE_WORDS[language], **INVESTIGATION_WORDS[language]}
    today = date.fromisoformat(report["run"]["started"][:10])
    risks = [_risk(place, risk, report, today, language) for place, risk in enumerate(report["risks"])]
    active = [risk for risk in risks if risk["status"] != "whitelisted"]
    found = investigations_view(report, language, words)
    looked = bool(report["summaries"]) or not report["run"]["investigated"]
    return {
        "language": {"zh": "zh-Hans"}.get(language, language),
        "words": words,
        "say": say,
        "run": {**report["run"], "seconds": duration(report["run"]), "when": _moment(report["run"]["started"])},
        "looked_for_risks": looked,
        "verdict": _verdict(report, words) if looked else {"text": found["headline"], "tone": found["tone"]},
        "investigated": found,
        "totals": report["totals"],
        "severities": SEVERITIES,
        "centers": [_center(one, report) for one in report["security_center"]],
        "ratio": report["totals"]["ratio"],
        "trend": stacked_bars(report["history"]["risks"]),
        "changes": {name: report[name] for name in ("new", "still_open", "closed", "unconfirmed")},
        "compared": _is_compared(report),
        "risks": risks,
        "sections": _sections(active, words),
        "accepted": sorted((risk for risk in risks if risk["status"] == "whitelisted"), key=_first_to_end),
        "filters": _filters(risks),
        "controls": [{**one, "title": title(one["control"], one["title"], language)} for one in standing(report)],
        "errors": report["errors"],
        "summaries": report["summaries"],
        "journals": report["journals"],
    }


# --- the top -----------------------------------------------------------------------------------------------------


def _verdict(report: dict, words: dict) -> dict:
    counts = report["totals"]["by_status"]
    incomplete = report["errors"] or not all(one["complete"] for one in report["summaries"])
    worst = next((name for name in SEVERITIES if report["totals"]["open_by_severity"][name]), None)
    if counts["open"]:
        return {"text": say(words, "verdict_open", counts["open"]), "tone": worst}
    if counts["unknown"]:
        return {"text": say(words, "verdict_unknown", counts["unknown"]), "tone": "unknown"}
    if incomplete:
        return {"text": words["verdict_incomplete"], "tone": "unknown"}
    return {"text": words["verdict_none"], "tone": "fixed"}


def _is_compared(report: dict) -> bool:
    """Tell whether there was a run before; where all is new, nothing is told apart by saying so."""
    return any(one["compared_with"] for one in report["summaries"])


def _moment(moment: str) -> str:
    return f"{moment[:10]} {moment[11:16]} UTC"


def _center(one: dict, report: dict) -> dict:
    mine = [entry for entry in report["history"]["scores"] if entry["account_id"] == one["account_id"]]
    deductions = [_deduction(item) for item in one["deductions"] if isinstance(item, dict)]
    return {
        **one,
        "gauge": None if one["score"] is None else gauge(one["score"]),
        "line": score_line(mine),
        "deductions": sorted(deductions, key=lambda item: -item["points"]),
        "findings": [_finding(item) for item in one["findings"] if isinstance(item, dict)],
        "attacks": [_attack(item) for item in one["attack_events"] if isinstance(item, dict)][-ATTACKS:],
        "counts": {name: len(one[name]) for name in ("vulnerabilities", "alerts", "attack_events")},
        "unavailable": [spoken(item) for item in one["unavailable"]],
    }


def _deduction(item: dict) -> dict:
    points = item.get("points")
    code = " · ".join(dict.fromkeys(str(item[name]) for name in ("type", "sub_type") if item.get(name)))
    return {
        "points": abs(points) if isinstance(points, (int, float)) else 0,
        "name": item.get("title") or code or "-",
        "code": code,
    }


def _finding(item: dict) -> dict:
    instances = item.get("instances")
    return {
        "name": spoken(item.get("name") or item.get("check_id")),
        "severity": spoken(item.get("severity")).lower(),
        "status": spoken(item.get("status")),
        "control": spoken(item.get("controls") or item.get("control")),
        "instances": len(instances) if isinstance(instances, list) else 0,
    }


def _attack(item: dict) -> dict:
    target = spoken(item.get("instance_name") or item.get("instance_id") or item.get("public_ip"))
    return {
        "name": spoken(item.get("type_name") or item.get("type")),
        "source": spoken(item.get("source")),
        "target": f"{target}:{spoken(item['port'])}" if item.get("port") else target,
        **{name: spoken(item.get(name)) for name in ("count", "status", "last_seen")},
    }


# --- risks -------------------------------------------------------------------------------------------------------


def _risk(place: int, risk: dict, report: dict, today: date, language: str) -> dict:
    return {
        **{name: risk[name] for name in ("id", "control", "severity", "status", "region", "blocked_by", "journal")},
        "anchor": f"risk-{place}",
        "account": risk["account_id"] or "",
        "title": title(risk["control"], risk["title"], language),
        "name": name_of(risk),
        "arn": risk["resource"],
        "type": risk["resource_type"],
        "expected": spoken(risk["expected"]),
        "actual": spoken(risk["actual"]),
        "evidence": [spoken(item) for item in risk["evidence"]],
        "changes": [_change(change) for change in risk["changes"]],
        "undo": _undo(risk),
        "accepted": _accepted(risk["whitelist"], today),
        "clauses": clauses(risk["references"]),
        "why": why(risk["control"]),
        "is_new": _is_compared(report) and risk["id"] in report["new"],
        "seen_by": ", ".join(f"{one['module']} ({one['host']})" for one in risk["reported_by"]),
    }


def _change(change: dict) -> dict:
    undo = change.get("undo")
    return {**_call(change), "undo": _call(undo) if isinstance(undo, dict) else None}


def _call(call: dict) -> dict:
    return {
        "name": f"{call.get('product', '')} {call.get('action', '')}".strip(),
        "params": _lines(call.get("params")),
        "partial": call.get("partial", ""),
    }


def _lines(params: object) -> list[str]:
    """Say the parameters of a call, a line each, and a line for each item of a list of objects."""
    lines = []
    for name, value in params.items() if isinstance(params, dict) else ():
        many = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
        lines += [f"{name}: {spoken(item)}" for item in (value if many else [value])]
    return lines


def _undo(risk: dict) -> str | None:
    """Give the command that undoes a fix, for those who made it with the playbooks of the collection."""
    if not risk["journal"]:
        return None
    journal = risk["journal"]
    # Ansible divides what is no JSON at blanks.
    variable = f"journal={journal}" if shlex.quote(journal) == journal else json.dumps({"journal": journal})
    words = ["ansible-playbook", "hardening.alicloud.restore", "-e", variable]
    return shlex.join([*words, "-l", risk["reported_by"][-1]["host"]])


def _accepted(entry: dict | None, today: date) -> dict | None:
    if entry is None:
        return None
    try:
        left = (date.fromisoformat(entry["expires"][:10]) - today).days
    except ValueError:
        return {**entry, "left": None, "urgency": "urgent"}
    return {**entry, "left": left, "urgency": "urgent" if left <= URGENT else "soon" if left <= SOON else "later"}


def _first_to_end(risk: dict) -> tuple[bool, int]:
    left = (risk["accepted"] or {}).get("left")
    return (left is not None, left or 0)


def _sections(risks: list[dict], words: dict) -> list[dict]:
    """Unknown risks first, then a section for each severity; within it the risks of a control together."""
    unknown = [risk for risk in risks if risk["status"] == "unknown"]
    known = [risk for risk in risks if risk["status"] != "unknown"]
    sections = [_section("unknown", words["unknown_heading"], unknown)]
    sections += [
        _section(name, words[name], [risk for risk in known if risk["severity"] == name]) for name in SEVERITIES
    ]
    return [section for section in sections if section["groups"]]


def _section(name: str, heading: str, risks: list[dict]) -> dict:
    groups: dict[str, list[dict]] = {}
    for risk in risks:
        groups.setdefault(risk["control"], []).append(risk)
    return {"name": name, "heading": heading, "count": len(risks), "groups": list(groups.values())}


def _filters(risks: list[dict]) -> dict:
    return {
        "severities": [name for name in SEVERITIES if any(risk["severity"] == name for risk in risks)],
        "statuses": [name for name in STATUSES if any(risk["status"] == name for risk in risks)],
        "controls": _distinct((risk["control"], risk["title"]) for risk in risks),
        "accounts": _distinct((risk["account"], risk["account"]) for risk in risks if risk["account"]),
    }


def _distinct(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(dict(pairs).items())
