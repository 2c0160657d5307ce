# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays scenarios: an estate, a module run on it as Ansible would, and what must have come of it.

A scenario file, `tests/scenarios/MODULE.yml`, is a list of scenarios, and data only. `tests/test_scenarios.py` plays
each of them in several ways (check, apply, again, restore, faulted, killed) and asserts the simulator's state and call
journal. It knows no product: a new module needs nothing but its file. The keys of a scenario:

    name        one sentence; it names the test
    given       the estate. Short form: the account's sections alone (`oss: {buckets: [...]}`, `regions: [...]`); id,
                regions and the keys `auditor` (docs/policies/audit.json) and `enforcer` (enforce.json as well) are
                filled in. Several accounts: `accounts: [...]`; the keys open the first.
    generate    arguments of simulator.generate.estate(): a large estate that `given` is laid over. Check mode only.
    denied      RAM statements without Effect (`{Action: oss:GetBucketInfo, Resource: "acs:oss:*:*:vault"}`) that the
                keys are refused. Part of the state: a restore meets them too.
    options     of the module
    risks       every risk that check mode must report, in any order: `control` and `resource` (its resource_id),
                `status` (default open), `after`: the status after a real run (default: fixed where open and not
                blocked, else unchanged). blocked_by: a part of the sentence; absent means null. evidence: a part of
                its sentences. Any other field of a risk: its exact value.
    changes     "Action resource_id" for each change, in the order of each resource; resources in any order. No other
                write may reach the cloud. Absent means none.
    then        what the real run makes of `given`, as differences: mappings are merged, lists of things with an `id`
                or a `name` are merged by it, other lists replaced; null removes a key, `gone: true` a thing from its
                list; "<any>" accepts what is there, and as an id it stands for a new thing, after the others. What is
                not named must be as it was. Absent means untouched.
    restored    the same, for what a restore leaves different from `given`
    summary     counts of resources in check mode; counts that are not named must be 0. Absent: not compared.
    returns     parts of the result of check mode and of the real run alike, compared key by key
    warnings    a part of each warning of check mode; there must be no others
    fails       parts of the message with which check mode and the real run fail, after all else was done
    refused     parts of the message with which only the real run fails (what check mode could not know)
    stops       a part of the message with which a real run stops before its first change; check mode warns of it
    killed      true: also play runs that are killed at each of the changes; repeated, they end as an unbroken run
                does. closed: repeated, they end with the same risks closed, but a resource whose risk was closed by
                the first of its changes does not get the others. For scenarios restored to `given` exactly.

A scenario that fails and has neither risks nor changes is one of bad options: nothing may be sent that writes.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from simulator import estate as estates
from simulator import generate, services

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Simulator

ROOT = Path(__file__).resolve().parents[1]
ACCOUNT = "1234567890123456"
REGIONS = ["cn-hangzhou", "cn-shanghai", "ap-northeast-1"]
KEYS = {
    "auditor": ("LTAI5tSimAuditor00000001", "simulator-auditor-secret", ("audit",)),
    "enforcer": ("LTAI5tSimEnforcer000001", "simulator-enforcer-secret", ("audit", "enforce")),
}
SECRETS = [secret for _unused, secret, _unused in KEYS.values()]
ANY = "<any>"
LONGEST_RUN = 60  # seconds; a module run takes well under one
REGISTRY = services.registry()


@dataclass(frozen=True)
class Scenario:
    """One scenario as its file has it, see above."""

    module: str
    name: str
    given: dict = field(default_factory=dict)
    generate: dict | None = None
    denied: list[dict] = field(default_factory=list)
    options: dict = field(default_factory=dict)
    risks: list[dict] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    then: dict = field(default_factory=dict)
    restored: dict = field(default_factory=dict)
    summary: dict | None = None
    returns: dict = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    fails: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    stops: str = ""
    killed: bool | str = False

    @property
    def id(self) -> str:
        """How pytest calls it."""
        return f"{self.module}-{re.sub(r'[^a-z0-9]+', '-', self.name.lower()).strip('-')}"

    @property
    def applied(self) -> bool:
        """A real run is played too."""
        return self.generate is None

    @property
    def writes(self) -> bool:
        """A real run changes something."""
        return self.applied and bool(self.changes) and not self.stops

    @property
    def restores(self) -> bool:
        """A real run leaves a journal to restore, as every module promises that has the options of a run."""
        text = (ROOT / "plugins" / "modules" / f"{self.module}.py").read_text(encoding="utf-8")
        return self.writes and "- hardening.alicloud.run\n" in text

    @functools.cached_property
    def start(self) -> dict:
        """The state at the beginning."""
        return normal({"accounts": self._accounts()})

    @functools.cached_property
    def end(self) -> dict:
        """The state after a real run."""
        return self._with(self.then)

    @functools.cached_property
    def restored_end(self) -> dict:
        """The state after a restore of that run."""
        return self._with(self.restored)

    def _accounts(self) -> list[dict]:
        accounts = self.given.get("accounts") or [self.given]
        large = generate.estate(**self.generate)["accounts"][0] if self.generate else {}
        base = {"id": ACCOUNT, "regions": REGIONS, **large}
        first = overlay(base, accounts[0]) | {"keys": [key(user, self.denied) for user in KEYS]}
        return [first, *accounts[1:]]

    def _with(self, difference: dict) -> dict:
        first, *others = self._accounts()
        return normal({"accounts": [overlay(first, difference), *others]})


