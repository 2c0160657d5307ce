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
from . import ecs, oss, slb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulator.estate import Account

SSH = 22
EVERYBODY = ("0.0.0.0/0", "::/0")


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


def _groups_without_open_ssh(account: Account) -> Iterator[Subject]:
    """Each rule is looked at by itself; how the real item judges a group is UNCONFIRMED."""
    for group in ecs.section.of(account).security_groups.values():
        opened = any(_opens_ssh(rule) for rule in group.rules)
        yield Subject(group.id, group.name, group.region, passed=not opened)


def _opens_ssh(rule: ecs.Rule) -> bool:
    first, _unused, last = (rule.ports or "-1/-1").partition("/")
    covers = first == "-1" or int(first) <= SSH <= int(last)
    accepts = (
        rule.direction == "ingress" and rule.policy.lower() == "accept" and rule.protocol.upper() in ("TCP", "ALL")
    )
    return accepts and covers and rule.source in EVERYBODY


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
        "sg-ssh",
        {"en": "ECS-Security group opens SSH to everybody", "zh": "ECS-安全组SSH端口开放"},
        "ECS",
        "SECURITY_GROUP",
        "HIGH",
        _groups_without_open_ssh,
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
