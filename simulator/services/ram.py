# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM 2015-05-01: the account's roles (no actions yet; STS assumes them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.errors import EstateError
from simulator.policy import Policies
from simulator.registry import Section, known_keys

if TYPE_CHECKING:
    from simulator.estate import Account


@dataclass
class Role:
    """A role: who may assume it (`trust`, a policy document) and what it may do (`policies`, policy documents)."""

    name: str
    trust: Mapping[str, Any]
    policies: list[Mapping[str, Any]] = field(default_factory=list)
    max_session_seconds: int = 3600

    def trusts(self, principal: str) -> bool:
        """Whether the trust policy admits `principal`, or its whole account (`acs:ram::ACCOUNT:root`)."""
        root = f"{principal.rsplit(':', 1)[0]}:root"
        return any(
            statement.get("Effect") == "Allow"
            and statement.get("Action") == "sts:AssumeRole"
            and {principal, root} & set(statement.get("Principal", {}).get("RAM", []))
            for statement in self.trust.get("Statement", [])
        )


@dataclass
class Ram:
    """An account's identities, as far as anybody needs them."""

    roles: dict[str, Role] = field(default_factory=dict)


def _load(data: Mapping[str, Any] | None, account: Account) -> Ram:
    data = data or {}
    known_keys(data, {"roles"}, f"account {account.id}: ram")
    roles: dict[str, Role] = {}
    for entry in data.get("roles") or []:
        known_keys(entry, set(Role.__dataclass_fields__), f"role {entry.get('name')}")
        if not entry.get("name") or not isinstance(entry.get("trust"), Mapping):
            raise EstateError("a role needs a name and a trust policy")
        Policies(entry.get("policies") or [])
        roles[entry["name"]] = Role(**entry)
    return Ram(roles)


def _dump(state: Ram) -> dict[str, Any]:
    return {"roles": [dict(vars(role)) for role in state.roles.values()]}


section = Section("ram", _load, _dump)
