# SPDX-License-Identifier: GPL-3.0-or-later
"""Versioning and the expiry of old versions: what is a risk, what closes it, what forbids that."""

from __future__ import annotations

from itertools import product

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError
from ansible_collections.hardening.alicloud.plugins.module_utils.lifecycle import bounded, with_bound
from ansible_collections.hardening.alicloud.plugins.modules.oss_bucket_versioning import EXPIRY, VERSIONS, assess, read

from tests.unit.examples import FakeCloud, at, options, refused

UNREAD = "unread"
LATE = with_bound(None, 90)
IN_TIME = with_bound(None, 7)
STATES = [
    dict(zip(("versioning", "retention", "mirrors", "lifecycle"), values, strict=True))
    for values in product(
        ("", "Enabled", "Suspended"),
        ("", "InProgress", "Locked", UNREAD),
        (False, True, UNREAD),
        (None, LATE, IN_TIME, UNREAD),
    )
]
OPTIONS = [options(state=state, noncurrent_days=days) for state, days in product(("enabled", "suspended"), (None, 30))]
NAMES = [f"{one.state}{'+days' * bool(one.noncurrent_days)}" for one in OPTIONS]


def cloud_of(versioning="", retention="", mirrors="", lifecycle=None) -> FakeCloud:
    """An account with one such bucket; what is unread is denied."""
    answers = {"retention": retention, "mirrors": mirrors, "lifecycle": lifecycle}
    answers = {name: refused(name) if answer == UNREAD else answer for name, answer in answers.items()}
    info = {"acl": "private", "blocked": False, "versioning": versioning}
    return FakeCloud({"acme-site": {"bucket_info": info, **answers}, "": {"account_blocked": False}})


def judged(given, **state: object) -> dict:
    """The findings about such a bucket, by control."""
    return {finding.control: finding for finding in assess(read(cloud_of(**state), given, None), given)}


@pytest.mark.parametrize(
    ("state", "versioning", "status"),
    [
        ("enabled", "Enabled", "compliant"),
        ("enabled", "Suspended", "open"),
        ("enabled", "", "open"),
        ("suspended", "Enabled", "open"),
        ("suspended", "Suspended", "compliant"),
        ("suspended", "", "compliant"),
    ],
)
def test_versioning_is_as_wanted_or_a_risk(state, versioning, status):
    """What was never set counts as suspended."""
    assert judged(options(state=state, noncurrent_days=None), versioning=versioning)[VERSIONS].status == status


@pytest.mark.parametrize(
    ("versioning", "undo", "partial"), [("", "Suspended", True), ("Suspended", "Suspended", False)]
)
def test_enabling_is_undone_to_suspended(versioning, undo, partial):
    """The undo says so where it can't bring back that versioning was never set."""
    (change,) = judged(options(state="enabled", noncurrent_days=None), versioning=versioning)[VERSIONS].changes
    assert (change.call.action, change.call.params) == ("PutBucketVersioning", {**at(), "status": "Enabled"})
    assert (change.undo.action, change.undo.params) == ("PutBucketVersioning", {**at(), "status": undo})
    assert bool(change.undo.partial) == partial


@pytest.mark.parametrize(
    ("retention", "mirrors", "reason"),
    [
        ("", False, None),
        ("InProgress", False, "WORM, InProgress"),
        ("Locked", False, "WORM, Locked"),
        ("", True, "mirroring"),
        ("Locked", True, "WORM"),
        (UNREAD, False, "could not be read"),
        ("", UNREAD, "could not be read"),
        ("Locked", UNREAD, "could not be read"),
    ],
)
@pytest.mark.parametrize("versioning", ["", "Suspended"])
def test_what_forbids_versioning_is_reported_and_nothing_tried(versioning, retention, mirrors, reason):
    """Retention and mirroring rules stand against versioning, and so does not knowing of them."""
    finding = judged(
        options(state="enabled", noncurrent_days=None), versioning=versioning, retention=retention, mirrors=mirrors
    )[VERSIONS]
    assert finding.status == "open"
    assert (reason is None) == (finding.blocked_by is None)
    assert (reason or "") in (finding.blocked_by or "")
    assert finding.closable == (reason is None)
    assert bool(finding.unread) == (UNREAD in (retention, mirrors))


@pytest.mark.parametrize("given", OPTIONS, ids=NAMES)
def test_every_bucket_gets_one_finding_a_control(given):
    """Expiry is judged when the task asks for it, and only then."""
    for state in STATES:
        assert set(judged(given, **state)) == ({VERSIONS, EXPIRY} if given.noncurrent_days else {VERSIONS}), state


