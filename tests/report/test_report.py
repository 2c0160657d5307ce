# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a value: what is gathered, merged and compared."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report import (
    build_report,
    events_of,
    fingerprint,
    is_worth_a_report,
    risk_id,
)
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_formats import as_json

from tests.report.examples import ACCOUNT, READ, VERSIONING, a_result, a_risk, a_run, a_task, arn, reports_of, unread

SCHEMA = json.loads(Path("docs/report.schema.json").read_text(encoding="utf-8"))
SITE = f"{READ}@{arn('acme-site')}"
LOGS = f"{READ}@{arn('acme-logs')}"


def history(report):
    return {key: report[key] for key in ("new", "still_open", "closed", "unconfirmed") if report[key]}


def statuses(report):
    return {risk["id"]: risk["status"] for risk in report["risks"]}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, f"{READ}@acs:oss:*:{ACCOUNT}:acme-site"),
        ({"control": VERSIONING}, f"{VERSIONING}@acs:oss:*:{ACCOUNT}:acme-site"),
        ({"resource": "acs:oss:*::acme-site"}, f"{READ}@{ACCOUNT}/acs:oss:*::acme-site"),
        ({"resource": "acs:oss:*::acme-site", "account_id": None}, f"{READ}@acs:oss:*::acme-site"),
    ],
)
def test_an_id_names_the_control_the_resource_and_the_account(other, expected):
    """Two accounts never share an id, and nothing but these three things makes one."""
    assert risk_id(a_risk(**other)) == expected


def test_an_id_does_not_depend_on_what_became_of_the_risk():
    """The id is the same whatever the status, the severity and the reporting host."""
    first, second = reports_of(
        a_task(a_result(a_risk())), a_task(a_result(a_risk(status="fixed", severity="low")), host="other")
    )
    assert list(statuses(first)) == list(statuses(second)) == [SITE]


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ("open", "fixed", "fixed"),
        ("fixed", "open", "open"),
        ("unknown", "open", "open"),
        ("open", "unknown", "open"),
        ("fixed", "unknown", "fixed"),
        ("unknown", "unknown", "unknown"),
        ("whitelisted", "open", "open"),
        ("open", "whitelisted", "whitelisted"),
    ],
)
def test_the_last_word_on_a_risk_counts_unless_it_says_nothing(earlier, later, expected):
    """A risk that two tasks report stands once, with the later status, but unknown takes nothing back."""
    tasks = [a_task(a_result(a_risk(status=status)), host=host) for host, status in (("a", earlier), ("b", later))]
    report = build_report(a_run(), [*tasks[0], *tasks[1]])
    assert statuses(report) == {SITE: expected}
    assert {one["host"] for one in report["risks"][0]["reported_by"]} == {"a", "b"}


def test_every_item_of_a_loop_counts():
    """A loop brings its results in items; the skipped ones bring nothing, the failed ones an error."""
    items = [
        a_result(a_risk("acme-site")),
        {"skipped": True},
        a_result(a_risk("acme-logs"), failed=True, msg="it broke"),
    ]
    report = build_report(a_run(), a_task({"results": items}, failed=True))
    assert set(statuses(report)) == {SITE, LOGS}
    assert [error["message"] for error in report["errors"]] == ["it broke"]


def test_what_a_failed_task_found_is_kept():
    """Risks of a failed task are in the report, beside what it could not read and why it failed."""
    result = a_result(a_risk(), a_risk("acme-logs", "unknown"), unread=[unread("acme-logs")], msg="Not everything.")
    report = build_report(a_run(), a_task(result, failed=True, ignored=True))
    assert statuses(report) == {LOGS: "unknown", SITE: "open"}
    assert [(error["kind"], error["what"], error["code"], error["ignored"]) for error in report["errors"]] == [
        ("unread", arn("acme-logs"), "AccessDenied", True),
        ("task", None, None, True),
    ]


@pytest.mark.parametrize("action", ["ansible.builtin.assert", "ansible.builtin.fail"])
def test_a_verdict_on_the_risks_is_no_error(action):
    """The task that ends a run because of its open risks adds nothing to the report."""
    events = [*a_task(a_result(a_risk())), *a_task({"msg": "too bad"}, action=action, failed=True)]
    assert build_report(a_run(), events)["errors"] == []


