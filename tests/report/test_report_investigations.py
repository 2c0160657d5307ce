# SPDX-License-Identifier: GPL-3.0-or-later
"""Investigations in report.json, in the terminal and in Markdown."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report import build_report, is_worth_a_report
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_formats import WRITERS, as_json
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_investigation_words import (
    BECAUSE,
    INVESTIGATION_WORDS,
)
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_investigations import alike
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_terminal import ROWS, lines
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_text import width_of
from markdown_it import MarkdownIt

from tests.report.examples import (
    ACCOUNT,
    BEHIND_THE_BALANCER,
    EMPTY,
    REACHED,
    UNKNOWN,
    a_result,
    a_risk,
    a_run,
    a_task,
    an_investigation,
    investigated,
    reports_of,
)
from tests.unit.clue_examples import conclude, exposure, gate, path, server

SCHEMA = json.loads(Path("docs/report.schema.json").read_text(encoding="utf-8"))
LANGUAGES = ["en", "ja", "zh"]
OPEN = a_task(a_result(a_risk()))
EVERY = [an_investigation(), REACHED, UNKNOWN, EMPTY]


def verdicts(report):
    return [one["verdict"] for one in report["investigations"]]


def text_of(report, language="en", width=120):
    return "\n".join(text for text, _color in lines(report, language, width))


# --- report.json -------------------------------------------------------------------------------------------------


def test_the_most_serious_stands_first_then_the_earliest():
    """However the tasks brought them: what could have got in, what nobody knows, what could not, each by time."""
    event = an_investigation()["event"]
    earlier = an_investigation("unknown", 7, event={**event, "first_seen": "2026-11-20T00:00:00Z"})
    given = [an_investigation(), an_investigation(number=9), UNKNOWN, earlier, REACHED]
    ids = [one["id"] for one in (REACHED, earlier, UNKNOWN, given[0], given[1])]
    for seed in range(5):
        mixed = random.Random(seed).sample(given, len(given))  # noqa: S311  nothing secret
        report = build_report(a_run(), investigated(*mixed))
        assert [one["id"] for one in report["investigations"]] == ids


def test_the_last_word_on_an_event_counts():
    """An event that two tasks looked at stands once; two accounts' events stand apart."""
    other = an_investigation(account_id="2222222222222222")
    events = [*investigated(an_investigation("unknown")), *investigated(an_investigation(), other)]
    report = build_report(a_run(), events)
    assert [(one["account_id"], one["verdict"]) for one in report["investigations"]] == [
        (ACCOUNT, "not_reachable"),
        ("2222222222222222", "not_reachable"),
    ]
    assert report["run"]["accounts"] == [ACCOUNT, "2222222222222222"]


@pytest.mark.parametrize(
    "events",
    [
        investigated(*EVERY),
        investigated(),
        investigated({}, {"id": ["x"], "verdict": "fine", "event": [1], "paths": {"a": 1}, "timeline": "x"}),
        investigated(
            {
                "id": "\udcff\x1b[31m",
                "event": {"port": "22", "count": -1, "source_lists": "tor"},
                "hypotheses": [{"standing": 3, "for": "x", "against": None}, None, "H1"],
                "paths": [{"gates": [{"allows": "yes", "sources": "x"}, 4], "port": "ssh", "stopped_by": "x"}],
                "timeline": [{"time": 5, "count": True}],
                "unread": ["auth.log", {"what": "sg-1", "code": 403}, None],
            }
        ),
        investigated(*EVERY, result={"msg": "not everything could be read", "unread": [{"what": "x"}]}, failed=True),
        [*OPEN, *investigated(*EVERY)],
    ],
    ids=["every", "none", "nonsense", "more nonsense", "failed", "beside risks"],
)
def test_every_report_keeps_to_the_schema(events):
    """Whatever the module brought, report.json is valid by its schema, with every key that it promises."""
    report = build_report(a_run(), events)
    jsonschema.validate(json.loads(as_json(report).encode()), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_nothing_that_was_not_told_is_known():
    """An investigation without a readable verdict is unknown, a hypothesis without a standing undecided."""
    report = build_report(a_run(), investigated({"verdict": "safe", "hypotheses": [{"name": "x"}], "paths": [{}]}))
    one = report["investigations"][0]
    assert (one["verdict"], one["hypotheses"][0]["standing"], one["paths"][0]["verdict"]) == (
        "unknown",
        "undecided",
        "unknown",
    )


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (investigated(an_investigation()), True),
        (investigated(), True),
        (investigated(result={"msg": "no"}, failed=True), True),
        (a_task({"msg": "no key"}, action="hardening.alicloud.ssh_exposure_info", failed=True), False),
        (a_task({"investigations": [an_investigation()]}, action="acme.cloud.verdict"), False),
    ],
)
def test_an_investigation_is_worth_a_report(events, expected):
    """Also without risks, also if there was nothing to investigate; but only the module of ours comes to verdicts."""
    assert is_worth_a_report(events) is expected


