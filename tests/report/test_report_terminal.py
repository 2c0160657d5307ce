# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report says in the terminal."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report import build_report
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_terminal import ROWS, lines
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_text import width_of
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_words import WORDS

from tests.report.examples import ACCOUNT, READ, a_result, a_risk, a_run, a_task, reports_of, unread

EVERYTHING = a_task(
    a_result(
        a_risk("open-bucket"),
        a_risk("shop-bucket", blocked_by="it serves a website"),
        a_risk("fixed-bucket", "fixed"),
        a_risk("dark-bucket", "unknown", evidence=["not readable: GetBucketInfo (AccessDenied)"]),
        a_risk("known-bucket", "whitelisted"),
        unread=[unread("dark-bucket"), {"what": "the account's block", "code": "Denied", "request_id": "R1"}],
        journal="/var/lib/journal.jsonl",
        msg="not all was done",
    ),
    failed=True,
    mode="enforce",
)


def shown(report, language="en", width=120):
    return [text for text, _color in lines(report, language, width)]


def said(events, **other):
    return "\n".join(shown(build_report(a_run(), events), **other))


def row_of(name):
    return next(" ".join(line.split()) for line in shown(build_report(a_run(), EVERYTHING), width=200) if name in line)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "open-bucket",
            f"high open {READ} open-bucket (ap-northeast-1) ACL public-read (expected: ACL private)",
        ),
        ("shop-bucket", "ACL public-read (expected: ACL private); left alone: it serves a website"),
        (
            "fixed-bucket",
            f"high fixed {READ} fixed-bucket (ap-northeast-1) was: ACL public-read; now: ACL private",
        ),
        ("dark-bucket", "not readable: GetBucketInfo (AccessDenied)"),
        ("known-bucket", f"high {READ} known-bucket (ap-northeast-1) a site web 69"),
    ],
)
def test_a_row_tells_what_is_wrong(name, expected):
    """Each status has its own sentence; a whitelisted risk has reason, owner and the days that are left."""
    assert expected in row_of(name)


def test_unknown_risks_come_first_and_whitelisted_ones_last():
    """The reader meets what nobody knows, then what is wrong, then what is accepted."""
    text = said(EVERYTHING, width=200)
    names = ["dark-bucket", "open-bucket", "shop-bucket", "fixed-bucket", "known-bucket"]
    assert sorted(names, key=text.index) == names


def test_what_was_unreadable_stands_once():
    """What is a row of the table already is not repeated below it; the rest, and the task's own words, are."""
    text = said(EVERYTHING)
    assert text.count("dark-bucket") == 1
    assert "- main: oss_bucket_acl: the account's block (Denied, R1)" in text
    assert "- main: oss_bucket_acl: not all was done" in text


def test_the_end_sums_up():
    """Numbers, what changed since the last run, and where the undo lies."""
    text = "\n".join(shown(reports_of(a_task(a_result(a_risk("a"), a_risk("open-bucket"))), EVERYTHING)[-1]))
    assert "Risks: 2 open (2 high), 1 fixed, 1 whitelisted, 1 unknown. Resources examined: oss_bucket_acl 6." in text
    assert "Since 20261123T110000Z-000000: 1 new, 1 still open, 0 closed. 1 that were open could not" in text
    assert "Restore journal: /var/lib/journal.jsonl" in text


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (a_task(a_result(compliant=7)), f"No risk found in {ACCOUNT}; resources examined: oss_bucket_acl 7."),
        (a_task(a_result(a_risk(status="whitelisted"))), f"No other risk found in {ACCOUNT}; resources examined:"),
        (a_task({"msg": "Check the access key."}, failed=True), "Nothing could be examined in main."),
        (a_task(a_result(unread=[unread("*")], msg="no"), failed=True), "but the examination is not complete."),
        (
            [*a_task(a_result()), *a_task({"msg": "no"}, action="ansible.builtin.copy", failed=True)],
            "but the examination is not complete.",
        ),
    ],
)
def test_no_risk_is_a_sentence_about_what_was_examined(events, expected):
    """Without risks there is one sentence, with a reservation wherever something failed or was unreadable."""
    assert expected in said(events, width=200)


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("width", [20, 80, 120, 400])
def test_no_line_is_wider_than_the_terminal(language, width):
    """From 80 columns on, every line fits, in every language."""
    report = build_report(a_run(), EVERYTHING)
    assert max(width_of(line) for line in shown(report, language, width)) < max(80, width)


@pytest.mark.parametrize("language", WORDS)
def test_every_language_says_the_same(language):
    """No language lacks a sentence, or a value within one."""

    def fields(words):
        return {
            name: sorted(part for part in text.split("{")[1:]) and sorted(_names(text)) for name, text in words.items()
        }

    assert fields(WORDS[language]) == fields(WORDS["en"])


def _names(text):
    return [part.partition("}")[0] for part in text.split("{")[1:]]


def test_hostile_names_do_no_harm():
    """A name, a reason or a message with control characters is shown, not obeyed."""
    evil = "\x1b]0;owned\x07\u202e\nfake row"
    risk = a_risk(evil, blocked_by=evil, actual={evil: [evil]}, region=evil)
    accepted = a_risk("b", "whitelisted", whitelist={"reason": evil, "owner": evil, "expires": evil})
    result = a_result(
        risk, accepted, unread=[{"what": evil, "code": evil, "message": evil}], journal=evil, account_id=evil
    )
    text = "".join(shown(build_report(a_run(), a_task(result, failed=True, host=evil))))
    assert "\\x1b]0;owned\\x07\\u202e" in text
    assert text.isprintable()


def test_a_long_table_says_what_it_leaves_out():
    """Beyond its limit the table gives numbers by severity and points at the file."""
    risks = [a_risk(f"bucket-{number:03}") for number in range(ROWS + 5)]
    text = said(a_task(a_result(*risks)))
    assert text.count("bucket-0") == ROWS
    assert "… and 5 more (5 high), all in report.json" in text


def test_colours_follow_the_weight():
    """Unknown, open and fixed risks differ in colour, as do severities."""
    risks = [
        a_risk("a", severity="critical"),
        a_risk("b", severity="low"),
        a_risk("c", "fixed"),
        a_risk("d", "unknown"),
    ]
    report = build_report(a_run(), a_task(a_result(*risks)))
    colors = [color for text, color in lines(report, "en", 200) if "ap-northeast-1" in text]
    assert colors == ["bright purple", "bright red", "green", "cyan"]


def test_the_score_stands_at_the_end():
    """Before and after, if the run read it twice; nothing, if nobody read it."""

    def center(score):
        result = {"score": score, "account_id": ACCOUNT, "unavailable": []}
        return a_task(result, action="hardening.alicloud.security_center_info")

    assert f"Secure Score of {ACCOUNT}: 85 → 94." in said([*center(85), *a_task(a_result()), *center(94)])
    assert f"Secure Score of {ACCOUNT}: 94." in said([*a_task(a_result()), *center(94)])
    assert "Secure Score" not in said([*a_task(a_result()), *center(None)])
