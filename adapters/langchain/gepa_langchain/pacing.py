"""Asking before each call of a chat model, at the place that LangChain has for it."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from contextvars import ContextVar
from typing import Any

from langchain_core.language_models import BaseChatModel, BaseLanguageModel
from langchain_core.rate_limiters import BaseRateLimiter

from gepa_core.pacing import Call, Calls

_called: ContextVar[str] = ContextVar("gepa_langchain_called", default="")
"""The model that LangChain said last is called: it is about to ask for leave."""


class Leaves:
    """The leaves to call models that one rollout has, until the calls have ended.

    LangChain asks for a leave and tells of a call's end without saying that both are the same call. Leaves
    for one model are alike, so the oldest goes with the first call that ends.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._held: defaultdict[str, deque[Call]] = defaultdict(deque)
        self._lock = threading.Lock()

    def announce(self, model: str) -> None:
        """A call of ``model`` is about to be made in this context."""
        _called.set(model)

    def wait(self) -> None:
        """Wait until it may be made."""
        model = _called.get()
        self._add(model, self._calls.begin(model))

    async def await_(self) -> None:
        """`wait` on an event loop."""
        model = _called.get()
        self._add(model, await self._calls.abegin(model))

    def take(self, model: str) -> Call:
        """The leave of a call that ended; one that nobody waits for where it had none, as from a cache."""
        with self._lock:
            held = self._held[model]
            return held.popleft() if held else Call()

    def _add(self, model: str, call: Call) -> None:
        with self._lock:
            self._held[model].append(call)


class _Limiter(BaseRateLimiter):
    """What a chat model asks after it has looked into its cache, before it calls its provider."""

    def __init__(self, leaves: Leaves, own: BaseRateLimiter | None) -> None:
        self._leaves = leaves
        self._own = own

    def __repr__(self) -> str:
        return repr(self._own)  # a model's cache may know it by how its fields are written

    def acquire(self, *, blocking: bool = True) -> bool:
        if self._own is not None and not self._own.acquire(blocking=blocking):
            return False
        self._leaves.wait()
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        if self._own is not None and not await self._own.aacquire(blocking=blocking):
            return False
        await self._leaves.await_()
        return True


def pace(shell: BaseLanguageModel[Any], leaves: Leaves) -> None:
    """Let a shell of a chat model ask, beside the limiter that it may have; others have no such place."""
    if isinstance(shell, BaseChatModel):
        shell.__dict__["rate_limiter"] = _Limiter(leaves, shell.rate_limiter)