def history(report):
    return {key: report[key] for key in ("new", "still_open", "closed", "unconfirmed") if report[key]}


@pytest.mark.parametrize(
    "between",
    [
        investigated(*EVERY),
        investigated(),
        investigated(result={"msg": "it broke"}, failed=True),
        investigated(*EVERY, mode="enforce"),
    ],
    ids=["investigated", "nothing to investigate", "broken", "not in check mode"],
)
def test_risks_are_compared_past_an_investigation(between):
    """It closes and renews nothing, has no part in the scopes, and the next audit is held against the last audit."""
    first, alone, again, closed = reports_of(OPEN, between, OPEN, a_task(a_result()))
    assert history(alone) == {}
    assert alone["summaries"] == []
    assert alone["run"]["mode"] == "audit"
    assert set(history(again)) == {"still_open"}
    assert again["summaries"][0]["compared_with"] == first["run"]["id"]
    assert [entry["high"] for entry in again["history"]["risks"]] == [1, 1]
    assert set(history(closed)) == {"closed"}


def test_an_audit_that_also_investigates_is_compared_as_ever():
    """The verdicts of a run add nothing to what it is held against."""
    both = [*OPEN, *investigated(REACHED)]
    reports = reports_of(both, OPEN, both)
    assert [set(history(report)) for report in reports] == [{"new"}, {"still_open"}, {"still_open"}]
    assert {one["module"] for report in reports for one in report["summaries"]} == {"oss_bucket_acl"}


def test_events_alike_stand_together():
    """The same verdict about the same target, explained in the same way, is one conclusion."""
    many = [an_investigation(number=number) for number in range(60)]
    other = an_investigation(number=70, hypotheses=[])
    report = build_report(a_run(), investigated(*many, other, REACHED))
    assert [len(group) for group in alike(report["investigations"])] == [1, 60, 1]


# --- in the terminal ---------------------------------------------------------------------------------------------


def test_an_event_is_told_by_its_sentence_and_the_best_two():
    """When and where, the conclusion as it came, the first two hypotheses with their standing."""
    text = text_of(build_report(a_run(), investigated(an_investigation())), width=200)
    assert (
        "could not have reached a server: 2026-11-21T04:01:15Z (2026-11-21 13:01:15 Asia/Tokyo):"
        " 23.129.64.201 → 203.0.113.80:22" in text
    )
    assert "  The attack from 23.129.64.201 went to the load balancer acme-web-slb, which hands" in text
    assert "  1. The attack was on the load balancer's address (confirmed)\n" in text
    assert "  2. Blocked before it came to the server (likely)\n" in text
    assert "The security group was open" not in text


def test_a_long_sentence_is_not_cut():
    """However long the conclusion is, it stands whole."""
    sentence = " ".join(f"word{number}" for number in range(150)) + "."
    text = text_of(build_report(a_run(), investigated(an_investigation(sentence=sentence))))
    assert sentence in " ".join(text.split())


def test_what_was_not_read_stands_below():
    """A conclusion names what could not be read for it."""
    text = text_of(build_report(a_run(), investigated(UNKNOWN)), width=200)
    assert "Could not be read: sg-web: GetBucketInfo: AccessDenied: You have no right" in text


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (investigated(*EVERY), "1 of 4 SSH events could have reached a server"),
        (investigated(REACHED), "The SSH event could have reached a server"),
        (investigated(UNKNOWN, an_investigation()), "1 of 2 SSH events may have reached a server"),
        (investigated(an_investigation(), an_investigation(number=9)), "None of 2 SSH events could have reached"),
        (investigated(), "No SSH event to investigate"),
        (
            [
                *a_task({"msg": "Denied"}, action="hardening.alicloud.security_center_info", failed=True, ignored=True),
                *investigated(),
            ],
            "No SSH event in what could be read",
        ),
        (investigated(result={"msg": "it broke"}, failed=True), "The SSH investigation did not come to its end"),
        (investigated(an_investigation(), failed=True), "The SSH investigation did not come to its end"),
        (investigated(REACHED, failed=True), "The SSH event could have reached a server"),
    ],
)
def test_the_first_sentence_is_never_better_than_the_worst_event(events, said):
    """It says how many events have the most serious verdict; a broken investigation promises nothing."""
    assert said in text_of(build_report(a_run(), events))


def test_a_run_that_only_investigates_claims_nothing_about_risks():
    """No risk was looked for, so none is said to be absent, and nothing is compared."""
    text = text_of(build_report(a_run(), investigated(an_investigation())))
    assert "No task of this run looked for risks." in text
    assert "No risk found" not in text
    assert "nothing to compare with" not in text
    assert "SSH" not in text_of(build_report(a_run(), OPEN))


