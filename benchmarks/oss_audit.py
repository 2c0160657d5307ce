# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure an audit of OSS on a large simulated account: ./inv bench.

Three things are run, each on the same account and each with a simulator that lets every call take LATENCY ms: the two
modules alone, as the processes that Ansible makes of them, and playbooks/audit.yml with their two tags, where Ansible's
own start, an empty play, is part of the ideal.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from dataclasses import asdict
from pathlib import Path

import yaml

from benchmarks.measuring import Figures, module_command, row, table, usage
from simulator import generate
from tasks import ROOT

REGIONS = 5
PUBLIC = 0.01  # fraction of the buckets that everybody may read
OPEN = 0.05  # fraction of the others without Block Public Access
PAGE = 1000  # buckets in one answer to ListBuckets, at most
EMPTY_PLAY = "- hosts: all\n  gather_facts: false\n  tasks: []\n"
MODULES = ("oss_bucket_acl", "oss_bucket_versioning")


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
    key = next(key for key in estate["accounts"][0]["keys"] if key["user"] == "auditor")
    rows = [row(module, module_command(module), folder, path, least[module], key=key) for module in MODULES]
    audit = [*play, str(ROOT / "playbooks" / "audit.yml"), "--check", "--tags", ",".join(MODULES)]
    return [*rows, row("audit.yml", audit, folder, path, sum(least.values()), start=start, key=key)]


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


if __name__ == "__main__":
    raise SystemExit(main())
