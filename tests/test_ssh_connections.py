# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can connect while and after security_group_ssh works: asked of the simulated network, not of the module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator import Simulator
from tests.harness import Scenario, Stage, planned

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("collection")

SCATTERED = [f"198.51.{number}.1" for number in range(0, 250, 2)]  # more rules than one call may add
WORLD, OFFICE, ANSIBLE, HEALTH_CHECK, PARTNER = "8.8.8.8", "203.0.113.7", "10.9.9.9", "100.100.2.3", "198.51.4.1"
WORLD_6, OFFICE_6, INSIDE_6 = "2a00::1", "2001:db8:1::7", "fd00::9"
OPEN = Scenario(
    module="security_group_ssh",
    name="A server in two groups, open in four ways",
    given={
        "ecs": {
            "prefix_lists": [{"id": "pl-wide", "region": "cn-hangzhou", "entries": ["0.0.0.0/2", "64.0.0.0/2"]}],
            "security_groups": [
                {
                    "id": "sg-front",
                    "region": "cn-hangzhou",
                    "rules": [
                        {"source": "0.0.0.0/0", "ports": "22/22", "priority": 3, "description": "temporary"},
                        {"source": "::/0", "protocol": "ALL", "priority": 3},
                        {"source": "8.8.4.4/32", "ports": "22/22", "policy": "Drop", "description": "brute force"},
                    ],
                },
                {
                    "id": "sg-back",
                    "region": "cn-hangzhou",
                    "inner_access": "Drop",
                    "rules": [
                        {"source": "pl-wide", "ports": "1/65535", "priority": 4},
                        {"source": "128.0.0.0/1", "ports": "20/30", "priority": 5},
                        {"source": "sg-jump", "ports": "22/22"},
                    ],
                },
                {"id": "sg-jump", "region": "cn-hangzhou"},
            ],
            "instances": [
                {
                    "id": "i-server",
                    "region": "cn-hangzhou",
                    "groups": ["sg-front", "sg-back"],
                    "private_ip": "172.16.0.5",
                    "eip": "198.51.100.5",
                    "ipv6": "2400:3200::5",
                },
                {"id": "i-jump", "region": "cn-hangzhou", "groups": ["sg-jump"], "private_ip": "172.16.9.9"},
            ],
        }
    },
    options={"allowed_sources": [OFFICE, "2001:db8:1::/48", *SCATTERED], "names": ["sg-*"]},
)
WANTED = [(source, 22) for source in (OFFICE, ANSIBLE, HEALTH_CHECK, PARTNER, OFFICE_6, INSIDE_6, "172.16.9.9")] + [
    (WORLD, 443),
    (WORLD, 23),
    (WORLD_6, 443),
    (WORLD_6, 21),
]
UNWANTED = [(WORLD, 22), ("200.1.2.3", 22), (WORLD_6, 22)]
NEVER = [("8.8.4.4", 22), ("200.1.2.3", 443)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a simulator to play on."""
    with Simulator({"accounts": []}) as sim:
        yield Stage(sim, tmp_path_factory.mktemp("connections"))


def connected(sim: Simulator, attempts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Which of the attempts succeed."""
    return [attempt for attempt in attempts if sim.connect(attempt[0], "i-server", attempt[1])]


def run(stage: Stage, state: dict, **more: object) -> dict:
    """Play the module, and expect it to succeed."""
    outcome = stage.play(OPEN.module, state, OPEN.options, **more)
    assert not outcome.failed, outcome.message
    return outcome.result


def test_only_the_unwanted_lose_their_access(stage):
    """The internet is out at the guarded port; the office, private addresses, health checks and other ports are not."""
    stage.set(OPEN.start)
    assert connected(stage.sim, WANTED + UNWANTED + NEVER) == WANTED + UNWANTED
    run(stage, OPEN.start)
    assert connected(stage.sim, WANTED + UNWANTED + NEVER) == WANTED


def test_nobody_wanted_is_cut_off_at_any_moment(stage):
    """Before and after each call of the run, everybody wanted can connect."""
    actions = [action for _unused, action in planned(run(stage, OPEN.start, check=True))]
    assert actions.count("AuthorizeSecurityGroup") > 2, "more than one call for a group"
    for at, action in enumerate(actions):
        for phase in ("before", "after"):
            stage.kill(OPEN.module, OPEN.start, OPEN.options, actions, at, phase)
            assert connected(stage.sim, WANTED) == WANTED, (action, at, phase)


def test_a_restore_opens_what_was_open_and_cuts_nobody_off(stage):
    """Restored, the network answers as it did; a restore that is refused half way leaves everybody wanted in."""
    done = stage.play(OPEN.module, OPEN.start, OPEN.options)
    arguments = {"journal": str(done.journal)}
    refused = {
        "product": "ecs",
        "action": "AuthorizeSecurityGroup",
        "effect": "error",
        "status": 403,
        "code": "Forbidden.RAM",
    }
    half = stage.play("restore", done.state, arguments, faults=[refused])
    assert half.failed
    assert connected(stage.sim, WANTED) == WANTED
    whole = stage.play("restore", half.state, arguments)
    assert not whole.failed, whole.message
    assert whole.state == OPEN.start
    assert connected(stage.sim, WANTED + UNWANTED + NEVER) == WANTED + UNWANTED


def test_nothing_is_removed_while_what_replaces_it_does_not_show(stage):
    """If the added rules never show, the open ones stay, and the run says why."""
    lag = {"product": "ecs", "action": "AuthorizeSecurityGroup", "effect": "lag", "reads": 500}
    outcome = stage.play(OPEN.module, OPEN.start, OPEN.options, faults=[lag])
    assert "Nothing was removed" in outcome.message
    assert not [call for call in outcome.calls if call["action"] == "RevokeSecurityGroup"]
    assert connected(stage.sim, WANTED + UNWANTED) == WANTED + UNWANTED


def test_rules_are_removed_by_their_ids(stage):
    """Removal by content succeeds without removing anything, so no call asks for that."""
    outcome = stage.play(OPEN.module, OPEN.start, OPEN.options)
    revoked = [call["params"] for call in outcome.calls if call["action"] == "RevokeSecurityGroup"]
    assert revoked
    assert all(params["SecurityGroupRuleId"] and "Permissions" not in params for params in revoked)


def test_a_rule_that_vanishes_during_the_run_is_no_error(stage):
    """An id that the cloud does not know any more is looked for again, and then left alone."""
    gone = {
        "product": "ecs", "action": "RevokeSecurityGroup", "effect": "error", "times": 1, "status": 400,
        "code": "InvalidParam.SecurityGroupRuleId",
    }  # fmt: skip
    outcome = stage.play(OPEN.module, OPEN.start, OPEN.options, faults=[gone])
    assert not outcome.failed, outcome.message
    assert connected(stage.sim, WANTED + UNWANTED) == WANTED


def test_the_quota_is_kept(stage):
    """Where the new rules don't fit beside the old ones, nothing is sent."""
    many = [f"198.{number // 250}.{number % 250}.1" for number in range(0, 500, 2)]
    outcome = stage.play(OPEN.module, OPEN.start, {"allowed_sources": many})
    blocked = {risk["resource_id"]: risk["blocked_by"] for risk in outcome.result["risks"]}
    assert "a group holds 200" in blocked["sg-front"]
    assert not outcome.failed
    assert not [call for call in outcome.writing_calls if call["params"]["SecurityGroupId"] == "sg-front"]


def test_each_list_and_each_group_is_read_once(stage):
    """A check makes one call for the regions, the groups of a region, each group, each list, and the interfaces."""
    calls = stage.play(OPEN.module, OPEN.start, OPEN.options, check=True).calls
    named = [(call["action"], call["params"].get("SecurityGroupId") or call["region"]) for call in calls]
    assert sorted(named) == sorted(set(named))
    assert len(named) == 1 + 1 + 3 + 2 + 1 + 1  # identity, regions, lists of groups, rules, interfaces, prefix list
