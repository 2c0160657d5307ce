# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as Markdown, for a ticket, a merge request or a wiki.

What comes from the cloud stands in code spans, where neither HTML nor links nor mentions work.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .report_controls import name_of, title
from .report_investigation_text import because, event_line, headline
from .report_investigation_words import INVESTIGATION_WORDS
from .report_investigations import alike
from .report_page_words import say
from .report_text import harmless, shorten, spoken
from .report_words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CELL = 400
TOP = 2  # hypotheses of an investigation; report.html has them all


def as_markdown(report: dict, language: str = "en") -> str:
    """Write the report in that language."""
    words = {**WORDS[language], **INVESTIGATION_WORDS[language]}
    return "\n".join(_lines(report, language, words)) + "\n"


def _lines(report: dict, language: str, words: dict) -> Iterator[str]:
    run = report["run"]
    yield f"# {words['title'].capitalize()}"
    yield ""
    accounts = ", ".join(code(account) for account in run["accounts"] or run["hosts"])
    yield f"{accounts} · {words[run['mode']]} · {run['started']} · {code(run['playbook'])}"
    yield ""
    if report["summaries"] or not report["run"]["investigated"]:
        yield ", ".join(f"**{count}** {words[status]}" for status, count in report["totals"]["by_status"].items())
    else:
        yield words["not_looked"]
    yield from _scores(report, words)
    yield from _investigations(report, language, words)
    for status in ("unknown", "open", "fixed"):
        yield from _section(report, status, language, words)
    yield from _accepted(report, language, words)
    yield from _errors(report, words)


def _scores(report: dict, words: dict) -> Iterator[str]:
    for one in report["security_center"]:
        if one["score"] is not None:
            before = f"{one['score_before']:g} → " if one["score_before"] is not None else ""
            yield ""
            yield f"{words['score']} ({code(one['account_id'] or one['host'])}): **{before}{one['score']:g}**"


def _investigations(report: dict, language: str, words: dict) -> Iterator[str]:
    if not report["run"]["investigated"]:
        return
    yield from _heading(words["investigations"], report["investigations"])
    yield headline(report, words)
    for group in alike(report["investigations"]):
        one = group[0]
        yield ""
        yield f"**{words['reach_' + one['verdict']]}**: {code(event_line(one['event']))}"
        yield ""
        yield text(one["sentence"])
        yield ""
        for place, hypothesis in enumerate(one["hypotheses"][:TOP], start=1):
            standing = words[f"standing_{hypothesis['standing']}"]
            yield f"{place}. {text(because(hypothesis, language))} ({standing})"
        for item in one["unread"]:
            yield f"- {words['unread_here'].format(what=code(item))}"
        if group[1:]:
            yield f"- {say(words, 'alike', len(group) - 1)}"


def _section(report: dict, status: str, language: str, words: dict) -> Iterator[str]:
    risks = [risk for risk in report["risks"] if risk["status"] == status]
    if risks:
        yield from _heading(words[status], risks)
        yield from _table(
            [words[name] for name in ("severity", "control", "resource", "found", "expected")],
            ([*_named(risk, language, words), *_state(risk, words)] for risk in risks),
        )


def _heading(text: str, found: Sequence) -> Iterator[str]:
    yield ""
    yield f"## {text[:1].upper()}{text[1:]} ({len(found)})"
    yield ""


def _named(risk: dict, language: str, words: dict) -> list[str]:
    name = name_of(risk)
    where = f"{code(name)} ({code(risk['region'])})" if risk["region"] else code(name)
    return [words[risk["severity"]], f"{text(title(risk['control'], risk['title'], language))}", where]


def _state(risk: dict, words: dict) -> list[str]:
    actual = code(spoken(risk["actual"]) or spoken(risk["evidence"]) or "-")
    blocked = f"; {words['left_alone']}: {code(risk['blocked_by'])}" if risk["blocked_by"] else ""
    return [actual + blocked, code(spoken(risk["expected"]) or "-")]


def _accepted(report: dict, language: str, words: dict) -> Iterator[str]:
    risks = [risk for risk in report["risks"] if risk["status"] == "whitelisted"]
    if risks:
        yield from _heading(words["whitelisted"], risks)
        yield from _table(
            [words[name] for name in ("severity", "control", "resource", "reason", "owner", "expires")],
            (
                [
                    *_named(risk, language, words),
                    *(code((risk["whitelist"] or {}).get(name)) for name in ("reason", "owner", "expires")),
                ]
                for risk in risks
            ),
        )


def _errors(report: dict, words: dict) -> Iterator[str]:
    if report["errors"]:
        yield from _heading(words["errors"].rstrip(":："), report["errors"])
        for error in report["errors"]:
            parts = (error["host"], error["module"], error["what"], error["action"], error["code"], error["message"])
            yield "- " + ", ".join(code(part) for part in parts if part)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(_sentence(cell) for cell in head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _sentence(word: str) -> str:
    return word.capitalize()


def code(value: object) -> str:
    """Put a value of the cloud's into a code span, whatever backticks it holds itself."""
    said = shorten(harmless(spoken(value)), CELL).strip()
    if not said:
        return "-"
    fence = "`" * (1 + max((len(ticks) for ticks in re.findall("`+", said)), default=0))
    pad = " " if said.startswith("`") or said.endswith("`") else ""
    return f"{fence}{pad}{said}{pad}{fence}"


def text(said: str) -> str:
    """Let Markdown read a sentence as it stands; what would divide cells is up to the table."""
    return re.sub(r"([\\`*_{}\[\]<>#!~&@:]|(?<=www)\.)", r"\\\1", harmless(said), flags=re.IGNORECASE)
