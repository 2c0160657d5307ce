# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure an audit of OSS on a large simulated account: ./inv bench.

Three things are run, each on the same account and each with a simulator that lets every call take LATENCY ms: the two
modules alone, as the processes that Ansible makes of them, and playbooks/audit.yml with their two tags. For each:

calls, fewest   API calls made, by the simulator's own count, against the fewest that can answer (see `fewest`)
wall, ideal     seconds it took, against calls x latency / workers, the time if all workers were always waiting for the
                cloud; for the playbook, Ansible's own start is in the ideal: an empty play, measured here
memory          peak resident set of the largest process, MiB
CPU             processor time of everything the run started, ms per call
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.request import urlopen

import yaml

from simulator import generate
from tasks import ROOT, environment, simulated, with_venv

LATENCY = 50  # ms
REGIONS = 5
PUBLIC = 0.01  # fraction of the buckets that everybody may read
OPEN = 0.05  # fraction of the others without Block Public Access
WORKERS = 16  # the modules' default
PAGE = 1000  # buckets in one answer to ListBuckets, at most
LIFETIME = 600  # seconds after which a simulator ends by itself
EMPTY_PLAY = "- hosts: all\n  gather_facts: false\n  tasks: []\n"
MODULES = ("oss_bucket_acl", "oss_bucket_versioning")


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


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, and write the figures as JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.oss_audit", description="Measure an audit of OSS.")
    parser.add_argument("--buckets", type=int, default=1000)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        figures = measure(options.buckets, Path(name))
    print(table(figures, f"{options.buckets} buckets in {REGIONS} regions"))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in figures], indent=2) + "\n", encoding="utf-8")
    return 0


def measure(buckets: int, folder: Path) -> list[Figures]:
    """Run everything on an account of so many buckets."""
    estate = generate.estate(buckets=buckets, regions_used=REGIONS, seed=1, public=PUBLIC, open_=OPEN)
    path = folder / "estate.yml"
    path.write_text(yaml.safe_dump(estate), encoding="utf-8")
    least = fewest(estate["accounts"][0]["oss"]["buckets"])
    (folder / "empty.yml").write_text(EMPTY_PLAY, encoding="utf-8")
    (folder / "hosts.yml").write_text("all: {hosts: {account: }}", encoding="utf-8")
    play = ["ansible-playbook", "-i", str(folder / "hosts.yml")]
    start = usage([*play, str(folder / "empty.yml")], folder, {}).wall
    rows = [row(module, module_command(module), folder, path, least[module], 0) for module in MODULES]
    audit = [*play, str(ROOT / "playbooks" / "audit.yml"), "--check", "--tags", ",".join(MODULES)]
    return [*rows, row("audit.yml", audit, folder, path, sum(least.values()), start)]


def fewest(buckets: list[dict]) -> dict[str, int]:
    """Return the fewest calls that can answer, for each module: derived from the estate, whatever the code does.

    Both need the list (1,000 buckets a page) and one GetBucketInfo each, which tells ACL, Block Public Access and
    versioning. Beyond that
    - ACL: the account's Block Public Access once; the policy status of each bucket that nothing blocks; and of each
      public one its website and its domains, which speak against closing it.
    - versioning: of each bucket without it, its retention and its website's mirror rules, which forbid it.
    Whose account it is stands in the list, so asking for that is not counted.
    """
    listed = math.ceil(len(buckets) / PAGE) + len(buckets)
    unblocked = sum(not bucket["block_public_access"] for bucket in buckets)
    public = sum(bucket["acl"] != "private" for bucket in buckets)
    unversioned = sum(bucket.get("versioning") != "Enabled" for bucket in buckets)
    return {
        "oss_bucket_acl": listed + 1 + unblocked + 2 * public,
        "oss_bucket_versioning": listed + 2 * unversioned,
    }


def module_command(module: str) -> list[str]:
    """Return the command that runs a module in check mode, as Ansible would once it has unpacked it."""
    return [sys.executable, str(ROOT / "plugins" / "modules" / f"{module}.py")]


def row(name: str, command: list[str], folder: Path, estate: Path, least: int, start: float) -> Figures:
    """Run a command on a simulator of its own and put its figures together."""
    with simulated(estate, "--latency", LATENCY, "--lifetime", LIFETIME) as url:
        used = usage(command, folder, environment(url, "auditor", estate))
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


if __name__ == "__main__":
    raise SystemExit(main())
