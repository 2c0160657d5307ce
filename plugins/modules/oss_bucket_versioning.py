#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oss_bucket_versioning
short_description: Keep versioning switched on in OSS buckets
version_added: "0.1.0"
description:
  - Finds every OSS bucket of an account that keeps no versions of its objects, and switches versioning on. In check
    mode it only reports.
  - Versioning that was once on can only be suspended, never be put back to "never set".
  - A bucket with a retention policy (WORM) or with mirroring back-to-origin rules can't have versioning. It is reported
    with C(blocked_by), and not tried.
options:
  names:
    description:
      - Patterns of bucket names, as a shell has them. A pattern that begins with V(!) leaves buckets out.
    type: list
    elements: str
    default: ["*"]
  state:
    description:
      - V(suspended) suspends versioning where it is on, and leaves alone the buckets where it never was.
    type: str
    choices: [enabled, suspended]
    default: enabled
  noncurrent_days:
    description:
      - Every old version is billed. With this, each bucket also gets a lifecycle rule that deletes versions this many
        days after they were replaced or deleted, merged into the rules that it has. Where somebody changes these
        during the run, nothing is merged, and the task fails for this bucket.
      - A bucket whose rules already do so, within as many days or fewer, is left as it is. So is one that never had
        versions, and that the whitelist accepts without.
    type: int
extends_documentation_fragment:
  - hardening.alicloud.connection
  - hardening.alicloud.run
  - hardening.alicloud.attributes
seealso:
  - module: hardening.alicloud.oss_bucket_acl
  - module: hardening.alicloud.restore
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: Switch versioning on in every bucket
  hardening.alicloud.oss_bucket_versioning:

- name: The same but for test buckets, and old versions go after 30 days
  hardening.alicloud.oss_bucket_versioning:
    names: ["*", "!test-*"]
    noncurrent_days: 30
"""

RETURN = r"""
risks:
  description: Every bucket that fails a control. See M(hardening.alicloud.oss_bucket_acl) for the fields.
  returned: always
  type: list
  elements: dict
summary:
  description: Counts of resources, each under one status.
  returned: always
  type: dict
  sample: {examined: 12, compliant: 10, open: 1, fixed: 0, whitelisted: 1, unknown: 0, not_applicable: 0}
unread:
  description: What could not be read, with the action, the error code and the request id.
  returned: always
  type: list
  elements: dict
account_id:
  description: The account that was looked at.
  returned: always
  type: str
  sample: "1234567890123456"
journal:
  description: The restore journal that the changes were written to.
  returned: when something was changed
  type: str
