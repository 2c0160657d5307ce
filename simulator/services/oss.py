# SPDX-License-Identifier: GPL-3.0-or-later
"""OSS: buckets, who may reach them, versioning, retention, lifecycle, website, domains, tags. No objects."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError, EstateError
from simulator.parameters import Int, Param, Text
from simulator.registry import Product, Section, known_keys
from simulator.wires import xml
from simulator.wires.oss import Route, wrong_signing_region

from . import _oss_lifecycle as lifecycles
from . import _oss_publicness as publicness
from . import _oss_website as websites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.call import Call
    from simulator.estate import Account, World

MOST_TAGS = 20
ACLS = ("private", "public-read", "public-read-write")
STATES = ("Enabled", "Suspended")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
CREATED = "2024-01-01T00:00:00.000Z"


class _Oss(Product):
    """OSS words its common errors in its own way."""

    def denied(self, permission: str, resource: str) -> ApiError:  # noqa: ARG002 - OSS does not name it
        detail = {"AuthAction": permission, "AuthPrincipalType": "SubUser", "NoPermissionType": "ImplicitDeny"}
        message = "You have no right to access this object because of bucket acl."
        return ApiError("AccessDenied", message, 403, EC="0003-00000001", AccessDeniedDetail=detail)

    def missing(self, name: str) -> ApiError:
        return ApiError("MissingArgument", f"Missing Some Required Arguments: {name}.", 400)


oss = _Oss(
    "oss",
    wire="oss",
    throttling=("QpsLimitExceeded", 503, "The request rate of this account is over its limit."),
)


# --- state ---------------------------------------------------------------------------------------------------------


@dataclass
class Worm:
    """A retention policy. `state` is InProgress or Locked."""

    days: int
    state: str


@dataclass
class Bucket:
    """One bucket. `versioning` None: never set. `website` and `lifecycle` are XML documents, `policy` is JSON data."""

    name: str
    region: str
    acl: str = "private"
    block_public_access: bool = False
    versioning: str | None = None
    policy: Mapping[str, Any] | None = None
    website: str | None = None
    cnames: list[str] = field(default_factory=list)
    worm: Worm | None = None
    lifecycle: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    created: str = CREATED


@dataclass
class Oss:
    """An account's OSS."""

    buckets: dict[str, Bucket] = field(default_factory=dict)
    block_public_access: bool = False


def _load(data: Mapping[str, Any] | None, account: Account) -> Oss:
    data = data or {}
    known_keys(data, {"buckets", "block_public_access"}, f"account {account.id}: oss")
    state = Oss(block_public_access=bool(data.get("block_public_access", False)))
    for entry in data.get("buckets") or []:
        bucket = _load_bucket(entry, account)
        if bucket.name in state.buckets:
            raise EstateError(f"bucket {bucket.name} is there twice")
        state.buckets[bucket.name] = bucket
    return state


def _load_bucket(entry: Mapping[str, Any], account: Account) -> Bucket:
    where = f"bucket {entry.get('name')}"
    fields = set(Bucket.__dataclass_fields__) - {"created"}
    known_keys(entry, fields, where)
    if not entry.get("name") or not entry.get("region"):
        raise EstateError(f"{where}: a name and a region are needed")
    worm = entry.get("worm")
    bucket = Bucket(**{name: value for name, value in entry.items() if name not in ("worm", "website")})
    bucket.worm = Worm(**worm) if worm else None
    bucket.website = websites.from_estate(entry.get("website"))
    _check_bucket(bucket, account, where)
    return bucket


def _check_bucket(bucket: Bucket, account: Account, where: str) -> None:
    if not NAME.fullmatch(bucket.name):
        raise EstateError(f"{where}: a name has 3 to 63 lower-case letters, digits and hyphens")
    if bucket.region not in account.regions:
        raise EstateError(f"{where}: the account has no region {bucket.region}")
    if bucket.acl not in ACLS or bucket.versioning not in (*STATES, None):
        raise EstateError(f"{where}: acl is one of {', '.join(ACLS)}; versioning one of {', '.join(STATES)} or absent")
    if bucket.worm and (bucket.worm.state not in ("InProgress", "Locked") or bucket.worm.days < 1):
        raise EstateError(f"{where}: worm needs days of at least 1 and a state InProgress or Locked")
    if bucket.lifecycle:
        try:
            lifecycles.check(bucket.lifecycle, may_overlap=True)
        except ApiError as error:
            raise EstateError(f"{where}: lifecycle: {error.message}") from error


