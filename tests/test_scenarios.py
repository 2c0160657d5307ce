# SPDX-License-Identifier: GPL-3.0-or-later
"""Every scenario, played in every way that it can be: `harness.py` says what a scenario is."""

from __future__ import annotations

import stat
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from simulator import Simulator
from tests.harness import (
    KEYS,
    REGISTRY,
    Outcome,
    Scenario,
    Stage,
    Tale,
    differences,
    document,
    entries,
    key,
    planned,
    scenarios,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALL = scenarios()
pytestmark = pytest.mark.usefixtures("collection")


def each(of: Callable[[Scenario], bool] = lambda _unused: True) -> pytest.MarkDecorator:
    """The test runs once for each of these scenarios."""
    return pytest.mark.parametrize("scenario", [pytest.param(one, id=one.id) for one in ALL if of(one)])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give the one simulator that all scenarios are played on."""
    with Simulator({"accounts": []}) as sim:
        yield Stage(sim, tmp_path_factory.mktemp("scenarios"))


@pytest.fixture(scope="module")
def tales(stage: Stage) -> Callable[[Scenario], Tale]:
    """Give the tale of a scenario, the same to every test."""
    told: dict[str, Tale] = {}
    return lambda scenario: told.setdefault(scenario.id, Tale(stage, scenario))


@each()
def test_check(scenario, tales):
    """Check mode reports the risks and predicts the changes, with reading calls only and the auditor's key."""
    run = tales(scenario).checked
    assert run.writing_calls == []
    assert differences(scenario.start, run.state) == []
    assert run.journal is None
    assert_message(run, scenario.fails)
    assert_warnings(run, [*scenario.warnings, *([scenario.stops] if scenario.stops else [])])
    assert_risks(run, scenario, {})
    assert_summary(run, scenario)
    assert_returned(run, scenario)
    assert by_resource(scenario.changes) == by_resource([" ".join(reversed(one)) for one in planned(run.result)])
    assert run.result["changed"] == bool(scenario.changes)


@each(lambda scenario: scenario.applied)
def test_apply(scenario, tales):
    """A real run does what check mode predicted, nothing else, and the cloud is then as it should be."""
    tale = tales(scenario)
    run, predicted = tale.applied, tale.checked.result
    assert differences(scenario.end, run.state) == []
    predicts = Counter(action for _unused, action in planned(predicted)) if scenario.writes else Counter()
    # What is refused ends its own resource's changes, so not all of the others need to have been sent.
    assert run.written == predicts if not scenario.refused else run.written < predicts
    assert_message(run, [*scenario.fails, *scenario.refused, *([scenario.stops] if scenario.stops else [])])
    assert_risks(run, scenario, became(scenario))
    assert_returned(run, scenario)
    assert run.result.get("diff") == predicted.get("diff")
    assert changes_of(run) == changes_of(tale.checked)
    assert run.result["changed"] == bool(run.written)
    if scenario.restores:
        assert_journal(run)


@each(lambda scenario: scenario.writes and not scenario.refused)
def test_again(scenario, tales):
    """A second run finds nothing left to do."""
    run = tales(scenario).repeated
    assert run.writing_calls == []
    assert run.result["changed"] is False
    assert differences(tales(scenario).applied.state, run.state) == []
    left = [risk for risk in scenario.risks if became(scenario)[identity(risk)] != "fixed"]
    assert sorted(map(identity, left)) == sorted(map(identity, run.result["risks"]))


@each(lambda scenario: scenario.restores)
def test_restore(scenario, tales):
    """A restore of the real run's journal, predicted by check mode, gives back what was."""
    tale = tales(scenario)
    predicted = tale.restore(tale.applied.state, tale.applied.journal, check=True)
    assert predicted.writing_calls == []
    run = tale.undone
    assert differences(scenario.restored_end, run.state) == []
    assert run.result["restored"] == predicted.result["restored"]
    assert run.result["not_restored"] == predicted.result["not_restored"]
    assert not run.failed, run.message
    assert bool(run.result["not_restored"]) == bool(scenario.restored)
    if scenario.killed:
        assert tale.restore(run.state, tale.applied.journal).result["changed"] is False


@each(lambda scenario: scenario.writes)
def test_faulted(scenario, tales):
    """Throttled, cut off and failing calls, and reads that lag behind writes, change nothing about the end."""
    tale = tales(scenario)
    called = {(call["product"], call["action"]): call["writes"] for call in tale.applied.calls}
    faults = [
        fault for (product, action), writes in called.items() for fault in trouble(product, action, writes=writes)
    ]
    run = tale.play(scenario.start, faults=faults)
    assert differences(scenario.end, run.state) == []
    assert_message(run, [*scenario.fails, *scenario.refused])
    assert_risks(run, scenario, became(scenario))
    struck = {(call["product"], call["action"]) for call in run.calls if call["code"] == "drop"}
    assert struck == {named for named, writes in called.items() if not writes}


def trouble(product: str, action: str, *, writes: bool) -> list[dict]:
    """What the first calls of an action meet. A write that broke off may have had its effect, so none of them does."""
    named = {"product": product, "action": action}
    if writes:
        return [{**named, "effect": "throttle", "times": 1}, {**named, "effect": "lag", "reads": 2}]
    return [
        {**named, "effect": "throttle", "times": 1},
        {**named, "effect": "drop", "times": 1},
        {**named, "effect": "error", "status": 500, "times": 1},
    ]


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize(
    ("scenario", "at"),
    [pytest.param(one, at, id=f"{one.id}-{at + 1}") for one in ALL if one.killed for at in range(len(one.changes))],
)
def test_killed(scenario, at, phase, tales):
    """What a killed run has changed stands in its journal; it can be repeated, and it can be restored."""
    tale = tales(scenario)
    run = tale.kill(at, phase)
    assert [entry["action"] for entry in entries(run.journal)] == [
        action for _unused, action in planned(tale.checked.result)[: at + 1]
    ]
    assert sum(run.written.values()) == at
    assert phase == "before" or run.writing_calls[-1]["code"] == "hang"
    repeated = tale.play(run.state)
    assert not repeated.failed, repeated.message
    if scenario.killed == "closed":
        left = {identity(risk) for risk in tale.play(repeated.state, check=True).result["risks"]}
        assert left == {risk for risk, status in became(scenario).items() if status != "fixed"}
    else:
        assert differences(scenario.end, repeated.state) == []
    restored = tale.restore(run.state, run.journal)
    assert not restored.failed, restored.message
    assert differences(scenario.start, restored.state) == []


@each(lambda scenario: bool(scenario.killed))
def test_killed_then_repeated_then_restored(scenario, tales):
    """The journals of a killed run and of its repetition, restored newest first, give back what was."""
    tale = tales(scenario)
    killed = tale.kill(0, "after")
    repeated = tale.play(killed.state)
    halfway = tale.restore(repeated.state, repeated.journal) if repeated.journal else repeated
    restored = tale.restore(halfway.state, killed.journal)
    assert not restored.failed, restored.message
    assert differences(scenario.start, restored.state) == []


@each(lambda scenario: bool(scenario.killed))
def test_restore_killed(scenario, stage, tales):
    """A restore that was killed can be repeated."""
    tale = tales(scenario)
    whole = tale.applied
    undoing = [call["action"] for call in tale.restore(whole.state, whole.journal, check=True).result["restored"]]
    killed = stage.kill("restore", whole.state, {"journal": str(whole.journal)}, undoing, 0, "after")
    restored = tale.restore(killed.state, whole.journal)
    assert not restored.failed, restored.message
    assert differences(scenario.start, restored.state) == []


# What all of them compare


def assert_message(run: Outcome, parts: list[str]) -> None:
    """The run failed with a message of these parts, or did not fail if there are none."""
    assert run.failed == bool(parts), run.message
    assert [part for part in parts if part not in run.message] == [], run.message


def assert_warnings(run: Outcome, parts: list[str]) -> None:
    """Each warning holds one of the parts, and each part is in one."""
    warnings = [str(warning) for warning in run.result.get("warnings", [])]
    assert len(warnings) == len(parts), warnings
    assert [part for part in parts if not any(part in warning for warning in warnings)] == [], warnings


def assert_risks(run: Outcome, scenario: Scenario, statuses: dict) -> None:
    """Exactly the risks of the scenario, each with the fields that it names."""
    risks = {identity(risk): risk for risk in run.result.get("risks", [])}
    assert sorted(risks) == sorted(map(identity, scenario.risks))
    for expected in scenario.risks:
        risk = risks[identity(expected)]
        status = statuses.get(identity(expected), expected.get("status", "open"))
        assert (status, identity(expected)) == (risk["status"], identity(expected)), risk["evidence"]
        if not (statuses and expected.get("after") == "open"):  # what failed says so there
            assert (risk["blocked_by"] is None) == ("blocked_by" not in expected), risk["blocked_by"]
        assert expected.get("blocked_by", "") in (risk["blocked_by"] or "")
        assert expected.get("evidence", "") in "\n".join(risk["evidence"])
        exact = set(expected) - {"control", "resource", "status", "after", "blocked_by", "evidence"}
        assert {name: expected[name] for name in exact} == {name: risk[name] for name in exact}


def assert_summary(run: Outcome, scenario: Scenario) -> None:
    """The counts of check mode are those of the scenario, and agree with its risks."""
    if scenario.summary is not None:
        assert {name: count for name, count in run.result["summary"].items() if count} == scenario.summary


def assert_returned(run: Outcome, scenario: Scenario) -> None:
    """The result holds what the scenario says of it."""
    assert scenario.returns == {name: part(value, run.result[name]) for name, value in scenario.returns.items()}


def part(expected: object, actual: object) -> object:
    """Of what is there, only what is spoken of: the named keys of mappings, in lists of the same length too."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {name: part(value, actual.get(name)) for name, value in expected.items()}
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [part(*pair) for pair in zip(expected, actual, strict=True)]
    return expected if expected == "<any>" else actual


def assert_journal(run: Outcome) -> None:
    """The restore journal tells of every writing call, and only its owner may read it."""
    noted = Counter(entry["action"] for entry in entries(run.journal))
    assert noted == Counter(call["action"] for call in run.writing_calls)
    if run.journal:
        assert run.result["journal"] == str(run.journal)
        assert stat.S_IMODE(run.journal.stat().st_mode) == 0o600


def identity(risk: dict) -> tuple[str, str]:
    """Control and resource of an expected or a real risk."""
    return risk["control"], risk["resource_id"] if "resource_id" in risk else risk["resource"]


def became(scenario: Scenario) -> dict[tuple[str, str], str]:
    """The status of each expected risk after a real run."""
    return {identity(risk): risk.get("after") or _became(scenario, risk) for risk in scenario.risks}


def _became(scenario: Scenario, risk: dict) -> str:
    status = risk.get("status", "open")
    return "fixed" if status == "open" and not risk.get("blocked_by") and not scenario.stops else status


def by_resource(changes: list[str]) -> dict[str, list[str]]:
    """Changes written as "Action resource_id": each resource's actions in their order."""
    groups: dict[str, list[str]] = {}
    for action, _unused, resource in (change.partition(" ") for change in changes):
        groups.setdefault(resource, []).append(action)
    return groups


def changes_of(run: Outcome) -> dict:
    """Each risk's changes, with their undo."""
    return {identity(risk): risk["changes"] for risk in run.result.get("risks", [])}


# The published RAM policies


def permissions(run: Outcome) -> set[str]:
    """What a run needed to be allowed."""
    return {REGISTRY.products[call["product"]].actions[call["action"]].permission for call in run.calls}


def allowed(policy: str) -> list[str]:
    """What a published policy allows."""
    return [action for statement in document(policy)["Statement"] for action in statement["Action"]]


def without(state: dict, action: str) -> dict:
    """The state, but neither key may do this action."""
    first, *others = state["accounts"]
    return {"accounts": [{**first, "keys": [key(user, without=action) for user in KEYS]}, *others]}


@pytest.mark.parametrize("action", allowed("audit"))
def test_audit_policy(action, tales):
    """No action of the audit policy is there for nothing: without it, some audit fails that else goes through."""
    using = (one for one in map(tales, ALL) if not one.scenario.fails and action in permissions(one.checked))
    assert any(one.play(without(one.scenario.start, action), user="auditor", check=True).failed for one in using)


# These change nothing that could be restored, so no scenario has them, and they have a test of their own.
ASKING = {"yundun-sas:VerifyCheckInstanceResult", "yundun-sas:GetCheckProcess"}


@pytest.mark.parametrize("action", [action for action in allowed("enforce") if action not in ASKING])
def test_enforce_policy(action, tales):
    """No action of the policy for enforcement is there for nothing: without it, some run or its restore fails."""
    whole = [tales(one) for one in ALL if one.writes and not one.fails and not one.refused]
    runs = (one for one in whole if action in permissions(one.applied))
    restores = (one for one in whole if one.scenario.restores and action in permissions(one.undone))
    assert any(one.play(without(one.scenario.start, action)).failed for one in runs) or any(
        one.restore(without(one.applied.state, action), one.applied.journal).failed for one in restores
    )


@pytest.mark.parametrize("action", sorted(ASKING))
def test_enforce_policy_for_checking_again(action, stage):
    """Nor are those that ask Security Center to check again."""
    [scenario] = [one for one in ALL if one.name.startswith("Accepted risks are whitelisted")]

    def verify(state: dict) -> Outcome:
        return stage.play("security_center_whitelist", state, {**scenario.options, "verify": True})

    assert not verify(scenario.start).failed
    refused = verify(without(scenario.start, action))
    assert refused.failed
    assert action.partition(":")[2] in refused.message
