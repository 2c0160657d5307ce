# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told of a refused call, and how the run takes it."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import (
    CONNECTION,
    NOT_THE_CLOUD,
    CloudError,
    Unread,
)
from hypothesis import given
from hypothesis import strategies as st

KEY, POLICIES, QUOTA, NETWORK = "Check access_key_id", "docs/policies/", "lower the option workers", "Check the network"

KINDS = ("bad_key", "denied", "throttled", "busy", "gone", "passing")


@pytest.mark.parametrize(
    ("code", "status", "kinds", "advice"),
    [
        ("InvalidAccessKeyId", 403, {"bad_key"}, KEY),
        ("InvalidAccessKeyId.NotFound", 404, {"bad_key"}, KEY),
        ("SignatureDoesNotMatch", 403, {"bad_key"}, KEY),
        ("InvalidSecurityToken.Expired", 400, {"bad_key"}, KEY),
        ("AccessDenied", 403, {"denied"}, POLICIES),
        ("Forbidden.RAM", 403, {"denied"}, POLICIES),
        ("NoPermission", 403, {"denied"}, POLICIES),
        ("Throttling", 400, {"throttled"}, QUOTA),
        ("Throttling.User", 400, {"throttled"}, QUOTA),
        ("QpsLimitExceeded", 503, {"throttled", "passing"}, QUOTA),
        ("Whatever", 429, {"throttled"}, QUOTA),
        ("SystemBusy", 400, {"busy"}, ""),
        ("OperationBusy", 409, {"busy"}, ""),
        ("NoSuchBucket", 404, {"gone"}, ""),
        ("NoSuchBucketPolicy", 404, set(), ""),
        ("NoSuchWORMConfiguration", 404, set(), ""),
        ("InternalError", 500, {"passing"}, ""),
        ("ServiceUnavailable", 503, {"passing"}, ""),
        (CONNECTION, 0, {"passing"}, NETWORK),
        (NOT_THE_CLOUD, 200, set(), NETWORK),
        (NOT_THE_CLOUD, 502, {"passing"}, NETWORK),
        ("InvalidParameter", 400, set(), ""),
    ],
)
def test_an_error_is_of_its_kind(code, status, kinds, advice):
    """Each code has its kinds, and the advice that fits them."""
    error = CloudError("GetBucketInfo", code, "no", status=status)
    assert {kind for kind in KINDS if getattr(error, kind)} == kinds
    assert advice in error.advice()
    assert bool(error.advice()) == bool(advice)


def test_a_sentence_tells_what_failed_and_why():
    """Action, message, code and request id stand in one sentence, then the advice."""
    error = CloudError("GetBucketInfo", "AccessDenied", "You may\n  not.", "5F3C-1", 403)
    assert str(error).startswith("GetBucketInfo failed: You may not (AccessDenied, request id 5F3C-1). The calling key")
    assert str(Unread.of(error)) == "GetBucketInfo: You may not (AccessDenied, request id 5F3C-1)"


def test_no_request_id_is_not_mentioned():
    """A call that never got an answer has no request id to tell of."""
    error = CloudError("GetBucketInfo", CONNECTION, "no answer")
    assert "request id" not in f"{error} {Unread.of(error)}"


@given(
    st.text("ab. \n", max_size=8).map(lambda text: f"no{text}"),
    st.sampled_from(["AccessDenied", "Throttling", CONNECTION, "InternalError", "InvalidAccessKeyId"]),
    st.sampled_from(["", "5F3C-1"]),
)
def test_a_sentence_ends_once(message, code, request_id):
    """However the cloud ends its message, the sentence has one full stop at its end and no double space."""
    error = CloudError("GetBucketInfo", code, message, request_id)
    tail = str(error)[str(error).index(f" ({code}") - 1 :]
    assert tail[0] != "."
    assert ".." not in tail
    assert str(error).endswith(".")
    assert not {"\n", "  "} & {*str(error), *(str(error)[at : at + 2] for at in range(len(str(error))))}
