# SPDX-License-Identifier: GPL-3.0-or-later
"""How the simulated OSS behaves where it is easy to get wrong."""

from __future__ import annotations

import json

import oss2
import pytest
from oss2 import models

from simulator import Simulator
from simulator.services._oss_publicness import is_public

PUBLIC = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Principal": ["*"], "Action": ["oss:GetObject"], "Resource": ["*"]}],
}


def test_setting_the_acl_of_a_missing_bucket_creates_it(writer, bucket_state):
    """PutBucketAcl is no mere update: whoever mistypes a name gets a bucket."""
    writer.bucket("misspelt").put_bucket_acl("private")
    created = bucket_state("misspelt")
    assert (created["acl"], created["region"]) == ("private", "cn-hangzhou")


def test_an_acl_must_be_one_of_three(writer, refused):
    """Another value is an invalid argument."""
    assert refused(writer.bucket("first").put_bucket_acl, "secret") == (400, "InvalidArgument")


@pytest.mark.parametrize("level", ["bucket", "account"])
def test_nothing_is_made_public_while_public_access_is_blocked(writer, refused, bucket_state, level):
    """Public ACLs and public policies are refused at either level; what is not public passes."""
    if level == "account":
        writer.service.put_public_access_block("true")
    bucket = writer.bucket("second" if level == "bucket" else "first")
    for acl in ("public-read", "public-read-write"):
        with pytest.raises(oss2.exceptions.AccessDenied, match="Put public bucket acl is not allowed"):
            bucket.put_bucket_acl(acl)
    assert refused(bucket.put_bucket_policy, json.dumps(PUBLIC)) == (403, "AccessDenied")
    bucket.put_bucket_acl("private")
    own = json.loads(json.dumps(PUBLIC).replace('"*"]', '"20001"]', 1))
    bucket.put_bucket_policy(json.dumps(own))
    assert bucket_state(bucket.bucket_name)["policy"] == own


def test_a_public_acl_stays_while_public_access_is_blocked(writer, bucket_state):
    """Block Public Access changes no ACL: it comes back to life when the block is lifted."""
    writer.bucket("website").put_bucket_public_access_block("true")
    assert bucket_state("website")["acl"] == "public-read"
    assert writer.bucket("website").get_bucket_acl().acl == "public-read"


@pytest.mark.parametrize("name", ["vault", "website"])
def test_versioning_is_refused_beside_retention_or_mirroring(writer, refused, bucket_state, name):
    """Enabling is refused, suspending is not."""
    put = writer.bucket(name).put_bucket_versioning
    assert refused(put, models.BucketVersioningConfig("Enabled")) == (400, "InvalidRequest")
    assert "versioning" not in bucket_state(name)
    put(models.BucketVersioningConfig("Suspended"))
    assert bucket_state(name)["versioning"] == "Suspended"


def test_mirroring_is_refused_beside_versioning(writer, refused):
    """The conflict holds in both directions."""
    first = writer.bucket("first")
    first.put_bucket_versioning(models.BucketVersioningConfig("Enabled"))
    xml = writer.bucket("website")._do("GET", "website", "", params={"website": ""}).read()
    send = {"params": {"website": ""}, "data": xml}
    assert refused(first._do, "PUT", "first", "", **send) == (400, "InvalidRequest")


def test_versioning_never_set_is_absent_from_bucket_info(writer):
    """There is no Versioning element until it is set once."""
    info = writer.bucket("first")._do("GET", "first", "", params={"bucketInfo": ""}).read().decode()
    assert "<Versioning>" not in info
    assert "<BlockPublicAccess>false</BlockPublicAccess>" in info
    writer.bucket("first").put_bucket_versioning(models.BucketVersioningConfig("Suspended"))
    info = writer.bucket("first")._do("GET", "first", "", params={"bucketInfo": ""}).read().decode()
    assert "<Versioning>Suspended</Versioning>" in info


@pytest.mark.parametrize(
    ("sub", "body", "code"),
    [
        ("versioning", "<VersioningConfiguration><Status>On</Status></VersioningConfiguration>", "MalformedXML"),
        ("versioning", "not xml", "MalformedXML"),
        (
            "publicAccessBlock",
            "<PublicAccessBlockConfiguration><BlockPublicAccess>True</BlockPublicAccess></PublicAccessBlockConfiguration>",
            "MalformedXML",
        ),
        ("lifecycle", "<LifecycleConfiguration></LifecycleConfiguration>", "MalformedXML"),
        ("website", "<WebsiteConfiguration></WebsiteConfiguration>", "InvalidArgument"),
        ("policy", '{"Version": "1"}', "InvalidPolicyDocument"),
        ("tagging", "<Tagging><TagSet></TagSet></Tagging>", "MalformedXML"),
    ],
)
def test_bodies_are_validated(writer, refused, sub, body, code):
    """A body that OSS would refuse is refused."""
    bucket = writer.bucket("first")
    assert refused(bucket._do, "PUT", "first", "", params={sub: ""}, data=body) == (400, code)


def rule(inside, number="1", prefix="", status="Enabled"):
    """Write a lifecycle rule."""
    return f"<Rule><ID>{number}</ID><Prefix>{prefix}</Prefix><Status>{status}</Status>{inside}</Rule>"


