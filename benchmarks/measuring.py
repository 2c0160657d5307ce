# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks have in common: run a command on a simulator where every call takes LATENCY ms. The columns:

calls, fewest   API calls made, by the simulator's own count, against the fewest that can answer
wall, ideal     seconds it took, against calls x latency / workers, the time if all workers were always waiting for the
                cloud
memory          peak resident set of the largest process, MiB
CPU             processor time of everything the run started, ms per call
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from tasks import ROOT, simulated, with_venv

LATENCY = 50  # ms
WORKERS = 16  # the modules' default
LIFETIME = 600  # seconds after which a simulator ends by itself


@dataclass(frozen=True)
class Usage:
    """What a command took: wall and cpu in seconds, memory in MiB."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Figures:
    """A row of the table; the docstring of this file tells what each means."""

    name: str
    calls: int
    fewest: int
    wall: float
    ideal: float
    memory: float
    cpu_per_call: float
    actions: dict[str, int]


def audit(module: str, account: dict, least: int) -> Figures:
    """Run a module in check mode on a simulated account."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        path = Path(name) / "estate.json"
        # JSON is YAML as well, and much faster to read for both of its readers.
        path.write_text(json.dumps({"accounts": [account]}), encoding="utf-8")
        key = next(key for key in account["keys"] if key["user"] == "auditor")
        return row(module, module_command(module), Path(name), path, least, key=key)


def module_command(module: str) -> list[str]:
    """Return the command that runs a module in check mode, as Ansible would once it has unpacked it."""
    return [sys.executable, str(ROOT / "plugins" / "modules" / f"{module}.py")]


def row(
    name: str, command: list[str], folder: Path, estate: Path, least: int, *, start: float = 0, key: dict
) -> Figures:
    """Run a command on a simulator of its own and put its figures together; start: what the ideal has to take too.

    A child's peak of memory begins with what this process has, so nothing large may be read here.
    """
    with simulated(estate, "--latency", LATENCY, "--lifetime", LIFETIME) as url:
        variables = {
            "ALIBABA_CLOUD_ENDPOINT_URL": url,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key["id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key["secret"],
        }
        used = usage(command, folder, variables)
        actions = Counter(entry["action"] for entry in fetch(f"{url}/_sim/journal"))
    calls = sum(actions.values())
    ideal = start + calls * LATENCY / 1000 / WORKERS
    return Figures(name, calls, least, used.wall, ideal, used.memory, used.cpu * 1000 / calls, dict(actions))


def usage(command: list[str], folder: Path, variables: dict[str, str]) -> Usage:
    """Run a command, which has to succeed, and measure it together with all that it started."""
    settings = {
        "PYTHONPATH": str(ROOT / ".ansible" / "collections"),
        "HARDENING_REPORT_DIR": str(folder / "reports"),
        "XDG_STATE_HOME": str(folder / "state"),
    }
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"_ansible_check_mode": True}})
    started = time.monotonic()
    with (folder / "output").open("w+") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=with_venv(settings | variables),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
        process.stdin.write(arguments.encode())
        process.stdin.close()
        _pid, status, resources = os.wait4(process.pid, 0)  # unlike getrusage, the figures of this child alone
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"{command[0]} failed:\n{output.read()[-3000:]}")
    return Usage(wall, resources.ru_utime + resources.ru_stime, resources.ru_maxrss / 1024)


def fetch(url: str) -> list[dict]:
    """Return what the simulator says under an address of its own."""
    with urlopen(url, timeout=60) as answer:  # noqa: S310 - the address is the simulator's
        return json.load(answer)


def table(figures: list[Figures], what: str) -> str:
    """Lay the figures out for reading, under what was looked at."""
    head = f"{'':<23}{'calls':>7}{'fewest':>8}{'':>7}{'wall s':>8}{'ideal s':>9}{'':>7}{'MiB':>6}{'CPU ms/call':>13}"
    lines = [
        f"{row.name:<23}{row.calls:>7}{row.fewest:>8}{row.calls / row.fewest:>6.2f}x{row.wall:>8.2f}{row.ideal:>9.2f}"
        f"{row.wall / row.ideal:>6.2f}x{row.memory:>6.0f}{row.cpu_per_call:>13.2f}"
        for row in figures
    ]
    title = f"\n{what}, {LATENCY} ms a call, {WORKERS} workers\n"
    return "\n".join([title, head, *lines])