def test_a_failed_task_of_another_module_is_an_error():
    """Where something else failed, what should have come after it was perhaps never examined."""
    events = [*a_task(a_result()), *a_task({"msg": "no such file"}, action="ansible.builtin.copy", failed=True)]
    errors = build_report(a_run(), events)["errors"]
    assert [(error["module"], error["message"]) for error in errors] == [("ansible.builtin.copy", "no such file")]


@pytest.mark.parametrize(
    ("task", "result", "expected"),
    [
        ({}, a_result(), True),
        ({"action": "acme.cloud.audit"}, a_result(a_risk()), True),
        ({"action": "acme.cloud.audit"}, {"risks": ["rain", "snow"]}, False),
        ({"action": "acme.cloud.audit"}, {"risks": []}, False),
        ({"action": "ansible.builtin.copy", "failed": True}, {"msg": "no"}, False),
        ({"failed": True}, {"msg": "Check the access key."}, True),
        ({}, {"censored": "hidden"}, True),
        ({"action": "hardening.alicloud.restore", "failed": True}, {"msg": "no journal"}, False),
        ({"action": "hardening.alicloud.ssh_login_info", "failed": True}, {"msg": "no"}, False),
    ],
)
def test_only_a_task_that_looked_for_risks_makes_a_report(task, result, expected):
    """Results count by their shape, whatever module returned them; failures only of modules that look for risks."""
    assert is_worth_a_report(a_task(result, **task)) is expected


def test_a_result_hidden_by_no_log_is_an_error():
    """Risks that no_log hides are not silently missing."""
    report = build_report(a_run(), a_task({"censored": "hidden"}))
    assert "no_log" in report["errors"][0]["message"]
    assert report["summaries"][0]["complete"] is False


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ({"names": ["*"], "access_key_secret": "another", "workers": 2, "force": True, "_ansible_verbosity": 3}, True),
        ({"names": ["acme-*"]}, False),
        ({"names": ["*"], "regions": ["cn-hangzhou"]}, False),
    ],
)
def test_the_scope_is_what_is_looked_at_and_demanded(options, same):
    """Options that change the scope change its fingerprint; how the scope is read, and with which key, does not."""
    assert (fingerprint(options) == fingerprint({"names": ["*"]})) is same


def test_the_options_that_a_module_really_used_make_the_scope():
    """What the module says of its options, defaults included, goes before what the task wrote."""
    by_default = a_task(a_result(invocation={"module_args": {"names": ["*"], "acl": "private"}}), args={})
    written = a_task(a_result(invocation={"module_args": {"names": ["*"], "acl": "private"}}), args={"names": ["*"]})
    assert by_default[0]["scope"] == written[0]["scope"]


def test_no_option_of_a_module_reaches_the_report():
    """Neither a credential nor any other option is copied, wherever Ansible put it."""
    secret = "kept-from-the-report"
    args = {"access_key_secret": secret, "names": [secret]}
    result = a_result(a_risk(), invocation={"module_args": args}, failed=True, msg="it broke", diff=[{"after": secret}])
    assert secret not in as_json(build_report(a_run(), a_task(result, args=args, failed=True)))


