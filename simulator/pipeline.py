# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a request, top to bottom: `Cloud.answer` is the list of its steps."""

from __future__ import annotations

import asyncio
import copy
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import estate, network, parameters
from .call import Call, Incoming
from .errors import ApiError, LoudError
from .faults import Fault, Faults
from .journal import Journal
from .services import actiontrail
from .wires import Reply, Wire
from .wires.oss import Oss
from .wires.rpc import Rpc
from .wires.sls import Sls

if TYPE_CHECKING:
    from pathlib import Path

    from .estate import World
    from .registry import Registry

WIRES: tuple[type[Wire], ...] = (Oss, Sls, Rpc)
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
    """An account's old sections, which the next `reads` reads of one resource of `product` still see."""

    account: str
    product: str
    sections: dict[str, Any]
    reads: int


@dataclass
class Run:
    """Everything that a reset throws away."""

    world: World
    faults: Faults
    journal: Journal = field(default_factory=Journal)
    violations: list[dict[str, Any]] = field(default_factory=list)
    lagging: dict[tuple[str, str], Lagging] = field(default_factory=dict)
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
        """Show the world as an estate."""
        return estate.dump(self.run.world, self._registry)

    def connect(self, source: str, instance: str, port: int) -> bool:
        """Say whether a new TCP connection from an address to an instance's port would succeed now."""
        return network.connect(self.run.world, source, instance, port)

    def reach(self, source: str, address: str, port: int) -> list[list[str | int]]:
        """List where a new TCP connection from an outside address to a public one can end now."""
        return network.reach(self.run.world, source, address, port)

    async def answer(self, request: Incoming, gone: Gone) -> Reply | None:
        """Give the reply, or None when the connection is to be closed without one."""
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
        if call.account:
            actiontrail.record(call)
        if isinstance(call.error, LoudError):
            run.violations.append(_violation(call))
        entry = run.journal.write(call, 0, fault.effect if fault else None)
        if fault and fault.phase == "after" and await _abandons(fault, gone):
            return None
        entry.update(status=reply.status, code=call.error.code if call.error else None)
        return reply


def _authorise(call: Call) -> None:
    if call.params.get("RegionId"):
        call.region = call.params["RegionId"]
    call.context = {"acs:SourceIp": "127.0.0.1", "acs:SecureTransport": "false", **call.action.context(call)}
    permission, resource = call.action.permission, call.action.resource(call)
    if permission and call.action.refuses and not call.key.allows(permission, resource, call.context):
        raise call.product.denied(permission, resource)


async def _before(fault: Fault, call: Call, gone: Gone) -> None:
    """Do what a fault does before the action has its effect."""
    if fault.effect == "throttle":
        raise call.product.throttled()
    if fault.effect == "error":
        raise ApiError(fault.code, fault.message, fault.status)
    if fault.effect == "html":
        raise ReplacedError
    if fault.effect == "delay":
        await asyncio.sleep(fault.ms / 1000)
    if fault.phase == "before" and await _abandons(fault, gone):
        raise UnansweredError(fault.effect)


async def _abandons(fault: Fault, gone: Gone) -> bool:
    """Whether there is no answer: by a drop, or because the client goes away during a hang."""
    if fault.effect != "hang":
        return fault.effect == "drop"
    try:
        await asyncio.wait_for(gone(), fault.seconds)
    except TimeoutError:
        return False
    return True


def _dispatch(call: Call, run: Run) -> None:
    """Run the action: a write on the state, a read on an old one where a lag says so."""
    if call.action.writes:
        _write(call, run)
        return
    lagging = _lagging(call, run)
    if lagging is None:
        call.outcome = call.action.handler(call)
        return
    current = call.account
    call.account = replace(current, sections=lagging.sections)
    try:
        call.outcome = call.action.handler(call)
    finally:
        call.account = current
        lagging.reads -= 1


def _write(call: Call, run: Run) -> None:
    reads = run.faults.lag(call)
    if not reads:
        call.outcome = call.action.handler(call)
        return
    product, resource = call.product.name, call.action.resource(call)
    earlier = _lagging(call, run)
    sections = earlier.sections if earlier else copy.deepcopy(call.account.sections)
    call.outcome = call.action.handler(call)
    run.lagging[call.account.id, resource] = Lagging(call.account.id, product, sections, reads)


def _lagging(call: Call, run: Run) -> Lagging | None:
    """Find what the call sees lagging: its own resource, or, for a list of all, any of the product."""
    if not run.lagging:
        return None
    run.lagging = {key: lagging for key, lagging in run.lagging.items() if lagging.reads > 0}
    resource = call.action.resource(call)
    same = run.lagging.get((call.account.id, resource))
    if same or not resource.endswith("*"):
        return same
    place = (call.account.id, call.product.name)
    return next((each for each in run.lagging.values() if (each.account, each.product) == place), None)


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
