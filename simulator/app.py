# SPDX-License-Identifier: GPL-3.0-or-later
"""The ASGI application: the simulated cloud at every address, and its controls under `/_sim/`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .call import Incoming
from .errors import EstateError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from .pipeline import Cloud
    from .wires import Reply

ABORT = "simulator.abort"

Endpoint = Callable[["Request"], Awaitable[Response]]


class AbortableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with a way for the application to cut the connection (the `drop` fault)."""

    def on_message_begin(self) -> None:
        """Put the means of cutting the connection into the request's scope."""
        super().on_message_begin()
        self.scope[ABORT] = self.transport.abort


def application(cloud: Cloud) -> Starlette:
    """Everything that the server serves."""
    controls = [
        Route("/state", _shown(cloud.state), methods=["GET"]),
        Route("/journal", _shown(lambda: cloud.run.journal.entries), methods=["GET"]),
        Route("/connect", _connect(cloud), methods=["GET"]),
        Route("/reach", _reach(cloud), methods=["GET"]),
        Route("/violations", _shown(lambda: cloud.run.violations), methods=["GET"]),
        Route("/reset", _posted(cloud.reset), methods=["POST"]),
        Route("/faults", _posted(cloud.set_faults), methods=["POST"]),
    ]
    return Starlette(routes=[Mount("/_sim", routes=controls), Mount("/", app=_api(cloud))])


def _api(cloud: Cloud) -> ASGIApp:
    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        reply = await cloud.answer(await _incoming(scope, receive), gone)
        if reply is None:
            scope[ABORT]()
            await gone()
        else:
            await _send(reply, send)

    return api


async def _incoming(scope: Scope, receive: Receive) -> Incoming:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return Incoming(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def _send(reply: Reply, send: Send) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
    if reply.content_type:
        headers.append((b"content-type", reply.content_type.encode()))
    if reply.status != HTTPStatus.NO_CONTENT:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _shown(look: Callable[[], Any]) -> Endpoint:
    async def endpoint(_unused: Request) -> Response:
        return JSONResponse(look())

    return endpoint


def _connect(cloud: Cloud) -> Endpoint:
    """Answer `?from=ADDRESS&instance=ID&port=NUMBER` with {"accepted": true or false}; nonsense with 400."""

    async def endpoint(request: Request) -> Response:
        asked = request.query_params
        try:
            accepted = cloud.connect(asked["from"], asked["instance"], int(asked["port"]))
        except (EstateError, ValueError, KeyError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"accepted": accepted})

    return endpoint


def _reach(cloud: Cloud) -> Endpoint:
    """Answer `?from=ADDRESS&address=ADDRESS&port=NUMBER` with {"ends": [[INSTANCE, PORT], …]}; nonsense with 400."""

    async def endpoint(request: Request) -> Response:
        asked = request.query_params
        try:
            ends = cloud.reach(asked["from"], asked["address"], int(asked["port"]))
        except (ValueError, KeyError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"ends": ends})

    return endpoint


def _posted(change: Callable[[Any], None]) -> Endpoint:
    """Hand a POST's JSON body (none is as good as null) to `change`; answer nonsense with 400 and the reason."""

    async def endpoint(request: Request) -> Response:
        try:
            change(await request.json() if await request.body() else None)
        except (EstateError, ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return Response(status_code=204)

    return endpoint
