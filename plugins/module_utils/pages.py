# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of RPC products to their end, in the two ways in which the cloud pages them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cloud import Cloud


def numbered(cloud: Cloud, product: str, action: str, region: str, size: int, path: tuple[str, str]) -> list[dict]:
    """Every item of a list with PageNumber and PageSize. path: the names that lead to the items in the answer."""
    items: list[dict] = []
    page = 1
    while True:
        answer = cloud.rpc(product, action, {"PageNumber": page, "PageSize": size}, region)
        found = answer[path[0]][path[1]]
        items += found
        if not found or len(items) >= int(answer["TotalCount"]):
            return items
        page += 1


def tokened(cloud: Cloud, product: str, action: str, region: str, name: str) -> list[dict]:
    """Every item of a list with MaxResults and NextToken. name: what the items are called in the answer."""
    items: list[dict] = []
    token = None
    while True:
        answer = cloud.rpc(product, action, {"MaxResults": 100, "NextToken": token}, region)
        items += answer.get(name) or []
        token = answer.get("NextToken")
        if not token:
            return items
