# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that keep their real endpoints and reach the simulator as an HTTP proxy: routing is by host name then."""

from __future__ import annotations

import json

import alibabacloud_oss_v2 as oss
import oss2
import pytest
from alibabacloud_ecs20140526 import client as ecs
from alibabacloud_ecs20140526 import models as ecs_models
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDKs' own


@pytest.fixture
def proxied(sim, monkeypatch):
    """Make every client in this process use the simulator as its proxy."""
    monkeypatch.setenv("HTTP_PROXY", sim.url)
    monkeypatch.setenv("http_proxy", sim.url)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    return sim


@pytest.mark.parametrize("auth", [oss2.Auth, oss2.AuthV4])
def test_oss2_with_virtual_hosts(proxied, key, auth):
    """The bucket and its region come from the host name."""
    bucket = oss2.Bucket(auth(*key), "http://oss-cn-hangzhou.aliyuncs.com", "site", region="cn-hangzhou")
    assert bucket.get_bucket_acl().acl == "public-read"
    assert proxied.journal()[-1]["params"] == {"bucket": "site"}
    assert proxied.journal()[-1]["region"] == "cn-hangzhou"


def test_oss2_at_the_wrong_region(proxied, key):
    """Another region's host is refused with the right endpoint, except for GetBucketInfo."""
    bucket = oss2.Bucket(oss2.Auth(*key), "http://oss-cn-hangzhou.aliyuncs.com", "remote")
    with pytest.raises(oss2.exceptions.AccessDenied) as caught:
        bucket.get_bucket_acl()
    assert caught.value.ec == "0003-00001403"
    assert caught.value.details["Endpoint"] == "oss-ap-northeast-1.aliyuncs.com"
    assert bucket.get_bucket_info().location == "oss-ap-northeast-1"
    assert proxied.journal()[-1]["action"] == "GetBucketInfo"


def test_oss_v2_with_virtual_hosts(proxied, key):
    """The newer client's virtual hosts and internal endpoints are understood."""
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(*key)
    config.region = "cn-hangzhou"
    config.endpoint = "http://oss-cn-hangzhou-internal.aliyuncs.com"
    config.proxy_host = proxied.url
    client = oss.Client(config)
    assert client.get_bucket_acl(oss.GetBucketAclRequest(bucket="site")).acl == "public-read"


def test_oss_path_style_at_a_regional_host(proxied, key):
    """A regional host wants the bucket in front of it."""
    bucket = oss2.Bucket(oss2.Auth(*key), "http://oss-cn-hangzhou.aliyuncs.com", "site", is_path_style=True)
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.get_bucket_acl()
    assert (caught.value.status, caught.value.code) == (403, "SecondLevelDomainForbidden")
    assert proxied.journal()[-1]["status"] == 403


@pytest.mark.parametrize("host", ["ecs.cn-hangzhou.aliyuncs.com", "ecs-cn-hangzhou.aliyuncs.com", "ecs.aliyuncs.com"])
def test_core(proxied, key, host):
    """RPC calls are routed by their host name."""
    request = CommonRequest(domain=f"http://{host}")
    request.set_version("2014-05-26")
    request.set_action_name("DescribeRegions")
    answer = json.loads(AcsClient(*key, "cn-hangzhou", auto_retry=False).do_action_with_exception(request))
    assert len(answer["Regions"]["Region"]) == 2
    assert proxied.journal()[-1]["product"] == "ecs"


def test_typed(proxied, key):
    """The typed SDK's signature covers the real host name, whatever address it connects to."""
    config = Config(
        access_key_id=key[0],
        access_key_secret=key[1],
        endpoint="ecs.cn-hangzhou.aliyuncs.com",
        protocol="HTTP",
        http_proxy=proxied.url,
    )
    answer = ecs.Client(config).describe_regions(ecs_models.DescribeRegionsRequest())
    assert len(answer.body.regions.region) == 2
