# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test may use: simulators that tolerate no mistake, the collection's path, and no network."""

from __future__ import annotations

import json
import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def sim() -> Iterator[Callable[..., Simulator]]:
    """Start simulators, as many as the test asks for; what a client did wrong on one of them fails the test.

    `sim(estate, latency_ms=0, faults=[...])` takes what `Simulator` takes, and gives one that is running.
    """
    started: list[Simulator] = []

    def start(*arguments: object, **options: object) -> Simulator:
        started.append(Simulator(*arguments, **options).__enter__())
        return started[-1]

    yield start
    violations = [violation for simulator in started for violation in simulator.violations()]
    for simulator in started:
        simulator.__exit__(None, None, None)
    assert not violations


@pytest.fixture(scope="session")
def collection() -> Path:
    """Give the checkout's root, once Ansible can find it as hardening.alicloud."""
    link = ROOT / ".ansible" / "collections" / "ansible_collections" / "hardening" / "alicloud"
    assert link.resolve() == ROOT, "run ./inv once: it links the checkout into .ansible/collections"
    return ROOT


def refuse_other_machines(event: str, arguments: tuple) -> None:
    """Stop a test that connects to anything but this machine; a slip would otherwise reach a real account."""
    if event in {"socket.connect", "socket.sendto"} and isinstance(address := arguments[1], tuple):
        host = address[0]
        if host != "localhost" and not ip_address(host).is_loopback:
            raise RuntimeError(f"a test tried to reach {host}; tests use the simulator only")


sys.addaudithook(refuse_other_machines)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests, keep together what shares work: a file, or a scenario of a file."""
    for item in items:
        scenario = getattr(item, "callspec", None) and item.callspec.params.get("scenario")
        item.add_marker(pytest.mark.xdist_group(getattr(scenario, "id", item.path.name)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what `./inv test` ran before pytest, so that pytest's own closing line stays the last one."""
    checks = json.loads(os.environ.get("HARDENING_CHECKS", "{}"))
    if checks:
        terminalreporter.section("checks")
    for name, (code, seconds) in checks.items():
        verdict = f"FAILED ({code})" if code else "passed"
        terminalreporter.line(f"{name:<20} {verdict:<12} {seconds:6.1f} s", red=bool(code))
