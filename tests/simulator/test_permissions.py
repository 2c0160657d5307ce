# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM policies decide what a key may do."""

from __future__ import annotations

import pytest

from simulator import EstateError
from simulator.policy import Policies

from .conftest import policy

BUCKET = "acs:oss:*:1:logs"


@pytest.mark.parametrize(
    ("documents", "allowed"),
    [
        ([], False),
        ([policy("oss:GetBucketAcl")], True),
        ([policy("oss:getbucketacl")], True),
        ([policy("oss:Get*")], True),
        ([policy("oss:GetBucketAc?")], True),
        ([policy("*")], True),
        ([policy("oss:Put*")], False),
        ([policy("oss:Get")], False),
        ([policy("oss:GetBucketAcl", resource="acs:oss:*:*:logs")], True),
        ([policy("oss:GetBucketAcl", resource=["acs:oss:*:*:other", "acs:oss:*:1:l*"])], True),
        ([policy("oss:GetBucketAcl", resource="acs:oss:*:*:other")], False),
        ([policy("oss:GetBucketAcl", resource="acs:oss:*:2:*")], False),
        ([policy("*"), policy("oss:GetBucketAcl", effect="Deny")], False),
        ([policy("*"), policy("oss:GetBucketAcl", effect="Deny", resource="acs:oss:*:*:other")], True),
        ([{"Version": "1", "Statement": {"Effect": "Allow", "NotAction": "oss:Put*", "Resource": "*"}}], True),
        ([{"Version": "1", "Statement": {"Effect": "Allow", "NotAction": "oss:Get*", "Resource": "*"}}], False),
        ([policy("*", Condition={"StringEquals": {"ram:ServiceName": "a.example.com"}})], True),
        ([policy("*", Condition={"StringEquals": {"ram:ServiceName": ["b.example.com", "A.example.com"]}})], False),
        ([policy("*", Condition={"StringEqualsIgnoreCase": {"ram:ServiceName": "A.example.com"}})], True),
        ([policy("*", Condition={"StringLike": {"ram:ServiceName": "*.example.com"}})], True),
        ([policy("*", Condition={"StringNotEquals": {"ram:ServiceName": "a.example.com"}})], False),
        ([policy("*", Condition={"StringNotLike": {"ram:ServiceName": "b.*"}})], True),
        ([policy("*", Condition={"IpAddress": {"acs:SourceIp": ["10.0.0.0/8", "127.0.0.0/8"]}})], True),
        ([policy("*", Condition={"NotIpAddress": {"acs:SourceIp": "127.0.0.1"}})], False),
        ([policy("*", Condition={"Bool": {"acs:SecureTransport": True}})], False),
        ([policy("*", Condition={"Bool": {"acs:SecureTransport": "false"}})], True),
        ([policy("*", Condition={"StringEquals": {"acs:Service": "unset"}})], False),
        (
            [
                policy(
                    "*",
                    Condition={
                        "StringLike": {"ram:ServiceName": "*.example.com"},
                        "IpAddress": {"acs:SourceIp": "10.0.0.0/8"},
                    },
                )
            ],
            False,
        ),
    ],
)
def test_evaluation(documents, allowed):
    """Actions, resources and conditions decide; an explicit Deny wins."""
    context = {"ram:ServiceName": "a.example.com", "acs:SourceIp": "127.0.0.1", "acs:SecureTransport": "false"}
    assert Policies(documents).allows("oss:GetBucketAcl", BUCKET, context) is allowed


@pytest.mark.parametrize(
    "document",
    [
        {"Statement": []},
        {"Version": "2012-10-17", "Statement": []},
        policy("*", effect="Perhaps"),
        policy("*", Principal=["*"]),
        policy("*", Condition={"NumericLessThan": {"acs:SourceIp": "1"}}),
        policy("*", Condition={"StringEquals": {"acs:UserAgent": "x"}}),
        {"Version": "1", "Statement": [{"Effect": "Allow", "Resource": "*"}]},
        {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*"}]},
    ],
)
def test_what_is_not_understood_is_refused(document):
    """A policy that the simulator would only half obey does not load."""
    with pytest.raises(EstateError):
        Policies([document])


def test_reading_is_allowed_and_writing_is_not(sim, reader, refused, bucket_state):
    """A reader's write is refused and changes nothing."""
    assert reader.bucket("first").get_bucket_acl().acl == "private"
    assert refused(reader.bucket("first").put_bucket_acl, "public-read") == (403, "AccessDenied")
    assert bucket_state("first")["acl"] == "private"
    assert refused(reader.regions) == (403, "Forbidden.RAM")
    assert sim.violations() == []


def test_everybody_may_ask_who_they_are(clients):
    """GetCallerIdentity needs no permission, and tells users from accounts."""
    nobody = clients("nobody").whoami()
    assert nobody["Arn"] == "acs:ram::1234567890123456:user/nobody"
    assert nobody["UserId"] == nobody["PrincipalId"]
    root = clients("root").whoami()
    assert (root["IdentityType"], root["Arn"]) == ("Account", "acs:ram::1234567890123456:root")


def test_the_account_itself_may_do_everything(clients, bucket_state):
    """A key without a user is the account's own."""
    clients("root").bucket("first").put_bucket_acl("public-read")
    assert bucket_state("first")["acl"] == "public-read"


def test_an_account_sees_its_own_buckets_only(clients, refused):
    """Another account's bucket is forbidden, not missing, and not in the list."""
    other = clients("other")
    assert [each.name for each in other.service.list_buckets().buckets] == ["foreign"]
    assert refused(other.bucket("first").get_bucket_info) == (403, "AccessDenied")
    assert refused(other.bucket("nowhere").get_bucket_info) == (404, "NoSuchBucket")
    assert refused(other.bucket("first").put_bucket_acl, "private") == (403, "AccessDenied")


def test_a_role_can_be_assumed_by_whom_it_trusts(sim, clients, writer, refused):
    """AssumeRole gives a temporary key with the role's rights and no others."""
    role = {"RoleArn": "acs:ram::1234567890123456:role/auditing", "RoleSessionName": "night-shift"}
    given = writer.rpc("2015-04-01", "AssumeRole", **role)
    credentials = given["Credentials"]
    session = type(writer)(
        sim, credentials["AccessKeyId"], credentials["AccessKeySecret"], credentials["SecurityToken"]
    )
    who = session.whoami()
    assert (who["IdentityType"], who["Arn"]) == ("AssumedRoleUser", given["AssumedRoleUser"]["Arn"])
    assert who["Arn"] == "acs:ram::1234567890123456:assumed-role/auditing/night-shift"
    assert session.bucket("first").get_bucket_acl().acl == "private"
    assert refused(session.bucket("first").put_bucket_acl, "private") == (403, "AccessDenied")
    assert refused(clients("session").rpc, "2015-04-01", "AssumeRole", **role) == (403, "NoPermission")
    missing = role | {"RoleArn": "acs:ram::1234567890123456:role/nobody"}
    assert refused(writer.rpc, "2015-04-01", "AssumeRole", **missing) == (404, "EntityNotExist.Role")
    too_long = role | {"DurationSeconds": 7200}
    assert refused(writer.rpc, "2015-04-01", "AssumeRole", **too_long) == (400, "InvalidParameter.DurationSeconds")
