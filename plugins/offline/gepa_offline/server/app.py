"""The ASGI app: routes, counting, latency, faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

import attrs
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gepa_offline.model import MODELS, SimulatedModel
from gepa_offline.server import failing
from gepa_offline.server.completion import ChatCompletion, complete
from gepa_offline.server.faults import as_json, read_faults
from gepa_offline.server.request import ChatRequest, Refusal, parse_request
from gepa_offline.server.stats import Stats

if TYPE_CHECKING:
    from gepa_offline.server.faults import Fault
    from gepa_offline.server.injector import FaultInjector


_EVENTS = "text/event-stream"


@attrs.frozen(kw_only=True, eq=False)
class ChatService:
    """What stands behind the routes.

    Attributes:
        model: the simulated models.
        stats: counts every chat request.
        latency: seconds from a request to its answer, by model name; 0 for a model not named.
        faults: what goes wrong.
    """

    model: SimulatedModel
    stats: Stats
    latency: Mapping[str, float]
    faults: FaultInjector
    _closing: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)

    def close(self) -> None:
        """Answer whoever is waiting at once, with status 503. Call it on the server's event loop."""
        self._closing.set()

    async def chat(self, http: Request) -> Response:
        """``POST /v1/chat/completions``."""
        visit = self.stats.arrive(is_retry=http.headers.get("x-stainless-retry-count", "0") != "0")
        try:
            visit.body = await http.body()
            try:
                request = parse_request(visit.body)
                visit.model, visit.user, visit.images = request.model, request.user, request.images
                fault = self.faults.strike(request.model, visit.body)
                visit.fault = fault.kind if fault is not None else ""
                response = await self.respond(request, http, fault)
            except Refusal as error:
                response = JSONResponse(error.body(), status_code=error.status)
            visit.status = 0 if visit.fault == "drop" else response.status_code
        except ClientDisconnect:
            response = Response(status_code=400)
        finally:
            self.stats.leave(visit)
        return response

    async def respond(self, request: ChatRequest, http: Request, fault: Fault | None) -> Response:
        """Everything between a request that was understood and its answer, or the fault that it meets."""
        if not await self._wait(self.latency.get(request.model, 0.0)):
            raise _closing()
        if fault is not None and fault.kind in ("slow", "hang"):
            seconds = fault.seconds if fault.kind == "slow" else None
            if not await failing.hold(http.receive, self._closing, seconds):
                raise _closing() if self._closing.is_set() else ClientDisconnect
        if fault is not None and fault.status is not None:
            return failing.refused(fault, fault.status)
        answer = complete(self.model, request)
        if fault is None:
            return _whole(answer, request)
        answer = failing.spoilt(answer, fault)
        return failing.damaged(*_payload(answer, request), fault) or _whole(answer, request)

    async def _wait(self, seconds: float) -> bool:
        """Let the time pass; False as soon as the server closes."""
        if seconds <= 0:
            return True
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return True
        return False

    async def models(self, _: Request) -> Response:
        """``GET /v1/models``."""
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "gepa-offline"} for name in MODELS]
        return JSONResponse({"object": "list", "data": data})

    async def statistics(self, _: Request) -> Response:
        """``GET /stats``."""
        return JSONResponse(self.stats.snapshot())

    async def requests(self, _: Request) -> Response:
        """``GET /requests``: the request log."""
        return JSONResponse([attrs.asdict(record) for record in self.stats.records()])

    async def show_faults(self, _: Request) -> Response:
        """``GET /faults``: those that are set."""
        return JSONResponse(as_json(self.faults.faults))

    async def set_faults(self, http: Request) -> Response:
        """``PUT /faults``: set others in their place; an empty list lets everything work again."""
        try:
            self.faults.set(read_faults(await http.body()))
        except ValueError as error:
            return JSONResponse(Refusal(str(error)).body(), status_code=400)
        return await self.show_faults(http)


def _closing() -> Refusal:
    return Refusal("The server is shutting down.", status=503)


def _whole(answer: ChatCompletion, request: ChatRequest) -> Response:
    if request.stream:
        events = _stream(answer, include_usage=request.include_usage)
        return StreamingResponse(events, media_type=_EVENTS)
    return JSONResponse(answer.body())


def _payload(answer: ChatCompletion, request: ChatRequest) -> tuple[bytes, str]:
    """All that `_whole` would send, and its media type."""
    if request.stream:
        return b"".join(answer.events(include_usage=request.include_usage)), _EVENTS
    return bytes(JSONResponse(answer.body()).body), "application/json"


async def _stream(answer: ChatCompletion, *, include_usage: bool) -> AsyncIterator[bytes]:
    # Starlette would move a plain iterator to a worker thread for each chunk.
    for event in answer.events(include_usage=include_usage):
        yield event


def make_app(service: ChatService) -> Starlette:
    """The ASGI app of a service."""
    return Starlette(
        routes=[
            Route("/v1/chat/completions", service.chat, methods=["POST"]),
            Route("/v1/models", service.models),
            Route("/stats", service.statistics),
            Route("/requests", service.requests),
            Route("/faults", service.show_faults),
            Route("/faults", service.set_faults, methods=["PUT"]),
        ]
    )
