# SPDX-License-Identifier: GPL-3.0-or-later
"""The call journal: one entry per request that named an API, in the order in which they took effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call import Call


class Journal:
    """Entries are plain dicts (JSON); neither secrets nor signatures nor tokens are in them."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def write(self, call: Call, status: int, code: str | None) -> dict[str, Any]:
        """Add an entry and give it; status 0 with the code `drop` or `hang` stands for a call without an answer."""
        self.entries.append(
            {
                "seq": len(self.entries) + 1,
                "product": call.product.name if call.product else None,
                "action": call.action_name,
                "params": call.params or call.raw,
                "writes": bool(call.action and call.action.writes),
                "key": call.key.id if call.key else None,
                "user": (call.key.user or call.key.role) if call.key else None,
                "account": call.account.id if call.account else None,
                "region": call.region or None,
                "status": status,
                "code": code,
                "request_id": call.request_id,
            }
        )
        return self.entries[-1]
