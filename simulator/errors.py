# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to fail: as the real cloud does, or loudly because the simulator is not up to what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ApiError(Exception):
    """An error that the real product would answer.

    `details` are further elements of the error document (OSS: `EC`, `Endpoint`; RPC: `AccessDeniedDetail`, …).
    """

    def __init__(self, code: str, message: str, status: int = 400, **details: object) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.details: Mapping[str, object] = details


class LoudError(ApiError):
    """Something that the simulator does not know. It is answered as an error and kept in `violations()`, so that
    a test which provokes it by accident fails.
    """


class EstateError(ValueError):
    """An estate (or a faults list) that makes no sense; the text says where and why."""