def _dump(state: Oss) -> dict[str, Any]:
    return {
        "block_public_access": state.block_public_access,
        "buckets": [_dump_bucket(bucket) for bucket in _sorted(state)],
    }


def _dump_bucket(bucket: Bucket) -> dict[str, Any]:
    result: dict[str, Any] = {
        "name": bucket.name,
        "region": bucket.region,
        "acl": bucket.acl,
        "block_public_access": bucket.block_public_access,
    }
    optional = {
        "versioning": bucket.versioning,
        "policy": bucket.policy,
        "website": websites.to_estate(bucket.website),
        "cnames": list(bucket.cnames),
        "worm": {"days": bucket.worm.days, "state": bucket.worm.state} if bucket.worm else None,
        "lifecycle": bucket.lifecycle,
        "tags": dict(bucket.tags),
    }
    return result | {name: value for name, value in optional.items() if value}


def _sorted(state: Oss) -> list[Bucket]:
    return sorted(state.buckets.values(), key=lambda bucket: bucket.name)


def _check(world: World) -> None:
    """Bucket names are global."""
    names = Counter(name for account in world.accounts.values() for name in section.of(account).buckets)
    taken = [name for name, count in names.items() if count > 1]
    if taken:
        raise EstateError(f"bucket {taken[0]} is there in two accounts")


section = Section("oss", _load, _dump, _check)


# --- finding and refusing ------------------------------------------------------------------------------------------

BUCKET: dict[str, Param] = {"bucket": Text(required=True)}
BODY: dict[str, Param] = {"body": Text(default="")}


def _arn(call: Call) -> str:
    return f"acs:oss:*:{call.account.id}:{call.params['bucket']}"


def _all(call: Call) -> str:
    return f"acs:oss:*:{call.account.id}:*"


def _bucket(call: Call, *, any_endpoint: bool = False) -> Bucket:
    """Find the bucket that the call names, at the right endpoint, signed for the right region."""
    bucket = section.of(call.account).buckets.get(call.params["bucket"])
    if bucket is None:
        _refuse_foreign(call)
        raise ApiError(
            "NoSuchBucket",
            "The specified bucket does not exist.",
            404,
            EC="0015-00000101",
            BucketName=call.params["bucket"],
        )
    if call.region and call.region != bucket.region and not any_endpoint:
        raise _wrong_endpoint(bucket)
    if not call.region and call.credential.region not in ("", bucket.region):
        raise wrong_signing_region()
    call.region = bucket.region
    return bucket


def _refuse_foreign(call: Call) -> None:
    """Bucket names are global: another account's bucket is there, but not ours."""
    for account in call.world.accounts.values():
        if account.id != call.account.id and call.params["bucket"] in section.of(account).buckets:
            message = "You do not have read permission on this bucket."
            raise ApiError("AccessDenied", message, 403, EC="0003-00000001")


def _wrong_endpoint(bucket: Bucket) -> ApiError:
    message = (
        "The bucket you are attempting to access must be addressed using the specified endpoint. "
        "Please send all future requests to this endpoint."
    )
    details = {"EC": "0003-00001403", "Bucket": bucket.name, "Endpoint": _endpoint(bucket.region)}
    return ApiError("AccessDenied", message, 403, **details)


def _refuse_public(call: Call, bucket: Bucket | None, what: str) -> None:
    """While Block Public Access is on, nothing new may be made public. The EC of this refusal is UNCONFIRMED."""
    if section.of(call.account).block_public_access or (bucket and bucket.block_public_access):
        raise ApiError("AccessDenied", f"Put public {what} is not allowed", 403)


def _endpoint(region: str) -> str:
    return f"oss-{region}.aliyuncs.com"


