# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a request, top to bottom: `Cloud.answer` is the list of its steps."""

from __future__ import annotations

import asyncio
import copy
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import estate, parameters
from .call import Call, Incoming
from .errors import ApiError, LoudError
from .faults import Fault, Faults
from .journal import Journal
from .wires import Reply, Wire
from .wires.oss import Oss
from .wires.rpc import Rpc

if TYPE_CHECKING:
    from pathlib import Path

    from .estate import World
    from .registry import Registry

WIRES: tuple[type[Wire], ...] = (Oss, Rpc)
HTML = Reply(
    200, "text/html", b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
)

Gone = Callable[[], Awaitable[None]]  # returns when the client has closed its connection


class UnansweredError(Exception):
    """The connection is to be closed without an answer; the text is the effect that does it."""


class ReplacedError(Exception):
    """Something between client and cloud answers instead: a page of HTML."""


@dataclass
class Lagging:
    """An old state of a product that reads of one resource still see."""

    product: str
    state: Any
    reads: int


@dataclass
class Run:
    """Everything that a reset throws away."""

    world: World
    faults: Faults
    journal: Journal = field(default_factory=Journal)
    violations: list[dict[str, Any]] = field(default_factory=list)
    lagging: dict[str, Lagging] = field(default_factory=dict)
    requests: int = 0


class Cloud:
    """The simulated cloud: answers requests, one `Run` at a time.

    estate      a path (YAML, or JSON when it ends so), or the data itself
    latency_ms  what every call takes; calls overlap
    faults      a list as in `README.md`
    """

    def __init__(
        self,
        source: str | Path | Mapping[str, Any],
        registry: Registry,
        latency_ms: float,
        faults: Iterable[Mapping[str, Any]],
    ) -> None:
        self._registry = registry
        self._wires = [wire() for wire in WIRES]
        self._latency = latency_ms / 1000
        self._estate = estate.read(source)
        self._faults = list(faults)
        self.reset()

    def reset(self, source: str | Path | Mapping[str, Any] | None = None) -> None:
        """Start over with the estate given first, or with another; the faults are those given first."""
        if source is not None:
            self._estate = estate.read(source)
        self.run = Run(estate.load(*self._estate, self._registry), Faults(self._faults, self._registry))

    def set_faults(self, faults: Iterable[Mapping[str, Any]]) -> None:
        """Replace the faults of this run; what already lags goes on lagging."""
        self.run.faults = Faults(faults, self._registry)

    def state(self) -> dict[str, Any]:
        """The world as an estate."""
        return estate.dump(self.run.world, self._registry)

    async def answer(self, request: Incoming, gone: Gone) -> Reply | None:
        """The reply, or None when the connection is to be closed without one."""
        run = self.run
        run.requests += 1
        call = Call(request, run.world, request_id=str(run.requests))
        fault = None
        try:
            self._recognise(call, run.requests)
            call.wire.parse(call, self._registry)
            call.wire.authenticate(call)
            call.params = parameters.bind(call.action.params, parameters.tree(call.raw), call)
            _authorise(call)
            fault = run.faults.strike(call)
            await asyncio.sleep(self._latency)
            if fault:
                await _before(fault, call, gone)
            _dispatch(call, run)
        except ApiError as error:
            call.error = error
        except UnansweredError as effect:
            run.journal.write(call, 0, str(effect))
            return None
        except ReplacedError:
            run.journal.write(call, HTML.status, "html")
            return HTML
        except Exception:  # noqa: BLE001 - a bug in a service is answered loudly, not by a dead connection
            call.error = LoudError("InternalError", f"The simulator failed:\n{traceback.format_exc()}", 500)
        return await self._reply(call, run, fault, gone)

    def _recognise(self, call: Call, number: int) -> None:
        call.wire = next((wire for wire in self._wires if wire.claims(call.request, self._registry)), None)
        if call.wire is None:
            call.action_name = f"{call.request.method} {call.request.path}"
            raise LoudError(
                "UnknownProtocol", "The simulator recognises no Alibaba Cloud protocol in this request.", 404
            )
        call.request_id = call.wire.request_id(number)

    async def _reply(self, call: Call, run: Run, fault: Fault | None, gone: Gone) -> Reply | None:
        reply = (call.wire or Rpc()).serialise(call)
        if isinstance(call.error, LoudError):
            run.violations.append(_violation(call))
        if fault and fault.phase == "after" and fault.effect in ("drop", "hang"):
            run.journal.write(call, 0, fault.effect)
            if fault.effect == "drop" or await _left(gone, fault.seconds):
                return None
            return reply
        run.journal.write(call, reply.status, call.error.code if call.error else None)
        return reply


def _authorise(call: Call) -> None:
    if call.params.get("RegionId"):
        call.region = call.params["RegionId"]
    call.context = {"acs:SourceIp": "127.0.0.1", "acs:SecureTransport": "false"}
    permission, resource = call.action.permission, call.action.resource(call)
    if permission and not call.key.allows(permission, resource, call.context):
        raise call.product.denied(permission, resource)


async def _before(fault: Fault, call: Call, gone: Gone) -> None:
    """What a fault does before the action has its effect."""
    if fault.effect == "throttle":
        raise call.product.throttled()
    if fault.effect == "error":
        raise ApiError(fault.code, fault.message, fault.status)
    if fault.effect == "html":
        raise ReplacedError
    if fault.effect == "delay":
        await asyncio.sleep(fault.ms / 1000)
    if fault.phase == "after":
        return
    if fault.effect == "drop" or (fault.effect == "hang" and await _left(gone, fault.seconds)):
        raise UnansweredError(fault.effect)


async def _left(gone: Gone, seconds: float) -> bool:
    """Wait; True as soon as the client has gone."""
    try:
        await asyncio.wait_for(gone(), seconds)
    except TimeoutError:
        return False
    return True


def _dispatch(call: Call, run: Run) -> None:
    """Run the action, on an old state where a lag says so."""
    section = call.product.name
    resource = call.action.resource(call)
    if call.action.writes:
        reads = run.faults.lag(call)
        old = copy.deepcopy(call.account.sections[section]) if reads else None
        call.outcome = call.action.handler(call)
        if reads:
            earlier = run.lagging.get(resource)
            run.lagging[resource] = Lagging(section, earlier.state if earlier else old, reads)
        return
    lagging = _lagging(run, section, resource)
    if lagging is None:
        call.outcome = call.action.handler(call)
        return
    current = call.account
    call.account = replace(current, sections=current.sections | {section: run.lagging[lagging].state})
    try:
        call.outcome = call.action.handler(call)
    finally:
        call.account = current
        run.lagging[lagging].reads -= 1
        if run.lagging[lagging].reads <= 0:
            del run.lagging[lagging]


def _lagging(run: Run, product: str, resource: str) -> str | None:
    """The lagging resource that a read of `resource` sees: the same one, or for a list ("*") the first of the product."""
    if resource in run.lagging:
        return resource
    if not resource.endswith("*"):
        return None
    return next((name for name, lagging in run.lagging.items() if lagging.product == product), None)


def _violation(call: Call) -> dict[str, Any]:
    request = call.request
    return {
        "code": call.error.code,
        "message": call.error.message,
        "product": call.product.name if call.product else None,
        "action": call.action_name,
        "request": f"{request.method} {request.host}{request.path}",
        "request_id": call.request_id,
    }
