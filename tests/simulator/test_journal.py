# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal and the violations tell a test what really happened."""

from __future__ import annotations

import json

import pytest
import requests


def test_an_entry_tells_who_did_what(sim, writer):
    """Product, action, parameters, writes, key, account, region and outcome."""
    writer.bucket("first").put_bucket_acl("public-read")
    writer.regions(AcceptLanguage="en-US")
    assert sim.journal() == [
        {
            "seq": 1,
            "product": "oss",
            "action": "PutBucketAcl",
            "params": {"bucket": "first", "x-oss-acl": "public-read"},
            "writes": True,
            "key": "LTAI5tWriter",
            "user": "writer",
            "account": "1234567890123456",
            "region": "cn-hangzhou",
            "status": 200,
            "code": None,
            "request_id": "000000000000000000000001",
        },
        {
            "seq": 2,
            "product": "ecs",
            "action": "DescribeRegions",
            "params": {"AcceptLanguage": "en-US"},
            "writes": False,
            "key": "LTAI5tWriter",
            "user": "writer",
            "account": "1234567890123456",
            "region": "cn-hangzhou",
            "status": 200,
            "code": None,
            "request_id": "00000002-51A0-5A11-8000-000000000002",
        },
    ]


def test_refused_calls_are_journalled_too(sim, reader, refused):
    """An attempt to write shows, though it was denied."""
    refused(reader.bucket("first").put_bucket_acl, "private")
    (entry,) = sim.journal()
    assert (entry["action"], entry["writes"], entry["status"], entry["code"]) == (
        "PutBucketAcl",
        True,
        403,
        "AccessDenied",
    )


def test_no_secrets_in_it(sim, clients, refused):
    """Neither secrets nor tokens nor signatures are written down."""
    session = clients("session")
    session.whoami()
    session.bucket("first").get_bucket_acl()
    session.secret = "a-wrong-secret"
    refused(session.whoami)
    refused(session.bucket("first").get_bucket_acl)
    text = json.dumps(sim.journal())
    assert len(sim.journal()) == 4
    for secret in ("session-secret", "a-wrong-secret", "the-token", "Signature", "OSS STS"):
        assert secret not in text.replace("SignatureDoesNotMatch", "")


LOUD = [
    (
        lambda writer: writer.rpc("2015-04-01", "GetFederationToken"),
        (404, "InvalidAction.NotFound"),
        "GetFederationToken",
    ),
    (lambda writer: writer.rpc("1999-01-01", "GetCallerIdentity"), (400, "InvalidVersion"), "1999-01-01"),
    (lambda writer: writer.regions(Colour="blue"), (400, "InvalidParameter"), "Colour"),
    (lambda writer: writer.service.get_user_qos_info(), (400, "InvalidParameter"), "qosInfo"),
    (lambda writer: writer.bucket("first").get_bucket_cors(), (501, "NotImplemented"), "cors"),
    (lambda writer: writer.bucket("first").get_object("key"), (501, "NotImplemented"), "object"),
    (
        lambda writer: writer.service.list_buckets(params={"tag-key": "env"}),
        (400, "InvalidParameter"),
        "tag-key",
    ),
    (
        lambda writer: writer.bucket("first")._do(
            "GET", "first", "", params={"acl": ""}, headers={"x-oss-colour": "blue"}
        ),
        (400, "InvalidParameter"),
        "x-oss-colour",
    ),
]


@pytest.mark.parametrize("case", LOUD, ids=[word for _unused, _unused, word in LOUD])
def test_what_is_unknown_is_loud(sim, writer, refused, case):
    """An unknown action, version, parameter or sub-resource is an error and a violation that names it."""
    call, expected, word = case
    assert refused(call, writer) == expected
    (violation,) = sim.violations()
    assert violation["code"] == expected[1]
    assert word in violation["message"] or word in violation["action"]


def test_an_unknown_protocol_is_loud(sim):
    """A request that no wire claims is a violation too."""
    assert requests.get(f"{sim.url}/index.html", timeout=5).status_code == 404
    assert sim.violations()[0]["code"] == "UnknownProtocol"
    assert sim.journal()[0]["action"] == "GET /index.html"


@pytest.mark.parametrize("host", ["oss-accelerate.aliyuncs.com", "acs.aliyuncs.com"])
def test_a_host_that_no_product_has_is_loud(sim, host):
    """A host of Alibaba Cloud's decides alone: what else the request looks like does not matter."""
    headers = {"Host": host, "Authorization": "OSS LTAI5tRoot:signature"}
    assert requests.get(f"{sim.url}/?Action=DescribeRegions", headers=headers, timeout=5).status_code == 404
    assert host in sim.violations()[0]["request"]


def test_a_bug_of_the_simulator_is_loud(sim, writer, refused, monkeypatch):
    """A service that breaks answers 500, and the violation holds the traceback."""
    monkeypatch.setattr("simulator.services.sts._arn", lambda *_unused: 1 / 0)
    assert refused(writer.whoami) == (500, "InternalError")
    assert "ZeroDivisionError" in sim.violations()[0]["message"]


def test_a_refusal_as_the_cloud_would_give_it_is_no_violation(sim, writer, refused):
    """Violations are about the simulator's limits only."""
    refused(writer.bucket("nowhere").get_bucket_acl)
    assert sim.violations() == []


def test_everything_over_http(sim, writer):
    """State, journal and violations can be read from another process; a reset clears them."""
    writer.bucket("first").put_bucket_acl("public-read")
    assert requests.get(f"{sim.url}/_sim/journal", timeout=5).json() == sim.journal()
    assert requests.get(f"{sim.url}/_sim/violations", timeout=5).json() == []
    state = requests.get(f"{sim.url}/_sim/state", timeout=5).json()
    assert state == sim.state()
    assert requests.post(f"{sim.url}/_sim/reset", timeout=5).status_code == 204
    assert sim.journal() == []
    assert sim.state() != state


def test_a_reset_can_bring_another_estate(sim, estate):
    """The next world is what the reset was given; the one after it is the same."""
    empty = {"accounts": [{"id": "5"}]}
    assert requests.post(f"{sim.url}/_sim/reset", json=empty, timeout=5).status_code == 204
    assert [account["id"] for account in sim.state()["accounts"]] == ["5"]
    sim.reset()
    assert [account["id"] for account in sim.state()["accounts"]] == ["5"]
    answer = requests.post(f"{sim.url}/_sim/reset", json={"accounts": [{"id": "x"}]}, timeout=5)
    assert (answer.status_code, answer.json()) == (400, {"error": "an account needs an id of digits"})
    sim.reset(estate)
    assert len(sim.state()["accounts"]) == 2