def _owner(account: Account) -> dict[str, str]:
    return {"ID": account.id, "DisplayName": account.id}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# --- buckets -------------------------------------------------------------------------------------------------------


@oss.action(
    "ListBuckets",
    route=Route("GET", "service"),
    resource=_all,
    params={
        "prefix": Text(default=""),
        "marker": Text(default=""),
        "max-keys": Int(1, 1000, default=100, error="InvalidArgument"),
    },
)
def list_buckets(call: Call) -> dict[str, Any]:
    """List the buckets of all regions. Paging elements are absent when everything fits."""
    prefix, marker, most = call.params["prefix"], call.params["marker"], call.params["max-keys"]
    found = [each for each in _sorted(section.of(call.account)) if each.name.startswith(prefix) and each.name > marker]
    page = found[:most]
    paging: dict[str, Any] = {}
    if len(found) > most:
        paging = {"Prefix": prefix, "Marker": marker, "MaxKeys": most, "IsTruncated": True, "NextMarker": page[-1].name}
    buckets = {"Bucket": [_summary(bucket) for bucket in page]}
    return {"ListAllMyBucketsResult": {**paging, "Owner": _owner(call.account), "Buckets": buckets}}


def _summary(bucket: Bucket) -> dict[str, str]:
    return {
        "CreationDate": bucket.created,
        "ExtranetEndpoint": _endpoint(bucket.region),
        "IntranetEndpoint": f"oss-{bucket.region}-internal.aliyuncs.com",
        "Location": f"oss-{bucket.region}",
        "Name": bucket.name,
        "Region": bucket.region,
        "StorageClass": "Standard",
        "ResourceGroupId": "rg-default",
    }


@oss.action("GetBucketInfo", route=Route("GET", "bucket", "bucketInfo"), resource=_arn, params=BUCKET)
def get_bucket_info(call: Call) -> dict[str, Any]:
    """Tell nearly everything about a bucket; may be asked at any region's endpoint."""
    bucket = _bucket(call, any_endpoint=True)
    return {
        "BucketInfo": {
            "Bucket": {
                "CreationDate": bucket.created,
                "ExtranetEndpoint": _endpoint(bucket.region),
                "IntranetEndpoint": f"oss-{bucket.region}-internal.aliyuncs.com",
                "Location": f"oss-{bucket.region}",
                "StorageClass": "Standard",
                "Name": bucket.name,
                "ResourceGroupId": "rg-default",
                "TransferAcceleration": "Disabled",
                "CrossRegionReplication": "Disabled",
                "AccessMonitor": "Disabled",
                "Owner": _owner(call.account),
                "AccessControlList": {"Grant": bucket.acl},
                "DataRedundancyType": "LRS",
                "Comment": "",
                "Versioning": bucket.versioning,
                "BlockPublicAccess": bucket.block_public_access,
                "ServerSideEncryptionRule": {"SSEAlgorithm": "None"},
                "BucketPolicy": {"LogBucket": "", "LogPrefix": ""},
            }
        }
    }


@oss.action("GetBucketAcl", route=Route("GET", "bucket", "acl"), resource=_arn, params=BUCKET)
def get_bucket_acl(call: Call) -> dict[str, Any]:
    """Tell the ACL."""
    grant = {"Grant": _bucket(call).acl}
    return {"AccessControlPolicy": {"Owner": _owner(call.account), "AccessControlList": grant}}


@oss.action(
    "PutBucketAcl",
    writes=True,
    route=Route("PUT", "bucket", "acl"),
    resource=_arn,
    params={**BUCKET, "x-oss-acl": Text(required=True)},
)
def put_bucket_acl(call: Call) -> None:
    """Create the bucket when there is none of that name: so does the real API."""
    acl = call.params["x-oss-acl"]
    if acl not in ACLS:
        raise ApiError(
            "InvalidArgument", "no such bucket access control exists", 400, ArgumentName="x-oss-acl", ArgumentValue=acl
        )
    buckets = section.of(call.account).buckets
    exists = call.params["bucket"] in buckets
    bucket = _bucket(call) if exists else None
    if acl != "private":
        _refuse_public(call, bucket, "bucket acl")
    if bucket is None:
        bucket = _create(call)
        buckets[bucket.name] = bucket
    bucket.acl = acl