EXPIRE = "<Expiration><Days>7</Days></Expiration>"
NONCURRENT = "<NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration>"


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (rule(EXPIRE), None),
        (rule(EXPIRE) + rule(NONCURRENT, "2"), None),
        (rule(EXPIRE, prefix="a/") + rule(EXPIRE, "2", prefix="b/"), None),
        (rule(EXPIRE) + rule(EXPIRE, "2", status="Disabled"), None),
        (rule("<Transition><Days>7</Days><StorageClass>IA</StorageClass></Transition>"), None),
        (rule(EXPIRE) + rule(EXPIRE, "2", prefix="logs/"), "InvalidArgument"),
        (rule(EXPIRE) + rule(NONCURRENT), "InvalidArgument"),
        (rule("<Expiration><Days>0</Days></Expiration>"), "InvalidArgument"),
        (rule("<Expiration><Days>1</Days><Date>2030-01-01</Date></Expiration>"), "MalformedXML"),
        (rule("<NoncurrentVersionExpiration><Days>3</Days></NoncurrentVersionExpiration>"), "MalformedXML"),
        (rule("<Transition><Days>7</Days></Transition>"), "MalformedXML"),
        (rule(""), "MalformedXML"),
        (rule("<Explosion><Days>1</Days></Explosion>"), "MalformedXML"),
        (rule(EXPIRE, status="On"), "MalformedXML"),
    ],
)
def test_lifecycle_rules(writer, refused, bucket_state, rules, code):
    """Rules that OSS refuses are refused; the others are kept as they came."""
    bucket = writer.bucket("first")
    document = f"<LifecycleConfiguration>{rules}</LifecycleConfiguration>"
    send = ("PUT", "first", "")
    if code:
        assert refused(bucket._do, *send, params={"lifecycle": ""}, data=document) == (400, code)
    else:
        bucket._do(*send, params={"lifecycle": ""}, data=document)
        assert bucket_state("first")["lifecycle"] == document


def allow(**parts):
    """Write a bucket policy of one Allow statement."""
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Principal": ["*"], **parts}]}


@pytest.mark.parametrize(
    ("policy", "public"),
    [
        (None, False),
        (allow(), True),
        (allow(Principal=[]), True),
        (allow(Principal="*"), True),
        (allow(Principal=["20001", "*"]), True),
        (allow(Principal=["20001"]), False),
        (allow(Effect="Deny"), False),
        (allow(Condition={"StringEquals": {"acs:SourceVpc": ["vpc-1"]}}), False),
        (allow(Condition={"StringLike": {"acs:SourceVpc": ["vpc-*"]}}), True),
        (allow(Condition={"StringEquals": {"acs:AccessId": "LTAI"}}), False),
        (allow(Condition={"StringNotEquals": {"acs:SourceVpc": ["vpc-1"]}}), True),
        (allow(Condition={"IpAddress": {"acs:SourceIp": ["192.0.2.0/24"]}}), False),
        (allow(Condition={"IpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}}), False),
        (allow(Condition={"IpAddress": {"acs:SourceIp": ["0.0.0.0/0"]}}), True),
        (allow(Condition={"IpAddress": {"acs:SourceIp": ["192.0.2.0/24", "128.0.0.0/7"]}}), True),
        (allow(Condition={"IpAddress": {"acs:SourceIp": ["2001:db8::/32"]}}), False),
        (allow(Condition={"IpAddress": {"acs:SourceIp": ["2001::/16"]}}), True),
        (allow(Condition={"NotIpAddress": {"acs:SourceIp": ["192.0.2.0/24"]}}), True),
        (allow(Condition={"Bool": {"acs:SecureTransport": "true"}}), True),
        (allow(Condition={"IpAddress": {"acs:SourceIp": ["anything"]}}), True),
        ({"Version": "1", "Statement": [{"Effect": "Deny", "Principal": ["*"]}, *allow()["Statement"]]}, True),
    ],
)
def test_publicness_of_policies(policy, public):
    """A policy is public when an Allow reaches everybody and no condition pins the caller."""
    assert is_public(policy) is public


@pytest.fixture(scope="module")
def crowd():
    """Play an account with 2,347 buckets."""
    names = [f"bucket-{number:04d}" for number in range(2347)]
    key = {"id": "LTAI5tCrowd", "secret": "crowd-secret"}
    buckets = [{"name": name, "region": "cn-hangzhou"} for name in names]
    with Simulator({"accounts": [{"id": "1", "keys": [key], "oss": {"buckets": buckets}}]}) as simulator:
        yield names, oss2.Service(oss2.Auth(key["id"], key["secret"]), simulator.url)


def test_lists_are_paged(crowd):
    """100 by default, 1,000 at most, and the marker leads on."""
    names, service = crowd
    page = service.list_buckets()
    assert (len(page.buckets), page.is_truncated, page.next_marker) == (100, True, names[99])
    pages = [service.list_buckets(max_keys=1000, marker=marker) for marker in ("", names[999], names[1999])]
    assert [len(each.buckets) for each in pages] == [1000, 1000, 347]
    assert [each.name for page in pages for each in page.buckets] == names
    assert pages[-1].is_truncated is False


@pytest.mark.parametrize("size", ["1001", "0", "many"])
def test_a_page_has_a_limit(crowd, refused, size):
    """More than 1,000 a page is an error, not a shorter page."""
    _unused, service = crowd
    assert refused(service.list_buckets, max_keys=size) == (400, "InvalidArgument")


def test_paging_elements_are_absent_when_everything_fits(writer):
    """A short list has no IsTruncated at all."""
    body = writer.service._do("GET", "", "", params={"max-keys": "1000"}).read().decode()
    assert "<Name>first</Name>" in body
    for element in ("IsTruncated", "NextMarker", "MaxKeys", "Marker", "Prefix"):
        assert f"<{element}>" not in body
