"""A uvicorn server that ends at once and quietly, also while requests are waiting."""

from __future__ import annotations

import socket

import uvicorn

from gepa_offline.server.app import ChatService, make_app
from gepa_offline.server.failing import BreakableProtocol


class ClosingServer(uvicorn.Server):
    """Tells the service that it closes, before it waits for open requests to end."""

    def __init__(self, config: uvicorn.Config, service: ChatService) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the waiting requests, then everything else."""
        self._service.close()
        await super().shutdown(sockets)


def make_server(service: ChatService) -> ClosingServer:
    """A server for a service. It logs nothing of its own and needs no start-up or shut-down events."""
    config = uvicorn.Config(
        make_app(service),
        http=BreakableProtocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=5,
    )
    return ClosingServer(config, service)
