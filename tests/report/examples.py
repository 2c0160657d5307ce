# SPDX-License-Identifier: GPL-3.0-or-later
"""Risks, task results and runs as the tests of the report need them."""

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
