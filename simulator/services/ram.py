# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM 2015-05-01: the account's roles, those of services among them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError, EstateError
from simulator.parameters import Text
from simulator.policy import Policies
from simulator.registry import Product, Section, known_keys

if TYPE_CHECKING:
    from simulator.call import Call
    from simulator.estate import Account

# A service that may have a role of its own in an account, and what that role is called.
SERVICES = {
    "logdelivery.slb.aliyuncs.com": "AliyunServiceRoleForSlbLogDelivery",
    "logdelivery.alb.aliyuncs.com": "AliyunServiceRoleForAlbLogDelivery",
}

ram = Product("ram", version="2015-05-01", hosts=("ram.aliyuncs.com",), denial=("NoPermission", 403))


@dataclass
class Role:
    """A role: who may assume it (`trust`, a policy document) and what it may do (`policies`, policy documents).

    `service` is the one that a service-linked role belongs to, "" for every other role.
    """

    name: str
    trust: Mapping[str, Any]
    policies: list[Mapping[str, Any]] = field(default_factory=list)
    max_session_seconds: int = 3600
    service: str = ""

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


def role_arn(call: Call, name: str) -> str:
    """Give a role's ARN, which has the name in lower case."""
    return f"acs:ram:*:{call.account.id}:role/{name.lower()}"


def service_role_arn(call: Call, service: str) -> str:
    """Give the ARN of a service's role."""
    return role_arn(call, SERVICES.get(service, service))


def service_of(role: str) -> str:
    """Give the service that a service-linked role of this name belongs to, "" where it is none."""
    return next((service for service, name in SERVICES.items() if name == role), "")


def find_role(call: Call, name: str) -> Role:
    """Find a role of the calling account by its name."""
    role = section.of(call.account).roles.get(name)
    if role is None:
        raise ApiError("EntityNotExist.Role", f"The role not exists: {name}.", 404)
    return role


def add_service_role(account: Account, service: str) -> Role:
    """Make the role of a service."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": [service]}}
    role = Role(SERVICES[service], {"Version": "1", "Statement": [statement]}, service=service)
    section.of(account).roles[role.name] = role
    return role


def ensure_service_role(call: Call, service: str) -> None:
    """Make the role of a service if there is none, as the caller's right to do so allows."""
    if SERVICES[service] not in section.of(call.account).roles:
        arn = service_role_arn(call, service)
        call.require("ram:CreateServiceLinkedRole", arn, ram__ServiceName=service)
        add_service_role(call.account, service)


def show(account: Account, role: Role) -> dict[str, Any]:
    """Describe a role as RAM and ResourceManager do."""
    return {
        "RoleName": role.name,
        "RoleId": f"3{zlib.crc32(role.name.encode()):017d}",
        "Arn": f"acs:ram::{account.id}:role/{role.name.lower()}",
        "Description": "",
        "AssumeRolePolicyDocument": json.dumps(role.trust),
        "MaxSessionDuration": role.max_session_seconds,
        "CreateDate": "2024-01-01T00:00:00Z",
        "IsServiceLinkedRole": bool(role.service),
    }


@ram.action(
    "GetRole",
    resource=lambda call: role_arn(call, call.params["RoleName"]),
    params={"RoleName": Text(required=True)},
)
def get_role(call: Call) -> dict[str, Any]:
    """Describe a role."""
    return {"Role": show(call.account, find_role(call, call.params["RoleName"]))}