SILENT = a_task(a_result())
OPEN = a_task(a_result(a_risk()))
UNKNOWN = a_task(a_result(a_risk(status="unknown"), unread=[unread("acme-site")], msg="no"), failed=True)
NO_KEY = a_task({"msg": "Check the access key."}, failed=True)


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        pytest.param([OPEN], {"new": [SITE]}, id="all is new where nothing was known"),
        pytest.param([OPEN, OPEN], {"still_open": [SITE]}, id="it stands"),
        pytest.param([SILENT, OPEN], {"new": [SITE]}, id="it came up"),
        pytest.param([OPEN, SILENT], {"closed": [SITE]}, id="somebody else closed it"),
        pytest.param([OPEN, a_task(a_result(a_risk(status="fixed")))], {"closed": [SITE]}, id="this run fixed it"),
        pytest.param([OPEN, a_task(a_result(a_risk(status="whitelisted")))], {}, id="accepted is not closed"),
        pytest.param([OPEN, UNKNOWN], {"unconfirmed": [SITE]}, id="unreadable is not closed"),
        pytest.param([OPEN, UNKNOWN, OPEN], {"still_open": [SITE]}, id="unreadable in between is no break"),
        pytest.param([OPEN, UNKNOWN, SILENT], {"closed": [SITE]}, id="closed in the dark shows in the light"),
        pytest.param([OPEN, UNKNOWN, UNKNOWN, SILENT], {"closed": [SITE]}, id="however long the dark was"),
        pytest.param([OPEN, NO_KEY], {}, id="a task without an account says nothing"),
        pytest.param(
            [OPEN, NO_KEY, OPEN], {"still_open": [SITE]}, id="and the run after it compares with the one before"
        ),
        pytest.param(
            [OPEN, a_task({"msg": "it broke", "account_id": ACCOUNT}, failed=True)],
            {"unconfirmed": [SITE]},
            id="a task that broke examined nothing",
        ),
        pytest.param(
            [OPEN, a_task(a_result(a_risk("acme-logs", "unknown"), unread=[unread("acme-logs")]), failed=True)],
            {"closed": [SITE]},
            id="another bucket's secrecy hides nothing",
        ),
        pytest.param(
            [OPEN, a_task(a_result(a_risk("*", "unknown"), unread=[unread("*")]), failed=True)],
            {"unconfirmed": [SITE]},
            id="an unreadable list hides all",
        ),
        pytest.param(
            [OPEN, a_task(a_result(unread=[unread("acme-logs")]), failed=True)],
            {"unconfirmed": [SITE]},
            id="something unreadable that no risk names may be anything",
        ),
        pytest.param([OPEN, a_task(a_result(), args={"names": ["b*"]})], {}, id="a narrower scope closes nothing"),
        pytest.param(
            [OPEN, a_task(a_result(), args={"names": ["b*"]}), OPEN], {"still_open": [SITE]}, id="nor does it interrupt"
        ),
        pytest.param(
            [OPEN, a_task(a_result(), action="hardening.alicloud.oss_bucket_versioning")], {}, id="nor another module"
        ),
        pytest.param([OPEN, a_task(a_result(account_id="2222222222222222"))], {}, id="nor another account"),
        pytest.param(
            [OPEN, a_task(a_result(a_risk()), host="renamed")], {"still_open": [SITE]}, id="hosts may be renamed"
        ),
        pytest.param([OPEN, a_task(a_result(compliant=0))], {"closed": [SITE]}, id="the last bucket was deleted"),
    ],
)
def test_a_run_is_held_against_the_last_one_of_its_scope(runs, expected):
    """What is new, still open, closed or out of sight, after each sequence of runs."""
    assert history(reports_of(*runs)[-1]) == expected


def group(region, name, status="open"):
    return a_risk(
        control="sg-risky-ports-check",
        resource=f"acs:ecs:{region}:{ACCOUNT}:{name}",
        region=region,
        status=status,
    )


@pytest.mark.parametrize("dark", ["securitygroup/*", "region/cn-shanghai", "*"])
def test_a_region_out_of_sight_hides_its_own_groups(dark):
    """An unreadable list, of whatever kind, keeps the risks below it unconfirmed."""
    unknown = group("cn-shanghai", dark, "unknown")
    lost = group("cn-shanghai", "securitygroup/sg-2")
    failed = a_task(a_result(unknown, unread=[{"what": unknown["resource"]}]), failed=True)
    assert history(reports_of(a_task(a_result(lost)), failed)[-1]) == {"unconfirmed": [risk_id(lost)]}


def test_a_region_out_of_sight_hides_no_other_region():
    """What was open elsewhere closes."""
    unknown = group("cn-shanghai", "securitygroup/*", "unknown")
    gone = group("cn-hangzhou", "securitygroup/sg-1")
    failed = a_task(a_result(unknown, unread=[{"what": unknown["resource"]}]), failed=True)
    assert history(reports_of(a_task(a_result(gone)), failed)[-1]) == {"closed": [risk_id(gone)]}


NARROW = {"args": {"names": ["acme-*"]}}
BOTH_OPEN = [*OPEN, *a_task(a_result(a_risk()), **NARROW)]
NARROW_UNKNOWN = a_task(a_result(a_risk(status="unknown"), unread=[unread("acme-site")]), failed=True, **NARROW)
NARROW_BROKEN = a_task({"msg": "it broke", "account_id": ACCOUNT}, failed=True, **NARROW)


@pytest.mark.parametrize(
    ("before", "second"), [(OPEN, NARROW_UNKNOWN), (BOTH_OPEN, NARROW_UNKNOWN), (BOTH_OPEN, NARROW_BROKEN)]
)
def test_what_one_task_missed_and_another_could_not_see_is_not_closed(before, second):
    """As long as one task of the run could not see what it should have seen, nothing is said to be closed."""
    assert history(reports_of(before, [*SILENT, *second])[-1]) == {"unconfirmed": [SITE]}


