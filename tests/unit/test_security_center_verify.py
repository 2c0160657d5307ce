# SPDX-License-Identifier: GPL-3.0-or-later
"""Having resources checked again, against the simulator."""

from __future__ import annotations

import json
import time
from collections import Counter
from types import SimpleNamespace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import security_center_verify
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.credentials import Keys
from ansible_collections.hardening.alicloud.plugins.module_utils.progress import Progress
from ansible_collections.hardening.alicloud.plugins.module_utils.security_center import SecurityCenter
from ansible_collections.hardening.alicloud.plugins.module_utils.security_center_rules import Rules
from ansible_collections.hardening.alicloud.plugins.module_utils.security_center_verify import verify

from tests.harness import key

KEY, SECRET = "LTAI5tSimEnforcer000001", "simulator-enforcer-secret"
STALE = {"status": "NOT_PASS", "region": "cn-hangzhou"}
OPTIONS = SimpleNamespace(regions=[], site="auto", checks={})


def estate(without="", **sas):
    """Give an account in which one bucket was fixed since the last scan, and one still is open.

    Its key has the published policies, without an action.
    """
    buckets = {"fixed": "Enabled", "open": "Suspended"}
    return {
        "accounts": [
            {
                "id": "1234567890123456",
                "keys": [key("enforcer", without=without)],
                "oss": {
                    "buckets": [
                        {"name": f"acme-{name}", "region": "cn-hangzhou", "versioning": state}
                        for name, state in buckets.items()
                    ]
                },
                "sas": {
                    "results": {
                        "oss-versioning": {f"acme-{name}": {**STALE, "name": f"acme-{name}"} for name in buckets}
                    },
                    **sas,
                },
            }
        ]
    }


@pytest.fixture
def play(sim):
    """Verify on an estate: what came of it, the errors, and the calls that were sent."""

    def run(timeout=20, faults=(), **sas):
        simulator = sim(estate(**sas), faults=list(faults))
        cloud = Cloud(Keys(KEY, SECRET), simulator.url, 4)
        checked, errors = verify(SecurityCenter(cloud, OPTIONS), timeout)
        return checked, errors, [call for call in simulator.journal() if call["action"] == "VerifyCheckInstanceResult"]

    return run


def test_what_was_fixed_passes_and_what_is_open_does_not(play):
    """Every resource that has not passed is asked about, and the wait is over when each has a new result."""
    [checked], errors, calls = play(seconds=0.3)
    assert errors == []
    assert checked["asked"] == ["acme-fixed", "acme-open"]
    assert (checked["passed"], checked["not_passed"], checked["pending"]) == (["acme-fixed"], ["acme-open"], [])
    assert checked["control"] == "oss-bucket-versioning-enabled"
    assert len(calls) == 1


def test_nothing_is_asked_for_what_is_whitelisted_or_has_passed(play):
    """A rule takes a resource out of what is checked again; without any left, nothing is sent."""
    rules = [{"check": "oss-versioning", "remark": "by hand", "instances": ["acme-fixed", "acme-open"]}]
    assert play(rules=rules) == ([], [], [])


def test_a_throttled_request_is_sent_again_when_it_may_be(play):
    """The refusal comes as a success; it says how long to wait."""
    [checked], errors, calls = play(refusals=[{"code": "Throttling", "seconds": 1}])
    assert errors == []
    assert checked["passed"] == ["acme-fixed"]
    assert [call["status"] for call in calls] == [200, 200]


def test_a_wait_beyond_the_limit_is_an_error(play):
    """Half an hour is more than the limit leaves, so it is told at once."""
    [checked], [error], calls = play(refusals=[{"code": "Throttling", "seconds": 1800}])
    assert "Throttling" in error
    assert "1800 seconds" in error
    assert (checked["passed"], len(calls)) == ([], 1)


@pytest.mark.parametrize("code", ["ActionTrialUnauthorized", "AuthorizationExhaust", "SomethingNew"])
def test_any_other_refusal_is_an_error(play, code):
    """A success of HTTP that is none."""
    [checked], [error], _unused = play(refusals=[{"code": code}])
    assert code in error
    assert "request id" in error
    assert checked["passed"] == []


def test_a_check_that_takes_too_long_is_an_error(play):
    """What is still under way when the time is up is pending, not passed."""
    [checked], [error], _unused = play(timeout=1, seconds=30)
    assert "did not finish checking" in error
    assert checked["pending"] == ["acme-fixed", "acme-open"]
    assert checked["passed"] == []


def test_the_results_tell_where_the_task_can_not(play):
    """Without the right to see tasks, the results still say what came of it, and the error is told."""
    [checked], [error], _unused = play(without="yundun-sas:GetCheckProcess", seconds=0.3)
    assert (checked["passed"], checked["not_passed"]) == (["acme-fixed"], ["acme-open"])
    assert "GetCheckProcess" in error
    assert "NoPermission" in error


def test_the_right_to_ask_is_needed(play):
    """Without it nothing is checked again, and the error says so."""
    [checked], [error], _unused = play(without="yundun-sas:VerifyCheckInstanceResult")
    assert checked["passed"] == []
    assert "NoPermission" in error


def test_old_results_are_not_waited_for_without_end(play, monkeypatch):
    """A check that is over and has left the old result behind is taken as it is, after a few looks."""
    monkeypatch.setattr(security_center_verify.Check, "fresh", lambda *_unused: False)
    [checked], errors, _unused = play(timeout=60)
    assert (checked["not_passed"], errors) == (["acme-open"], [])


def test_the_wait_shows_how_far_it_is(play, monkeypatch, tmp_path):
    """Whoever watches sees how many resources have a new result, while nothing else happens."""
    noted = []
    shown = Progress(str(tmp_path / "progress"))
    monkeypatch.setattr(security_center_verify, "progress", shown)

    def sleep(seconds):
        noted.append(json.loads((tmp_path / "progress").read_text(encoding="utf-8")))
        time.sleep(seconds)

    monkeypatch.setattr(security_center_verify, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    play(seconds=1)
    assert noted[0] == {"done": 0, "total": 2, "call": "Security Center checks again", "held_up": ""}


def test_lists_are_read_to_their_end(sim):
    """More items, resources and rules than fit on a page, each page once."""
    many = [{"id": f"user-{number:03}"} for number in range(230)]
    other = [
        {
            "key": f"other-{number}",
            "name": f"RAM-{number}",
            "type": "RAM",
            "level": "LOW",
            "instances": many[: number * 230],
        }
        for number in range(2)
    ]
    empty = [{"key": f"empty-{number}", "name": f"E-{number}", "type": "RAM", "level": "LOW"} for number in range(200)]
    rules = [{"check": "other-1", "remark": "by hand", "instances": [one["id"] for one in many[:45]]}]
    simulator = sim(estate(other_checks=[*other, *empty], rules=rules))
    center = SecurityCenter(Cloud(Keys(KEY, SECRET), simulator.url, 4), OPTIONS)
    items = center.items()
    assert len({item.id for item in items}) == len(items) > 200
    [big] = [item for item in items if item.name == "RAM-1"]
    assert {one.id for one in center.instances(big)} == {one["id"] for one in many}
    [rule] = Rules(center).list()
    assert len(rule.instances) == 45
    called = Counter(call["action"] for call in simulator.journal())
    assert (called["ListCheckResult"], called["ListCheckInstanceResult"], called["ListCheckRuleInstance"]) == (3, 3, 3)
