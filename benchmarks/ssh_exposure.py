# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure ssh_exposure_info: ./inv bench --name ssh_exposure.

First the module, as the process that Ansible makes of it, on a simulated account of 24 regions with 50 servers each,
every one of them in its own security group, behind EIPs, a CLB, an NLB and a NAT gateway, where every call takes 50 ms.
The columns are those of measuring.py. Then the judging alone, without any call, of 2,000 servers of one region.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict
from pathlib import Path

from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import Rule
from ansible_collections.hardening.alicloud.plugins.module_utils.network import (
    CLB,
    Backend,
    Balancer,
    Eip,
    Group,
    Interface,
    Listener,
    Network,
    Server,
    ServerGroup,
)
from ansible_collections.hardening.alicloud.plugins.modules.ssh_exposure_info import judged

from benchmarks.measuring import audit, table
from simulator import generate

REGIONS, SERVERS = 24, 50
JUDGED, LISTENERS, RULES = 2_000, 50, 50
LISTS = {"instances": 100, "interfaces": 500, "eips": 100, "gateways": 50, "clbs": 100, "nlbs": 100, "albs": 100}


def main(arguments: list[str] | None = None) -> int:
    """Measure both, print the figures, and write them as JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ssh_exposure", description="Measure ssh_exposure_info.")
    parser.add_argument("--regions", type=int, default=REGIONS)
    parser.add_argument("--servers", type=int, default=SERVERS, help="in each region")
    parser.add_argument("--judged", type=int, default=JUDGED, help="servers that are judged without any call")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    account = generate.estate(buckets=0, regions_used=options.regions, seed=1)["accounts"][0]
    account |= network(account["regions"], options.servers)
    figures = audit("ssh_exposure_info", account, fewest(options.regions, options.servers))
    print(table([figures], f"{options.regions} regions of {options.servers} servers"))
    seconds = judge(options.judged)
    print(f"\njudging {options.judged} servers: {options.judged / seconds:.0f} servers/s")
    if options.json:
        found = {"audit": asdict(figures), "servers_per_second": options.judged / seconds}
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def fewest(regions: int, servers: int) -> int:
    """Return the fewest calls that can answer, derived from the estate, whatever the code does.

    The regions once. In each region each list, by its largest page; the listeners of CLBs; listeners, server groups and
    servers of NLBs; the IPv6 addresses; for each CLB its servers, for each NAT gateway its entries, for each security
    group its rules. Asking whose account it is, is not counted.
    """
    sizes = {"instances": servers, "interfaces": servers, "eips": servers + 1}
    lists = sum(math.ceil(max(1, sizes.get(name, 1)) / page) for name, page in LISTS.items())
    return 1 + regions * (lists + 1 + 3 + math.ceil(servers / 50) + 1 + 1 + servers)


def network(regions: list[str], servers: int) -> dict:
    """Compose servers with everything that leads to them."""
    made = [(region, place, f"{region}-{place}") for region in regions for place in range(servers)]
    return {
        "ecs": {
            "security_groups": [
                {"id": f"sg-{name}", "region": region, "rules": [{"source": "203.0.113.0/24", "ports": "22/22"}]}
                for region, _place, name in made
            ],
            "instances": [
                {
                    "id": f"i-{name}",
                    "region": region,
                    "groups": [f"sg-{name}"],
                    "private_ip": inner(place),
                    "ipv6": f"2408:4000:{regions.index(region):x}::{place:x}",
                }
                for region, place, name in made
            ],
        },
        "vpc": {
            "eips": [
                *(
                    {
                        "id": f"eip-{name}",
                        "region": region,
                        "address": outer(regions, region, place),
                        "bound_to": f"i-{name}",
                    }
                    for region, place, name in made
                ),
                *(
                    {
                        "id": f"eip-{region}",
                        "region": region,
                        "address": outer(regions, region, servers),
                        "bound_to": f"ngw-{region}",
                    }
                    for region in regions
                ),
            ],
            "nat_gateways": [
                {
                    "id": f"ngw-{region}",
                    "region": region,
                    "forward_table": f"ftb-{region}",
                    "forwards": [
                        {
                            "id": f"fwd-{region}",
                            "external_ip": outer(regions, region, servers),
                            "external_port": "2222",
                            "internal_ip": inner(0),
                            "internal_port": "22",
                        }
                    ],
                }
                for region in regions
            ],
        },
        "slb": {
            "load_balancers": [
                {
                    "id": f"lb-{region}",
                    "region": region,
                    "address": outer(regions, region, servers + 1),
                    "servers": [{"server": f"i-{region}-0"}],
                    "listeners": [{"port": 2222, "protocol": "tcp", "backend_port": 22}],
                }
                for region in regions
            ]
        },
        "nlb": {
            "load_balancers": [
                {
                    "id": f"nlb-{region}",
                    "region": region,
                    "addresses": [outer(regions, region, servers + 2)],
                    "local_addresses": ["172.16.255.4"],
                    "listeners": [{"id": f"lsn-{region}", "port": 22, "server_group": f"sgp-{region}"}],
                }
                for region in regions
            ],
            "server_groups": {
                f"sgp-{region}": {"servers": [{"server": f"i-{region}-0", "port": 22}]} for region in regions
            },
        },
    }


def inner(place: int) -> str:
    """A private address."""
    return f"172.16.{place // 250}.{place % 250 + 1}"


def outer(regions: list[str], region: str, place: int) -> str:
    """A public address."""
    return f"47.{regions.index(region)}.{place // 250}.{place % 250 + 1}"


def judge(number: int) -> float:
    """Judge so many servers, and return the seconds that it took; making them is not counted."""
    rules = tuple(Rule(ports="22/22", cidr=f"47.{place}.0.0/16") for place in range(RULES))
    things: list = [Balancer("lb-1", "cn-hangzhou", CLB, addresses=("203.0.113.80",))]
    for place in range(LISTENERS):
        things.append(Listener(f"lb-1:tcp:{place}", "cn-hangzhou", "lb-1", "tcp", place, place, 22, (f"rsp-{place}",)))
        members = tuple(Backend(f"i-{server}") for server in range(place, number, LISTENERS))
        things.append(ServerGroup(f"rsp-{place}", "cn-hangzhou", members))
    for place in range(number):
        name = f"eni-{place}"
        things += [
            Server(f"i-{place}", "cn-hangzhou"),
            Interface(
                name, "cn-hangzhou", f"i-{place}", private_ips=(inner(place),), primary=True, groups=(f"sg-{place}",)
            ),
            Group(f"sg-{place}", "cn-hangzhou", rules=rules),
            Eip(f"eip-{place}", "cn-hangzhou", outer(["cn-hangzhou"], "cn-hangzhou", place), bound_to=name),
        ]
    whole = Network().put(*things)
    began = time.perf_counter()
    judged(whole, dict.fromkeys(whole.servers, 22), "1")
    return time.perf_counter() - began


if __name__ == "__main__":
    raise SystemExit(main())
