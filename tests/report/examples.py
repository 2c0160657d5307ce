# SPDX-License-Identifier: GPL-3.0-or-later
"""Risks, investigations, task results and runs as the tests of the report need them."""

from __future__ import annotations

from collections import Counter

from ansible_collections.hardening.alicloud.plugins.plugin_utils.report import build_report, events_of

ACCOUNT = "1234567890123456"
READ = "oss-bucket-public-read-prohibited"
VERSIONING = "oss-bucket-versioning-enabled"


def arn(name, account=ACCOUNT):
    return f"acs:oss:*:{account}:{name}"


def a_risk(name="acme-site", status="open", **other):
    """Make the risk of a bucket that anyone can read."""
    account = other.get("account_id", ACCOUNT)
    return {
        "control": READ,
        "title": "OSS bucket readable by anyone",
        "severity": "high",
        "status": status,
        "account_id": account,
        "region": "ap-northeast-1",
        "resource": arn(name, account),
        "resource_type": "ACS::OSS::Bucket",
        "resource_id": name,
        "resource_name": name,
        "expected": "ACL private",
        "actual": "ACL public-read",
        "evidence": ["the ACL public-read lets anyone read"],
        "changes": [
            {
                "product": "oss",
                "action": "PutBucketAcl",
                "params": {"bucket": name, "acl": "private"},
                "undo": {"product": "oss", "action": "PutBucketAcl", "params": {"bucket": name, "acl": "public-read"}},
            }
        ],
        "blocked_by": None,
        "whitelist": {"reason": "a site", "owner": "web", "expires": "2027-01-31"} if status == "whitelisted" else None,
        "references": {"cis": ["5.1"]},
        **other,
    }


def unread(name):
    """Say what a result says of a bucket that the key may not read."""
    return {
        "what": arn(name),
        "action": "GetBucketInfo",
        "code": "AccessDenied",
        "message": "You have no right to access this object",
        "request_id": "5C1B138A109F4E405B2D0A11",
    }


def a_result(*risks, compliant=1, **other):
    """Return what a control module returns; compliant is the number of resources without a risk."""
    counts = Counter(risk["status"] for risk in risks)
    return {
        "changed": False,
        "risks": list(risks),
        "summary": {
            "examined": len(risks) + compliant,
            "compliant": compliant,
            **{status: counts[status] for status in ("open", "fixed", "whitelisted", "unknown")},
            "not_applicable": 0,
        },
        "unread": [],
        "account_id": ACCOUNT,
        **other,
    }


def a_task(result, **other):
    """Make the events of one task of ours."""
    task = {
        "host": "main",
        "task": "Close public buckets",
        "action": "hardening.alicloud.oss_bucket_acl",
        "mode": "audit",
        "failed": False,
        "ignored": False,
        "args": {"names": ["*"]},
    }
    return events_of({**task, **other}, result)


def a_run(second=0):
    """Give the facts of a run that started that many seconds after eleven."""
    return {
        "id": f"20261123T1100{second:02}Z-000000",
        "started": f"2026-11-23T11:00:{second:02}Z",
        "finished": "2026-11-23T11:05:00Z",
        "playbook": "audit.yml",
        "ansible_version": "2.19.0",
        "collection_version": "0.1.0",
    }


def reports_of(*runs):
    """Report on runs (each a list of events) one after the other, the last one last."""
    reports = []
    for second, events in enumerate(runs):
        reports.append(build_report(a_run(second), events, reversed(reports)))
    return reports


# --- investigations ----------------------------------------------------------------------------------------------

SOURCE, ATTACKED = "23.129.64.201", "203.0.113.80"


def a_gate(kind, name, text="", sources=None, *, allows):
    """Make a gate of a path."""
    return {"kind": kind, "name": name, "allows": allows, "sources": sources, "possible_sources": sources, "text": text}


