# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM policies: documents compiled once, evaluated for each call.

Supported: Effect, Action / NotAction, Resource (all with `*` and `?`), Condition with the operators in `OPERATORS`
and the keys in `KEYS` (products may register more). An explicit Deny wins; nothing said means denied. Everything
else in a document (Principal, NotResource, other operators or keys) is refused when the estate is loaded, because
a policy that is only half understood proves nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .errors import EstateError

KEYS: set[str] = {"acs:SourceIp", "acs:SecureTransport", "acs:Service", "ram:ServiceName"}


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern) + r"\Z")


def _like(value: str, wanted: str) -> bool:
    return _glob(wanted).match(value) is not None


def _in_network(value: str, wanted: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)


# operator -> (test of one value, negated). A key that the request does not carry fails a plain operator and passes
# a negated one; RAM's own behaviour there is UNCONFIRMED.
OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (str.__eq__, False),
    "StringNotEquals": (str.__eq__, True),
    "StringEqualsIgnoreCase": (lambda value, wanted: value.lower() == wanted.lower(), False),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "Bool": (lambda value, wanted: value.lower() == wanted.lower(), False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
}


@dataclass(frozen=True)
class _Statement:
    allows: bool
    actions: re.Pattern[str]
    inverted: bool
    resources: re.Pattern[str]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def applies(self, permission: str, resource: str, context: Mapping[str, str]) -> bool:
        return (
            (self.actions.match(permission) is None) is self.inverted
            and self.resources.match(resource) is not None
            and all(_holds(*condition, context) for condition in self.conditions)
        )


def _holds(operator: str, key: str, wanted: tuple[str, ...], context: Mapping[str, str]) -> bool:
    test, negated = OPERATORS[operator]
    if key not in context:
        return negated
    return any(test(context[key], each) for each in wanted) is not negated


class Policies:
    """The policies of one key. `allows` answers the only question there is."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        statements = [statement for document in documents for statement in _compile(document)]
        self._denies = [statement for statement in statements if not statement.allows]
        self._grants = [statement for statement in statements if statement.allows]

    def allows(self, permission: str, resource: str, context: Mapping[str, str]) -> bool:
        """Whether `permission` on `resource` is granted and not denied; `context`: condition key to value."""
        if any(statement.applies(permission, resource, context) for statement in self._denies):
            return False
        return any(statement.applies(permission, resource, context) for statement in self._grants)


def _compile(document: Mapping[str, Any]) -> list[_Statement]:
    if not isinstance(document, Mapping) or str(document.get("Version")) != "1":
        raise EstateError('a RAM policy document needs Version "1" and a Statement list')
    return [_statement(each) for each in _list(document.get("Statement"))]


def _statement(source: Mapping[str, Any]) -> _Statement:
    unknown = set(source) - {"Sid", "Effect", "Action", "NotAction", "Resource", "Condition"}
    if unknown:
        raise EstateError(f"policy element not supported by the simulator: {', '.join(sorted(unknown))}")
    if source.get("Effect") not in ("Allow", "Deny") or ("Action" in source) == ("NotAction" in source):
        raise EstateError("a policy statement needs Effect Allow or Deny and one of Action, NotAction")
    if not source.get("Resource"):
        raise EstateError("a policy statement needs a Resource")
    return _Statement(
        allows=source["Effect"] == "Allow",
        actions=_any_of(_list(source.get("Action", source.get("NotAction"))), ignore_case=True),
        inverted="NotAction" in source,
        resources=_any_of(_list(source["Resource"])),
        conditions=tuple(_conditions(source.get("Condition") or {})),
    )


def _conditions(source: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in source.items():
        for key, wanted in keys.items():
            if operator not in OPERATORS or key not in KEYS:
                raise EstateError(f"policy condition not supported by the simulator: {operator} {key}")
            yield operator, key, tuple(_text(each) for each in _list(wanted))


def _any_of(patterns: list[str], *, ignore_case: bool = False) -> re.Pattern[str]:
    joined = "|".join(_glob(pattern).pattern for pattern in patterns)
    return re.compile(joined, re.IGNORECASE if ignore_case else 0)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
