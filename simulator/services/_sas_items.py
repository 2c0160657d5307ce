# SPDX-License-Identifier: GPL-3.0-or-later
"""Security Center's check items: what each is called, and what it sees in an account. A new item is one entry in ITEMS.

The names follow the pattern of those that are known; the exact names of today's items are UNCONFIRMED, and so are
their numeric ids: here every account has its own, so that nothing can rely on them.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import _oss_publicness as publicness
from . import oss, slb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulator.estate import Account


@dataclass(frozen=True)
class Subject:
    """A resource as a check item judges it."""

    id: str
    name: str
    region: str
    passed: bool


@dataclass(frozen=True)
class Item:
    """One check item. `names` by language; `level` is HIGH, MEDIUM or LOW; `look` judges the account as it is now."""

    key: str
    names: dict[str, str]
    type: str
    subtype: str
    level: str
    look: Callable[[Account], Iterator[Subject]]

    def number(self, account: Account) -> int:
        """Give the item's id in this account."""
        return 10_000 + zlib.crc32(f"{account.id}/{self.key}".encode()) % 90_000


def _public_buckets(account: Account) -> Iterator[Subject]:
    state = oss.section.of(account)
    for bucket in state.buckets.values():
        blocked = state.block_public_access or bucket.block_public_access
        public = bucket.acl != "private" or publicness.is_public(bucket.policy)
        yield Subject(bucket.name, bucket.name, bucket.region, passed=blocked or not public)


def _versioned_buckets(account: Account) -> Iterator[Subject]:
    for bucket in oss.section.of(account).buckets.values():
        yield Subject(bucket.name, bucket.name, bucket.region, passed=bucket.versioning == "Enabled")


def _logging_balancers(account: Account) -> Iterator[Subject]:
    """Only listeners of layer 7 have access logs: a balancer without one is not looked at."""
    for balancer in slb.section.of(account).load_balancers.values():
        if any(listener.protocol in ("http", "https") for listener in balancer.listeners):
            yield Subject(balancer.id, balancer.name, balancer.region, passed=balancer.access_log is not None)


ITEMS = (
    Item(
        "oss-access",
        {"en": "OSS-Bucket Access Permissions", "zh": "OSS-Bucket权限设置"},
        "OSS",
        "BUCKET",
        "HIGH",
        _public_buckets,
    ),
    Item(
        "oss-versioning",
        {"en": "OSS-Enable Bucket version control", "zh": "OSS-启用Bucket版本控制"},
        "OSS",
        "BUCKET",
        "MEDIUM",
        _versioned_buckets,
    ),
    Item(
        "slb-log",
        {"en": "SLB-Enable access logs", "zh": "SLB-开启访问日志"},
        "SLB",
        "INSTANCE",
        "MEDIUM",
        _logging_balancers,
    ),
)
