"""The shapes of app that the adapter takes, by name."""

from __future__ import annotations

from gepa_llamaindex.testing import Shape

from . import agents, chats, code, queries, routers

SHAPES: dict[str, Shape] = {
    **code.SHAPES,
    **queries.SHAPES,
    **routers.SHAPES,
    **chats.SHAPES,
    **agents.SHAPES,
}
