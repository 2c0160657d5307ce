#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oss_bucket_acl
short_description: Keep OSS buckets from being public
version_added: "0.1.0"
description:
  - Finds every OSS bucket of an account that anyone on the internet can read or write, through its ACL or through its
    policy, and closes it. In check mode it only reports.
  - A bucket counts as public when an anonymous caller could read or write and no Block Public Access, of the bucket
    or of the account, stops it. What could not be read is reported as V(unknown), never as compliant.
  - A public bucket is closed by its ACL and, with O(block_public_access), by Block Public Access as well. A bucket that
    is not public is left as it is. Single objects with a public ACL of their own inside a private bucket are not
    looked for; while Block Public Access is on, they are not public either.
options:
  names:
    description:
      - Patterns of bucket names, as a shell has them. A pattern that begins with V(!) leaves buckets out.
    type: list
    elements: str
    default: ["*"]
  acl:
    description:
      - The most open ACL that a bucket may have. A bucket that is less open than this is never opened.
      - Anything but V(private) needs O(block_public_access=false), which would otherwise make it ineffective.
    type: str
    choices: [private, public-read, public-read-write]
    default: private
  block_public_access:
    description:
      - Close public buckets with Block Public Access too. Nothing else closes a bucket that its policy makes public.
      - While it is on, public ACLs and policies are ignored, and new ones are refused.
    type: bool
    default: true
  force:
    description:
      - Also close a bucket that serves a website or a bound domain, which breaks them.
      - Without it, such a bucket is reported with C(blocked_by) and left as it is.
    type: bool
    default: false
extends_documentation_fragment:
  - hardening.alicloud.connection
  - hardening.alicloud.run
  - hardening.alicloud.attributes
seealso:
  - module: hardening.alicloud.oss_bucket_versioning
  - module: hardening.alicloud.restore
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: Close every public bucket of the account
  hardening.alicloud.oss_bucket_acl:

- name: Close public buckets but one, which is a public website on purpose
  hardening.alicloud.oss_bucket_acl:
    whitelist:
      - control: oss-bucket-public-read-prohibited
        resource: acme-www
        reason: static website, public by intent
        owner: web team
        expires: "2027-06-30"

- name: Never close more than two buckets in one run
  hardening.alicloud.oss_bucket_acl:
    max_changes: 2
"""

RETURN = r"""
risks:
  description: Every bucket that fails a control, whatever became of it.
  returned: always
  type: list
  elements: dict
  contains: &risk
    control: {description: Id of the control., type: str, sample: oss-bucket-public-read-prohibited}
    title: {description: What is wrong., type: str, sample: OSS bucket readable by anyone}
    severity: {description: "V(critical), V(high), V(medium) or V(low).", type: str, sample: high}
    status: {description: "V(open), V(fixed), V(whitelisted) or V(unknown).", type: str, sample: open}
    account_id: {description: The account., type: str, sample: "1234567890123456"}
    region: {description: The region., type: str, sample: cn-hangzhou}
    resource: {description: ARN of the resource., type: str, sample: "acs:oss:*:1234567890123456:acme-site"}
    resource_type: {description: Kind of the resource., type: str, sample: "ACS::OSS::Bucket"}
    resource_id: {description: Id of the resource., type: str, sample: acme-site}
    resource_name: {description: Name of the resource., type: str, sample: acme-site}
    expected: {description: The hardened state., type: str, sample: private}
    actual: {description: The state that was found., type: str, sample: public-read}
    evidence: {description: Sentences that say how it is known., type: list, elements: str}
    changes:
      description: The API calls that close it, each with the call that undoes it.
      type: list
      elements: dict
    blocked_by: {description: Why it was not or must not be closed., type: str}
    whitelist: {description: "The accepting entry's reason, owner and expires.", type: dict}
    references: {description: What the control is called elsewhere., type: dict}
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
  sample: /home/ops/.local/state/hardening.alicloud/1234567890123456-20261123T040115Z-4711.jsonl
