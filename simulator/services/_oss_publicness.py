# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a bucket policy grants public access, by the rules that OSS documents for Block Public Access.

Public is an Allow statement whose Principal holds "*" (or is empty, which means the same), unless its Condition pins
the caller: to fixed values (without `*`) of acs:SourceVpc, acs:SourceVpcId or acs:AccessId, or to networks in
acs:SourceIp or acs:SourceVpcIp no wider than /8 (IPv4) or /32 (IPv6). Action and Resource do not matter, nor does a
Deny. Source: help.aliyun.com, OSS user guide, block-public-access, section on judging a bucket policy oneself.
That a negated operator (StringNotEquals, NotIpAddress) pins nobody is our reading of it.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FIXED = {"acs:SourceVpc", "acs:SourceVpcId", "acs:AccessId"}
NETWORKS = {"acs:SourceIp", "acs:SourceVpcIp"}
PLAIN_OPERATORS = {"StringEquals", "StringLike", "IpAddress"}
NARROWEST_PUBLIC = {4: 8, 6: 32}


def is_public(policy: Mapping[str, Any] | None) -> bool:
    """`policy` is the document, None when the bucket has none."""
    return policy is not None and any(_grants_anybody(each) for each in _list(policy.get("Statement")))


def _grants_anybody(statement: Mapping[str, Any]) -> bool:
    principals = _list(statement.get("Principal"))
    if statement.get("Effect") != "Allow" or (principals and not any("*" in str(each) for each in principals)):
        return False
    return not _pins(statement.get("Condition") or {})


def _pins(condition: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(
        _is_fixed(key, [str(each) for each in _list(wanted)])
        for operator, keys in condition.items()
        if operator in PLAIN_OPERATORS
        for key, wanted in keys.items()
    )


def _is_fixed(key: str, values: list[str]) -> bool:
    if not values or key not in FIXED | NETWORKS:
        return False
    return all(_is_narrow(each) if key in NETWORKS else "*" not in each for each in values)


def _is_narrow(value: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= NARROWEST_PUBLIC[network.version]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
