# SPDX-License-Identifier: GPL-3.0-or-later
"""STS 2015-04-01: who is calling, and temporary keys for roles."""

from __future__ import annotations

import re
import time
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.estate import Key
from simulator.parameters import Int, Text
from simulator.registry import Product

from . import ram

if TYPE_CHECKING:
    from simulator.call import Call

ROLE_ARN = re.compile(r"acs:ram::(?P<account>\d+):role/(?P<role>[\w.-]+)", re.ASCII)

sts = Product(
    "sts",
    version="2015-04-01",
    hosts=("sts.aliyuncs.com", "sts.<region>.aliyuncs.com", "sts-vpc.<region>.aliyuncs.com"),
    denial=("NoPermission", 403),
)


def _id(account: str, name: str) -> str:
    """Make an id in the form of RAM's, always the same for the same name."""
    return f"2{zlib.crc32(f'{account}/{name}'.encode()):017d}"


@sts.action("GetCallerIdentity", permission=None)
def get_caller_identity(call: Call) -> dict[str, Any]:
    """Tell account and identity; everybody may ask."""
    account, key = call.account.id, call.key
    if key.is_root:
        who = {"IdentityType": "Account", "PrincipalId": account, "UserId": account}
    elif key.role:
        identity = _id(account, key.role.partition("/")[0])
        principal = f"{identity}:{key.role.partition('/')[2]}"
        who = {"IdentityType": "AssumedRoleUser", "PrincipalId": principal, "RoleId": identity}
    else:
        identity = _id(account, key.user or "")
        who = {"IdentityType": "RAMUser", "PrincipalId": identity, "UserId": identity}
    return {"AccountId": account, "Arn": _arn(account, key), **who}


@sts.action(
    "AssumeRole",
    resource=lambda call: call.params["RoleArn"],
    params={
        "RoleArn": Text(required=True, pattern=ROLE_ARN.pattern, error="InvalidParameter.RoleArn"),
        "RoleSessionName": Text(required=True, pattern=r"[\w.@-]{2,64}", error="InvalidParameter.RoleSessionName"),
        "DurationSeconds": Int(900, 43200, default=3600, error="InvalidParameter.DurationSeconds"),
    },
)
def assume_role(call: Call) -> dict[str, Any]:
    """Give a temporary key, which lives in this run only and is no part of the state."""
    match = ROLE_ARN.fullmatch(call.params["RoleArn"])
    owner = call.world.accounts.get(match["account"])
    role = ram.section.of(owner).roles.get(match["role"]) if owner else None
    if role is None:
        raise ApiError("EntityNotExist.Role", "The role not exists: " + match["role"], 404)
    if call.key.is_root or not role.trusts(_arn(call.account.id, call.key)):
        raise ApiError(
            "NoPermission", "You are not authorized to do this action. You should be authorized by RAM.", 403
        )
    if call.params["DurationSeconds"] > role.max_session_seconds:
        raise ApiError("InvalidParameter.DurationSeconds", "The Min/Max value of DurationSeconds is not valid.", 400)
    key = _session_key(call, role)
    call.world.keys[key.id] = (owner, key)
    return {
        "Credentials": {
            "AccessKeyId": key.id,
            "AccessKeySecret": key.secret,
            "SecurityToken": key.token,
            "Expiration": datetime.fromtimestamp(key.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "AssumedRoleUser": {
            "Arn": _arn(owner.id, key),
            "AssumedRoleId": f"{_id(owner.id, role.name)}:{call.params['RoleSessionName']}",
        },
    }


def _session_key(call: Call, role: ram.Role) -> Key:
    return Key(
        id=f"STS.{call.request_id}",
        secret=f"session-secret-{call.request_id}",
        token=f"session-token-{call.request_id}",
        documents=role.policies,
        expires=time.time() + call.params["DurationSeconds"],
        role=f"{role.name}/{call.params['RoleSessionName']}",
    )


def _arn(account: str, key: Key) -> str:
    if key.is_root:
        return f"acs:ram::{account}:root"
    return f"acs:ram::{account}:assumed-role/{key.role}" if key.role else f"acs:ram::{account}:user/{key.user}"
