# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of ansible-playbook on a simulated account, as a user starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Simulator

BIN = Path(sys.executable).parent
MINUTES = 2  # a run takes seconds; one that hangs ends here


@dataclass(frozen=True)
class Run:
    """What one ansible-playbook left behind."""

    code: int
    output: str
    reports: Path

    @property
    def report(self) -> dict:
        """Return the run's report.json."""
        return json.loads((self.reports / "latest" / "report.json").read_text())

    def statuses(self) -> set[tuple[str, str, str]]:
        """Return who fails what, and how it stands: resource, control, status."""
        return {(risk["resource_name"], risk["control"], risk["status"]) for risk in self.report["risks"]}


@dataclass
class Account:
    """A simulated account and how to run playbooks on it."""

    sim: Simulator
    keys: dict[str, dict]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def play(self, user: str, *arguments: object, cwd: Path) -> Run:
        """Run ansible-playbook with a user's key."""
        key = self.keys[user]
        environment = clean_environment() | self.environment | {
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "HARDENING_REPORT_DIR": str(self.folder / "reports"),
            "ALIBABA_CLOUD_ENDPOINT_URL": self.sim.url,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key["id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key["secret"],
        }  # fmt: skip
        command = [BIN / "ansible-playbook", *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MINUTES * 60,
        )
        return Run(done.returncode, done.stdout + done.stderr, self.folder / "reports")

    def buckets(self) -> dict[str, dict]:
        """Return what the simulator holds of each bucket."""
        return {bucket["name"]: bucket for bucket in self.sim.state()["accounts"][0]["oss"]["buckets"]}

    def writes(self) -> list[dict]:
        """Return the journal entries of calls that change something."""
        return [entry for entry in self.sim.journal() if entry["writes"]]


def clean_environment() -> dict[str, str]:
    """Return the tester's environment, without any setting for Ansible or the cloud, and with the tools of .venv."""
    foreign = ("ANSIBLE_", "ALIBABA_", "HARDENING_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def account(sim: Callable[..., Simulator], collection: Path, tmp_path: Path) -> Account:
    """Give the demo's account, freshly started."""
    estate = collection / "inventories" / "simulator" / "estate.yml"
    keys = {key["user"]: key for key in yaml.safe_load(estate.read_text())["accounts"][0]["keys"]}
    return Account(sim(estate), keys, tmp_path)
