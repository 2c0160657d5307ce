# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared parameters: what an action accepts, of which type, and which error a wrong value gets.

    params={
        "RegionId": Region(required=True),
        "PageSize": Int(1, 100, default=10),
        "AddressType": Text(choices=("internet", "intranet")),
        "SecurityGroupIds": Json(most=100),
        "LoadBalancerId": Csv(most=10),
        "Tag": Each({"Key": Text(), "Value": Text()}, most=20),     # Tag.1.Key=…&Tag.1.Value=…
        "JobIds": Each(Text()),                                     # JobIds.1=…
    }

Each kind takes `required`, `default`, and `error` (the product's own code for a bad value, `InvalidParameter` when
not given). Anything that is sent but not declared is answered loudly.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import ApiError, LoudError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .call import Call


@dataclass(frozen=True, kw_only=True)
class Param:
    """Common to all kinds; `read` gets the raw value (text, or a tree for `Each`)."""

    required: bool = False
    default: Any = None
    error: str = "InvalidParameter"

    def read(self, name: str, raw: Any, call: Call) -> Any:  # noqa: ARG002 - for kinds that need the account
        """Give the typed value, or raise the product's error."""
        if not isinstance(raw, str):
            raise self.refuse(name, "one value is expected, not a list")
        return self.convert(name, raw)

    def convert(self, name: str, value: str) -> Any:  # noqa: ARG002 - for errors
        """Give the typed value of a text; what most kinds implement."""
        return value

    def refuse(self, name: str, why: str) -> ApiError:
        """Word the error for a bad value."""
        return ApiError(self.error, f"The specified parameter {name} is not valid: {why}.", 400)


@dataclass(frozen=True)
class Text(Param):
    """A text: one of `choices`, or what `pattern` matches as a whole."""

    choices: Sequence[str] = ()
    pattern: str = ""

    def convert(self, name: str, value: str) -> str:  # noqa: D102 - see Param
        if self.choices and value not in self.choices:
            raise self.refuse(name, f"one of {', '.join(self.choices)} is expected")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise self.refuse(name, f"it does not match {self.pattern}")
        return value


@dataclass(frozen=True)
class Int(Param):
    """A number from `low` to `high`."""

    low: int = 0
    high: int = 2**31 - 1

    def convert(self, name: str, value: str) -> int:  # noqa: D102 - see Param
        if not re.fullmatch(r"-?\d{1,18}", value) or not self.low <= int(value) <= self.high:
            raise self.refuse(name, f"a number from {self.low} to {self.high} is expected")
        return int(value)


@dataclass(frozen=True)
class Bool(Param):
    """`true` or `false`, in any case."""

    def convert(self, name: str, value: str) -> bool:  # noqa: D102 - see Param
        if value.lower() not in ("true", "false"):
            raise self.refuse(name, "true or false is expected")
        return value.lower() == "true"


@dataclass(frozen=True)
class Json(Param):
    """A JSON text; `most` limits the length of a list."""

    most: int = 0

    def convert(self, name: str, value: str) -> Any:  # noqa: D102 - see Param
        try:
            decoded = json.loads(value)
        except ValueError:
            raise self.refuse(name, "JSON is expected") from None
        if self.most and (not isinstance(decoded, list) or len(decoded) > self.most):
            raise self.refuse(name, f"a list of at most {self.most} is expected")
        return decoded


@dataclass(frozen=True)
class Csv(Param):
    """A comma-separated list."""

    most: int = 0

    def convert(self, name: str, value: str) -> list[str]:  # noqa: D102 - see Param
        values = [each.strip() for each in value.split(",") if each.strip()]
        if self.most and len(values) > self.most:
            raise self.refuse(name, f"at most {self.most} values are allowed")
        return values


@dataclass(frozen=True)
class Region(Param):
    """A region that the account has. Declared as `RegionId`, it becomes the call's region."""

    error: str = "InvalidRegionId.NotFound"

    def read(self, name: str, raw: Any, call: Call) -> str:  # noqa: D102 - see Param
        value = super().read(name, raw, call)
        if value not in call.account.regions:
            raise ApiError(self.error, "The specified RegionId does not exist.", 404)
        return value


@dataclass(frozen=True)
class Each(Param):
    """A repeated parameter: `Name.1=…`, or `Name.1.Sub=…` when `item` is a dict of parameters."""

    item: Param | Mapping[str, Param] = Text()
    most: int = 0

    def read(self, name: str, raw: Any, call: Call) -> list[Any]:  # noqa: D102 - see Param
        if not isinstance(raw, dict) or not all(index.isdigit() for index in raw):
            raise self.refuse(name, f"{name}.1, {name}.2 … are expected")
        if self.most and len(raw) > self.most:
            raise self.refuse(name, f"at most {self.most} values are allowed")
        return [self._item(f"{name}.{index}", raw[index], call) for index in sorted(raw, key=int)]

    def _item(self, name: str, raw: Any, call: Call) -> Any:
        if isinstance(self.item, Param):
            return self.item.read(name, raw, call)
        if not isinstance(raw, dict):
            raise self.refuse(name, f"{name}.{next(iter(self.item))} is expected")
        return bind(self.item, raw, call, prefix=f"{name}.")


def tree(flat: Mapping[str, str]) -> dict[str, Any]:
    """`{"Tag.1.Key": "a"}` becomes `{"Tag": {"1": {"Key": "a"}}}`; names without a dot stay as they are."""
    result: dict[str, Any] = {}
    for name, value in flat.items():
        if "." not in name:
            result.setdefault(name, value)
            continue
        *path, last = name.split(".")
        node = result
        for step in path:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                raise ApiError("InvalidParameter", f"The specified parameter {name} is not valid.", 400)
        node[last] = value
    return result


def bind(spec: Mapping[str, Param], raw: Mapping[str, Any], call: Call, prefix: str = "") -> dict[str, Any]:
    """Typed values for what was sent, defaults for what was not. Raises the product's error, or LoudError."""
    unknown = [name for name in raw if name not in spec]
    if unknown:
        names = ", ".join(prefix + name for name in unknown)
        raise LoudError("InvalidParameter", f"The simulator's {call.action_name} has no parameter {names}.", 400)
    values: dict[str, Any] = {}
    for name, param in spec.items():
        if raw.get(name, "") != "":
            values[name] = param.read(prefix + name, raw[name], call)
        elif param.required:
            raise call.product.missing(prefix + name)
        elif param.default is not None:
            values[name] = param.default
    return values
