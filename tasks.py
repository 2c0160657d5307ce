# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's tasks: ./inv --list shows them, ./inv --help TASK explains one."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml
from invoke import Collection, Context, Exit, task

from simulator.demo_server import server
from tests.tools import sanity as ansible_test

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent
REPORT = ROOT / "reports" / "latest" / "report.json"
DEMO_INVENTORY = ROOT / "inventories" / "simulator"
DEMO_ESTATE = DEMO_INVENTORY / "estate.yml"
DEMO_LIFETIME = 900  # seconds: far more than a demo takes, and an end to a simulator that nobody stopped
SEVERITIES = ("critical", "high", "medium", "low")


@task
def demo(_context: Context) -> None:
    """Audit, harden, audit again and investigate a simulated account; show the risks before and after."""
    with simulated(DEMO_ESTATE, "--lifetime", DEMO_LIFETIME) as url:
        before = play("audit", url, "auditor", "--check")
        play("harden", url, "enforcer")
        after = play("audit", url, "auditor", "--check")
        with TemporaryDirectory() as folder:
            play("investigate", url, "auditor", "-i", DEMO_INVENTORY, "-i", server(Path(folder)))
    print_risks({"before": before, "after": after})


@task(help={"port": "loopback port", "estate": "YAML file of the simulated accounts", "minutes": "when it stops"})
def simulator(_context: Context, port: int = 8642, estate: str = str(DEMO_ESTATE), minutes: int = 480) -> None:
    """Run the simulated cloud until Ctrl-C, and tell how to use it."""
    with simulated(estate, "--port", port, "--lifetime", minutes * 60, cwd=Path.cwd()) as url:
        print("Press Ctrl-C to stop it. In another terminal:\n")
        for user in keys(Path(estate)):
            print(f"# as {user}")
            for name, value in environment(url, user, Path(estate)).items():
                print(f"export {name}={shlex.quote(value)}")
        print("\n.venv/bin/ansible-playbook playbooks/audit.yml --check", flush=True)
        try:
            time.sleep(minutes * 60)
        except KeyboardInterrupt:
            print()


@task(help={"quick": "leave out ansible-lint and ansible-test sanity"})
def test(_context: Context, quick: bool = False) -> None:
    """Run everything that continuous integration runs; fail once, at the end."""
    checks = RUFF if quick else {**RUFF, **ANSIBLE}
    results = {name: outcome(*command) for name, command in checks.items()}
    # pytest's closing line has to be the last one, so tests/conftest.py prints the results of the checks above it.
    tested = run(PYTHON, "-m", "pytest", *SIDE_BY_SIDE, HARDENING_CHECKS=json.dumps(results))
    if tested or any(code for code, _seconds in results.values()):
        raise Exit(code=1)


@task
def lint(_context: Context) -> None:
    """Check the style of everything: ruff for Python, ansible-lint for the rest."""
    check(RUFF["ruff check"], RUFF["ruff format"], ANSIBLE["ansible-lint"])


@task
def sanity(_context: Context) -> None:
    """Run every ansible-test sanity test on a copy of the checkout, with no ignore file."""
    check(ANSIBLE["ansible-test sanity"])


@task(help={"match": "only tests whose name matches this expression, as for pytest -k"})
def unit(_context: Context, match: str = "") -> None:
    """Test the pure functions, which takes seconds."""
    check((PYTHON, "-m", "pytest", "tests/unit", "-k", match))


@task(help={"name": "a file of benchmarks/: oss_audit, slb_audit, security_groups or ssh_exposure"})
def bench(_context: Context, name: str = "oss_audit") -> None:
    """Measure an audit of a large simulated account: API calls, time, memory."""
    if run(PYTHON, "-m", f"benchmarks.{name}", PYTHONPATH=str(ROOT / ".ansible" / "collections")):
        raise Exit(code=1)


