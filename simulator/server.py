# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator as a server on loopback: in this process (`Simulator`), or in the foreground (`serve`)."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import uvicorn

from . import services
from .app import AbortableProtocol, application
from .pipeline import Cloud

if TYPE_CHECKING:
    from types import FrameType, TracebackType

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop

LOOPBACK = "127.0.0.1"
LIFETIME_SECONDS = 3600.0

Estate = str | Path | Mapping[str, Any]
T = TypeVar("T")


class _Server(uvicorn.Server):
    """uvicorn, stopped by an event or by its age, at once and without waiting for anybody."""

    def __init__(self, cloud: Cloud, lifetime: float, on_ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            application(cloud), http=AbortableProtocol, lifespan="off", ws="none", log_config=None, access_log=False,
            timeout_keep_alive=60, server_header=False, date_header=False, backlog=2048,
        )  # fmt: skip
        super().__init__(config)
        self._lifetime = lifetime
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        await super().startup(sockets)
        self._on_ready()

    async def main_loop(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), self._lifetime)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's signature
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def stop(self) -> None:
        """Stop serving; may be called from any thread, and when it is over already."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stopping.set)

    def on_loop(self, function: Callable[..., T], *args: Any) -> T:
        """Run `function` between two requests, from another thread, and give its result."""

        async def run() -> T:
            return function(*args)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=60)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        self.stop()


def _listen(host: str, port: int) -> socket.socket:
    if host != LOOPBACK:
        raise ValueError(f"the simulator listens on {LOOPBACK} only, not on {host}")
    # The protocol is named, for asyncio turns Nagle's delay off only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _run(server: _Server, listener: socket.socket) -> None:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(server.serve(sockets=[listener]))


def serve(cloud: Cloud, port: int, lifetime: float, on_ready: Callable[[str], None], host: str = LOOPBACK) -> None:
    """Serve in the foreground until a signal comes or `lifetime` seconds have passed; `on_ready` gets the URL."""
    listener = _listen(host, port)
    url = f"http://{host}:{listener.getsockname()[1]}"
    _run(_Server(cloud, lifetime, lambda: on_ready(url)), listener)


class Simulator:
    """A simulated Alibaba Cloud at `url`, for as long as the `with` block lasts.

    estate      path of an estate file, or an estate as a dict
    latency_ms  what every call takes; calls overlap
    faults      list of faults
    lifetime    seconds after which it stops by itself
    """

    def __init__(
        self,
        estate: Estate,
        *,
        latency_ms: float = 0,
        faults: Iterable[Mapping[str, Any]] = (),
        port: int = 0,
        host: str = LOOPBACK,
        lifetime: float = LIFETIME_SECONDS,
    ) -> None:
        self._cloud = Cloud(estate, services.registry(), latency_ms, faults)
        self._listener = _listen(host, port)
        self.url = f"http://{host}:{self._listener.getsockname()[1]}"
        self._ready = threading.Event()
        self._server = _Server(self._cloud, lifetime, self._ready.set)
        self._thread = threading.Thread(target=_run, args=(self._server, self._listener), name="simulator", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(timeout=30):
            raise RuntimeError("the simulator did not start within 30 seconds")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self._thread.join(timeout=30)

    def _ask(self, function: Callable[..., T], *args: Any) -> T:
        """Run `function` between two requests; directly, once the server has stopped."""
        return self._server.on_loop(function, *args) if self._thread.is_alive() else function(*args)

    def state(self) -> dict[str, Any]:
        """Show the world now, in the estate's format, full."""
        return self._ask(self._cloud.state)

    def connect(self, source: str, instance: str, port: int) -> bool:
        """Say whether a new TCP connection from an address to an instance's port would succeed now."""
        return self._ask(self._cloud.connect, source, instance, port)

    def reach(self, source: str, address: str, port: int) -> list[list[str | int]]:
        """List the [instance, port] at which a new TCP connection from outside to a public address can end now."""
        return self._ask(self._cloud.reach, source, address, port)

    def journal(self) -> list[dict[str, Any]]:
        """List the calls so far."""
        return self._ask(lambda: list(self._cloud.run.journal.entries))

    def violations(self) -> list[dict[str, Any]]:
        """List what was asked that the simulator does not know: a test that meant none expects an empty list."""
        return self._ask(lambda: list(self._cloud.run.violations))

    def reset(self, estate: Estate | None = None) -> None:
        """Start over: the first estate or another, an empty journal, the first faults."""
        self._ask(self._cloud.reset, estate)

    def set_faults(self, faults: Iterable[Mapping[str, Any]]) -> None:
        """Replace the faults."""
        self._ask(self._cloud.set_faults, faults)
