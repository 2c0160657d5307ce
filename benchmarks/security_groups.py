# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure security_group_ssh: ./inv bench --name security_groups.

First the module in check mode, as the process that Ansible makes of it, on a simulated account of 24 regions with 50
groups each, of 1 to 200 rules, where every call takes 50 ms. The columns are those of measuring.py.
Then the judging alone, without any call, over 10,000 groups of 200 rules each:

sources    computing from where connections to one port are accepted
findings   all that the module makes of a group: verdict, evidence, and the changes of the one in ten that is open
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import Lists, Rule, accepted
from ansible_collections.hardening.alicloud.plugins.module_utils.security_groups import Group
from ansible_collections.hardening.alicloud.plugins.module_utils.values import Resource
from ansible_collections.hardening.alicloud.plugins.modules import security_group_ssh

from benchmarks.measuring import audit, table
from simulator import generate

REGIONS, GROUPS, MOST_RULES = 24, 50, 200
JUDGED, BATCH = 10_000, 500
OPEN = 0.1  # fraction of the groups that let the internet in to SSH, by one rule
DROPS = 0.05
PORTS = ("22/22", "80/80", "443/443", "3306/3306", "8000/9000", "1/65535", "20/25")
OPTIONS = SimpleNamespace(ports=[22], allowed_sources=[], keep_sources=[], include_private=False, force=True)


@dataclass(frozen=True)
class Judging:
    """How many groups a second, by what is made of them, and how many of them were open."""

    groups: int
    rules: int
    sources_per_second: float
    findings_per_second: float
    open_groups: int


def main(arguments: list[str] | None = None) -> int:
    """Measure both, print the figures, and write them as JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.security_groups", description="Measure the SSH audit.")
    parser.add_argument("--regions", type=int, default=REGIONS)
    parser.add_argument("--groups", type=int, default=GROUPS, help="in each region")
    parser.add_argument("--judged", type=int, default=JUDGED, help="groups that are judged without any call")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    account = generate.estate(buckets=0, regions_used=options.regions, seed=1)["accounts"][0]
    account["ecs"] = network(account["regions"], options.groups)
    figures = audit("security_group_ssh", account, fewest(account["ecs"], options.regions))
    print(table([figures], f"{options.regions} regions of {options.groups} groups"))
    judging = judge(options.judged)
    print(f"\njudging {judging.groups} groups of {judging.rules} rules, {judging.open_groups} of them open")
    print(f"sources {judging.sources_per_second:.0f} groups/s, findings {judging.findings_per_second:.0f} groups/s")
    if options.json:
        options.json.write_text(json.dumps({"audit": asdict(figures), "judging": asdict(judging)}, indent=2) + "\n")
    return 0


def fewest(ecs: dict, regions: int) -> int:
    """Return the fewest calls that can answer, derived from the estate, whatever the code does.

    The regions once; in each region the groups (100 a page) and the network interfaces (500 a page), which tell what is
    in use; each group's rules (1,000 a page); each prefix list. Asking whose account it is, is not counted.
    """
    groups, interfaces = len(ecs["security_groups"]) / regions, len(ecs["network_interfaces"]) / regions
    lists = regions * (math.ceil(groups / 100) + math.ceil(interfaces / 500))
    return 1 + lists + len(ecs["security_groups"]) + len(ecs["prefix_lists"])


def network(regions: list[str], groups: int) -> dict:
    """Compose groups of 1 to 200 rules, one interface in each, and one prefix list a region that some rules name."""
    chance = random.Random(1)  # noqa: S311 - the same account every time is the point
    made = [(f"sg-{region}-{number}", region) for region in regions for number in range(groups)]
    return {
        "prefix_lists": [{"id": f"pl-{region}", "region": region, "entries": ["203.0.113.0/24"]} for region in regions],
        "security_groups": [
            {"id": name, "region": region, "rules": _rules(chance, chance.randint(1, MOST_RULES - 1), f"pl-{region}")}
            for name, region in made
        ],
        "network_interfaces": [{"id": f"eni-{name}", "region": region, "groups": [name]} for name, region in made],
    }


def _rules(chance: random.Random, number: int, prefix_list: str) -> list[dict]:
    rules = [{"source": _block(chance), "ports": chance.choice(PORTS)} for _rule in range(number)]
    for rule in rules:
        if chance.random() < DROPS:
            rule.update(policy="Drop", priority=chance.randint(1, 100))
    if rules and chance.random() < OPEN:
        rules[0].update(source="0.0.0.0/0", ports="22/22", policy="Accept", priority=1)
    return [*rules, {"source": prefix_list, "ports": "22/22"}]


def _block(chance: random.Random) -> str:
    return f"{chance.randint(1, 223)}.{chance.randint(0, 255)}.{chance.randint(0, 255)}.0/{chance.randint(16, 32)}"


def judge(number: int) -> Judging:
    """Judge so many groups, a batch at a time, so that the time does not go into memory; making them is not counted."""
    chance = random.Random(1)  # noqa: S311 - the same groups every time is the point
    lists, seconds, open_groups = Lists(), [0.0, 0.0], 0
    for start in range(0, number, BATCH):
        groups = [_group(chance) for _one in range(min(BATCH, number - start))]
        began = time.perf_counter()
        for group in groups:
            accepted(group.rules, 22, lists)
        judged = time.perf_counter()
        findings = security_group_ssh.assess(groups, OPTIONS)
        seconds = [seconds[0] + judged - began, seconds[1] + time.perf_counter() - judged]
        open_groups += len({finding.resource.arn for finding in findings if finding.status == "open"})
    return Judging(number, MOST_RULES, number / seconds[0], number / seconds[1], open_groups)


def _group(chance: random.Random) -> Group:
    name = f"sg-{chance.getrandbits(64):x}"
    rules = [Rule(ports="22/22", cidr="0.0.0.0/0" if chance.random() < OPEN else "10.0.0.0/8", id="sgr-first")]
    for place in range(1, MOST_RULES):
        drop = chance.random() < DROPS
        rules.append(
            Rule(
                policy="drop" if drop else "accept",
                priority=chance.randint(1, 100) if drop else 1,
                ports=chance.choice(PORTS),
                cidr=_block(chance),
                id=f"sgr-{place}",
            )
        )
    resource = Resource(
        f"acs:ecs:cn-hangzhou:1:securitygroup/{name}", "ACS::ECS::SecurityGroup", name, name, "cn-hangzhou", "1"
    )
    return Group(resource, rules=tuple(rules), rule_count=len(rules), used=True)


if __name__ == "__main__":
    raise SystemExit(main())
