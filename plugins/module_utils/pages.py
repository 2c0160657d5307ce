# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of RPC products to their end, in the two ways in which the cloud pages them."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from .errors import NOT_THE_CLOUD, CloudError

if TYPE_CHECKING:
    from .cloud import Cloud


def numbered(
    cloud: Cloud, product: str, action: str, region: str, size: int, path: tuple[str, str], **params: str
) -> list[dict]:
    """Every item of a list with PageNumber and PageSize. path: the names that lead to the items in the answer.

    CloudError where an answer holds no list, or no count that would tell whether this is all of it.
    """
    items: list[dict] = []
    page = 1
    while True:
        answer = cloud.rpc(product, action, {**params, "PageNumber": page, "PageSize": size}, region)
        found, total = items_at(answer, path), answer.get("TotalCount")
        # Nothing at all may be written as null.
        if total is None or (found is None and int(total)):
            lost = "TotalCount" if total is None else ".".join(path)
            raise CloudError(action, NOT_THE_CLOUD, f"the answer holds no {lost}")
        items += found or []
        if not found or len(items) >= int(total):
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
        items += items_at(answer, path) or []
        token = answer.get("NextToken")
        if not token:
            return items


def items_at(answer: dict, path: tuple[str, ...]) -> list[dict] | None:
    """The list to which these names lead in an answer, None where one of them is absent or null."""
    return reduce(lambda found, name: (found or {}).get(name), path, answer)
