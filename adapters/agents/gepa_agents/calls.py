"""What happens around a model call of a rollout: texts are put in place, and it is written down."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any

import attrs

from gepa_agents.answers import answer_of
from gepa_agents.clients import Api
from gepa_agents.recorder import Entry, Recorder
from gepa_agents.rewriting import Rewriting
from gepa_agents.streams import recorded_stream

_in_call: ContextVar[bool] = ContextVar("gepa_agents_in_call", default=False)
_POSITIONAL = ("model", "messages")


@attrs.frozen(eq=False)
class Calls:
    """What stands in for a client's methods does this before and after each call.

    Attributes:
        rewriting: texts that have no other place than the message itself.
        recorder: writes calls down; None for an app that is handed back.
    """

    rewriting: Rewriting = Rewriting()
    recorder: Recorder | None = None

    def around(self, function: Callable[..., Any], api: Api) -> Callable[..., Any]:
        """``function``, a client's method that calls a model, with this around it."""

        @functools.wraps(function)
        def call(*args: Any, **arguments: Any) -> Any:
            if _in_call.get():  # one layer of a client that calls another one
                return function(*args, **arguments)
            arguments = {**dict(zip(_POSITIONAL, args, strict=False)), **arguments}
            rest = args[len(_POSITIONAL) :]
            return self._call(functools.partial(function, *rest), self.rewriting.arguments(arguments), api)

        if inspect.iscoroutinefunction(function):
            return _as_coroutine_function(call)
        return call

    def _call(self, function: Callable[..., Any], arguments: Mapping[str, Any], api: Api) -> Any:
        entry = None
        if self.recorder is not None:
            entry = self.recorder.begin_model(str(arguments.get("model") or "model"), arguments)
        with _failing(entry), _Inside():
            result = function(**arguments)
        if inspect.isawaitable(result):
            return _awaited(result, entry, api, is_stream=bool(arguments.get("stream")))
        return _finished(result, entry, api, is_stream=bool(arguments.get("stream")))


def _as_coroutine_function(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    async def awaiting(*args: Any, **arguments: Any) -> Any:
        return await call(*args, **arguments)

    return awaiting


async def _awaited(result: Any, entry: Entry | None, api: Api, *, is_stream: bool) -> Any:
    with _failing(entry), _Inside():
        response = await result
    return _finished(response, entry, api, is_stream=is_stream)


def _finished(response: Any, entry: Entry | None, api: Api, *, is_stream: bool) -> Any:
    if entry is None:
        return response
    if is_stream:
        return recorded_stream(response, entry, api)
    entry.answer(answer_of(response, api))
    return response


class _Inside:
    """Marks that a model call is under way, so that the layers below it are not counted again."""

    def __enter__(self) -> None:
        self._token = _in_call.set(True)

    def __exit__(self, *_: object) -> None:
        _in_call.reset(self._token)


class _Failing:
    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            self._entry.fail(error)


def _failing(entry: Entry | None) -> AbstractContextManager[None]:
    return nullcontext() if entry is None else _Failing(entry)
