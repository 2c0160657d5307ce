# SPDX-License-Identifier: GPL-3.0-or-later
"""Wire protocols: how a product's calls look as HTTP. One module per protocol, tried in the order of `WIRES`.

A wire turns a request into product, action, raw parameters and credential (`parse`), proves who sent it
(`authenticate`), and turns an outcome or an error into a reply (`serialise`). It knows nothing of any service.
A further protocol is one more module with a class like the ones here, added to `WIRES`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simulator.call import Call, Incoming
    from simulator.registry import Registry

CLOCK_SKEW_SECONDS = 15 * 60


@dataclass(slots=True)
class Reply:
    """An HTTP response. `headers` are those beside Content-Type, Content-Length and Date."""

    status: int
    content_type: str
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)


class Wire(Protocol):
    """What the pipeline asks of a protocol."""

    name: str

    def claims(self, request: Incoming, registry: Registry) -> bool:
        """Whether the request speaks this protocol (by host, else by what it carries)."""

    def request_id(self, number: int) -> str:
        """Give the id of the process's n-th request, in the form that this protocol gives it."""

    def parse(self, call: Call, registry: Registry) -> None:
        """Fill in product, action, region, raw parameters and credential. Raises ApiError or LoudError."""

    def authenticate(self, call: Call) -> None:
        """Verify signature, time and token; fill in key and account. Raises ApiError."""

    def serialise(self, call: Call) -> Reply:
        """Give the reply to a call that has an outcome or an error."""


def hmac_base64(secret: str, text: str, digest: str) -> str:
    """Sign as the older schemes do."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), digest).digest()).decode()


def hmac_hex(secret: bytes, text: str) -> str:
    """Sign as the newer schemes do, with SHA-256."""
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def same(signature: str, expected: str) -> bool:
    """Compare two signatures."""
    return hmac.compare_digest(signature.encode(), expected.encode())


def is_stale(seconds: float) -> bool:
    """Whether a request's time (seconds since the epoch) is too far from now."""
    return abs(time.time() - seconds) > CLOCK_SKEW_SECONDS


def http_date() -> str:
    """Give the time as the Date header has it."""
    return formatdate(usegmt=True)
