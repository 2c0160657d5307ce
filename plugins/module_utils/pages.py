# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of RPC products to their end, in the two ways in which the cloud pages them."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cloud import Cloud


def numbered(
    cloud: Cloud, product: str, action: str, region: str, size: int, path: tuple[str, str], **params: str
) -> list[dict]:
    """Every item of a list with PageNumber and PageSize. path: the names that lead to the items in the answer."""
    items: list[dict] = []
    page = 1
    while True:
        answer = cloud.rpc(product, action, {**params, "PageNumber": page, "PageSize": size}, region)
        found = answer[path[0]][path[1]]
        items += found
        if not found or len(items) >= int(answer["TotalCount"]):
            return items
        page += 1


def tokened(
    cloud: Cloud, product: str, action: str, region: str, *path: str, size: int = 100, **params: str
) -> list[dict]:
    """Every item of a list with MaxResults and NextToken. path: the names that lead to the items in the answer."""
    items: list[dict] = []
    token = None
    while True:
        answer = cloud.rpc(product, action, {**params, "MaxResults": size, "NextToken": token}, region)
        items += reduce(lambda found, name: (found or {}).get(name), path, answer) or []
        token = answer.get("NextToken")
        if not token:
            return items
