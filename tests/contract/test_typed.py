# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed SDKs (ACS3-HMAC-SHA256 in headers) against the simulator."""

from __future__ import annotations

import pytest
from alibabacloud_ecs20140526 import client as ecs
from alibabacloud_ecs20140526 import models as ecs_models
from alibabacloud_sts20150401 import client as sts
from alibabacloud_sts20150401 import models as sts_models
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDK's own


def config(sim, key_id, secret, token=None):
    """Point a client's configuration at the simulator."""
    endpoint = sim.url.removeprefix("http://")
    return Config(
        access_key_id=key_id, access_key_secret=secret, security_token=token, endpoint=endpoint, protocol="HTTP"
    )


def test_caller_identity_fills_the_model(sim, key):
    """GetCallerIdentity fills the STS model."""
    body = sts.Client(config(sim, *key)).get_caller_identity().body
    assert (body.account_id, body.identity_type) == ("1234567890123456", "RAMUser")
    assert body.arn == "acs:ram::1234567890123456:user/client"
    assert body.user_id == body.principal_id
    assert body.request_id


def test_regions_fill_the_model(sim, key):
    """DescribeRegions fills the ECS model."""
    asked = ecs_models.DescribeRegionsRequest(accept_language="en-US")
    regions = ecs.Client(config(sim, *key)).describe_regions(asked).body.regions.region
    assert [(each.region_id, each.region_endpoint) for each in regions] == [
        ("cn-hangzhou", "ecs.cn-hangzhou.aliyuncs.com"),
        ("ap-northeast-1", "ecs.ap-northeast-1.aliyuncs.com"),
    ]
    assert {each.status for each in regions} == {"available"}


def test_an_assumed_role_is_another_caller(sim, key):
    """AssumeRole fills the STS model, and the SDK's next client can use what it gave."""
    asked = sts_models.AssumeRoleRequest(
        role_arn="acs:ram::1234567890123456:role/auditing", role_session_name="contract", duration_seconds=900
    )
    given = sts.Client(config(sim, *key)).assume_role(asked).body
    credentials = given.credentials
    assert credentials.expiration.endswith("Z")
    session = config(sim, credentials.access_key_id, credentials.access_key_secret, credentials.security_token)
    caller = sts.Client(session).get_caller_identity().body
    assert (caller.identity_type, caller.arn) == ("AssumedRoleUser", given.assumed_role_user.arn)
    assert caller.role_id == given.assumed_role_user.assumed_role_id.split(":")[0]


def test_temporary_key(sim, session):
    """A key with its STS token is accepted."""
    assert sts.Client(config(sim, *session)).get_caller_identity().body.arn.endswith("user/session")


def test_a_wrong_secret_is_refused(sim, key):
    """The signature in the header is verified."""
    with pytest.raises(ClientException) as caught:
        sts.Client(config(sim, key[0], "not-the-secret")).get_caller_identity()
    assert (caught.value.status_code, caught.value.code) == (400, "SignatureDoesNotMatch")
