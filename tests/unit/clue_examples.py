# SPDX-License-Identifier: GPL-3.0-or-later
"""Small results of the modules that an investigation puts together, complete and quiet unless told otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils.clues_reading import gather
from ansible_collections.hardening.alicloud.plugins.module_utils.investigation import investigate

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
BEGIN, END = "2026-02-25T00:00:00Z", "2026-03-06T12:00:00Z"
THEN = "2026-02-27T04:01:15Z"
SOURCE, BALANCER, WORLD = "23.129.64.201", "203.0.113.80", ("0.0.0.0/0",)
OFFICE = ["203.0.113.10/32"]


def attack(**more):
    """Write the row of the story: nine tries at a load balancer's address."""
    row = {"id": "1", "type": "5", "type_name": "SSH brute-force attacks", "source": SOURCE, "port": 22, "count": 9,
           "status": "block", "public_ip": BALANCER, "first_seen": THEN, "last_seen": THEN}  # fmt: skip
    return row | more


def alert(**more):
    """Write an alert about a login, which says neither source nor port."""
    return {"id": 7, "name": "Unusual logon", "type": "Unusual Logon", "level": "serious", "public_ip": BALANCER,
            "first_seen": THEN, "last_seen": THEN} | more  # fmt: skip


def gate(kind="security_groups", *, allows=True, sources=None, **more):
    """Write a gate that lets everybody by."""
    return {"kind": kind, "name": "sg-web", "allows": allows, "sources": sources, "text": f"a gate of {kind}"} | more


def path(kind="eip", address="198.51.100.7", port=22, sources=WORLD, **more):
    """Write a path that lets these sources through, because of one gate."""
    verdict = "reachable" if sources else "not_reachable"
    gates = [gate("address"), gate(sources=list(sources), allows=bool(sources))]
    return {"kind": kind, "address": address, "port": port, "verdict": verdict, "sources": list(sources),
            "possible_sources": list(sources), "evidence": [], "gates": gates} | more  # fmt: skip


def server(*paths, **more):
    """Write a server with these paths."""
    addresses = ["172.16.0.11", *(one["address"] for one in paths)]
    verdict = "reachable" if any(one["sources"] for one in paths) else "not_reachable"
    return {"instance_id": "i-web", "name": "web-1", "region": "cn-hangzhou", "status": "Running", "port": 22,
            "verdict": verdict, "addresses": addresses, "paths": list(paths)} | more  # fmt: skip


def target(address=BALANCER, kind="clb", **more):
    """Write what a public address belongs to: the load balancer of the story, with the web server behind it."""
    return {"address": address, "kind": kind, "id": "lb-web", "name": "web-slb", "servers": ["i-web"],
            "ports": [{"first": 80, "last": 80, "protocol": "http", "back": [8080]}]} | more  # fmt: skip


def exposure(*servers, targets=None, **more):
    """Write a result of ssh_exposure_info that read everything."""
    found = [target()] if targets is None else targets
    return {"servers": list(servers or [server()]), "targets": found, "unread": []} | more


def opening(start="2026-02-27T03:58:00Z", end="2026-02-27T04:04:00Z", **more):
    """Write an opening of the server for six minutes around the event."""
    return {"kind": "server", "resource_id": "i-web", "name": "web-1", "port": 22, "sources": list(WORLD),
            "from": start, "to": end, "opened_by": change(), "closed_by": None,
            "paths": ["eip 198.51.100.7 port 22"]} | more  # fmt: skip


def change(**more):
    """Write the change that opened the group."""
    return {"time": "2026-02-27T03:58:00Z", "event": "AuthorizeSecurityGroup", "actor": "ops", "opens": True,
            "source_address": "203.0.113.10", "resource_id": "sg-web", "what": "authorized tcp 22"} | more  # fmt: skip


def changes(*openings, **more):
    """Write a result of network_change_info that holds for the whole window."""
    return {"changes": [], "openings": list(openings), "addresses": [], "complete_since": BEGIN, "since": BEGIN,
            "until": END, "complete_until": "2026-03-06T11:45:00Z", "unread": []} | more  # fmt: skip


def attempt(time=THEN, **more):
    """Write a failed login of the story's source."""
    return {"time": time, "source": SOURCE, "user": "root", "outcome": "failed", "method": "password",
            "host": "web-1", "port": 50122, "line_source": "/var/log/auth.log"} | more  # fmt: skip


def logins(*attempts, **more):
    """Write a result of ssh_login_info that read everything."""
    about = {
        "host": "web-1",
        "instance_id": "i-web",
        "addresses": ["172.16.0.11"],
        "utc_offset": "+00:00",
        "ports": [22],
    }
    log = {"file": "/var/log/auth.log", "first": BEGIN, "last": END, "complete": True, "reason": None}
    return {"attempts": list(attempts), "logs": [log], "server": about, "since": BEGIN, "until": END,
            "unread": []} | more  # fmt: skip


def options(**more):
    """Write the options of ssh_verdict: the story's row, and everything read."""
    given = {"attack_events": [attack()], "alerts": [], "exposure": exposure(), "changes": changes(),
             "logins": [logins()], "probes": [], "source_lists": {}, "timezone": "UTC", "account_id": "1",
             "regions": [], "unread": []}  # fmt: skip
    return SimpleNamespace(**(given | more))


def conclude_all(**more):
    """Investigate; everything that comes of it."""
    return investigate(gather(options(**more), NOW))


def conclude(**more):
    """Investigate; the one investigation that comes of it."""
    (found,) = conclude_all(**more)
    return found


def standing(found, hypothesis):
    """Of an investigation, how a hypothesis stands."""
    return next(one["standing"] for one in found["hypotheses"] if one["id"] == hypothesis)