"""

from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils.buckets import Bucket, read_buckets, readable
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.enforce import enforce
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError, Unread
from ansible_collections.hardening.alicloud.plugins.module_utils.lifecycle import bounded, with_bound
from ansible_collections.hardening.alicloud.plugins.module_utils.values import (
    COMPLIANT,
    NOT_APPLICABLE,
    OPEN,
    UNKNOWN,
    Call,
    Change,
    Finding,
)

VERSIONS = "oss-bucket-versioning-enabled"
EXPIRY = "oss-bucket-noncurrent-versions-expire"


def read(cloud: Cloud, options: SimpleNamespace, only: frozenset[str] | None) -> list[Bucket]:
    """Every bucket in scope; what forbids versioning only where it is off, the lifecycle only if it is to be judged."""
    if options.noncurrent_days is not None and options.noncurrent_days < 1:
        raise OptionError("noncurrent_days must be 1 or more.")

    def more(bucket: Bucket) -> dict:
        found = {}
        if options.state == "enabled" and bucket.versioning != "Enabled":
            found |= {
                "retention": readable(cloud.oss.retention, bucket),
                "mirrors": readable(cloud.oss.mirrors, bucket),
            }
        if options.noncurrent_days and (options.state == "enabled" or bucket.versioning):
            found["lifecycle"] = readable(cloud.oss.lifecycle, bucket)
        return found

    return read_buckets(cloud, options, only, more)


def assess(buckets: list[Bucket], options: SimpleNamespace) -> list[Finding]:
    """Each bucket under versioning, and under the expiry of old versions where that is asked for."""
    return [finding for bucket in buckets for finding in judge(bucket, options)]


def judge(bucket: Bucket, options: SimpleNamespace) -> list[Finding]:
    """One bucket; an unreadable one is unknown under versioning."""
    if bucket.unread:
        return [Finding(VERSIONS, bucket.resource, UNKNOWN, options.state, "not readable", unread=(bucket.unread,))]
    versioning = judge_versioning(bucket, options.state.capitalize())
    return (
        [versioning, judge_expiry(bucket, options.noncurrent_days, versioning)]
        if options.noncurrent_days
        else [versioning]
    )


def judge_versioning(bucket: Bucket, wanted: str) -> Finding:
    """Whether versioning is as wanted, and what forbids setting it so."""
    if bucket.versioning == wanted or (wanted == "Suspended" and not bucket.versioning):
        return Finding(VERSIONS, bucket.resource, COMPLIANT)
    actual = bucket.versioning or "never set"
    unread = tuple(one for one in (bucket.detail("retention"), bucket.detail("mirrors")) if isinstance(one, Unread))
    reason = "whether anything forbids versioning could not be read" if unread else forbidden(bucket)
    return Finding(
        VERSIONS,
        bucket.resource,
        OPEN,
        wanted,
        actual,
        (f"versioning is {actual}",),
        (set_versioning(bucket, wanted),),
        reason,
        unread=unread,
    )


def forbidden(bucket: Bucket) -> str | None:
    """What the bucket has that OSS does not let go together with versioning."""
    if bucket.detail("retention"):
        return f"it has a retention policy (WORM, {bucket.detail('retention')}), which does not go with versioning"
    if bucket.detail("mirrors"):
        return "its website configuration has mirroring back-to-origin rules, which do not go together with versioning"
    return None


def judge_expiry(bucket: Bucket, days: int, versioning: Finding) -> Finding:
    """Whether old versions go after so many days; not asked of a bucket that can't or shall not have any."""
    document = bucket.detail("lifecycle")
    if versioning.blocked_by or ("lifecycle" not in (bucket.more or {})):
        return Finding(EXPIRY, bucket.resource, NOT_APPLICABLE)
    expected = f"old versions deleted after {days} days or sooner"
    if isinstance(document, Unread):
        return Finding(EXPIRY, bucket.resource, UNKNOWN, expected, "not readable", unread=(document,))
    if bounded(document, days):
        return Finding(EXPIRY, bucket.resource, COMPLIANT)
    change = set_lifecycle(bucket, document, with_bound(document, days), days)
    return Finding(
        EXPIRY,
        bucket.resource,
        OPEN,
        expected,
        "no such lifecycle rule",
        ("no enabled rule for the whole bucket deletes old versions in time",),
        (change,),
        # A bucket that never had versions needs the rule for those that it is about to get, and for nothing else:
        # who accepts it without versioning accepts it without the rule.
        also=() if bucket.versioning else (bucket.resource.arn,),
    )


def set_versioning(bucket: Bucket, wanted: str) -> Change:
    """The change that sets versioning. What was never set can't be unset: then its undo is Suspended, and says so."""
    call = Call("oss", "PutBucketVersioning", {**bucket.at, "status": wanted})
    partial = "" if bucket.versioning else "versioning was never set before, and can only be suspended"
    undo = Call("oss", "PutBucketVersioning", {**bucket.at, "status": bucket.versioning or "Suspended"}, partial)
    return Change(
        bucket.resource, call, undo, f"versioning: {bucket.versioning or 'never set'}", f"versioning: {wanted}"
    )


def set_lifecycle(bucket: Bucket, before: str | None, after: str, days: int) -> Change:
    """The change that puts the merged lifecycle document in place of the one that was read, and of no other."""
    call = Call("oss", "PutBucketLifecycle", {**bucket.at, "document": after, "over": before or ""})
    undo = (
        Call("oss", "PutBucketLifecycle", {**bucket.at, "document": before})
        if before
        else Call("oss", "DeleteBucketLifecycle", dict(bucket.at))
    )
    return Change(bucket.resource, call, undo, "old versions: kept", f"old versions: deleted after {days} days")


def main() -> None:
    """Declare the options."""
    enforce(
        spec={
            "names": {"type": "list", "elements": "str", "default": ["*"]},
            "state": {"type": "str", "choices": ["enabled", "suspended"], "default": "enabled"},
            "noncurrent_days": {"type": "int"},
        },
        read=read,
        assess=assess,
    )


if __name__ == "__main__":
    main()
