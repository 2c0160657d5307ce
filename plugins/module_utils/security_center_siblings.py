# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule of Security Center's whitelist would hide beside what it is for. Reading only.

A check item may speak of several controls: that of a bucket's access permissions speaks of public reading, of public
writing, and of a policy that lets anyone in. A rule for a resource hides all of them, so there may be one only while
nothing else is amiss that nobody has accepted.
Security Center does not say which of the controls a resource fails, so the resource itself is asked.
"""

from __future__ import annotations

from .endpoints import host
from .errors import Unread
from .security_center import Instance, SecurityCenter, readable
from .values import OPEN, Finding
from .whitelist import Entry

POLICY = "oss-bucket-policy-no-any-anonymous"
# The ACLs with which a bucket fails a control.
FAILING_ACLS = {
    "oss-bucket-public-read-prohibited": ("public-read", "public-read-write"),
    "oss-bucket-public-write-prohibited": ("public-read-write",),
}


def not_accepted(instance: Instance, entries: list[Entry]) -> tuple[str, ...]:
    """The controls of the item that no entry accepts for the instance, where one asks for a rule of it; else none."""
    accepted = {
        control: [entry for entry in entries if entry.covers(Finding(control, instance.resource, OPEN))]
        for control in instance.item.controls
    }
    if not any(entry.scope == "instance" for fitting in accepted.values() for entry in fitting):
        return ()
    return tuple(control for control, fitting in accepted.items() if not fitting)


def failing(center: SecurityCenter, instance: Instance, controls: tuple[str, ...]) -> tuple[str, ...] | Unread:
    """Which of these controls the resource fails, with two calls at most. One that they can't tell counts as failed."""
    if not {*controls} & {*FAILING_ACLS, POLICY}:
        return controls
    resource = instance.resource
    at = {"bucket": resource.id, "region": resource.region, "endpoint": host("oss", resource.region)}
    bucket = readable(lambda: center.cloud.oss.bucket_info(at))
    if isinstance(bucket, Unread):
        return bucket
    acl = "private" if bucket["blocked"] else bucket["acl"]
    asked = POLICY in controls and not bucket["blocked"]
    public = readable(lambda: center.cloud.oss.policy_is_public(at)) if asked else False
    if isinstance(public, Unread):
        return public
    return tuple(
        control for control in controls if (public if control == POLICY else acl in FAILING_ACLS.get(control, (acl,)))
    )
