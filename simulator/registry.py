# SPDX-License-Identifier: GPL-3.0-or-later
"""Products, their actions and their part of the estate, each declared where it is implemented (`services/`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .errors import ApiError, EstateError

if TYPE_CHECKING:
    from .call import Call
    from .estate import Account, World
    from .parameters import Param

T = TypeVar("T")
Handler = Callable[["Call"], Any]


@dataclass(frozen=True)
class Action:
    """One API action. `permission` is None for what everybody may do (GetCallerIdentity).

    `refuses` is False for an action that answers who lacks the permission too, with what the handler lets them see.

    `resource` gives the ARN that the RAM policy is asked about; it is also the identity by which the `lag` fault
    finds the reads that follow a write. `status` is the HTTP status of success. `context` gives the values of the
    condition keys that the policy may ask about beside those of every call.
    """

    name: str
    handler: Handler
    writes: bool = False
    permission: str | None = None
    resource: Callable[[Call], str] = field(default=lambda _: "*")
    params: Mapping[str, Param] = field(default_factory=dict)
    status: int = 200
    route: Any = None
    context: Callable[[Call], Mapping[str, str]] = field(default=lambda _: {})
    refuses: bool = True


class Product:
    """One cloud product: its name in the journal, how it is addressed, and its common errors.

    name         `ecs`: journal, faults and estate key
    wire         `rpc` or `oss`: the module in `wires/` that speaks its protocol
    version      RPC: the API version, by which a call is routed when the host does not tell
    hosts        patterns of host names; `<region>` stands for the region id
    ram          the prefix of its RAM actions (`yundun-sas` for Security Center); default: name
    throttling, denial, missing_code   the product's own error code and status
    """

    def __init__(
        self,
        name: str,
        *,
        wire: str = "rpc",
        version: str = "",
        hosts: tuple[str, ...] = (),
        ram: str = "",
        throttling: tuple[str, int, str] = ("Throttling.User", 400, "Request was denied due to user flow control."),
        denial: tuple[str, int] = ("Forbidden.RAM", 403),
        missing_code: str = "MissingParameter",
    ) -> None:
        self.name = name
        self.wire = wire
        self.version = version
        self.hosts = tuple(_host_pattern(host) for host in hosts)
        self.ram = ram or name
        self.throttling = throttling
        self.denial = denial
        self.missing_code = missing_code
        self.actions: dict[str, Action] = {}

    def action(
        self,
        name: str,
        *,
        writes: bool = False,
        permission: str | None = "",
        resource: Callable[[Call], str] | None = None,
        params: Mapping[str, Param] | None = None,
        status: int = 200,
        route: Any = None,
        context: Callable[[Call], Mapping[str, str]] | None = None,
        refuses: bool = True,
    ) -> Callable[[Handler], Handler]:
        """Register the decorated function. The permission defaults to `RAM:NAME`, the resource to `*`."""

        def register(handler: Handler) -> Handler:
            if name in self.actions:
                raise ValueError(f"{self.name} {name} is registered twice")
            self.actions[name] = Action(
                name=name,
                handler=handler,
                writes=writes,
                permission=f"{self.ram}:{name}" if permission == "" else permission,
                resource=resource or (lambda _: "*"),
                params=params or {},
                status=status,
                route=route,
                context=context or (lambda _: {}),
                refuses=refuses,
            )
            return handler

        return register

    def region_of(self, host: str) -> str | None:
        """Give the region that a host of this product names, "" for a central host, None for another's."""
        for pattern in self.hosts:
            match = pattern.fullmatch(host)
            if match:
                return match.groupdict().get("region") or ""
        return None

    def denied(self, permission: str, resource: str) -> ApiError:
        """Word the refusal of what the caller's policies do not allow."""
        code, status = self.denial
        message = f"You are not authorized to do this action. Action: {permission} Resource: {resource}"
        return ApiError(code, message, status)

    def throttled(self) -> ApiError:
        """Too many requests."""
        code, status, message = self.throttling
        return ApiError(code, message, status)

    def missing(self, name: str) -> ApiError:
        """Word the error for a mandatory parameter that is absent."""
        message = f'The input parameter "{name}" that is mandatory for processing this request is not supplied.'
        return ApiError(self.missing_code, message, 400)


def _host_pattern(host: str) -> re.Pattern[str]:
    return re.compile(re.escape(host).replace("<region>", r"(?P<region>[a-z]+-[a-z0-9-]+?)"))


class Section(Generic[T]):
    """A product's part of an account: `of(account)` is its state, a plain dataclass.

    load(data, account) -> state    from the estate file's value under `name` (None when absent); raises EstateError
    dump(state) -> data             the same shape, full: loading it again gives the same state
    check(world)                    optional, once everything is loaded: references, and names that are global
    """

    def __init__(
        self,
        name: str,
        load: Callable[[Any, Account], T],
        dump: Callable[[T], Any],
        check: Callable[[World], None] | None = None,
    ) -> None:
        self.name = name
        self.load = load
        self.dump = dump
        self.check = check

    def of(self, account: Account) -> T:
        """Give the account's state of this product."""
        return account.sections[self.name]


class Registry:
    """What the simulator can do: built once from `services/`."""

    def __init__(self) -> None:
        self.products: dict[str, Product] = {}
        self.sections: dict[str, Section[Any]] = {}

    def add(self, product: Product | None = None, section: Section[Any] | None = None) -> None:
        """Register; one that is already there stays as it is."""
        if product:
            self.products[product.name] = product
        if section:
            self.sections[section.name] = section

    def by_version(self, version: str) -> Product | None:
        """Find the RPC product of an API version."""
        return next((each for each in self.products.values() if each.version and each.version == version), None)

    def by_host(self, host: str) -> tuple[Product, str] | None:
        """Find the product and region that a host name stands for."""
        for product in self.products.values():
            region = product.region_of(host)
            if region is not None:
                return product, region
        return None


def known_keys(data: Mapping[str, Any], allowed: set[str], where: str) -> None:
    """Refuse an estate that says something the simulator would ignore."""
    unknown = set(data) - allowed
    if unknown:
        raise EstateError(f"{where}: unknown key {', '.join(sorted(map(str, unknown)))}")


def known_addresses(where: str, *addresses: str) -> None:
    """Refuse an estate in which something is no IP address; "" stands for none."""
    for address in filter(None, addresses):
        try:
            ip_address(address)
        except ValueError:
            raise EstateError(f"{where}: {address} is no address") from None
