# SPDX-License-Identifier: GPL-3.0-or-later
"""The buckets of an account as values, and the one way in which every OSS module reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TypeVar

from .cloud import Cloud
from .errors import CloudError, OptionError, Unread
from .names import pick
from .values import Resource

T = TypeVar("T")
TYPE = "ACS::OSS::Bucket"


@dataclass(frozen=True)
class Bucket:
    """What GetBucketInfo tells of a bucket. What else a module reads of it stands in more, Unread where it was denied.

    acl: private, public-read or public-read-write. blocked: its own Block Public Access is on.
    versioning: Enabled, Suspended, or '' when it was never set. unread: the bucket itself could not be read, and
    then nothing else here means anything.
    """

    resource: Resource
    at: dict
    acl: str = "private"
    blocked: bool = False
    versioning: str = ""
    unread: Unread | None = None
    more: dict | None = None

    def detail(self, name: str) -> object:
        """What the module read under this name; None where it had no need to."""
        return (self.more or {}).get(name)


def read_buckets(
    cloud: Cloud, options: SimpleNamespace, only: frozenset[str] | None, more: Callable[[Bucket], dict]
) -> list[Bucket]:
    """The buckets in scope, all of them in flight together: one GetBucketInfo each, then what more(bucket) reads.

    only: ARNs to read again, None for the whole scope. Where even the list is denied, one unread stand-in for all
    buckets is returned. A bucket that vanished since it was listed is left out, with a warning.
    """
    try:
        listed = list(cloud.oss.list_buckets())
    except CloudError as error:
        if error.bad_key:
            raise
        return [Bucket(_resource(cloud, "*", ""), {}, unread=Unread.of(error))]
    if only is None:
        _check_regions(cloud, options.regions, {bucket["region"] for bucket in listed})
        listed = [bucket for bucket in listed if not options.regions or bucket["region"] in options.regions]
    chosen, unused = pick(options.names, listed, lambda bucket: (bucket["name"],))
    if only is None:
        cloud.warnings += [f"names: no bucket in scope matches {pattern!r}." for pattern in unused]
    buckets = [
        Bucket(
            _resource(cloud, one["name"], one["region"]),
            {"bucket": one["name"], "region": one["region"], "endpoint": one["endpoint"]},
        )
        for one in chosen
    ]
    wanted = [bucket for bucket in buckets if only is None or bucket.resource.arn in only]
    read = cloud.map(lambda bucket: _look(cloud, bucket, more), wanted)
    return [bucket for bucket in (_judge(cloud, *pair) for pair in zip(wanted, read, strict=True)) if bucket]


def readable(read: Callable[[dict], T], bucket: Bucket) -> T | Unread:
    """What read says of the bucket, or the trace of why it can't be read."""
    try:
        return read(bucket.at)
    except CloudError as error:
        if error.gone:
            raise
        return Unread.of(error)


def account_blocked(cloud: Cloud) -> bool | Unread:
    """Whether Block Public Access is on for the whole account, or the trace of why that can't be read."""
    try:
        return cloud.oss.account_blocked()
    except CloudError as error:
        if error.bad_key:
            raise
        return Unread.of(error)


def _look(cloud: Cloud, bucket: Bucket, more: Callable[[Bucket], dict]) -> Bucket:
    bucket = replace(bucket, **cloud.oss.bucket_info(bucket.at))
    return replace(bucket, more=more(bucket))


def _judge(cloud: Cloud, bucket: Bucket, answer: Bucket | CloudError) -> Bucket | None:
    if not isinstance(answer, CloudError):
        return answer
    if answer.gone:
        cloud.warnings.append(f"The bucket {bucket.resource.name} was deleted while it was being read; it is left out.")
        return None
    return replace(bucket, unread=Unread.of(answer))


def _resource(cloud: Cloud, name: str, region: str) -> Resource:
    return Resource(f"acs:oss:*:{cloud.account_id}:{name}", TYPE, name, name, region, cloud.account_id)


def _check_regions(cloud: Cloud, wanted: list[str], seen: set[str]) -> None:
    """A region that holds no bucket may be a misspelt one: silence about it would pass for a clean audit."""
    if set(wanted) <= seen:
        return
    known = cloud.all_regions()
    wrong = sorted(set(wanted) - seen - set(known))
    if wrong:
        raise OptionError(f"regions: this account has no region {', '.join(wrong)}; it has {', '.join(sorted(known))}.")
