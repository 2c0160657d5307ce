# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is calling is proved, not believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import time
from email.utils import formatdate
from urllib.parse import quote, urlencode

import oss2
import pytest

from simulator.wires.rpc import DIGESTS


def rpc_query(secret="root-secret", method="HMAC-SHA1", seconds=0, version="1.0", **more):
    """Sign a GetCallerIdentity of the root key, `seconds` from now."""
    params = {
        "Action": "GetCallerIdentity",
        "Version": "2015-04-01",
        "AccessKeyId": "LTAI5tRoot",
        "SignatureMethod": method,
        "SignatureVersion": version,
        "SignatureNonce": str(time.perf_counter_ns()),
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)),
        **more,
    }
    canonical = urlencode(sorted(params.items()), quote_via=quote, safe="~")
    text = f"GET&%2F&{quote(canonical, safe='~')}"
    digest = hmac.new(f"{secret}&".encode(), text.encode(), DIGESTS.get(method, "sha1")).digest()
    return params | {"Signature": base64.b64encode(digest).decode()}


def get(sim, query="", path="/", headers=None):
    """Send a GET request as it stands; give status and body."""
    connection = http.client.HTTPConnection(sim.url.removeprefix("http://"), timeout=5)
    connection.request("GET", f"{path}?{urlencode(query)}" if query else path, headers=headers or {})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def rpc(sim, query):
    """Send a query to the RPC wire; give status and error code."""
    status, body = get(sim, query)
    return status, json.loads(body).get("Code")


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
def test_both_rpc_digests_are_accepted(sim, method):
    """Signature version 1.0 comes with SHA-1 and with SHA-256."""
    assert rpc(sim, rpc_query(method=method)) == (200, None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"secret": "wrong"}, (400, "SignatureDoesNotMatch")),
        ({"method": "HMAC-MD5"}, (400, "IncompleteSignature")),
        ({"version": "2.0"}, (400, "IncompleteSignature")),
        ({"AccessKeyId": "LTAI5tUnknown"}, (404, "InvalidAccessKeyId.NotFound")),
        ({"AccessKeyId": ""}, (400, "MissingAccessKeyId")),
        ({"seconds": -16 * 60}, (400, "InvalidTimeStamp.Expired")),
        ({"seconds": 16 * 60}, (400, "InvalidTimeStamp.Expired")),
        ({"Timestamp": "yesterday"}, (400, "InvalidTimeStamp.Format")),
        ({"SignatureNonce": ""}, (400, "MissingParameter")),
        ({"SecurityToken": "not-mine"}, (400, "InvalidSecurityToken.MismatchWithAccessKey")),
    ],
)
def test_bad_rpc_credentials_are_refused(sim, query, expected):
    """Each way to get an RPC signature wrong has its own error."""
    assert rpc(sim, rpc_query(**query)) == expected


def test_a_parameter_changed_on_the_way_breaks_the_signature(sim):
    """The signature covers every parameter."""
    assert rpc(sim, rpc_query() | {"Extra": "1"}) == (400, "SignatureDoesNotMatch")


def test_a_signed_request_cannot_be_sent_twice(sim):
    """A nonce is good for one request: whoever repeats a call signs it again."""
    query = rpc_query()
    assert rpc(sim, query) == (200, None)
    assert rpc(sim, query) == (400, "SignatureNonceUsed")


def oss_headers(secret="root-secret", key="LTAI5tRoot", seconds=0.0):
    """Sign GET /first/?acl with V1, `seconds` from now."""
    date = formatdate(time.time() + seconds, usegmt=True)
    text = f"GET\n\n\n{date}\n/first/?acl"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return {"Date": date, "Authorization": f"OSS {key}:{base64.b64encode(digest).decode()}"}


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 200, ""),
        ({"secret": "wrong"}, 403, "SignatureDoesNotMatch"),
        ({"key": "LTAI5tUnknown"}, 403, "InvalidAccessKeyId"),
        ({"seconds": -16 * 60}, 403, "RequestTimeTooSkewed"),
    ],
)
def test_oss_v1(sim, headers, status, code):
    """OSS answers errors of credentials in XML, with its own codes."""
    answered, body = get(sim, path="/first/?acl", headers=oss_headers(**headers))
    assert answered == status
    assert f"<Code>{code}</Code>" in body if code else "<Grant>private</Grant>" in body


def test_oss_without_a_date(sim):
    """A request without a time is refused."""
    headers = oss_headers()
    del headers["Date"]
    assert get(sim, path="/first/?acl", headers=headers)[0] == 403


def test_oss_v4_with_a_wrong_secret(sim, refused):
    """V4 is verified too."""
    auth = oss2.AuthV4("LTAI5tRoot", "wrong")
    bucket = oss2.Bucket(auth, sim.url, "first", region="cn-hangzhou")
    assert refused(bucket.get_bucket_acl) == (403, "SignatureDoesNotMatch")


def test_oss_v4_for_another_region(sim, refused):
    """The region signed for must be the bucket's."""
    auth = oss2.AuthV4("LTAI5tRoot", "root-secret")
    bucket = oss2.Bucket(auth, sim.url, "first", region="cn-shanghai")
    assert refused(bucket.get_bucket_info) == (400, "InvalidArgument")


def test_oss_checks_the_body_against_its_digest(writer, refused):
    """Content-MD5 is compared with what arrived."""
    bucket = writer.bucket("first")
    wrong = {"Content-MD5": base64.b64encode(hashlib.md5(b"another body").digest()).decode()}  # noqa: S324
    body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    send = {"params": {"versioning": ""}, "data": body, "headers": wrong}
    assert refused(bucket._do, "PUT", "first", "", **send) == (400, "InvalidDigest")


def test_temporary_keys_need_their_token(clients, refused):
    """Without its token a temporary key is unknown; with a wrong one it is refused."""
    session = clients("session")
    assert session.whoami()["IdentityType"] == "RAMUser"
    session.bucket("first").get_bucket_acl()
    session.token = None
    assert refused(session.whoami) == (404, "InvalidAccessKeyId.NotFound")
    assert refused(session.bucket("first").get_bucket_acl) == (403, "InvalidAccessKeyId")
    session.token = "another-token"
    assert refused(session.whoami) == (400, "InvalidSecurityToken.MismatchWithAccessKey")
    assert refused(session.bucket("first").get_bucket_acl) == (403, "InvalidSecurityToken")


def test_anonymous_calls_are_refused(sim):
    """No signature at all is access denied by OSS, and a missing key by RPC."""
    status, body = get(sim, path="/?acl", headers={"Host": "first.oss-cn-hangzhou.aliyuncs.com"})
    assert (status, "<Code>AccessDenied</Code>" in body) == (403, True)
    assert rpc(sim, {"Action": "GetCallerIdentity", "Version": "2015-04-01"}) == (400, "MissingAccessKeyId")
