# SPDX-License-Identifier: GPL-3.0-or-later
"""The Secure Score beside our own count, and Security Center's findings beside our risks."""

from __future__ import annotations

from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_terminal import lines

from tests.report.examples import ACCOUNT, READ, a_result, a_risk, a_task, arn, reports_of

WRITE = "oss-bucket-public-write-prohibited"


def center(score=85, **other):
    """Make the task that reads the score."""
    result = {"account_id": ACCOUNT, "score": score, "scores": {"legacy": score}, "unavailable": [], **other}
    return a_task(result, action="hardening.alicloud.security_center_info")


def a_report(*tasks):
    """Report on the run of these tasks."""
    [report] = reports_of([event for events in tasks for event in events])
    return report


def said(report, language="en"):
    """Give what the terminal shows, on one line."""
    return " ".join(" ".join(text for text, _color in lines(report, language, 120)).split())


def test_each_resource_of_a_finding_names_our_risks():
    """Those that stand in the report, under any of the item's controls; others have none."""
    finding = {
        "check_id": 5,
        "name": "OSS-Bucket Access Permissions",
        "control": READ,
        "controls": [READ, WRITE],
        "instances": [{"id": "acme-site", "resource": arn("acme-site")}, {"id": "stale", "resource": arn("stale")}],
    }
    other = {
        "check_id": 6,
        "name": "RAM-MFA",
        "control": None,
        "controls": [],
        "instances": [{"id": "alice", "resource": "x"}],
    }
    report = a_report(a_task(a_result(a_risk())), center(findings=[finding, other]))
    [entry] = report["security_center"]
    assert [one["risks"] for one in entry["findings"][0]["instances"]] == [[f"{READ}@{arn('acme-site')}"], []]
    assert entry["findings"][1]["instances"][0]["risks"] == []
    assert entry["findings"][1]["control"] is None


def test_accepting_a_risk_moves_one_ratio_only():
    """What is accepted is clean in one count and not in the other."""
    results = a_result(a_risk(), a_risk("acme-www", "whitelisted"), a_risk("acme-old", "fixed"), compliant=1)
    report = a_report(a_task(results), center())
    assert report["totals"]["ratio"] == {"strict": 50, "accepted": 75}
    assert "75 % of resources have no open risk; 50 % if accepted risks are not counted as clean" in said(report)


def test_a_whitelist_in_step_is_no_hardened_resource():
    """What the whitelist's module counts has no part in the ratio."""
    in_step = a_task(a_result(compliant=98), action="hardening.alicloud.security_center_whitelist")
    report = a_report(a_task(a_result(a_risk(), compliant=1)), in_step)
    assert report["totals"]["ratio"] == {"strict": 50, "accepted": 50}


def test_without_resources_there_is_no_ratio():
    """Nothing examined is not a hundred per cent."""
    report = a_report(center())
    assert report["totals"]["ratio"] is None
    assert "By our own count" not in said(report)


def test_what_was_not_bought_is_said():
    """Once for each part, in every language."""
    gap = {"what": "findings", "action": "ListCheckResult", "code": "NoPurchase"}
    report = a_report(center(unavailable=[gap, {**gap, "action": "ListCheckRule"}]))
    for language in ("en", "ja", "zh"):
        assert said(report, language).count("findings") == 1
