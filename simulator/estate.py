# SPDX-License-Identifier: GPL-3.0-or-later
"""The world that the simulator plays: accounts, their keys, and one section of state per product.

An estate is the file (or dict) that a world is loaded from and dumped to; `README.md` has the format.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from . import regions
from .errors import EstateError
from .policy import Policies
from .registry import Registry, known_keys

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Key:
    """An access key. Without a user it is the account's own (root) and may do everything.

    `token` makes it a temporary one; `expires` is seconds since the epoch. `role` is set for an assumed role.
    """

    id: str
    secret: str
    user: str | None = None
    token: str | None = None
    documents: list[Mapping[str, Any]] = field(default_factory=list)
    expires: float | None = None
    role: str | None = None

    def __post_init__(self) -> None:
        self._policies = Policies(self.documents)

    @property
    def is_root(self) -> bool:
        """Whether it is the account's own key."""
        return self.user is None and self.role is None

    @property
    def expired(self) -> bool:
        """Whether it is a temporary key past its time."""
        return self.expires is not None and self.expires < time.time()

    def allows(self, permission: str, resource: str, context: Mapping[str, str]) -> bool:
        """Ask its policies; `context` holds the values of condition keys."""
        return self.is_root or self._policies.allows(permission, resource, context)


@dataclass
class Account:
    """One account; `sections` holds each product's state under the product's name."""

    id: str
    regions: list[str]
    keys: list[Key]
    sections: dict[str, Any] = field(default_factory=dict)


@dataclass
class World:
    """Every account, every key by its id with the account that it opens, and the signature nonces seen so far."""

    accounts: dict[str, Account]
    keys: dict[str, tuple[Account, Key]]
    nonces: set[str] = field(default_factory=set)


def read(source: str | Path | Mapping[str, Any]) -> tuple[Mapping[str, Any], Path]:
    """Give an estate's data, and the folder that paths in it are relative to."""
    if isinstance(source, Mapping):
        return source, Path.cwd()
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=_Loader)  # noqa: S506 - it is the safe one
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise EstateError(f"{path}: {error}") from error
    if not isinstance(data, Mapping):
        raise EstateError(f"{path}: an estate is a mapping with the key accounts")
    return data, path.resolve().parent


def load(data: Mapping[str, Any], base: Path, registry: Registry) -> World:
    """Build a world from an estate's data. Raises EstateError for whatever would otherwise be ignored."""
    known_keys(data, {"accounts"}, "estate")
    world = World({}, {})
    for entry in data.get("accounts") or []:
        account = _account(entry, base, registry)
        if account.id in world.accounts:
            raise EstateError(f"account {account.id} is there twice")
        world.accounts[account.id] = account
        for key in account.keys:
            if key.id in world.keys:
                raise EstateError(f"key {key.id} is there twice")
            world.keys[key.id] = (account, key)
    for section in registry.sections.values():
        if section.check:
            section.check(world)
    return world


def dump(world: World, registry: Registry) -> dict[str, Any]:
    """Show the world as an estate, full: loading it gives the same world. Keys given by STS are left out."""
    return {"accounts": [_dump_account(account, registry) for account in world.accounts.values()]}


def _account(entry: Mapping[str, Any], base: Path, registry: Registry) -> Account:
    known_keys(entry, {"id", "keys", "regions"} | set(registry.sections), "account")
    if not str(entry.get("id") or "").isdigit():
        raise EstateError("an account needs an id of digits")
    account = Account(
        id=str(entry["id"]),
        regions=list(entry.get("regions") or regions.DEFAULT),
        keys=[_key(each, base) for each in entry.get("keys") or []],
    )
    unknown = [each for each in account.regions if each not in regions.NAMES]
    if unknown:
        raise EstateError(f"account {account.id}: no such region: {', '.join(unknown)}")
    for section in registry.sections.values():
        account.sections[section.name] = section.load(entry.get(section.name), account)
    return account


def _key(entry: Mapping[str, Any], base: Path) -> Key:
    known_keys(entry, {"id", "secret", "user", "token", "policies"}, "key")
    if not entry.get("id") or not entry.get("secret"):
        raise EstateError("a key needs an id and a secret")
    documents = [_document(each, base) for each in entry.get("policies") or []]
    return Key(entry["id"], entry["secret"], entry.get("user"), entry.get("token"), documents)


def _document(entry: str | Mapping[str, Any], base: Path) -> Mapping[str, Any]:
    if isinstance(entry, Mapping):
        return entry
    try:
        return json.loads((base / entry).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EstateError(f"policy {entry}: {error}") from error


def _dump_account(account: Account, registry: Registry) -> dict[str, Any]:
    result: dict[str, Any] = {
        "id": account.id,
        "keys": [_dump_key(key) for key in account.keys],
        "regions": list(account.regions),
    }
    for section in registry.sections.values():
        result[section.name] = section.dump(section.of(account))
    return result


def _dump_key(key: Key) -> dict[str, Any]:
    optional = {"user": key.user, "token": key.token}
    given = {name: value for name, value in optional.items() if value is not None}
    return {"id": key.id, "secret": key.secret, **given, "policies": list(key.documents)}
