"""Carrying faults out: answers that are wrong, and connections that break."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs
from starlette.responses import JSONResponse, Response
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from gepa_offline.server.request import Refusal

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from gepa_offline.server.completion import ChatCompletion
    from gepa_offline.server.faults import Fault

_GARBAGE = "The number seven is pleasant in spring, and so are most of the lesser rivers."
_SAYS = {
    429: "Rate limit reached for this model. Please try again later.",
    500: "The server had an error while processing your request.",
    503: "The server is overloaded or not ready yet.",
}
_PEERS: dict[object, asyncio.BaseTransport] = {}
"""Open connections of all servers of this process, by the address of the client."""


class BreakableProtocol(AutoHTTPProtocol):  # type: ignore[valid-type, misc]
    """uvicorn's protocol, with its connections within reach: ASGI itself has no way to break one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        super().connection_made(transport)
        _PEERS[self.server, self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        _PEERS.pop((self.server, self.client), None)
        super().connection_lost(exc)


class Broken(Response):
    """A response that sends nothing, or the first part of another one, and closes the connection."""

    def __init__(self, whole: bytes = b"", media_type: str = "") -> None:
        super().__init__(whole, status_code=200, media_type=media_type or None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half of it and break off."""
        transport = _PEERS[scope["server"], scope["client"]]
        if self.body and isinstance(transport, asyncio.Transport):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            half = self.body[: len(self.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            transport.close()  # what was written still goes out
        elif isinstance(transport, asyncio.Transport):
            transport.abort()
        await wait_for_disconnect(receive)


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def hold(receive: Receive, closing: asyncio.Event, seconds: float | None = None) -> bool:
    """Let a request hang until its client is gone or the server closes (False), or time is over (True)."""
    waits = [asyncio.ensure_future(wait_for_disconnect(receive)), asyncio.ensure_future(closing.wait())]
    try:
        ended, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return not ended
    finally:
        for one in waits:
            one.cancel()


def refused(fault: Fault, status: int) -> Response:
    """A status instead of an answer, in OpenAI's form."""
    code = "rate_limit_exceeded" if status == 429 else None
    error = Refusal(_SAYS.get(status, f"Injected fault with status {status}."), status=status, code=code)
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    return JSONResponse(error.body(), status_code=status, headers=headers)


def spoilt(answer: ChatCompletion, fault: Fault) -> ChatCompletion:
    """An answer with another text, for the faults that are no more than that."""
    if fault.kind not in ("empty", "garbage"):
        return answer
    text = _GARBAGE if fault.kind == "garbage" else ""
    return attrs.evolve(answer, text=text, tool_calls=(), finish_reason="stop")


def damaged(payload: bytes, media_type: str, fault: Fault) -> Response | None:
    """The response to a request whose fault lies in how the answer is sent; None when it lies elsewhere."""
    match fault.kind:
        case "drop":
            return Broken()
        case "truncate":
            return Broken(payload, media_type)
        case "malformed":
            # Of a stream, the last event is what cannot be read.
            end = b"\n\n" if media_type == "text/event-stream" else b""
            return Response(payload[: len(payload) // 2] + end, media_type=media_type)
    return None