"""

from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils.buckets import (
    Bucket,
    account_blocked,
    read_buckets,
    readable,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.enforce import enforce
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError, Unread
from ansible_collections.hardening.alicloud.plugins.module_utils.oss import OPENNESS
from ansible_collections.hardening.alicloud.plugins.module_utils.values import (
    COMPLIANT,
    OPEN,
    UNKNOWN,
    Call,
    Change,
    Finding,
)

READ = "oss-bucket-public-read-prohibited"
WRITE = "oss-bucket-public-write-prohibited"
POLICY = "oss-bucket-policy-no-any-anonymous"


def read(cloud: Cloud, options: SimpleNamespace, only: frozenset[str] | None) -> list[Bucket]:
    """Every bucket in scope; its policy status only while nothing blocks it, what it serves only if it is public."""
    if options.acl != "private" and options.block_public_access:
        raise OptionError(
            f"acl: {options.acl} has no effect under Block Public Access: set block_public_access: false beside it."
        )
    everywhere = account_blocked(cloud)

    def more(bucket: Bucket) -> dict:
        if bucket.blocked or everywhere is True:
            return {"account_blocked": everywhere}
        policy = readable(cloud.oss.policy_is_public, bucket)
        found = {"account_blocked": everywhere, "policy_is_public": policy}
        if policy is True or too_open(bucket, options):
            found |= {"website": readable(cloud.oss.website, bucket), "domains": readable(cloud.oss.domains, bucket)}
        return found

    return read_buckets(cloud, options, only, more)


def assess(buckets: list[Bucket], options: SimpleNamespace) -> list[Finding]:
    """Each bucket under each of the three controls."""
    return [finding for bucket in buckets for finding in judge(bucket, options)]


def judge(bucket: Bucket, options: SimpleNamespace) -> list[Finding]:
    """One bucket under the three controls; an unreadable one is unknown under the first."""
    if bucket.unread:
        return [
            Finding(
                READ, bucket.resource, UNKNOWN, expected=options.acl, actual="not readable", unread=(bucket.unread,)
            )
        ]
    return [
        judge_acl(bucket, options, READ, opened=bucket.acl != "private", allowed=options.acl != "private"),
        judge_acl(
            bucket, options, WRITE, opened=bucket.acl == "public-read-write", allowed=options.acl == "public-read-write"
        ),
        judge_policy(bucket, options),
    ]


def judge_acl(bucket: Bucket, options: SimpleNamespace, control: str, opened: bool, allowed: bool) -> Finding:
    """Whether the ACL lets anyone in."""
    if not opened or allowed or stopped(bucket):
        return Finding(control, bucket.resource, COMPLIANT)
    expected = options.acl
    evidence = f"the ACL {bucket.acl} lets anyone {'write' if control == WRITE else 'read'}"
    blocked = bucket.detail("account_blocked")
    if isinstance(blocked, Unread):
        return Finding(control, bucket.resource, UNKNOWN, expected, bucket.acl, (evidence,), unread=(blocked,))
    changes = (set_acl(bucket, options.acl), *block(bucket, options))
    return close(bucket, options, Finding(control, bucket.resource, OPEN, expected, bucket.acl, (evidence,), changes))


def judge_policy(bucket: Bucket, options: SimpleNamespace) -> Finding:
    """Whether the policy lets anyone in, by OSS's own judgement of it."""
    public = bucket.detail("policy_is_public")
    if stopped(bucket) or public is False:
        return Finding(POLICY, bucket.resource, COMPLIANT)
    expected = "a policy that grants nothing to everyone, or Block Public Access"
    unread = tuple(one for one in (public, bucket.detail("account_blocked")) if isinstance(one, Unread))
    if unread:
        return Finding(
            POLICY,
            bucket.resource,
            UNKNOWN,
            expected,
            "not readable" if isinstance(public, Unread) else "public policy",
            unread=unread,
        )
    evidence = "OSS judges the bucket policy to be public"
    finding = Finding(POLICY, bucket.resource, OPEN, expected, "public policy", (evidence,), block(bucket, options))
    if not finding.changes:
        return close(bucket, options, finding, "policies are not edited: change it by hand, or set block_public_access")
    return close(bucket, options, finding)


def close(bucket: Bucket, options: SimpleNamespace, finding: Finding, blocked_by: str | None = None) -> Finding:
    """The finding with what speaks against closing the bucket."""
    website, domains = bucket.detail("website"), bucket.detail("domains")
    unread = tuple(one for one in (website, domains) if isinstance(one, Unread))
    if options.force or blocked_by:
        reason = blocked_by
    elif unread:
        reason = "whether it serves a website or a domain could not be read"
    else:
        served = [*(["a website"] if website is not None else []), *(f"the domain {name}" for name in domains or ())]
        reason = (
            f"it serves {' and '.join(served)}, which closing would break: whitelist it, or set force"
            if served
            else None
        )
    return Finding(
        finding.control,
        bucket.resource,
        OPEN,
        finding.expected,
        finding.actual,
        finding.evidence,
        finding.changes,
        reason,
        unread=() if options.force else unread,
    )


def too_open(bucket: Bucket, options: SimpleNamespace) -> bool:
    """The ACL is more open than the options allow."""
    return OPENNESS.index(bucket.acl) > OPENNESS.index(options.acl)


def stopped(bucket: Bucket) -> bool:
    """Block Public Access, of the bucket or the account, stops anonymous callers."""
    return bucket.blocked or bucket.detail("account_blocked") is True


def set_acl(bucket: Bucket, acl: str) -> Change:
    """The change that sets the ACL."""
    call = Call("oss", "PutBucketAcl", {**bucket.at, "acl": acl})
    undo = Call("oss", "PutBucketAcl", {**bucket.at, "acl": bucket.acl})
    return Change(bucket.resource, call, undo, f"acl: {bucket.acl}", f"acl: {acl}")


def block(bucket: Bucket, options: SimpleNamespace) -> tuple[Change, ...]:
    """The change that switches Block Public Access on, where the options want that."""
    if not options.block_public_access:
        return ()
    call = Call("oss", "PutBucketPublicAccessBlock", {**bucket.at, "block": "true"})
    undo = Call("oss", "PutBucketPublicAccessBlock", {**bucket.at, "block": "false"})
    return (Change(bucket.resource, call, undo, "block_public_access: false", "block_public_access: true"),)


def main() -> None:
    """Declare the options."""
    enforce(
        spec={
            "names": {"type": "list", "elements": "str", "default": ["*"]},
            "acl": {"type": "str", "choices": list(OPENNESS), "default": "private"},
            "block_public_access": {"type": "bool", "default": True},
            "force": {"type": "bool", "default": False},
        },
        read=read,
        assess=assess,
    )


if __name__ == "__main__":
    main()
