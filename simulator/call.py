# SPDX-License-Identifier: GPL-3.0-or-later
"""One API call on its way through the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import ApiError
    from .estate import Account, Key, World
    from .registry import Action, Product
    from .wires import Wire


@dataclass(slots=True)
class Incoming:
    """The HTTP request as it came: nothing in it is decoded but the header names (lower case)."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def host(self) -> str:
        """The Host header without a port, lower case."""
        host = self.headers.get("host", "")
        return host.rsplit(":", 1)[0].lower() if not host.startswith("[") else host.lower()

    @property
    def names_a_product(self) -> bool:
        """Whether the host is one of Alibaba Cloud's: then it decides, and nothing else in the request does."""
        return self.host.endswith(".aliyuncs.com")


@dataclass(slots=True)
class Call:
    """What the pipeline knows about a call; each step fills in its own fields."""

    request: Incoming
    world: World
    request_id: str
    wire: Wire | None = None  # recognise
    product: Product | None = None  # parse
    action: Action | None = None  # parse
    action_name: str = ""  # parse: also set when the action is unknown
    region: str = ""  # parse: the region that the host, the bucket or RegionId names; "" when none does
    raw: dict[str, str] = field(default_factory=dict)  # parse: parameters as sent, the wire's own ones taken out
    credential: Any = None  # parse: what the wire needs in order to verify the signature
    key: Key | None = None  # authenticate
    account: Account | None = None  # authenticate
    params: dict[str, Any] = field(default_factory=dict)  # bind: declared parameters, typed, defaults filled in
    context: dict[str, str] = field(default_factory=dict)  # authorise: values of policy condition keys
    outcome: Any = None  # dispatch: what the service returned
    error: ApiError | None = None  # any step

    def require(self, permission: str, resource: str = "*", **context: str) -> None:
        """Refuse the call unless the caller's policies allow `permission` on `resource` too.

        For actions that need more rights than their own, e.g. an implicit `ram:CreateServiceLinkedRole`;
        `context` gives condition keys, with `__` for the colon: `ram__ServiceName="…"`.
        """
        extra = {name.replace("__", ":"): value for name, value in context.items()}
        if not self.key.allows(permission, resource, self.context | extra):
            raise self.product.denied(permission, resource)

    def arn(self, tail: str, region: str | None = None) -> str:
        """`acs:PRODUCT:REGION:ACCOUNT:TAIL`; the region is the call's, `*` when it has none."""
        return f"acs:{self.product.ram}:{region or self.region or '*'}:{self.account.id}:{tail}"
