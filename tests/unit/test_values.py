# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings as counts, plans and diffs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import Unread
from ansible_collections.hardening.alicloud.plugins.module_utils.values import (
    PRECEDENCE,
    Call,
    Change,
    Plan,
    summarise,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.examples import POLICY, READ, WRITE, a_finding, a_resource, refused, set_acl

NAMES = st.sampled_from(["a", "b", "c"])
FINDINGS = st.lists(st.builds(a_finding, NAMES, st.sampled_from(PRECEDENCE), st.sampled_from([READ, WRITE, POLICY])))
CHANGES = st.builds(set_acl, NAMES, st.sampled_from(["private", "public-read"]))


@pytest.mark.parametrize(
    ("statuses", "counted"),
    [
        (["compliant", "open"], "open"),
        (["whitelisted", "open"], "open"),
        (["unknown", "open"], "open"),
        (["fixed", "unknown"], "unknown"),
        (["compliant", "unknown"], "unknown"),
        (["whitelisted", "unknown"], "unknown"),
        (["fixed", "whitelisted"], "fixed"),
        (["compliant", "fixed"], "fixed"),
        (["compliant", "whitelisted"], "whitelisted"),
        (["not_applicable", "compliant"], "compliant"),
        (["not_applicable", "not_applicable"], "not_applicable"),
    ],
)
def test_a_resource_counts_under_its_worst_status(statuses, counted):
    """What is open outweighs what is unknown, and both outweigh everything else, in any order."""
    for order in (statuses, statuses[::-1]):
        counts = summarise([a_finding(status=status) for status in order])
        assert {name: count for name, count in counts.items() if count} == {"examined": 1, counted: 1}


@given(FINDINGS)
def test_counts_add_up_to_the_resources_examined(findings):
    """Every resource stands under exactly one status, and every status has its count."""
    counts = summarise(findings)
    assert counts.pop("examined") == len({finding.resource.arn for finding in findings}) == sum(counts.values())
    assert set(counts) == set(PRECEDENCE)


@given(FINDINGS)
def test_counts_do_not_depend_on_the_order(findings):
    """Findings may come in any order."""
    assert summarise(findings) == summarise(findings[::-1])


@given(st.lists(st.lists(CHANGES, max_size=3), max_size=5))
def test_a_plan_holds_every_change_once_where_it_first_stands(groups):
    """What two findings share is sent once, in the place of the first."""
    plan = Plan.of([a_finding(changes=tuple(changes)) for changes in groups])
    assert list(plan.changes) == list(dict.fromkeys(hashable(change) for group in groups for change in group))


class Hashable(Change):
    """A change that can stand in a set."""

    def __hash__(self):
        return hash(repr(self.call))

    def __eq__(self, other):
        return (self.resource, self.call) == (other.resource, other.call)


def hashable(change: Change) -> Hashable:
    """The change as one that can stand in a set."""
    return Hashable(**vars(change))


@pytest.mark.parametrize(
    ("status", "blocked_by", "sent"),
    [
        ("open", None, True),
        ("open", "it serves a website", False),
        ("whitelisted", None, False),
        ("unknown", None, False),
        ("fixed", None, False),
        ("compliant", None, False),
    ],
)
def test_only_what_is_open_and_unblocked_is_sent(status, blocked_by, sent):
    """A plan holds nothing of a finding that must be left as it is."""
    plan = Plan.of([a_finding(status=status, blocked_by=blocked_by, changes=(set_acl("acme-site", "private"),))])
    assert bool(plan.changes) == sent


@given(st.lists(CHANGES, max_size=6))
def test_grouping_keeps_everything_in_its_order(changes):
    """The groups of a plan hold all of its changes, each group's in the order of the plan."""
    groups = Plan(tuple(changes)).by_resource()
    for arn, group in groups.items():
        assert group == [change for change in changes if change.resource.arn == arn]
    assert sum(map(len, groups.values())) == len(changes)


@given(st.lists(st.builds(replace, CHANGES, needs=st.lists(NAMES.map(lambda name: a_resource(name).arn)).map(tuple))))
def test_waves_hold_every_group_once(changes):
    """Whatever needs what, even in a circle, everything is sent, and each resource's changes together."""
    plan = Plan(tuple(changes))
    merged: dict[str, list] = {}
    for wave in plan.waves():
        assert not merged.keys() & wave.keys()
        merged |= wave
    assert merged == plan.by_resource()


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        ({}, [{"a", "b", "c"}]),
        ({"a": "b"}, [{"b", "c"}, {"a"}]),
        ({"a": "b", "b": "c"}, [{"c"}, {"b"}, {"a"}]),
        ({"a": "a"}, [{"a", "b", "c"}]),
        ({"a": "elsewhere"}, [{"a", "b", "c"}]),
    ],
)
def test_what_is_needed_goes_first(needs, expected):
    """A resource waits for those that it needs, if anything is sent to them at all."""
    changes = [
        replace(set_acl(name, "private"), needs=tuple(a_resource(need).arn for need in needs.get(name, "").split()))
        for name in "abc"
    ]
    waves = Plan(tuple(changes)).waves()
    assert [{arn.rpartition(":")[2] for arn in wave} for wave in waves] == expected


def test_a_diff_shows_each_resource_once():
    """Lines stand in the order of the changes, under the resource's ARN; an empty line is left out."""
    made = Change(a_resource("new"), Call("oss", "PutBucket", {}), None, "", "made")
    one, two = set_acl("acme-site", "private"), set_acl("acme-site", "public-read", before="private")
    assert Plan((one, made, two)).diff() == [
        {
            "before_header": one.resource.arn,
            "after_header": one.resource.arn,
            "before": "acl: public-read\nacl: private\n",
            "after": "acl: private\nacl: public-read\n",
        },
        {"before_header": made.resource.arn, "after_header": made.resource.arn, "before": "", "after": "made\n"},
    ]


def test_a_risk_tells_what_was_not_readable():
    """A risk lists its evidence, then what could not be read with code and request id."""
    risk = a_finding(status="unknown", evidence=("seen",), unread=(Unread.of(refused()),)).as_risk()
    assert risk["evidence"][0] == "seen"
    assert risk["evidence"][1].startswith("not readable: GetBucketInfo: ")
    assert "AccessDenied, request id 5F3C-1" in risk["evidence"][1]


def test_a_finding_may_be_graver_than_its_control():
    """A risk has its control's severity unless the finding has one of its own."""
    assert a_finding().as_risk()["severity"] == "high"
    assert a_finding(severity="critical").as_risk()["severity"] == "critical"


def test_a_change_is_shown_with_its_undo():
    """Journals and results get both calls, and what is partial about the undo only where something is."""
    change = set_acl("acme-site", "private")
    partly = replace(change, undo=replace(change.undo, partial="only nearly"))
    assert change.as_dict()["undo"]["params"]["acl"] == "public-read"
    assert "partial" not in change.as_dict()["undo"]
    assert partly.as_dict()["undo"]["partial"] == "only nearly"
    assert replace(change, undo=None).as_dict()["undo"] is None