@pytest.mark.parametrize(
    ("lifecycle", "status"), [(None, "open"), (LATE, "open"), (IN_TIME, "compliant"), (UNREAD, "unknown")]
)
@pytest.mark.parametrize("versioning", ["", "Enabled", "Suspended"])
def test_old_versions_have_to_go_in_time(versioning, lifecycle, status):
    """An unreadable lifecycle is unknown, one without such a rule a risk."""
    finding = judged(options(state="enabled", noncurrent_days=30), versioning=versioning, lifecycle=lifecycle)[EXPIRY]
    assert finding.status == status
    assert bool(finding.unread) == (status == "unknown")
    assert finding.closable == (status == "open")


@pytest.mark.parametrize(
    ("state", "versioning", "retention", "status"),
    [
        ("enabled", "", "Locked", "not_applicable"),
        ("enabled", "", UNREAD, "not_applicable"),
        ("suspended", "", "", "not_applicable"),
        ("suspended", "Suspended", "", "open"),
        ("suspended", "Enabled", "", "open"),
    ],
)
def test_expiry_is_not_asked_of_a_bucket_without_versions(state, versioning, retention, status):
    """A bucket that can't or shall not have old versions needs no rule; one that once had some does."""
    found = judged(options(state=state, noncurrent_days=30), versioning=versioning, retention=retention)
    assert found[EXPIRY].status == status


@pytest.mark.parametrize("given", OPTIONS, ids=NAMES)
def test_sending_the_changes_closes_what_they_are_for(given):
    """A bucket as its changes leave it is compliant under that control."""
    closable = 0
    for state in STATES:
        for control, finding in judged(given, **state).items():
            if finding.closable:
                closable += 1
                (change,) = finding.changes
                assert judged(given, **after(state, change.call))[control].status == "compliant", (state, control)
                assert after(after(state, change.call), change.undo) == {
                    **state,
                    "versioning": (state["versioning"] or "Suspended") if control == VERSIONS else state["versioning"],
                }
    assert closable


def after(state: dict, call) -> dict:
    """The state of a bucket after a writing call."""
    assert {name: call.params[name] for name in at()} == at()
    changed = {
        "PutBucketVersioning": ("versioning", call.params.get("status")),
        "PutBucketLifecycle": ("lifecycle", call.params.get("document")),
        "DeleteBucketLifecycle": ("lifecycle", None),
    }
    name, value = changed[call.action]
    return {**state, name: value}


def test_the_rule_is_merged_into_the_document_that_is_there():
    """What the change puts holds the other rules, and its undo is the document letter for letter."""
    theirs = (
        "<LifecycleConfiguration><Rule><ID>logs</ID><Prefix>logs/</Prefix><Status>Enabled</Status>"
        "<Expiration><Days>9</Days></Expiration></Rule></LifecycleConfiguration>"
    )
    (change,) = judged(options(state="enabled", noncurrent_days=30), versioning="Enabled", lifecycle=theirs)[
        EXPIRY
    ].changes
    assert "<ID>logs</ID>" in change.call.params["document"]
    assert bounded(change.call.params["document"], 30)
    assert change.call.params["over"] == theirs
    assert change.undo.params == {**at(), "document": theirs}


@pytest.mark.parametrize(
    ("given", "versioning", "asked"),
    [
        (OPTIONS[0], "Enabled", set()),
        (OPTIONS[0], "", {"retention", "mirrors"}),
        (OPTIONS[1], "Enabled", {"lifecycle"}),
        (OPTIONS[1], "Suspended", {"retention", "mirrors", "lifecycle"}),
        (OPTIONS[2], "Enabled", set()),
        (OPTIONS[3], "", set()),
        (OPTIONS[3], "Enabled", {"lifecycle"}),
    ],
)
def test_only_what_can_matter_is_asked(given, versioning, asked):
    """What forbids versioning is read where it is off, the lifecycle where it is to be judged."""
    cloud = cloud_of(versioning)
    read(cloud, given, None)
    assert {question for bucket, question in cloud.asked if bucket} == asked | {"bucket_info"}


@pytest.mark.parametrize("days", [0, -1])
def test_an_impossible_number_of_days_is_refused(days):
    """The run ends before anything is read."""
    cloud = cloud_of()
    with pytest.raises(OptionError, match="1 or more"):
        read(cloud, options(state="enabled", noncurrent_days=days), None)
    assert cloud.asked == []


def test_an_unreadable_bucket_is_unknown():
    """Without its information a bucket is never compliant."""
    cloud = cloud_of()
    cloud.reads["acme-site"]["bucket_info"] = refused()
    (finding,) = assess(read(cloud, OPTIONS[1], None), OPTIONS[1])
    assert (finding.status, finding.unread[0].request_id) == ("unknown", "5F3C-1")
