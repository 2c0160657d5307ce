# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as ansible-galaxy builds and installs it, far from the checkout."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from .conftest import BIN, clean_environment


@pytest.fixture(scope="module")
def tarball(tmp_path_factory, collection):
    """Build the collection."""
    folder = tmp_path_factory.mktemp("build")
    galaxy("collection", "build", collection, "--output-path", folder)
    (path,) = folder.glob("hardening-alicloud-*.tar.gz")
    return path


@pytest.fixture(scope="module")
def installed(tmp_path_factory, tarball):
    """Install it into an empty folder, without network."""
    folder = tmp_path_factory.mktemp("collections")
    galaxy("collection", "install", "--offline", tarball, "-p", folder, ANSIBLE_COLLECTIONS_PATH=str(folder))
    return folder


def galaxy(*arguments, **variables):
    """Run ansible-galaxy, which has to succeed."""
    command = [BIN / "ansible-galaxy", *map(str, arguments)]
    environment = clean_environment() | variables
    done = subprocess.run(command, cwd="/", env=environment, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_built_collection_holds_what_runs_and_nothing_else(tarball):
    """Neither the environment, nor reports, nor the checkout's own tools are shipped."""
    with tarfile.open(tarball) as archive:
        names = archive.getnames()

    top = {Path(name).parts[0] for name in names}
    assert {"plugins", "roles", "playbooks", "meta", "docs", "LICENSE", "README.md", "MANIFEST.json"} <= top
    assert not top & {"simulator", "tests", "benchmarks", "reports", "inv", "tasks.py"}
    assert not [
        name for name in names if any(part.startswith(".") or part == "__pycache__" for part in Path(name).parts)
    ]


def test_an_installed_collection_audits_and_hardens_by_name_from_anywhere(account, installed, tmp_path):
    """The playbooks are found by their full names, and the report is written where it is asked for."""
    account.environment |= {
        "ANSIBLE_COLLECTIONS_PATH": str(installed),
        "ANSIBLE_CALLBACKS_ENABLED": "hardening.alicloud.risk_report",
    }
    elsewhere = tmp_path / "a folder elsewhere"
    elsewhere.mkdir()
    (elsewhere / "accounts.yml").write_text("all:\n  hosts:\n    production:\n")

    def play(user, name, *options):
        return account.play(user, "-i", "accounts.yml", f"hardening.alicloud.{name}", *options, cwd=elsewhere)

    audit = play("auditor", "audit", "--check")
    writes_of_the_audit = account.writes()
    harden = play("enforcer", "harden")

    assert audit.code == 0, audit.output
    assert writes_of_the_audit == []
    assert harden.code == 0, harden.output
    assert ("acme-exports", "oss-bucket-public-read-prohibited", "fixed") in harden.statuses()
    assert account.buckets()["acme-exports"]["acl"] == "private"
    assert {path.name for path in elsewhere.iterdir()} == {"accounts.yml"}
