# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule of Security Center's whitelist would hide beside what it is for. Reading only.

A check item may speak of several controls: that of a bucket's ACL speaks of public reading and of public writing. A
rule for a resource hides all of them, so there may be one only while nothing else is amiss that nobody has accepted.
Security Center does not say which of the controls a resource fails, so the resource itself is asked.
"""

from __future__ import annotations

from .endpoints import host
from .errors import Unread
from .security_center import Instance, SecurityCenter, readable
from .values import OPEN, Finding
from .whitelist import Entry

# The ACLs with which a bucket fails a control.
FAILING_ACLS = {
    "oss-bucket-public-read-prohibited": ("public-read", "public-read-write"),
    "oss-bucket-public-write-prohibited": ("public-read-write",),
}


def not_accepted(instance: Instance, entries: list[Entry]) -> tuple[str, ...]:
    """The controls of the item that no entry accepts for the instance, where one accepts another of them; else none."""
    controls = instance.item.controls
    left = tuple(
        control
        for control in controls
        if not any(entry.covers(Finding(control, instance.resource, OPEN)) for entry in entries)
    )
    return left if len(left) < len(controls) else ()


def failing(center: SecurityCenter, instance: Instance, controls: tuple[str, ...]) -> tuple[str, ...] | Unread:
    """Which of these controls the resource fails, with one call. One that this can't tell counts as failed."""
    if not set(controls) & set(FAILING_ACLS):
        return controls
    resource = instance.resource
    at = {"bucket": resource.id, "region": resource.region, "endpoint": host("oss", resource.region)}
    bucket = readable(lambda: center.cloud.oss.bucket_info(at))
    if isinstance(bucket, Unread):
        return bucket
    acl = "private" if bucket["blocked"] else bucket["acl"]
    return tuple(control for control in controls if acl in FAILING_ACLS.get(control, (acl,)))
