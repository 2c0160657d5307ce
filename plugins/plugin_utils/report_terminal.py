# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report in a terminal: lines with their colours. No I/O."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from .report import SEVERITIES
from .report_controls import name_of
from .report_investigation_text import because, event_line, headline, listed
from .report_investigation_words import INVESTIGATION_WORDS
from .report_investigations import alike
from .report_page_words import say
from .report_text import harmless, shorten, spoken, table, width_of, wrap
from .report_words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

NARROWEST = 80
WIDEST = 200
ROWS = 60  # of each table; report.json has them all
CELL = 240
TOP = 2  # hypotheses of an investigation; report.html has them all
COLORS = {"critical": "bright red", "high": "red", "medium": "yellow", "low": "cyan"}
REACH_COLORS = {"reachable": "bright red", "unknown": "bright purple", "not_reachable": "green"}

Line = tuple[str, str | None]


def lines(report: dict, language: str, width: int) -> Iterator[Line]:
    """Each line with the name of its colour in Ansible, or None."""
    words = {**WORDS[language], **INVESTIGATION_WORDS[language]}
    width = max(NARROWEST, min(width, WIDEST)) - 1  # a full line makes some terminals add an empty one
    yield "", None
    yield _heading(words["title"], width), None
    yield from _investigations(report, language, words, width)
    yield from _risks(report, words, width)
    yield from _whitelisted(report, words, width)
    yield from _errors(report, words, width)
    yield from _closing(report, words, width)


def _investigations(report: dict, language: str, words: dict, width: int) -> Iterator[Line]:
    if not report["run"]["investigated"]:
        return
    yield from _wrapped(headline(report, words), width)
    groups = alike(report["investigations"])
    for group in groups[:ROWS]:
        yield "", None
        yield from _investigation(group, language, words, width)
    if len(groups) > ROWS:
        yield words["more"].format(count=len(groups) - ROWS, split=""), None
    yield "", None


def _investigation(group: list[dict], language: str, words: dict, width: int) -> Iterator[Line]:
    """Tell of the first event of those with the same conclusion, and name the others' sources."""
    one, others = group[0], group[1:]
    verdict, color = words[f"reach_{one['verdict']}"], REACH_COLORS[one["verdict"]]
    yield from ((line, color) for line in wrap(f"{verdict}: {_cell(event_line(one['event']))}", width))
    yield from _indented(harmless(one["sentence"]), width)
    for place, hypothesis in enumerate(one["hypotheses"][:TOP], start=1):
        standing = words[f"standing_{hypothesis['standing']}"]
        yield from _indented(f"{place}. {_cell(because(hypothesis, language))} ({standing})", width)
    if one["unread"]:
        unread = listed(one["unread"], words)
        yield from _indented(words["unread_here"].format(what=_cell(unread)), width)
    if others:
        sources = listed((other["event"]["source"] or "?" for other in others), words)
        yield from _indented(f"{say(words, 'alike', len(others))}: {_cell(sources)}", width)


def _indented(text: str, width: int) -> Iterator[Line]:
    return ((f"  {line}", None) for line in wrap(text, width - 2) if line)


def _heading(text: str, width: int) -> str:
    return f"{text} {'*' * (width - width_of(text) - 1)}"


def _risks(report: dict, words: dict, width: int) -> Iterator[Line]:
    risks = [risk for risk in report["risks"] if risk["status"] != "whitelisted"]
    if report["run"]["investigated"] and not report["summaries"]:
        yield words["not_looked"], None
        return
    if not risks:
        yield from ((line, None) for line in wrap(_nothing(report, words), width))
        return
    head = [words[name] for name in ("severity", "status", "control", "resource", "wrong")]
    rows = [
        [words[risk["severity"]], words[risk["status"]], _cell(risk["control"]), _where(risk), _wrong(risk, words)]
        for risk in risks[:ROWS]
    ]
    colors = [_color(risk) for risk in risks[:ROWS]]
    yield from _table(head, rows, [None, *colors], width)
    yield from _left_over(risks[ROWS:], words)


def _table(head: list[str], rows: list[list[str]], colors: list[str | None], width: int) -> Iterator[Line]:
    for block, color in zip(table(head, rows, width), colors, strict=True):
        yield from ((line, color) for line in block)


def _left_over(risks: list[dict], words: dict) -> Iterator[Line]:
    if risks:
        split = _by_severity(Counter(risk["severity"] for risk in risks), words)
        yield words["more"].format(count=len(risks), split=split), None


def _color(risk: dict) -> str:
    if risk["status"] == "unknown":
        return "bright purple"
    return "green" if risk["status"] == "fixed" else COLORS[risk["severity"]]


def _cell(text: str) -> str:
    return shorten(harmless(text), CELL)


def _where(risk: dict) -> str:
    name = name_of(risk)
    return _cell(f"{name} ({risk['region']})" if risk["region"] else name)


def _wrong(risk: dict, words: dict) -> str:
    """Say what is the matter, and why it was left so."""
    if risk["status"] == "unknown":
        because = risk["blocked_by"] or "; ".join(spoken(one) for one in risk["evidence"]) or spoken(risk["actual"])
        return _cell(because or words["unreadable"])
    said = words["was" if risk["status"] == "fixed" else "is"].format(
        actual=spoken(risk["actual"]) or "-", expected=spoken(risk["expected"]) or "-"
    )
    return _cell(words["blocked"].format(said=said, reason=risk["blocked_by"]) if risk["blocked_by"] else said)