def _create(call: Call) -> Bucket:
    """Make a bucket in the endpoint's region. Whether its Block Public Access starts on (a default that OSS has been
    rolling out since October 2025) is UNCONFIRMED; here it starts off.
    """
    _refuse_foreign(call)
    name = call.params["bucket"]
    if not NAME.fullmatch(name):
        raise ApiError("InvalidBucketName", f"The specified bucket is not valid: {name}.", 400)
    call.region = call.region or call.credential.region or call.account.regions[0]
    return Bucket(name, call.region, created=_now())


# --- Block Public Access -------------------------------------------------------------------------------------------


@oss.action("GetPublicAccessBlock", route=Route("GET", "service", "publicAccessBlock"), resource=_all)
def get_public_access_block(call: Call) -> dict[str, Any]:
    """Tell the account's Block Public Access; never set is off."""
    return _show_block(on=section.of(call.account).block_public_access)


@oss.action(
    "PutPublicAccessBlock", writes=True, route=Route("PUT", "service", "publicAccessBlock"), resource=_all, params=BODY
)
def put_public_access_block(call: Call) -> None:
    """Switch the account's Block Public Access."""
    section.of(call.account).block_public_access = _read_block(call)


@oss.action(
    "DeletePublicAccessBlock",
    writes=True,
    route=Route("DELETE", "service", "publicAccessBlock"),
    resource=_all,
    status=204,
)
def delete_public_access_block(call: Call) -> None:
    """Switch the account's Block Public Access off."""
    section.of(call.account).block_public_access = False


@oss.action(
    "GetBucketPublicAccessBlock", route=Route("GET", "bucket", "publicAccessBlock"), resource=_arn, params=BUCKET
)
def get_bucket_public_access_block(call: Call) -> dict[str, Any]:
    """Tell the bucket's Block Public Access; never set is off."""
    return _show_block(on=_bucket(call).block_public_access)


@oss.action(
    "PutBucketPublicAccessBlock",
    writes=True,
    route=Route("PUT", "bucket", "publicAccessBlock"),
    resource=_arn,
    params={**BUCKET, **BODY},
)
def put_bucket_public_access_block(call: Call) -> None:
    """Switch the bucket's Block Public Access."""
    _bucket(call).block_public_access = _read_block(call)


@oss.action(
    "DeleteBucketPublicAccessBlock",
    writes=True,
    route=Route("DELETE", "bucket", "publicAccessBlock"),
    resource=_arn,
    params=BUCKET,
    status=204,
)
def delete_bucket_public_access_block(call: Call) -> None:
    """Switch the bucket's Block Public Access off."""
    _bucket(call).block_public_access = False


def _show_block(*, on: bool) -> dict[str, Any]:
    return {"PublicAccessBlockConfiguration": {"BlockPublicAccess": on}}


def _read_block(call: Call) -> bool:
    """Lower case only, as documented: whether the real service takes oss2's `True` is UNCONFIRMED."""
    root = xml.parse(call.params["body"], "PublicAccessBlockConfiguration")
    value = root.findtext("BlockPublicAccess")
    if value not in ("true", "false"):
        raise xml.malformed()
    return value == "true"


# --- versioning and retention --------------------------------------------------------------------------------------


@oss.action("GetBucketVersioning", route=Route("GET", "bucket", "versioning"), resource=_arn, params=BUCKET)
def get_bucket_versioning(call: Call) -> dict[str, Any]:
    """Tell the versioning status; no Status at all when it was never set."""
    return {"VersioningConfiguration": {"Status": _bucket(call).versioning}}