@dataclass(frozen=True)
class Outcome:
    """One module run: what it said, what it called, and the state it left. Calls: the simulator's journal entries."""

    result: dict
    calls: list[dict]
    state: dict
    journal: Path | None

    @property
    def failed(self) -> bool:
        """It ended as a failed task."""
        return bool(self.result.get("failed"))

    @property
    def message(self) -> str:
        """What a failed run says."""
        return self.result.get("msg", "")

    @property
    def writing_calls(self) -> list[dict]:
        """Every writing call that was tried, whatever came of it."""
        return [call for call in self.calls if call["writes"]]

    @property
    def written(self) -> Counter:
        """How often each writing action succeeded."""
        return Counter(call["action"] for call in self.writing_calls if 200 <= call["status"] < 300)


# Scenarios


def scenarios() -> list[Scenario]:
    """Every scenario of every file."""
    return [scenario for path in sorted((ROOT / "tests" / "scenarios").glob("*.yml")) for scenario in load(path)]


def load(path: Path) -> list[Scenario]:
    """The scenarios of one file."""
    return [Scenario(module=path.stem, **entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]


def key(user: str, denied: list[dict] = (), without: str = "") -> dict:
    """A key of the estate, with the published policies. without: an action taken out of them."""
    identifier, secret, names = KEYS[user]
    documents = [document(name) for name in names]
    if without:
        for statement in (statement for document in documents for statement in document["Statement"]):
            statement["Action"] = [action for action in statement["Action"] if action != without]
    if denied:
        documents.append({"Version": "1", "Statement": [{"Effect": "Deny", **one} for one in denied]})
    return {"id": identifier, "secret": secret, "user": user, "policies": documents}


def document(policy: str) -> dict:
    """A published RAM policy."""
    return json.loads((ROOT / "docs" / "policies" / f"{policy}.json").read_text(encoding="utf-8"))


# Estates


def normal(estate: dict) -> dict:
    """The estate as the simulator would show it: full, in its own order."""
    return estates.dump(estates.load(estate, ROOT, REGISTRY), REGISTRY)


def overlay(base: Any, difference: Any) -> Any:
    """Base with the differences, as the key `then` describes them."""
    if isinstance(difference, Mapping):
        known = base if isinstance(base, Mapping) else {}
        merged = {**known, **{name: overlay(known.get(name), value) for name, value in difference.items()}}
        return {name: value for name, value in merged.items() if value is not None}
    if difference and isinstance(difference, list) and all(_identity(one) for one in difference):
        things = {_identity(one): one for one in base or []}
        named = [one for one in difference if _identity(one) != ANY]
        things |= {_identity(one): overlay(things.get(_identity(one)), one) for one in named}
        new = [one for one in difference if _identity(one) == ANY]
        return [*(one for one in things.values() if not one.get("gone")), *new]
    return difference


def _identity(thing: Any) -> str | None:
    return (thing.get("id") or thing.get("name")) if isinstance(thing, Mapping) else None


def differences(expected: Any, actual: Any, path: str = "") -> list[str]:
    """Where two states differ, place by place; "<any>" is expected to be there and nothing more."""
    if expected == ANY and actual is not None:
        return []
    if isinstance(expected, dict) and isinstance(actual, dict):
        names = [*expected, *(name for name in actual if name not in expected)]
        pairs = [(f"{path}.{name}", expected.get(name), actual.get(name)) for name in names]
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = [(f"{path}[{_identity(one) or at}]", one, actual[at]) for at, one in enumerate(expected)]
    else:
        return [] if expected == actual else [f"{path}: {actual!r}, not {expected!r}"]
    return [difference for at, *pair in pairs for difference in differences(*pair, at)]


# Running modules


def environment(url: str, user: str, home: Path) -> dict[str, str]:
    """All that a module's process finds in its environment: a key, the simulator, an empty home."""
    identifier, secret, _unused = KEYS[user]
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(ROOT / ".ansible" / "collections"), str(ROOT / "tests" / "hurry")]),
        "ALIBABA_CLOUD_ENDPOINT_URL": url,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": identifier,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": secret,
    }