def test_sixty_events_alike_are_one_conclusion():
    """The others' sources are named, the first ones of them."""
    many = [an_investigation(number=number) for number in range(60)]
    text = text_of(build_report(a_run(), investigated(*many)))
    assert "None of 60 SSH events could have reached a server" in text
    assert "59 more events with the same conclusion: 23.129.64.1, 23.129.64.10, 23.129.64.11," in " ".join(text.split())
    assert text.count("hands nothing on") == 1
    different = [an_investigation(number=number, servers=[f"i-{number}"]) for number in range(ROWS + 4)]
    assert "… and 4 more" in text_of(build_report(a_run(), investigated(*different)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [20, 80, 120, 400])
def test_no_line_is_wider_than_the_terminal(language, width):
    """From 80 columns on, every line fits, in every language."""
    report = build_report(a_run(), investigated(*EVERY, an_investigation(number=8)))
    assert max(width_of(text) for text, _color in lines(report, language, width)) < max(80, width)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ja", ["SSH イベントはサーバーに到達し得ました", "一時的に開いていた (確認済み)"]),
        ("zh", ["该 SSH 事件当时能够到达服务器", "曾短暂开放 (已证实)"]),
    ],
)
def test_our_own_words_are_translated(language, said):
    """Verdicts, standings and hypotheses speak the language; the conclusion stays as it came."""
    text = text_of(build_report(a_run(), investigated(REACHED)), language, 200)
    assert [words for words in [*said, REACHED["sentence"]] if words not in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same(language):
    """No language lacks a word, or a value within one; each hypothesis has a title in each."""

    def fields(forms):
        return {part.partition("}")[0] for form in ([forms] if isinstance(forms, str) else forms) for part in form.split("{")[1:]}  # fmt: skip  # noqa: E501

    known = INVESTIGATION_WORDS[language]
    assert {name: fields(words) | {"count"} for name, words in known.items()} == {
        name: fields(words) | {"count"} for name, words in INVESTIGATION_WORDS["en"].items()
    }
    assert language == "en" or all(titles[language] for titles in BECAUSE.values())


def test_what_the_module_returns_is_kept():
    """An investigation of the real module loses nothing on its way into the report, and each hypothesis has titles."""
    gates = [gate("address", possible_sources=None), gate(sources=["0.0.0.0/0"], possible_sources=["0.0.0.0/0"])]
    found = conclude(
        exposure=exposure(server(path(gates=gates))), source_lists={"Tor": ["23.129.64.0/24"]}, timezone="Asia/Tokyo"
    )
    (kept,) = build_report(a_run(), investigated(found))["investigations"]
    assert kept == json.loads(json.dumps(found))
    assert {hypothesis["name"] for hypothesis in found["hypotheses"]} == set(BECAUSE)


EVIL = "\x1b]0;owned\x07\u202e\n| <script>alert(1)</script> `x` [a](https://evil.example) {{ 7 * 7 }}"


def everywhere(value):
    """Put the hostile text in the place of every text."""
    if isinstance(value, dict):
        return {name: item if name in {"verdict", "standing"} else everywhere(item) for name, item in value.items()}
    if isinstance(value, list):
        return [everywhere(item) for item in value]
    return EVIL if isinstance(value, str) else value


def test_hostile_texts_do_no_harm_in_a_terminal():
    """Addresses, user names and log lines are an attacker's: control characters are spelt out."""
    report = build_report(a_run(), investigated(everywhere(REACHED), everywhere(UNKNOWN), failed=True))
    text = "".join(text for text, _color in lines(report, "en", 120))
    assert "\\x1b]0;owned\\x07\\u202e" in text
    assert text.isprintable()


# --- in other formats --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_markdown_has_the_sentence_and_the_best_two(language):
    """A section with the verdict of each conclusion; hostile texts stay text."""
    told = WRITERS["markdown"][1](build_report(a_run(), investigated(*EVERY)), language)
    assert f"## {INVESTIGATION_WORDS[language]['investigations']} (4)" in told
    assert REACHED["sentence"].replace(":", "\\:") in told
    assert f"({INVESTIGATION_WORDS[language]['standing_confirmed']})" in told
    evil = WRITERS["markdown"][1](build_report(a_run(), investigated(everywhere(REACHED))), language)
    html = MarkdownIt("commonmark").enable("table").render(evil)
    assert "<script" not in html
    assert "<a " not in html
    assert INVESTIGATION_WORDS[language]["investigations"] not in WRITERS["markdown"][1](
        build_report(a_run(), OPEN), language
    )


@pytest.mark.parametrize("name", ["csv", "sarif", "junit", "ocsf"])
def test_formats_for_risks_hold_risks_only(name):
    """An investigation is no risk: it changes nothing in them."""
    audit, both = (build_report(a_run(), events) for events in (OPEN, [*OPEN, *investigated(REACHED)]))
    assert WRITERS[name][1](both, "en") == WRITERS[name][1](audit, "en")


def test_gates_keep_their_order():
    """The gates of a path stand as a packet meets them, and the one that stops it is told apart."""
    path = build_report(a_run(), investigated(an_investigation()))["investigations"][0]["paths"][0]
    assert [gate["kind"] for gate in path["gates"]] == ["address", "listener", "protocol"]
    assert path["stopped_by"] == BEHIND_THE_BALANCER["stopped_by"]