def _whitelisted(report: dict, words: dict, width: int) -> Iterator[Line]:
    risks = [risk for risk in report["risks"] if risk["status"] == "whitelisted"]
    if not risks:
        return
    today = date.fromisoformat(report["run"]["started"][:10])
    head = [words[name] for name in ("severity", "control", "resource", "reason", "owner", "days_left")]
    rows = [
        [words[risk["severity"]], _cell(risk["control"]), _where(risk), *_accepted(risk["whitelist"] or {}, today)]
        for risk in risks[:ROWS]
    ]
    yield "", None
    yield words["whitelisted_risks"], None
    yield from _table(head, rows, [None] * (len(rows) + 1), width)
    yield from _left_over(risks[ROWS:], words)


def _accepted(entry: dict, today: date) -> list[str]:
    try:
        left = str((date.fromisoformat(str(entry.get("expires"))[:10]) - today).days)
    except ValueError:
        left = "?"
    return [_cell(spoken(entry.get("reason"))), _cell(spoken(entry.get("owner"))), left]


def _errors(report: dict, words: dict, width: int) -> Iterator[Line]:
    """Name the failed tasks, and what was unreadable beside the unknown risks of the table."""
    told = {risk["resource"] for risk in report["risks"] if risk["status"] == "unknown"}
    errors = [error for error in report["errors"] if error["kind"] == "task" or error["what"] not in told]
    if not errors:
        return
    yield "", None
    yield words["errors"], None
    for error in errors[:ROWS]:
        yield from ((line, "red") for line in wrap(_error(error), width))
    if len(errors) > ROWS:
        yield words["more"].format(count=len(errors) - ROWS, split=""), None


def _error(error: dict) -> str:
    what = [error["host"], error["module"], error["what"], error["action"], error["message"]]
    details = ", ".join(part for part in (error["code"], error["request_id"]) if part)
    return _cell("- " + ": ".join(part for part in what if part)) + (f" ({harmless(details)})" if details else "")


def _closing(report: dict, words: dict, width: int) -> Iterator[Line]:
    yield "", None
    totals = report["totals"]
    if report["risks"]:
        split = {"open": _by_severity(totals["open_by_severity"], words)}
        counts = [f"{count} {words[status]}{split.get(status, '')}" for status, count in totals["by_status"].items()]
        yield from _wrapped(words["totals"].format(counts=", ".join(counts), modules=_examined(report)), width)
    if report["summaries"] or not report["run"]["investigated"]:
        yield from _wrapped(_history(report, words), width)
    for one in report["security_center"]:
        if one["score"] is not None:
            yield from _wrapped(_score(one, words), width)
        if one["unavailable"]:
            yield from _wrapped(_unavailable(one, words), width)
    if totals["ratio"]:
        yield from _wrapped(words["ratio"].format(**totals["ratio"]), width)
    for journal in report["journals"]:
        yield from _wrapped(words["journal"].format(path=harmless(journal)), width)


def _score(one: dict, words: dict) -> str:
    before = "" if one["score_before"] is None else f"{one['score_before']:g} → "
    account = harmless(one["account_id"] or one["host"])
    return words["score_of"].format(account=account, score=f"{before}{one['score']:g}")


def _unavailable(one: dict, words: dict) -> str:
    what = sorted({str(item.get("what")) if isinstance(item, dict) else str(item) for item in one["unavailable"]})
    return words["unavailable"].format(
        account=harmless(one["account_id"] or one["host"]), what=harmless(", ".join(what))
    )


def _wrapped(text: str, width: int) -> Iterator[Line]:
    return ((line, None) for line in wrap(text, width))


def _by_severity(counts: dict, words: dict) -> str:
    parts = [f"{counts[severity]} {words[severity]}" for severity in SEVERITIES if counts.get(severity)]
    return f" ({', '.join(parts)})" if parts else ""


def _history(report: dict, words: dict) -> str:
    runs = sorted({one["compared_with"] for one in report["summaries"] if one["compared_with"]})
    if not runs:
        return words["first"]
    since = words["since"].format(
        runs=", ".join(runs), **{name: len(report[name]) for name in ("new", "still_open", "closed")}
    )
    return since + (words["unconfirmed"].format(count=len(report["unconfirmed"])) if report["unconfirmed"] else "")


def _nothing(report: dict, words: dict) -> str:
    """One sentence: what was examined, and that nothing was found, if that can be said."""
    if not all(one["complete"] for one in report["summaries"]) or report["errors"]:
        sentence = "nothing_readable" if report["totals"]["resources"]["examined"] else "nothing_examined"
    else:
        sentence = "nothing_else" if report["risks"] else "nothing"
    accounts = ", ".join(report["run"]["accounts"] or report["run"]["hosts"])
    return words[sentence].format(modules=_examined(report), accounts=harmless(accounts))


def _examined(report: dict) -> str:
    """Each module with the number of resources that it looked at."""
    examined = Counter()
    for one in report["summaries"]:
        examined[one["module"]] += one["resources"]["examined"]
    return harmless(", ".join(f"{module} {count}" for module, count in sorted(examined.items())))
