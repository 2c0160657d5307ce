# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud's two ways of paging a list."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import ApiError
from .parameters import Int, Param, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .call import Call

T = TypeVar("T")


def numbered(most: int, default: int = 10) -> dict[str, Param]:
    """Parameters of PageNumber / PageSize paging."""
    return {"PageNumber": Int(1, default=1), "PageSize": Int(1, most, default=default)}


def by_number(items: Sequence[T], params: Mapping[str, Any]) -> tuple[Sequence[T], dict[str, int]]:
    """Cut out the page asked for, with the PageNumber / PageSize / TotalCount that go with it."""
    number, size = params["PageNumber"], params["PageSize"]
    start = (number - 1) * size
    return items[start : start + size], {"PageNumber": number, "PageSize": size, "TotalCount": len(items)}


def tokened(most: int, default: int = 20, least: int = 1) -> dict[str, Param]:
    """Parameters of MaxResults / NextToken paging."""
    return {"MaxResults": Int(least, most, default=default), "NextToken": Text()}


def by_token(items: Sequence[T], params: Mapping[str, Any], error: str = "InvalidParameter") -> tuple[Sequence[T], str]:
    """Cut out the page asked for; with it the token of the next one, "" at the end."""
    start = _read_token(params.get("NextToken", ""), error)
    end = start + params["MaxResults"]
    token = base64.urlsafe_b64encode(f"from:{end}".encode()).decode() if end < len(items) else ""
    return items[start:end], token


def paged(call: Call, name: str, items: Sequence[T]) -> dict[str, Any]:
    """Answer with the page asked for under `name`; with the token of the next one only where there is one."""
    page, token = by_token(items, call.params)
    paging = {"NextToken": token} if token else {}
    return {name: page, "MaxResults": call.params["MaxResults"], "TotalCount": len(items), **paging}


def _read_token(token: str, error: str) -> int:
    if not token:
        return 0
    try:
        start = base64.urlsafe_b64decode(token).decode().removeprefix("from:")
    except (ValueError, binascii.Error):
        start = ""
    if not start.isdecimal():
        raise ApiError(error, "The specified NextToken is not valid.", 400)
    return int(start)