@oss.action(
    "PutBucketVersioning",
    writes=True,
    route=Route("PUT", "bucket", "versioning"),
    resource=_arn,
    params={**BUCKET, **BODY},
)
def put_bucket_versioning(call: Call) -> None:
    """Set the status. Enabled is refused beside retention or mirroring rules; the code of that is UNCONFIRMED."""
    bucket = _bucket(call)
    status = xml.parse(call.params["body"], "VersioningConfiguration").findtext("Status")
    if status not in STATES:
        raise xml.malformed()
    if status == "Enabled" and bucket.worm:
        raise ApiError("InvalidRequest", "Versioning cannot be enabled for a bucket that has a retention policy.", 400)
    if status == "Enabled" and websites.mirrors(bucket.website):
        raise ApiError("InvalidRequest", "Versioning cannot be enabled for a bucket that has mirroring rules.", 400)
    bucket.versioning = status


@oss.action("GetBucketWorm", route=Route("GET", "bucket", "worm"), resource=_arn, params=BUCKET)
def get_bucket_worm(call: Call) -> dict[str, Any]:
    """Tell the retention policy."""
    bucket = _bucket(call)
    if bucket.worm is None:
        raise ApiError("NoSuchWORMConfiguration", "The bucket does not have a WORM configuration.", 404)
    expiration = datetime.fromisoformat(bucket.created) + timedelta(days=1)
    return {
        "WormConfiguration": {
            "WormId": f"{zlib.crc32(bucket.name.encode()):032X}",
            "State": bucket.worm.state,
            "RetentionPeriodInDays": bucket.worm.days,
            "CreationDate": bucket.created,
            "ExpirationDate": expiration.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
    }


# --- policy --------------------------------------------------------------------------------------------------------


@oss.action("GetBucketPolicy", route=Route("GET", "bucket", "policy"), resource=_arn, params=BUCKET)
def get_bucket_policy(call: Call) -> str:
    """Give the policy document."""
    policy = _bucket(call).policy
    if policy is None:
        raise ApiError("NoSuchBucketPolicy", "The bucket policy does not exist.", 404, EC="0015-00000101")
    return json.dumps(policy)


@oss.action(
    "PutBucketPolicy", writes=True, route=Route("PUT", "bucket", "policy"), resource=_arn, params={**BUCKET, **BODY}
)
def put_bucket_policy(call: Call) -> None:
    """Replace the policy; a public one is refused while Block Public Access is on."""
    bucket = _bucket(call)
    policy = _read_policy(call.params["body"])
    if publicness.is_public(policy):
        _refuse_public(call, bucket, "bucket policy")
    bucket.policy = policy


@oss.action(
    "DeleteBucketPolicy",
    writes=True,
    route=Route("DELETE", "bucket", "policy"),
    resource=_arn,
    params=BUCKET,
    status=204,
)
def delete_bucket_policy(call: Call) -> None:
    """Remove the policy, if any."""
    _bucket(call).policy = None


@oss.action("GetBucketPolicyStatus", route=Route("GET", "bucket", "policyStatus"), resource=_arn, params=BUCKET)
def get_bucket_policy_status(call: Call) -> dict[str, Any]:
    """Tell whether the policy grants public access; false without one."""
    return {"PolicyStatus": {"IsPublic": publicness.is_public(_bucket(call).policy)}}


def _read_policy(body: str) -> Mapping[str, Any]:
    try:
        policy = json.loads(body)
    except ValueError:
        policy = None
    statements = policy.get("Statement") if isinstance(policy, dict) and policy.get("Version") == "1" else None
    needed = {"Effect", "Action", "Principal", "Resource"}
    if not isinstance(statements, list) or not all(
        isinstance(each, dict) and needed <= set(each) for each in statements
    ):
        raise ApiError(
            "InvalidPolicyDocument", "The policy is not valid: Version 1 and complete statements are expected.", 400
        )
    return policy


# --- lifecycle, website, domains, tags -----------------------------------------------------------------------------


@oss.action("GetBucketLifecycle", route=Route("GET", "bucket", "lifecycle"), resource=_arn, params=BUCKET)
def get_bucket_lifecycle(call: Call) -> str:
    """Give the lifecycle document."""
    lifecycle = _bucket(call).lifecycle
    if lifecycle is None:
        raise ApiError("NoSuchLifecycle", "No Row found in Lifecycle Table.", 404)
    return lifecycle


@oss.action(
    "PutBucketLifecycle",
    writes=True,
    route=Route("PUT", "bucket", "lifecycle"),
    resource=_arn,
    params={
        **BUCKET,
        **BODY,
        "x-oss-allow-same-action-overlap": Text(choices=("true", "false"), error="InvalidArgument"),
    },
)
def put_bucket_lifecycle(call: Call) -> None:
    """Replace the whole document."""
    bucket = _bucket(call)
    lifecycles.check(call.params["body"], may_overlap=call.params.get("x-oss-allow-same-action-overlap") == "true")
    bucket.lifecycle = lifecycles.as_kept(call.params["body"])


@oss.action(
    "DeleteBucketLifecycle",
    writes=True,
    route=Route("DELETE", "bucket", "lifecycle"),
    resource=_arn,
    params=BUCKET,
    status=204,
)
def delete_bucket_lifecycle(call: Call) -> None:
    """Remove all lifecycle rules."""
    _bucket(call).lifecycle = None


@oss.action("GetBucketWebsite", route=Route("GET", "bucket", "website"), resource=_arn, params=BUCKET)
def get_bucket_website(call: Call) -> str:
    """Give the website configuration."""
    website = _bucket(call).website
    if website is None:
        message = "The specified bucket does not have a website configuration."
        raise ApiError("NoSuchWebsiteConfiguration", message, 404)
    return website


@oss.action(
    "PutBucketWebsite", writes=True, route=Route("PUT", "bucket", "website"), resource=_arn, params={**BUCKET, **BODY}
)
def put_bucket_website(call: Call) -> None:
    """Replace the configuration. Mirroring rules are refused beside versioning; the code of that is UNCONFIRMED."""
    bucket = _bucket(call)
    websites.check(call.params["body"])
    if websites.mirrors(call.params["body"]) and bucket.versioning == "Enabled":
        raise ApiError("InvalidRequest", "Mirroring rules cannot be set for a bucket that has versioning enabled.", 400)
    bucket.website = call.params["body"]


@oss.action(
    "DeleteBucketWebsite",
    writes=True,
    route=Route("DELETE", "bucket", "website"),
    resource=_arn,
    params=BUCKET,
    status=204,
)
def delete_bucket_website(call: Call) -> None:
    """Remove the website configuration."""
    _bucket(call).website = None


@oss.action("ListCname", route=Route("GET", "bucket", "cname"), resource=_arn, params=BUCKET)
def list_cname(call: Call) -> dict[str, Any]:
    """List the domains bound to the bucket."""
    bucket = _bucket(call)
    cnames = [{"Domain": each, "LastModified": bucket.created, "Status": "Enabled"} for each in bucket.cnames]
    return {"ListCnameResult": {"Bucket": bucket.name, "Owner": call.account.id, "Cname": cnames}}


@oss.action("GetBucketTagging", route=Route("GET", "bucket", "tagging"), resource=_arn, params=BUCKET)
def get_bucket_tagging(call: Call) -> dict[str, Any]:
    """List the tags."""
    tags = [{"Key": key, "Value": value} for key, value in _bucket(call).tags.items()]
    return {"Tagging": {"TagSet": {"Tag": tags}}}


@oss.action(
    "PutBucketTagging", writes=True, route=Route("PUT", "bucket", "tagging"), resource=_arn, params={**BUCKET, **BODY}
)
def put_bucket_tagging(call: Call) -> None:
    """Replace all tags; at most 20."""
    bucket = _bucket(call)
    tags = xml.parse(call.params["body"], "Tagging").findall("TagSet/Tag")
    pairs = {tag.findtext("Key") or "": tag.findtext("Value") or "" for tag in tags}
    if not tags or "" in pairs or len(pairs) != len(tags):
        raise xml.malformed()
    if len(pairs) > MOST_TAGS:
        raise ApiError("InvalidArgument", f"The number of tags exceeds {MOST_TAGS}.", 400)
    bucket.tags = pairs


@oss.action(
    "DeleteBucketTagging",
    writes=True,
    route=Route("DELETE", "bucket", "tagging"),
    resource=_arn,
    params=BUCKET,
    status=204,
)
def delete_bucket_tagging(call: Call) -> None:
    """Remove all tags."""
    _bucket(call).tags = {}