def test_of_two_tasks_alike_the_last_one_counts():
    """An examination that broke and was then done again in the same run is whole."""
    report = reports_of(OPEN, [*a_task({"msg": "it broke", "account_id": ACCOUNT}, failed=True), *SILENT])[-1]
    assert history(report) == {"closed": [SITE]}
    assert [one["complete"] for one in report["summaries"]] == [True]


@pytest.mark.parametrize(
    "foreign",
    [
        {},
        {"schema_version": "1.0"},
        {"schema_version": 1, "run": {"id": "x"}, "summaries": []},
        {"schema_version": "1.0", "run": {"id": "x"}, "summaries": [{"host": "main"}]},
        {"schema_version": "1.0", "run": {"id": "x"}, "summaries": None},
        {"schema_version": "9.0", "run": {"id": "x"}, "summaries": []},
    ],
)
def test_a_foreign_report_is_passed_over(foreign):
    """A file of another program or version does not stop the search for the last run."""
    earlier = build_report(a_run(1), OPEN)
    assert history(build_report(a_run(2), OPEN, [foreign, earlier])) == {"still_open": [SITE]}


def test_earlier_reports_are_read_only_as_far_as_needed():
    """With the baseline found, the rest of a long history stays unread."""
    earlier = iter([build_report(a_run(1), OPEN), build_report(a_run(0), OPEN)])
    build_report(a_run(2), OPEN, earlier)
    assert len(list(earlier)) == 1


def test_risks_stand_in_the_order_of_their_weight():
    """Unknown ones first, then by severity, open ones before the fixed."""
    risks = [
        a_risk("a", severity="low"),
        a_risk("b", "fixed", severity="high"),
        a_risk("c", severity="high"),
        a_risk("d", "unknown", severity="low"),
        a_risk("e", severity="critical"),
    ]
    report = build_report(a_run(), a_task(a_result(*risks)))
    assert [risk["resource_name"] for risk in report["risks"]] == ["d", "e", "c", "b", "a"]


def test_totals_count_risks_and_resources():
    """Risks are counted once, resources once for each module that looked at them."""
    events = [
        *a_task(a_result(a_risk("a"), a_risk("b", "fixed", severity="critical"))),
        *a_task(
            a_result(a_risk("a", severity="low", control=VERSIONING)), action="hardening.alicloud.oss_bucket_versioning"
        ),
    ]
    totals = build_report(a_run(), events)["totals"]
    assert totals["by_status"] == {"open": 2, "fixed": 1, "whitelisted": 0, "unknown": 0}
    assert totals["open_by_severity"] == {"critical": 0, "high": 1, "medium": 0, "low": 1}
    assert totals["resources"]["examined"] == 5


@pytest.mark.parametrize(("modes", "expected"), [(["audit"], "audit"), (["audit", "enforce"], "enforce")])
def test_a_run_enforces_as_soon_as_one_task_does(modes, expected):
    """A run counts as an audit only if all of it was in check mode."""
    events = [event for mode in modes for event in a_task(a_result(), mode=mode)]
    assert build_report(a_run(), events)["run"]["mode"] == expected


