# SPDX-License-Identifier: GPL-3.0-or-later
"""The official OSS client, oss2, against the simulator: with both of its signatures."""

from __future__ import annotations

import json
from datetime import date

import oss2
import pytest
from oss2 import models

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # oss2's own

PUBLIC = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Principal": ["*"], "Action": ["oss:GetObject"], "Resource": ["acs:oss:*:*:plain/*"]}
    ],
}


@pytest.fixture(params=["v1", "v4"])
def version(request):
    return request.param


@pytest.fixture
def auth(version, key):
    return oss2.AuthV4(*key) if version == "v4" else oss2.Auth(*key)


@pytest.fixture
def bucket(sim, auth):
    def make(name):
        return oss2.Bucket(auth, sim.url, name, region="cn-hangzhou")

    return make


@pytest.fixture
def service(sim, auth):
    return oss2.Service(auth, sim.url, region="cn-hangzhou")


def only_bucket(sim, name):
    """Find the named bucket as the simulator's state has it."""
    return next(each for each in sim.state()["accounts"][0]["oss"]["buckets"] if each["name"] == name)


def test_lists_all_regions_with_what_a_client_needs_to_reach_each_bucket(service):
    """ListBuckets fills oss2's model, region and endpoint included."""
    found = service.list_buckets()
    assert [(each.name, each.region) for each in found.buckets] == [
        ("plain", "cn-hangzhou"),
        ("remote", "ap-northeast-1"),
        ("site", "cn-hangzhou"),
        ("vault", "cn-hangzhou"),
    ]
    assert found.buckets[1].extranet_endpoint == "oss-ap-northeast-1.aliyuncs.com"
    assert found.buckets[1].location == "oss-ap-northeast-1"
    assert found.buckets[0].creation_date > 0
    assert found.is_truncated is False
    assert found.owner.id == "1234567890123456"


def test_pages_through_buckets(service):
    """The iterator, which asks page by page, sees every bucket once."""
    assert [each.name for each in oss2.BucketIterator(service, max_keys=1)] == ["plain", "remote", "site", "vault"]
    assert [each.name for each in oss2.BucketIterator(service, prefix="si")] == ["site"]


def test_bucket_info_fills_the_model(bucket):
    """GetBucketInfo's XML is what oss2 parses."""
    info = bucket("site").get_bucket_info()
    assert (info.name, info.acl.grant, info.versioning_status) == ("site", "public-read", "Suspended")
    assert (info.location, info.storage_class) == ("oss-cn-hangzhou", "Standard")
    assert (info.data_redundancy_type, info.owner.id) == ("LRS", "1234567890123456")
    assert bucket("plain").get_bucket_info().versioning_status is None


def test_acl_round_trip(sim, bucket):
    """PutBucketAcl is seen by GetBucketAcl and by the state."""
    bucket("plain").put_bucket_acl(oss2.BUCKET_ACL_PUBLIC_READ)
    assert bucket("plain").get_bucket_acl().acl == "public-read"
    assert only_bucket(sim, "plain")["acl"] == "public-read"


def test_bucket_public_access_block_round_trip(sim, bucket):
    """Bucket-level Block Public Access is put, read and deleted."""
    plain = bucket("plain")
    assert plain.get_bucket_public_access_block().block_public_access is False
    plain.put_bucket_public_access_block("true")
    assert plain.get_bucket_public_access_block().block_public_access is True
    assert only_bucket(sim, "plain")["block_public_access"] is True
    assert plain.delete_bucket_public_access_block().status == 204
    assert plain.get_bucket_public_access_block().block_public_access is False


def test_account_public_access_block_round_trip(sim, service):
    """Account-level Block Public Access is put, read and deleted."""
    service.put_public_access_block("true")
    assert service.get_public_access_block().block_public_access is True
    assert sim.state()["accounts"][0]["oss"]["block_public_access"] is True
    assert service.delete_public_access_block().status == 204
    assert service.get_public_access_block().block_public_access is False


def test_versioning_round_trip(bucket):
    """A bucket that never had versioning says None; then Enabled, then Suspended."""
    plain = bucket("plain")
    assert plain.get_bucket_versioning().status is None
    for status in ("Enabled", "Suspended"):
        plain.put_bucket_versioning(models.BucketVersioningConfig(status))
        assert plain.get_bucket_versioning().status == status


def test_policy_round_trip(bucket):
    """A policy comes back as it was put, and its absence is the error that oss2 knows."""
    plain = bucket("plain")
    with pytest.raises(oss2.exceptions.NoSuchBucketPolicy):
        plain.get_bucket_policy()
    plain.put_bucket_policy(json.dumps(PUBLIC))
    assert json.loads(plain.get_bucket_policy().policy) == PUBLIC
    assert plain.delete_bucket_policy().status == 204
    with pytest.raises(oss2.exceptions.NoSuchBucketPolicy):
        plain.get_bucket_policy()


def test_policy_status_needs_the_newer_signature(bucket, version):
    """oss2's V1 does not sign policyStatus, so the call is refused; under V4 a raw call works."""
    plain = bucket("plain")
    plain.put_bucket_policy(json.dumps(PUBLIC))
    if version == "v1":
        with pytest.raises(oss2.exceptions.SignatureDoesNotMatch):
            plain._do("GET", "plain", "", params={"policyStatus": ""})
    else:
        assert b"<IsPublic>true</IsPublic>" in plain._do("GET", "plain", "", params={"policyStatus": ""}).read()


def test_lifecycle_round_trip(bucket):
    """Lifecycle rules with noncurrent versions survive, and their absence is the error that oss2 knows."""
    plain = bucket("plain")
    with pytest.raises(oss2.exceptions.NoSuchLifecycle):
        plain.get_bucket_lifecycle()
    rule = models.LifecycleRule(
        "bound-versions",
        "",
        status=models.LifecycleRule.ENABLED,
        expiration=models.LifecycleExpiration(expired_detete_marker=True),
        noncurrent_version_expiration=models.NoncurrentVersionExpiration(30),
    )
    dated = models.LifecycleRule("by-date", "logs/", expiration=models.LifecycleExpiration(date=date(2030, 1, 1)))
    plain.put_bucket_lifecycle(models.BucketLifecycle([dated]))
    assert plain.get_bucket_lifecycle().rules[0].expiration.date == date(2030, 1, 1)
    plain.put_bucket_lifecycle(models.BucketLifecycle([rule]))
    (read,) = plain.get_bucket_lifecycle().rules
    assert (read.id, read.status) == ("bound-versions", "Enabled")
    assert read.noncurrent_version_expiration.noncurrent_days == 30
    assert plain.delete_bucket_lifecycle().status == 204


def test_website_round_trip(bucket):
    """A website with a mirroring rule fills the model, can be replaced and removed."""
    site = bucket("site")
    website = site.get_bucket_website()
    assert website.index_file == "index.html"
    assert (website.rules[0].redirect.redirect_type, website.rules[0].redirect.mirror_url) == (
        "Mirror",
        "https://origin.example.com/",
    )
    site.put_bucket_website(models.BucketWebsite("home.html", "error.html"))
    assert (site.get_bucket_website().index_file, site.get_bucket_website().error_file) == ("home.html", "error.html")
    assert site.delete_bucket_website().status == 204
    with pytest.raises(oss2.exceptions.NoSuchWebsite):
        site.get_bucket_website()


def test_domains_are_listed(bucket):
    """ListCname names the bucket's domains."""
    listed = bucket("site").list_bucket_cname()
    assert [each.domain for each in listed.cname] == ["www.example.com", "example.com"]
    assert {each.status for each in listed.cname} == {"Enabled"}
    assert bucket("plain").list_bucket_cname().cname == []


def test_retention_is_read(bucket):
    """GetBucketWorm fills the model, and its absence has its own error code."""
    worm = bucket("vault").get_bucket_worm()
    assert (worm.state, worm.retention_period_days) == ("Locked", 30)
    with pytest.raises(oss2.exceptions.NoSuchWORMConfiguration):
        bucket("plain").get_bucket_worm()


def test_tags_round_trip(sim, bucket):
    """Tags are put, read and deleted."""
    plain = bucket("plain")
    tags = models.TaggingRule()
    tags.add("env", "prod & test")
    plain.put_bucket_tagging(models.Tagging(tags))
    assert plain.get_bucket_tagging().tag_set.tagging_rule == {"env": "prod & test"}
    assert only_bucket(sim, "plain")["tags"] == {"env": "prod & test"}
    assert plain.delete_bucket_tagging().status == 204
    assert plain.get_bucket_tagging().tag_set.tagging_rule == {}


def test_errors_fill_the_exception(bucket):
    """A missing bucket is oss2's NoSuchBucket, with request id and EC."""
    with pytest.raises(oss2.exceptions.NoSuchBucket) as caught:
        bucket("nowhere").get_bucket_info()
    assert caught.value.status == 404
    assert caught.value.ec == "0015-00000101"
    assert caught.value.request_id


def test_temporary_keys_work(sim, version, session):
    """A key with its STS token is accepted under both signatures."""
    auth = oss2.StsAuth(*session, auth_version=version)
    found = oss2.Service(auth, sim.url, region="cn-hangzhou").list_buckets(max_keys=1)
    assert found.next_marker == "plain"
