# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m simulator.generate --buckets 1000 --regions 5 --seed 1 > estate.yml`: a large estate, always the same.

It has one account with the demo's two keys: `auditor` may read everything, `enforcer` may do everything.
"""

from __future__ import annotations

import argparse
import random
import sys
from typing import Any

import yaml

from . import regions

ACCOUNT = "1234567890123456"
WORDS = (
    "assets",
    "audit",
    "backup",
    "billing",
    "build",
    "data",
    "logs",
    "media",
    "reports",
    "site",
    "staging",
    "video",
)


def estate(*, buckets: int, regions_used: int, seed: int, public: float = 0.0, open_: float = 0.0) -> dict[str, Any]:
    """Compose an estate.

    buckets, regions_used   how many
    public                  fraction of buckets that everybody may read
    open_                   fraction of the others on which Block Public Access is off
    """
    chance = random.Random(seed)  # noqa: S311 - the same estate every time is the point
    used = list(regions.DEFAULT[:regions_used])
    bucket_list = [_bucket(number, chance, used, public, open_) for number in range(buckets)]
    return {"accounts": [{"id": ACCOUNT, "keys": _keys(), "regions": used, "oss": {"buckets": bucket_list}}]}


def _bucket(number: int, chance: random.Random, used: list[str], public: float, open_: float) -> dict[str, Any]:
    is_public = chance.random() < public
    bucket = {
        "name": f"{chance.choice(WORDS)}-{number:05d}",
        "region": used[number % len(used)],
        "acl": "public-read" if is_public else "private",
        "block_public_access": not is_public and chance.random() >= open_,
    }
    if chance.random() < 0.5:
        bucket["versioning"] = "Enabled"
    return bucket


def _keys() -> list[dict[str, Any]]:
    return [
        _key("LTAI5tSimAuditor00000001", "auditor", ["*:Get*", "*:List*", "*:Describe*", "*:Lookup*", "*:Query*"]),
        _key("LTAI5tSimEnforcer000001", "enforcer", ["*"]),
    ]


def _key(key: str, user: str, actions: list[str]) -> dict[str, Any]:
    policy = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    return {"id": key, "secret": f"simulator-{user}-secret", "user": user, "policies": [policy]}


def main(arguments: list[str] | None = None) -> int:
    """Print the estate as YAML."""
    parser = argparse.ArgumentParser(prog="python -m simulator.generate", description="Compose a large estate.")
    parser.add_argument("--buckets", type=int, default=1000)
    parser.add_argument("--regions", type=int, default=5, choices=range(1, len(regions.DEFAULT) + 1), metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--public", type=float, default=0.0, metavar="FRACTION", help="readable by everybody")
    parser.add_argument("--open", type=float, default=0.0, metavar="FRACTION", help="without Block Public Access")
    options = parser.parse_args(arguments)
    composed = estate(
        buckets=options.buckets,
        regions_used=options.regions,
        seed=options.seed,
        public=options.public,
        open_=options.open,
    )
    yaml.dump(composed, sys.stdout, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