def a_path(kind, address, port, *gates, verdict="not_reachable", server="i-web1", sources=()):
    """Make a path; the first gate that stops it is told apart."""
    stopped = next((gate for gate in gates if gate["allows"] is False), None)
    return {
        "kind": kind,
        "address": address,
        "port": port,
        "server": server,
        "verdict": verdict,
        "sources": list(sources),
        "possible_sources": list(sources),
        "evidence": [gate["text"] for gate in gates if gate["text"]],
        "gates": list(gates),
        "admits": {"reachable": True, "unknown": None, "not_reachable": False}[verdict],
        "stopped_by": stopped,
    }


WEB_LISTENER = a_gate("listener", "lb-web:https:443", "listens on 443, hands on to port 8080", allows=True)
HTTPS = a_gate("protocol", "https", "it ends the client's connection itself and hands on requests only", allows=False)
BEHIND_THE_BALANCER = a_path("clb", ATTACKED, 443, a_gate("address", ATTACKED, allows=True), WEB_LISTENER, HTTPS)
OPEN_EIP = a_path(
    "eip",
    "198.51.100.7",
    22,
    a_gate("address", "198.51.100.7", "eip-forgotten is bound to eni-2", allows=True),
    a_gate("security_groups", "sg-trial", "rule 0.0.0.0/0, ports 1/65535", ["0.0.0.0/0"], allows=True),
    a_gate("instance", "i-web1", "Running", allows=True),
    verdict="reachable",
    sources=["0.0.0.0/0"],
)
FOR_THE_OFFICE = {
    **a_path(
        "public_ip",
        "198.51.100.20",
        22,
        a_gate("address", "198.51.100.20", allows=True),
        a_gate("security_groups", "sg-web", "rule for the office", ["203.0.113.10/32"], allows=True),
        verdict="reachable",
        sources=["203.0.113.10/32"],
    ),
    "admits": False,
    "stopped_by": a_gate("security_groups", "sg-web", "rule for the office", ["203.0.113.10/32"], allows=True),
}
DNAT = a_path(
    "dnat",
    "198.51.100.9",
    2222,
    a_gate("address", "198.51.100.9", allows=True),
    a_gate("forward", "fwd-any", "any port to 172.16.0.11", allows=True),
    a_gate("security_groups", "sg-web", "the rules of sg-web could not be read", allows=None),
    verdict="unknown",
)
TCP_LISTENER = a_path(
    "clb",
    ATTACKED,
    2222,
    a_gate("address", ATTACKED, allows=True),
    a_gate("listener", "lb-web:tcp:2222", "hands on to port 22 of i-web1", allows=True),
    a_gate("acl", "acl-office", "white list: 203.0.113.10/32", ["203.0.113.10/32"], allows=False),
    a_gate("security_groups", "sg-web", allows=True),
)


def a_moment(time, kind, text, until=None, **other):
    """Make an entry of a timeline."""
    return {
        "time": time,
        "until": until,
        "kind": kind,
        "text": text,
        "actor": None,
        "source": None,
        "outcome": None,
        **other,
    }


ATTACK = a_moment(
    "2026-11-21T04:01:15Z", "attack", "SSH brute force, Blocked, 9 times", source=SOURCE, outcome="Blocked"
)
BUSY = [
    a_moment(None, "address", "198.51.100.7 belongs to eni-2 of i-web1"),
    a_moment("2026-11-20T09:30:00Z", "login", "ops from the office", source="203.0.113.10", outcome="accepted"),
    a_moment(
        "2026-11-21T03:58:02Z",
        "change",
        "authorized tcp 22 from 0.0.0.0/0 in sg-web",
        actor="ops",
        source="203.0.113.10",
    ),
    a_moment(
        "2026-11-21T03:58:02Z", "opening", "tcp 22 of sg-web was open to 0.0.0.0/0", "2026-11-21T04:04:10Z", actor="ops"
    ),
    ATTACK,
    a_moment("2026-11-21T04:01:20Z", "login", "root", source=SOURCE, outcome="failed", count=7),
    a_moment("2026-11-21T04:01:41Z", "login", "admin", source=SOURCE, outcome="invalid_user", count=2),
    a_moment("2026-11-21T04:02:00Z", "alert", "Unusual logon", source=SOURCE),
    a_moment(
        "2026-11-21T04:04:10Z", "change", "revoked tcp 22 from 0.0.0.0/0 in sg-web", actor="ops", source="203.0.113.10"
    ),
    a_moment("2026-11-23T10:59:00Z", "probe", "198.51.100.7:22 from vantage", outcome="open"),
]


