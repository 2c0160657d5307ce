# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments of an estate: `2026-02-27T04:01:15Z`, or a time of day so many days ago, so that a demo is always recent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .errors import EstateError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM = "%Y-%m-%dT%H:%M:%SZ"


def dated(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Turn the `{time: "04:01:15", days_ago: 2}` of an entry into a moment."""
    moment = str(entry.get("time") or "")
    if "days_ago" in entry:
        moment = f"{(datetime.now(UTC) - timedelta(days=entry['days_ago'])).date().isoformat()}T{moment}Z"
    try:
        seconds(moment)
    except ValueError as error:
        raise EstateError(f"{where}: time {moment!r}: {error}") from None
    return {name: value for name, value in entry.items() if name != "days_ago"} | {"time": moment}


def seconds(moment: str) -> int:
    """Turn a moment into seconds since the epoch."""
    return int(datetime.strptime(moment, FORM).replace(tzinfo=UTC).timestamp())


def now() -> str:
    """This moment."""
    return datetime.now(UTC).strftime(FORM)
