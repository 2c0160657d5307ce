# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters and answers of RPC calls."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import CloudError
from ansible_collections.hardening.alicloud.plugins.module_utils.rpc import _parse, _refused, _unsent, flatten


class ServerError(Exception):
    """Answers what the SDK's exception answers."""

    def __init__(self, code, message, status, request_id="5F3C-1"):
        self.get_error_code = lambda: code
        self.get_error_msg = lambda: message
        self.get_http_status = lambda: status
        self.get_request_id = lambda: request_id


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {}),
        ({"A": "x", "B": 1, "C": 0, "D": ""}, {"A": "x", "B": "1", "C": "0", "D": ""}),
        ({"A": True, "B": False}, {"A": "true", "B": "false"}),
        ({"A": None}, {}),
        ({"A": []}, {}),
        ({"A": ["x", "y"]}, {"A.1": "x", "A.2": "y"}),
        ({"A": ("x", True)}, {"A.1": "x", "A.2": "true"}),
        ({"A": [{"Key": "k", "Value": "v"}, {"Key": "l"}]}, {"A.1.Key": "k", "A.1.Value": "v", "A.2.Key": "l"}),
        ({"A": {"B": {"C": 1}}}, {"A.B.C": "1"}),
        ({"A": [{"B": ["x", "y"]}]}, {"A.1.B.1": "x", "A.1.B.2": "y"}),
        ({"A": ["x", None, "z"]}, {"A.1": "x", "A.3": "z"}),
    ],
)
def test_parameters_are_flattened(params, expected):
    """Lists count from one, dicts name their keys, and what is None is not sent."""
    assert flatten(params) == list(expected.items())


def test_an_answer_is_json():
    """A dict is given as it is."""
    assert _parse("DescribeRegions", "https://ecs", b'{"A": 1}') == {"A": 1}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"text"', b"\xff"])
def test_an_answer_that_is_no_json_object_is_not_the_clouds(body):
    """A web page, or anything else, is told as an unexpected answer."""
    with pytest.raises(CloudError, match=r"not JSON.*UnexpectedAnswer"):
        _parse("DescribeRegions", "https://ecs", body)


def test_a_refusal_keeps_what_the_cloud_said():
    """Code, message, request id and status come from the cloud."""
    error = _refused("DescribeRegions", ServerError("Forbidden.RAM", "Not you.", 403))
    assert (error.code, error.message, error.request_id, error.status) == ("Forbidden.RAM", "Not you.", "5F3C-1", 403)


@pytest.mark.parametrize(
    ("code", "expected"), [("SDK.UnknownServerError", "UnexpectedAnswer"), (None, "UnexpectedAnswer"), ("X", "X")]
)
def test_a_code_of_the_sdks_own_is_not_the_clouds(code, expected):
    """What the SDK makes up for answers that it can't parse is told as an unexpected answer, with its status."""
    error = _refused("DescribeRegions", ServerError(code, None, 502, None))
    assert (error.code, error.status, error.request_id) == (expected, 502, "")


@pytest.mark.parametrize(
    ("domain", "text", "hint"),
    [
        ("https://sts.aliyuncs.com", "HTTPSConnectionPool", None),
        ("http://127.0.0.1:8642", "HTTPConnectionPool", "simulator"),
        ("https://sts.aliyuncs.com", "SSLError CERTIFICATE_VERIFY_FAILED", "ALIBABA_CLOUD_CA_BUNDLE"),
    ],
)
def test_an_unsent_call_gives_nothing_of_its_url_away(domain, text, hint):
    """The SDK's text quotes the signed URL; only the host is told, with a hint."""
    error = _unsent("GetCallerIdentity", domain, f"{text} url: /?Signature=abc&SecurityToken=tok")
    assert error.passing
    assert domain in str(error)
    assert "abc" not in str(error)
    assert "tok" not in str(error)
    assert (hint or "GetCallerIdentity") in str(error)
