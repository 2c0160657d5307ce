# SPDX-License-Identifier: GPL-3.0-or-later
"""STS 2015-04-01: who is calling."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from simulator.registry import Product

if TYPE_CHECKING:
    from simulator.call import Call

sts = Product(
    "sts",
    version="2015-04-01",
    hosts=("sts.aliyuncs.com", "sts.<region>.aliyuncs.com", "sts-vpc.<region>.aliyuncs.com"),
    denial=("NoPermission", 403),
)


def principal_id(account: str, name: str) -> str:
    """An id in the form of RAM's, always the same for the same name."""
    return f"2{zlib.crc32(f'{account}/{name}'.encode()):017d}"


@sts.action("GetCallerIdentity", permission=None)
def get_caller_identity(call: Call) -> dict[str, Any]:
    account, user = call.account.id, call.key.user
    if user is None:
        return {
            "IdentityType": "Account",
            "AccountId": account,
            "PrincipalId": account,
            "UserId": account,
            "Arn": f"acs:ram::{account}:root",
        }
    identity = principal_id(account, user)
    return {
        "IdentityType": "RAMUser",
        "AccountId": account,
        "PrincipalId": identity,
        "UserId": identity,
        "Arn": f"acs:ram::{account}:user/{user}",
    }
