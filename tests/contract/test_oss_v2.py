# SPDX-License-Identifier: GPL-3.0-or-later
"""The official OSS client of the second generation, alibabacloud_oss_v2, against the simulator."""

from __future__ import annotations

import json

import alibabacloud_oss_v2 as oss
import pytest

POLICY = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Principal": ["*"], "Action": ["oss:GetObject"], "Resource": ["acs:oss:*:*:plain/*"]}
    ],
}


@pytest.fixture(params=["v1", "v4"])
def client(request, sim, key):
    return connect(sim.url, key, request.param)


def connect(url, credentials, version, region="cn-hangzhou"):
    """Make a client with static credentials (id, secret and perhaps a token)."""
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(*credentials)
    config.region = region
    config.endpoint = url
    config.signature_version = version
    config.retry_max_attempts = 1
    return oss.Client(config)


def refused(call, *arguments):
    """Give the service error that the call ends with."""
    with pytest.raises(oss.exceptions.OperationError) as caught:
        call(*arguments)
    return caught.value.unwrap()


def test_lists_buckets_page_by_page(client):
    """The paginator sees every bucket, and the model has region and endpoint."""
    pages = client.list_buckets_paginator().iter_page(oss.ListBucketsRequest(max_keys=3))
    found = [bucket for page in pages for bucket in page.buckets]
    assert [each.name for each in found] == ["plain", "remote", "site", "vault"]
    assert (found[1].region, found[1].extranet_endpoint) == ("ap-northeast-1", "oss-ap-northeast-1.aliyuncs.com")


def test_bucket_info_holds_block_public_access(client):
    """GetBucketInfo fills the model, Block Public Access included."""
    client.put_bucket_public_access_block(
        oss.PutBucketPublicAccessBlockRequest(
            bucket="site",
            public_access_block_configuration=oss.PublicAccessBlockConfiguration(block_public_access=True),
        )
    )
    info = client.get_bucket_info(oss.GetBucketInfoRequest(bucket="site")).bucket_info
    assert (info.name, info.acl, info.versioning) == ("site", "public-read", "Suspended")
    assert info.block_public_access is True
    plain = client.get_bucket_info(oss.GetBucketInfoRequest(bucket="plain")).bucket_info
    assert (plain.versioning, plain.block_public_access) == (None, False)
    assert plain.creation_date.year == 2024


def test_acl_round_trip(client):
    """PutBucketAcl is seen by GetBucketAcl."""
    client.put_bucket_acl(oss.PutBucketAclRequest(bucket="plain", acl="public-read-write"))
    assert client.get_bucket_acl(oss.GetBucketAclRequest(bucket="plain")).acl == "public-read-write"


def test_bucket_public_access_block_round_trip(client):
    """Bucket-level Block Public Access is put, read and deleted."""
    on = oss.PublicAccessBlockConfiguration(block_public_access=True)
    client.put_bucket_public_access_block(
        oss.PutBucketPublicAccessBlockRequest(bucket="plain", public_access_block_configuration=on)
    )
    ask = oss.GetBucketPublicAccessBlockRequest(bucket="plain")
    assert client.get_bucket_public_access_block(ask).public_access_block_configuration.block_public_access is True
    client.delete_bucket_public_access_block(oss.DeleteBucketPublicAccessBlockRequest(bucket="plain"))
    assert client.get_bucket_public_access_block(ask).public_access_block_configuration.block_public_access is False


def test_account_public_access_block_round_trip(client):
    """Account-level Block Public Access is put, read and deleted."""
    on = oss.PublicAccessBlockConfiguration(block_public_access=True)
    client.put_public_access_block(oss.PutPublicAccessBlockRequest(public_access_block_configuration=on))
    ask = oss.GetPublicAccessBlockRequest()
    assert client.get_public_access_block(ask).public_access_block_configuration.block_public_access is True
    client.delete_public_access_block(oss.DeletePublicAccessBlockRequest())
    assert client.get_public_access_block(ask).public_access_block_configuration.block_public_access is False


def test_versioning_round_trip(client):
    """Versioning is None until it is set."""
    ask = oss.GetBucketVersioningRequest(bucket="plain")
    assert client.get_bucket_versioning(ask).version_status is None
    enabled = oss.VersioningConfiguration(status="Enabled")
    client.put_bucket_versioning(oss.PutBucketVersioningRequest(bucket="plain", versioning_configuration=enabled))
    assert client.get_bucket_versioning(ask).version_status == "Enabled"


def test_policy_and_its_status(client):
    """A public policy is reported as public, and its absence as not public."""
    status = oss.GetBucketPolicyStatusRequest(bucket="plain")
    assert client.get_bucket_policy_status(status).policy_status.is_public is False
    client.put_bucket_policy(oss.PutBucketPolicyRequest(bucket="plain", body=json.dumps(POLICY)))
    assert client.get_bucket_policy_status(status).policy_status.is_public is True
    assert json.loads(client.get_bucket_policy(oss.GetBucketPolicyRequest(bucket="plain")).body) == POLICY
    client.delete_bucket_policy(oss.DeleteBucketPolicyRequest(bucket="plain"))
    error = refused(client.get_bucket_policy, oss.GetBucketPolicyRequest(bucket="plain"))
    assert (error.status_code, error.code) == (404, "NoSuchBucketPolicy")


def test_lifecycle_round_trip(client):
    """Lifecycle rules survive, transitions included."""
    rules = [
        oss.LifecycleRule(
            id="bound",
            prefix="",
            status="Enabled",
            noncurrent_version_expiration=oss.NoncurrentVersionExpiration(noncurrent_days=30),
        ),
        oss.LifecycleRule(
            id="cool",
            prefix="logs/",
            status="Enabled",
            transitions=[oss.LifecycleRuleTransition(days=30, storage_class="IA")],
        ),
    ]
    client.put_bucket_lifecycle(
        oss.PutBucketLifecycleRequest(bucket="plain", lifecycle_configuration=oss.LifecycleConfiguration(rules=rules))
    )
    read = client.get_bucket_lifecycle(oss.GetBucketLifecycleRequest(bucket="plain")).lifecycle_configuration.rules
    assert [each.id for each in read] == ["bound", "cool"]
    assert read[0].noncurrent_version_expiration.noncurrent_days == 30
    assert read[1].transitions[0].storage_class == "IA"
    client.delete_bucket_lifecycle(oss.DeleteBucketLifecycleRequest(bucket="plain"))
    assert refused(client.get_bucket_lifecycle, oss.GetBucketLifecycleRequest(bucket="plain")).code == "NoSuchLifecycle"


def test_website_round_trip(client):
    """A website with a mirroring rule fills the model, can be replaced and removed."""
    ask = oss.GetBucketWebsiteRequest(bucket="site")
    rule = client.get_bucket_website(ask).website_configuration.routing_rules.routing_rules[0]
    assert (rule.redirect.redirect_type, rule.redirect.mirror_url) == ("Mirror", "https://origin.example.com/")
    index = oss.IndexDocument(suffix="home.html", support_sub_dir=True, type=0)
    client.put_bucket_website(
        oss.PutBucketWebsiteRequest(bucket="site", website_configuration=oss.WebsiteConfiguration(index_document=index))
    )
    assert client.get_bucket_website(ask).website_configuration.index_document.suffix == "home.html"
    client.delete_bucket_website(oss.DeleteBucketWebsiteRequest(bucket="site"))
    assert refused(client.get_bucket_website, ask).code == "NoSuchWebsiteConfiguration"


def test_domains_are_listed(client):
    """ListCname names the bucket's domains."""
    listed = client.list_cname(oss.ListCnameRequest(bucket="site"))
    assert [each.domain for each in listed.cnames] == ["www.example.com", "example.com"]
    assert (listed.bucket, listed.owner) == ("site", "1234567890123456")


def test_retention_is_read(client):
    """GetBucketWorm fills the model, and its absence has its own error code."""
    worm = client.get_bucket_worm(oss.GetBucketWormRequest(bucket="vault")).worm_configuration
    assert (worm.state, worm.retention_period_in_days) == ("Locked", 30)
    error = refused(client.get_bucket_worm, oss.GetBucketWormRequest(bucket="plain"))
    assert (error.status_code, error.code) == (404, "NoSuchWORMConfiguration")


def test_tags_round_trip(client):
    """Tags are put, read and deleted."""
    tags = oss.Tagging(tag_set=oss.TagSet(tags=[oss.Tag(key="env", value="prod")]))
    client.put_bucket_tags(oss.PutBucketTagsRequest(bucket="plain", tagging=tags))
    ask = oss.GetBucketTagsRequest(bucket="plain")
    (tag,) = client.get_bucket_tags(ask).tagging.tag_set.tags
    assert (tag.key, tag.value) == ("env", "prod")
    client.delete_bucket_tags(oss.DeleteBucketTagsRequest(bucket="plain"))
    assert not client.get_bucket_tags(ask).tagging.tag_set.tags


def test_errors_fill_the_exception(client):
    """A missing bucket gives code, request id and EC."""
    error = refused(client.get_bucket_info, oss.GetBucketInfoRequest(bucket="nowhere"))
    assert (error.status_code, error.code, error.ec) == (404, "NoSuchBucket", "0015-00000101")
    assert error.request_id


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_temporary_keys_work(sim, session, version):
    """A key with its STS token is accepted under both signatures."""
    client = connect(sim.url, session, version)
    assert len(client.list_buckets(oss.ListBucketsRequest()).buckets) == 4


def test_further_headers_can_be_signed(sim, key):
    """V4 may cover more headers than it must."""
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(*key)
    config.region, config.endpoint = "cn-hangzhou", sim.url
    config.additional_headers = ["user-agent", "accept-encoding"]
    assert oss.Client(config).get_bucket_acl(oss.GetBucketAclRequest(bucket="site")).acl == "public-read"


def test_signing_for_another_region_is_refused(sim, key):
    """Under V4 the region that was signed for must be the bucket's."""
    client = connect(sim.url, key, "v4", region="cn-hangzhou")
    error = refused(client.get_bucket_info, oss.GetBucketInfoRequest(bucket="remote"))
    assert (error.status_code, error.code, error.ec) == (400, "InvalidArgument", "0002-00000226")