@pytest.mark.parametrize(
    "events",
    [
        SILENT,
        OPEN,
        UNKNOWN,
        NO_KEY,
        a_task(a_result(a_risk(status="whitelisted"), journal="/var/lib/journal.jsonl"), mode="enforce"),
        a_task(
            a_result({"control": "c", "status": "strange", "severity": "awful", "evidence": "text", "changes": None})
        ),
        a_task(a_result(a_risk("\udcff\x1b[31m", evidence=[{"a": ("tuple",)}], expected={1: None})), failed=True),
    ],
)
def test_every_report_keeps_to_the_schema(events):
    """Whatever the tasks brought, report.json is UTF-8 and valid by its published schema."""
    first = build_report(a_run(0), events)
    for report in (first, build_report(a_run(1), events, [first])):
        jsonschema.validate(json.loads(as_json(report).encode()), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_the_events_of_a_task_hold_only_what_the_report_needs():
    """Diffs, invocations and facts of a result go no further than the callback."""
    result = a_result(ansible_facts={"a": 1}, diff=[], invocation={"module_args": {"b": 2}})
    task = {"host": "h", "task": "t", "action": "x", "mode": "audit", "failed": False, "ignored": False, "args": {}}
    assert not {"ansible_facts", "diff", "invocation", "args"} & set(events_of(task, result)[0])


@pytest.mark.parametrize(
    "result",
    [
        {"unread": 5},
        {"unread": True},
        {"unread": {"mail": 5}},
        {"invocation": "x"},
        {"invocation": {"module_args": "x"}},
        {"risks": 5, "summary": "x", "results": {"a": 1}, "msg": ["x"]},
    ],
)
def test_other_modules_may_use_our_words(result):
    """What another module returns under these names is no part of the report, and no error."""
    task = {"host": "h", "task": "t", "action": "community.general.mail", "mode": "audit", "failed": False}
    (event,) = events_of({**task, "ignored": False, "args": {}}, result)
    assert (event["risks"], event["unread"]) == (None, [])


def center(score, **other):
    """Make the events of one reading of Security Center."""
    result = {"score": score, "scores": {"legacy": score}, "deductions": [], "account_id": ACCOUNT, **other}
    return a_task(result, action="hardening.alicloud.security_center_info")


def test_the_first_and_the_last_reading_of_the_score_count():
    """A run that reads the score before and after its changes tells both; one reading is no before."""
    twice = build_report(a_run(), [*center(85), *a_task(a_result()), *center(94)])["security_center"]
    assert [(one["score_before"], one["score"]) for one in twice] == [(85, 94)]
    once = build_report(a_run(), center(85))["security_center"]
    assert [(one["score_before"], one["score"]) for one in once] == [(None, 85)]
    unreadable = build_report(a_run(), center(None, unavailable=["NoPurchase"]))["security_center"]
    assert [(one["score"], one["unavailable"]) for one in unreadable] == [(None, ["NoPurchase"])]


def test_the_history_is_carried_on():
    """Each report tells of the runs before it that looked at the same, also if only the last of them is still there."""
    runs = [a_task(a_result(*(a_risk(str(place)) for place in range(count)))) for count in (3, 2, 1)]
    other = a_task(a_result(a_risk("elsewhere")), args={"names": ["elsewhere"]})
    reports = reports_of(runs[0], runs[1], other)
    last = build_report(a_run(9), [*runs[2]], reversed(reports[1:]))
    assert [entry["high"] for entry in last["history"]["risks"]] == [3, 2, 1]
    assert [entry["high"] for entry in reports[2]["history"]["risks"]] == [1]


def test_scores_have_a_history_of_their_own():
    """Whatever else the runs looked at, the score of an account is one line."""
    reports = reports_of([*center(80), *a_task(a_result())], a_task(a_result()), center(85), [*center(85), *center(94)])
    assert [entry["score"] for entry in reports[-1]["history"]["scores"]] == [80, 85, 94]
    assert reports[1]["history"]["scores"] == []


@pytest.mark.parametrize("history", [None, {}, {"risks": [{"run": "x"}]}, {"risks": 1, "scores": [{"score": "<b>"}]}])
def test_a_damaged_history_begins_anew(history):
    """What is not readable in an earlier report is forgotten, and the run goes on."""
    first = {**reports_of([*center(80), *a_task(a_result())])[0], "history": history}
    second = build_report(a_run(1), [*center(85), *a_task(a_result())], [first])
    assert len(second["history"]["risks"]) == 1
    assert [entry["score"] for entry in second["history"]["scores"]] == [85]
    jsonschema.validate(second, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_a_fixed_risk_names_its_journal():
    """Whoever wants to undo a fix finds the journal beside it."""
    result = a_result(a_risk("a", "fixed"), a_risk("b"), journal="/j")
    assert [risk["journal"] for risk in build_report(a_run(), a_task(result))["risks"]] == [None, "/j"]


def test_a_control_that_needs_an_option_is_judged_only_with_it():
    """Nobody may read compliance with what was never looked at."""
    versions = {"action": "hardening.alicloud.oss_bucket_versioning"}
    with_days = build_report(a_run(), a_task(a_result(), args={"noncurrent_days": 30}, **versions))
    without = build_report(a_run(), a_task(a_result(), args={"noncurrent_days": None}, **versions))
    assert with_days["summaries"][0]["controls"] == ["oss-bucket-noncurrent-versions-expire", VERSIONING]
    assert without["summaries"][0]["controls"] == [VERSIONING]
