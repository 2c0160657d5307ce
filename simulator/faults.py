# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: what goes wrong, for which calls, how often. `README.md` has the format."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .errors import EstateError
from .registry import Registry, known_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .call import Call

EFFECTS: dict[str, set[str]] = {
    "throttle": set(),
    "error": {"status", "code", "message"},
    "html": set(),
    "drop": {"phase"},
    "hang": {"phase", "seconds"},
    "delay": {"ms"},
    "lag": {"reads"},
}


@dataclass
class Fault:
    """One fault. `skip` and `times` count down as calls match; `times` None is for ever."""

    effect: str
    product: str = "*"
    action: str = "*"
    params: Mapping[str, str] = field(default_factory=dict)
    key: str = "*"
    skip: int = 0
    times: int | None = None
    phase: str = "before"
    seconds: float = 60.0
    ms: int = 0
    reads: int = 1
    status: int = 500
    code: str = "InternalError"
    message: str = "The request processing has failed due to some unknown error."

    def matches(self, call: Call) -> bool:
        """Whether the call is one of those meant; counts nothing."""
        return (
            fnmatchcase(call.product.name, self.product)
            and fnmatchcase(call.action.name, self.action)
            and (fnmatchcase(call.key.id, self.key) or fnmatchcase(call.key.user or "", self.key))
            and all(
                name in call.params and fnmatchcase(str(call.params[name]), glob) for name, glob in self.params.items()
            )
        )

    def fires(self) -> bool:
        """Whether it strikes at this matching call; counts it."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class Faults:
    """All faults of a run: the first that strikes a call wins. A lag follows writes and stands beside the others."""

    def __init__(self, entries: Iterable[Mapping[str, Any]], registry: Registry) -> None:
        faults = [_fault(entry, registry) for entry in entries]
        self._struck = [fault for fault in faults if fault.effect != "lag"]
        self._lags = [fault for fault in faults if fault.effect == "lag"]

    def strike(self, call: Call) -> Fault | None:
        """Find the fault that this call meets, if any."""
        return next((fault for fault in self._struck if fault.matches(call) and fault.fires()), None)

    def lag(self, call: Call) -> int:
        """For how many reads the effect of this write stays hidden."""
        fault = next((fault for fault in self._lags if fault.matches(call) and fault.fires()), None)
        return fault.reads if fault else 0


def _fault(entry: Mapping[str, Any], registry: Registry) -> Fault:
    effect = entry.get("effect")
    if effect not in EFFECTS:
        raise EstateError(f"fault: effect is one of {', '.join(EFFECTS)}, not {effect!r}")
    common = {"product", "action", "params", "key", "effect", "times", "skip"}
    known_keys(entry, common | EFFECTS[effect], f"fault {effect}")
    fault = Fault(**entry)
    if fault.phase not in ("before", "after"):
        raise EstateError(f"fault {effect}: phase is before or after, not {fault.phase!r}")
    if not any(
        _names(fault, product.name, action)
        for product in registry.products.values()
        for action in product.actions.values()
    ):
        raise EstateError(
            f"fault {effect}: no {'write' if effect == 'lag' else 'action'} is called {fault.product} {fault.action}"
        )
    return fault


def _names(fault: Fault, product: str, action: Any) -> bool:
    named = fnmatchcase(product, fault.product) and fnmatchcase(action.name, fault.action)
    return named and (action.writes or fault.effect != "lag")
