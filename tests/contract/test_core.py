# SPDX-License-Identifier: GPL-3.0-or-later
"""aliyun-python-sdk-core, the client that signs RPC calls in the query, against the simulator."""

from __future__ import annotations

import json

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDK's own


def request(url, version, action, method="POST"):
    """Build an RPC request as modules build them."""
    built = CommonRequest(domain=url)
    built.set_version(version)
    built.set_action_name(action)
    built.set_method(method)
    return built


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_caller_identity(sim, key, method):
    """GetCallerIdentity names account and user, by GET and by POST."""
    client = AcsClient(*key, "cn-hangzhou", auto_retry=False)
    answer = json.loads(client.do_action_with_exception(request(sim.url, "2015-04-01", "GetCallerIdentity", method)))
    assert (answer["AccountId"], answer["IdentityType"]) == ("1234567890123456", "RAMUser")
    assert answer["Arn"] == "acs:ram::1234567890123456:user/client"
    assert answer["RequestId"]


def test_parameters_in_query_and_body(sim, key):
    """Parameters are signed and read wherever they stand."""
    client = AcsClient(*key, "cn-hangzhou", auto_retry=False)
    for place in ("add_query_param", "add_body_params"):
        built = request(sim.url, "2014-05-26", "DescribeRegions")
        getattr(built, place)("AcceptLanguage", "en-US")
        regions = json.loads(client.do_action_with_exception(built))["Regions"]["Region"]
        assert [each["LocalName"] for each in regions] == ["China (Hangzhou)", "Japan (Tokyo)"]


def test_temporary_key(sim, session):
    """The SDK's own STS credential is accepted."""
    client = AcsClient(region_id="cn-hangzhou", credential=StsTokenCredential(*session), auto_retry=False)
    answer = json.loads(client.do_action_with_exception(request(sim.url, "2015-04-01", "GetCallerIdentity")))
    assert answer["Arn"].endswith("user/session")


def test_a_wrong_secret_is_an_error_that_the_client_can_read(sim, key):
    """The SDK takes the message apart at its colon (and breaks where there is none)."""
    client = AcsClient(key[0], "not-the-secret", "cn-hangzhou", auto_retry=False)
    with pytest.raises(ServerException) as caught:
        client.do_action_with_exception(request(sim.url, "2015-04-01", "GetCallerIdentity"))
    assert (caught.value.get_http_status(), caught.value.get_error_code()) == (400, "SignatureDoesNotMatch")
    assert caught.value.get_request_id()


def test_an_unknown_key(sim):
    """A key that does not exist is a 404."""
    client = AcsClient("LTAI5tNobody", "secret", "cn-hangzhou", auto_retry=False)
    with pytest.raises(ServerException) as caught:
        client.do_action_with_exception(request(sim.url, "2015-04-01", "GetCallerIdentity"))
    assert (caught.value.get_http_status(), caught.value.get_error_code()) == (404, "InvalidAccessKeyId.NotFound")
