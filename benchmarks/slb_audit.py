# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure an audit of load balancers on a large simulated account: ./inv bench --name slb_audit.

24 regions, each with 40 CLBs that have 120 listeners between them, and 10 ALBs with a listener each. Half of them log.
The module is run in check mode, as the process that Ansible makes of it; the columns are those of measuring.py.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.measuring import audit, table
from simulator import generate, regions

REGIONS = 24
CLBS = 40
CLB_LISTENERS = 120
ALBS = 10
PAGE, LOG_PAGE = 100, 50  # items in one answer, at most


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, and write the figures as JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slb_audit", description="Measure an audit of SLB.")
    parser.add_argument("--regions", type=int, default=REGIONS, choices=range(1, len(regions.DEFAULT) + 1), metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    account = composed(options.regions)
    figures = audit("slb_access_log", account, fewest(account))
    print(table([figures], f"{options.regions} regions with {CLBS} CLBs and {ALBS} ALBs each"))
    if options.json:
        options.json.write_text(json.dumps([asdict(figures)], indent=2) + "\n", encoding="utf-8")
    return 0


def composed(regions_used: int) -> dict[str, Any]:
    """Compose the account: every other load balancer logs to the region's one logstore, which keeps logs for a year."""
    account = generate.estate(buckets=0, regions_used=regions_used, seed=1)["accounts"][0]
    used = account["regions"]
    groups = {f"sgp-{region}": [8080] for region in used}
    account["slb"] = {"load_balancers": [clb(region, number) for region in used for number in range(CLBS)]}
    account["alb"] = {
        "load_balancers": [alb(region, number) for region in used for number in range(ALBS)],
        "server_groups": groups,
    }
    logstore = {"name": "balancers", "ttl": 365, "index": {"line": {"token": [" "]}}}
    account["sls"] = {
        "projects": [{"name": f"logs-{region}", "region": region, "logstores": [logstore]} for region in used]
    }
    return account


def clb(region: str, number: int) -> dict[str, Any]:
    """Compose a CLB with its share of the listeners, one of them of layer 7."""
    layer_4 = [
        {"port": 5000 + each, "protocol": "tcp", "backend_port": 5000} for each in range(1, CLB_LISTENERS // CLBS)
    ]
    listeners = [{"port": 80, "protocol": "http", "backend_port": 8080}, *layer_4]
    return {"id": f"lb-{region}-{number}", "region": region, "listeners": listeners, **log(region, number)}


def alb(region: str, number: int) -> dict[str, Any]:
    """Compose an ALB with a listener."""
    listener = {"id": f"lsn-{region}-{number}", "port": 443, "protocol": "HTTPS", "server_groups": [f"sgp-{region}"]}
    return {"id": f"alb-{region}-{number}", "region": region, "listeners": [listener], **log(region, number)}


def log(region: str, number: int) -> dict[str, Any]:
    """Compose where a load balancer's access logs go, if they do."""
    return {"access_log": {"project": f"logs-{region}", "logstore": "balancers"}} if number % 2 else {}


def fewest(account: dict[str, Any]) -> int:
    """Return the fewest calls that can answer, derived from the estate, whatever the code does.

    The regions once. In each: the pages of CLBs, of their listeners and of their log settings; the pages of ALBs (with
    their log settings) and of their listeners, and of the servers behind those; the logstore that logs go to; and one
    of the two logstores that logs would go to, since the project of both is not there. The role that lets SLB deliver:
    the newer one and, where it is missing, the older one.
    """
    number = len(account["regions"])
    logging = CLBS // 2
    classic = math.ceil(CLBS / PAGE) + math.ceil(CLB_LISTENERS / PAGE) + math.ceil(logging / LOG_PAGE)
    servers = 1
    application = 2 * math.ceil(ALBS / PAGE) + math.ceil(servers / PAGE)
    logstores = 1 + 1
    return 1 + number * (classic + application + logstores) + 2


if __name__ == "__main__":
    raise SystemExit(main())
