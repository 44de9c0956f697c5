"""The ASGI app: routes, counting, latency."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import attrs
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gepa_offline.model import MODELS, SimulatedModel
from gepa_offline.server.completion import ChatCompletion, complete
from gepa_offline.server.request import ChatRequest, Refusal, parse_request
from gepa_offline.server.stats import Stats


@attrs.frozen(kw_only=True, eq=False)
class ChatService:
    """What stands behind the routes.

    Attributes:
        model: the simulated models.
        stats: counts every chat request.
        latency: seconds from a request to its answer, by model name; 0 for a model not named.
    """

    model: SimulatedModel
    stats: Stats
    latency: Mapping[str, float]
    _closing: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)

    def close(self) -> None:
        """Answer whoever is waiting at once, with status 503. Call it on the server's event loop."""
        self._closing.set()

    async def chat(self, http: Request) -> Response:
        """``POST /v1/chat/completions``."""
        ticket = self.stats.arrive()
        body, model, status = b"", "", 0
        try:
            body = await http.body()
            try:
                request = parse_request(body)
                model = request.model
                response = await self.respond(request)
            except Refusal as error:
                response = JSONResponse(error.body(), status_code=error.status)
            status = response.status_code
        except ClientDisconnect:
            response = Response(status_code=400)
        finally:
            self.stats.leave(ticket, model=model, status=status, body=body)
        return response

    async def respond(self, request: ChatRequest) -> Response:
        """Everything between a request that was understood and its answer. Faults belong here."""
        if not await self._wait(self.latency.get(request.model, 0.0)):
            raise Refusal("The server is shutting down.", status=503)
        answer = complete(self.model, request)
        if request.stream:
            events = _stream(answer, include_usage=request.include_usage)
            return StreamingResponse(events, media_type="text/event-stream")
        return JSONResponse(answer.body())

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
        ]
    )