def a_hypothesis(number, name, title, standing, **said):
    """Make a hypothesis."""
    return {
        "id": f"H{number}",
        "name": name,
        "title": title,
        "standing": standing,
        "for": [],
        "against": [],
        "decides": [],
        **said,
    }


WRONG_TARGET = a_hypothesis(
    1,
    "wrong-target",
    "The attack was on the load balancer's address",
    "confirmed",
    **{
        "for": ["203.0.113.80 is the address of acme-web-slb", "none of its listeners leads to port 22"],
        "decides": ["nothing more"],
    },
)
BLOCKED = a_hypothesis(
    2, "blocked-at-border", "Blocked before it came to the server", "likely", **{"for": ["its status is Blocked"]}
)
OPENED = a_hypothesis(
    5,
    "open-for-a-while",
    "The security group was open for a while",
    "ruled_out",
    against=["no change to sg-web since 2026-11-16T11:00:00Z"],
)


def an_investigation(verdict="not_reachable", number=201, **other):
    """Make the investigation of an SSH attack on the address of a load balancer."""
    source = f"23.129.64.{number}"
    return {
        "id": f"attack@{source}@2026-11-21T04:01:15Z",
        "account_id": ACCOUNT,
        "kind": "attack",
        "event": {
            "source": source,
            "source_lists": ["tor-exits"],
            "port": 22,
            "count": 9,
            "status": "Blocked",
            "address": ATTACKED,
            "private_ip": None,
            "instance_id": "lb-web",
            "instance_name": "acme-web-slb",
            "region": "ap-northeast-1",
            "first_seen": "2026-11-21T04:01:15Z",
            "last_seen": "2026-11-21T04:01:15Z",
            "local_time": "2026-11-21 13:01:15",
            "timezone": "Asia/Tokyo",
        },
        "target": {
            "kind": "clb",
            "id": "lb-web",
            "name": "acme-web-slb",
            "address": ATTACKED,
            "text": "the CLB acme-web-slb (lb-web), which listens on 80 and 443",
        },
        "servers": ["i-web1"],
        "verdict": verdict,
        "sentence": f"The attack from {source} went to the load balancer acme-web-slb, which hands nothing on to SSH.",
        "hypotheses": [WRONG_TARGET, BLOCKED, OPENED],
        "paths": [BEHIND_THE_BALANCER],
        "timeline": [ATTACK],
        "unread": [],
        **other,
    }


REACHED = an_investigation(
    "reachable",
    202,
    sentence="Port 22 of i-web1 was open to 23.129.64.202 from 03:58:02 to 04:04:10 UTC, when the attack came.",
    hypotheses=[{**OPENED, "standing": "confirmed", "for": ["ops opened sg-web at 03:58:02Z"], "against": []}, BLOCKED],
    paths=[BEHIND_THE_BALANCER, OPEN_EIP, FOR_THE_OFFICE, DNAT, TCP_LISTENER],
    timeline=BUSY,
)
UNKNOWN = an_investigation(
    "unknown",
    203,
    sentence="Whether the attack could have reached i-web1 can't be said: the rules of sg-web could not be read.",
    hypotheses=[{**BLOCKED, "standing": "possible"}],
    paths=[DNAT],
    unread=[{**unread("sg-web"), "what": "sg-web"}],
)
EMPTY = {"id": "attack@nothing", "verdict": "unknown", "sentence": "", "event": {}, "paths": [], "timeline": []}


def investigated(*found, **other):
    """Make the events of the task that comes to the conclusions."""
    result = {"changed": False, "investigations": list(found), "account_id": ACCOUNT, **other.pop("result", {})}
    task = {"action": "hardening.alicloud.ssh_verdict", "task": "Come to a verdict", "args": {"timezone": "Asia/Tokyo"}}
    return a_task(result, **{**task, **other})