def arguments(module: str, options: dict, *, check: bool) -> str:
    """What Ansible hands to a module on its standard input."""
    internal = {"module_name": f"hardening.alicloud.{module}", "check_mode": check, "diff": True, "verbosity": 4}
    return json.dumps({"ANSIBLE_MODULE_ARGS": options | {f"_ansible_{name}": internal[name] for name in internal}})


def script(module: str) -> str:
    """Where a module's file is."""
    return str(ROOT / "plugins" / "modules" / f"{module}.py")


def run(module: str, options: dict, variables: dict[str, str], *, check: bool = False) -> tuple[int, str, str]:
    """Run a module as AnsiballZ does, in an interpreter of its own; its exit code and what it wrote."""
    ended = subprocess.run(
        [sys.executable, script(module)],
        input=arguments(module, options, check=check),
        env=variables,
        capture_output=True,
        text=True,
        timeout=LONGEST_RUN,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def result_of(code: int, out: str, errors: str, secrets: list[str] = SECRETS) -> dict:
    """The result of a module that ran to its end: one JSON document, and no secret anywhere."""
    assert not errors, errors
    assert "Traceback" not in out, out
    assert not [secret for secret in secrets if secret in out]
    result = json.loads(out)
    assert code == (1 if result.get("failed") else 0)
    return result


class Nursery:
    """Starts module runs in the process that `nursery.py` describes, one at a time."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, ROOT / "tests" / "nursery.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment("", "auditor", Path.home()),
        )
        atexit.register(self.close)

    def start(self, module: str, options: dict, variables: dict[str, str], folder: Path, *, check: bool) -> None:
        """Start a run, and wait until it is a process."""
        (folder / "in").write_text(arguments(module, options, check=check), encoding="utf-8")
        run = {"script": script(module), "environment": variables, "folder": str(folder)}
        self._process.stdin.write(f"{json.dumps(run)}\n".encode())
        self._child = self._answer(LONGEST_RUN)

    def ended(self) -> bool:
        """The run is over."""
        return bool(select.select([self._process.stdout], [], [], 0)[0])

    def wait(self) -> int:
        """Wait for the end of the run; its exit code, which a run that takes too long gets from a signal."""
        if not select.select([self._process.stdout], [], [], LONGEST_RUN)[0]:
            self.kill()
        return self._answer(LONGEST_RUN)

    def kill(self) -> None:
        """Kill the run, which has not ended."""
        os.kill(self._child, signal.SIGKILL)

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=LONGEST_RUN)

    def _answer(self, seconds: float) -> int:
        assert select.select([self._process.stdout], [], [], seconds)[0], "the run takes too long"
        return int(self._process.stdout.readline())


@functools.cache
def nursery() -> Nursery:
    """The one nursery of this test run."""
    return Nursery()


class Stage:
    """A simulator that plays one run after the other, each from a state of its own choice."""

    def __init__(self, sim: Simulator, folder: Path):
        self.sim = sim
        self.folder = folder
        self.runs = 0

    def set(self, state: dict, faults: list[dict] = ()) -> Path:
        """Begin anew with this state; gives an empty folder for the run."""
        self.sim.reset(state)
        self.sim.set_faults(faults)
        self.runs += 1
        home = self.folder / str(self.runs)
        home.mkdir()
        return home

    def play(
        self,
        module: str,
        state: dict,
        options: dict,
        *,
        user: str = "enforcer",
        check: bool = False,
        faults: list[dict] = (),
    ) -> Outcome:
        """Run a module to its end, from the given state."""
        home = self.set(state, faults)
        self._start(module, options, user, home, check=check)
        code = nursery().wait()
        result = result_of(code, (home / "out").read_text(encoding="utf-8"), (home / "err").read_text(encoding="utf-8"))
        return self._outcome(result, home)

    def kill(self, module: str, state: dict, options: dict, actions: list[str], at: int, phase: str) -> Outcome:
        """Kill a real run while the change at this place of its actions hangs, before or after its effect."""
        skip = actions[:at].count(actions[at])
        hang = {"effect": "hang", "phase": phase, "skip": skip, "times": 1, "seconds": LONGEST_RUN}
        home = self.set(state, [{"action": actions[at], **hang}])
        # One change at a time, so that the plan's order is the order in which they reach the cloud.
        self._start(module, {**options, "workers": 1}, "enforcer", home, check=False)
        try:
            if phase == "before":
                wait_for(lambda: len(entries(journal_in(home))) > at)
            else:
                wait_for(lambda: sum(call["writes"] for call in self.sim.journal()) > at)
        finally:
            nursery().kill()
            code = nursery().wait()
        assert code == -signal.SIGKILL
        return self._outcome({}, home)

    def _start(self, module: str, options: dict, user: str, home: Path, *, check: bool) -> None:
        nursery().start(module, options, environment(self.sim.url, user, home), home, check=check)

    def _outcome(self, result: dict, home: Path) -> Outcome:
        assert not self.sim.violations()
        return Outcome(result, self.sim.journal(), self.sim.state(), journal_in(home))


def journal_in(home: Path) -> Path | None:
    """The restore journal that a run left in its own folder, at the default place; no secret is in it."""
    found = list(home.glob(".local/state/hardening.alicloud/*.jsonl"))
    assert len(found) < 2
    for path in found:
        assert not [secret for secret in SECRETS if secret in path.read_text(encoding="utf-8")]
    return found[0] if found else None


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it is so; the run has to be under way still."""
    deadline = time.monotonic() + LONGEST_RUN
    while not condition():
        assert not nursery().ended(), "the run ended before it came to this change"
        assert time.monotonic() < deadline, "the run never came to this change"
        time.sleep(0.01)


def entries(journal: Path | None) -> list[dict]:
    """The changes that a restore journal tells of; a line that was being written is none."""
    if journal is None:
        return []
    lines = [line for line in journal.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    return [entry for entry in map(json.loads, lines) if "journal" in entry]


# What a run was to do


def planned(result: dict) -> list[tuple[str, str]]:
    """The changes of a result's risks as (resource id, action), in the order in which a run sends them."""
    seen: dict[str, list[tuple[str, str]]] = {}
    known = set()
    for risk in result.get("risks", []):
        if risk["status"] not in {"open", "fixed"} or risk["blocked_by"]:
            continue
        for change in risk["changes"]:
            identity = json.dumps([change["product"], change["action"], change["params"]], sort_keys=True)
            if identity not in known:
                known.add(identity)
                seen.setdefault(risk["resource"], []).append((risk["resource_id"], change["action"]))
    return [change for changes in seen.values() for change in changes]


class Tale:
    """One scenario, each way of playing it at most once: a later step begins where an earlier one ended."""

    def __init__(self, stage: Stage, scenario: Scenario):
        self.stage = stage
        self.scenario = scenario

    def play(self, state: dict, **more: Any) -> Outcome:
        """Run the scenario's module."""
        return self.stage.play(self.scenario.module, state, self.scenario.options, **more)

    def restore(self, state: dict, journal: Path, *, check: bool = False) -> Outcome:
        """Run the module restore on a journal."""
        return self.stage.play("restore", state, {"journal": str(journal)}, check=check)

    def kill(self, at: int, phase: str) -> Outcome:
        """Kill a real run at one of its changes."""
        actions = [action for _unused, action in planned(self.checked.result)]
        return self.stage.kill(self.scenario.module, self.scenario.start, self.scenario.options, actions, at, phase)

    @functools.cached_property
    def checked(self) -> Outcome:
        """Check mode, with the key that may only read."""
        return self.play(self.scenario.start, user="auditor", check=True)

    @functools.cached_property
    def applied(self) -> Outcome:
        """A real run."""
        return self.play(self.scenario.start)

    @functools.cached_property
    def repeated(self) -> Outcome:
        """The same once more."""
        return self.play(self.applied.state)

    @functools.cached_property
    def undone(self) -> Outcome:
        """A restore of the real run."""
        return self.restore(self.applied.state, self.applied.journal)