@task
def clean(_context: Context) -> None:
    """Remove what the tasks have made: reports, caches, the environment."""
    made = (".ansible", ".hypothesis", ".pytest_cache", ".ruff_cache", ".venv", "reports", "tests/output")
    for path in (*(ROOT / name for name in made), *ROOT.glob("hardening-alicloud-*.tar.gz"), ansible_test.HOME):
        if path.exists():
            print(f"removing {path}")
            shutil.rmtree(path) if path.is_dir() else path.unlink()


PYTHON = sys.executable
SIDE_BY_SIDE = ("-n", "auto", "--dist", "loadgroup")  # as many processes as cores; tests/conftest.py makes the groups
RUFF = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
}
ANSIBLE = {
    "ansible-lint": ("ansible-lint",),
    "ansible-test sanity": (PYTHON, "tests/tools/sanity.py"),
}


def run(*command: object, **variables: str) -> int:
    """Run a command in the checkout, its output going to the terminal; return its exit code."""
    words = [str(word) for word in command]
    print(f"\n$ {shlex.join(words)}", flush=True)
    return subprocess.run(words, cwd=ROOT, env=with_venv(variables), check=False).returncode


def with_venv(variables: dict[str, str]) -> dict[str, str]:
    """Return the environment of a command: the tools of .venv first, and the checkout's own Ansible settings."""
    path = f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), **variables}


def check(*commands: tuple[str, ...]) -> None:
    """Run all commands, and end the task when one failed."""
    codes = [run(*command) for command in commands]
    if any(codes):
        raise Exit(code=1)


def outcome(*command: str) -> tuple[int, float]:
    """Run a command; return its exit code and how many seconds it took."""
    started = time.monotonic()
    return run(*command), time.monotonic() - started


@contextmanager
def simulated(estate: str | Path, *options: object, cwd: Path = ROOT) -> Iterator[str]:
    """Run a simulator process for as long as the block lasts; give its URL."""
    command = [PYTHON, "-m", "simulator", "--estate", str(Path(cwd, estate)), *map(str, options)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline().strip()
        if not line.startswith("simulator: "):
            raise Exit("The simulator did not start; it said why above.", code=1)
        print(line, flush=True)
        yield line.removeprefix("simulator: ")
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def keys(estate: Path) -> dict[str, dict]:
    """Return the access keys of an estate's first account, by the name of the user."""
    return {key["user"]: key for key in yaml.safe_load(estate.read_text(encoding="utf-8"))["accounts"][0]["keys"]}


def environment(url: str, user: str, estate: Path = DEMO_ESTATE) -> dict[str, str]:
    """Return the environment variables that make the collection use the simulator as a user of the estate."""
    key = keys(estate)[user]
    return {
        "ALIBABA_CLOUD_ENDPOINT_URL": url,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key["id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key["secret"],
    }


def play(playbook: str, url: str, user: str, *options: object) -> dict:
    """Run a playbook on the simulator as a user; return its report."""
    if run("ansible-playbook", f"playbooks/{playbook}.yml", *options, **environment(url, user)):
        raise Exit(f"playbooks/{playbook}.yml failed.", code=1)
    return json.loads(REPORT.read_text(encoding="utf-8"))


def print_risks(reports: dict[str, dict]) -> None:
    """Print the risks of each report that are not closed, by severity, and where the last report lies."""
    print(f"\n{'risks':<8}" + "".join(f"{severity:>10}" for severity in SEVERITIES) + f"{'whitelisted':>14}")
    for name, report in reports.items():
        counts = Counter(risk["severity"] for risk in report["risks"] if risk["status"] in {"open", "unknown"})
        whitelisted = sum(risk["status"] == "whitelisted" for risk in report["risks"])
        print(f"{name:<8}" + "".join(f"{counts[severity]:>10}" for severity in SEVERITIES) + f"{whitelisted:>14}")
    print(f"\nreport: {REPORT.resolve()}")


namespace = Collection(demo, simulator, test, lint, sanity, unit, bench, clean)
