"""What happens around a model call of a rollout: texts are put in place, and it is written down."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import attrs

from gepa_agents.answers import answer_of
from gepa_agents.clients import Api
from gepa_agents.raw import RawResponse, is_raw
from gepa_agents.recorder import Entry, Recorder
from gepa_agents.rewriting import rewritten
from gepa_agents.streams import recorded_stream
from gepa_core.appgraph import Rewriting

_in_call: ContextVar[bool] = ContextVar("gepa_agents_in_call", default=False)
_AROUND, _ORIGINAL = "_gepa_calls", "_gepa_original"
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
            if self.recorder is not None and _in_call.get():  # one layer of a client that calls another one
                return function(*args, **arguments)
            arguments = {**dict(zip(_POSITIONAL, args, strict=False)), **arguments}
            rest = args[len(_POSITIONAL) :]
            sent = rewritten(arguments, self.rewriting)
            return self._call(functools.partial(function, *rest), sent, api, is_async=is_async)

        # Clients hide their coroutine functions in decorators that are none.
        is_async = inspect.iscoroutinefunction(inspect.unwrap(function))
        made = _as_coroutine_function(call) if inspect.iscoroutinefunction(function) else call
        vars(made).update({_AROUND: self, _ORIGINAL: function})
        return made

    def around_request(self, post: Callable[..., Any], api: Api) -> Callable[..., Any]:
        """``post``, by which a helper of a client sends the ``body`` of a call, with this around it."""
        is_async = inspect.iscoroutinefunction(inspect.unwrap(post))

        def request(*args: Any, body: Any = None, **options: Any) -> Any:
            if not isinstance(body, Mapping):
                return post(*args, body=body, **options)

            def send(**sent: Any) -> Any:
                return post(*args, body=sent, **options)

            return self._call(send, rewritten(body, self.rewriting), api, is_async=is_async)

        return request

    def _call(
        self, function: Callable[..., Any], arguments: Mapping[str, Any], api: Api, *, is_async: bool
    ) -> Any:
        if self.recorder is None:
            return function(**arguments)
        entry = self.recorder.begin_model(str(arguments.get("model") or "model"), arguments)
        form = _Form(api, is_stream=bool(arguments.get("stream")), is_raw=is_raw(arguments))
        call = functools.partial(function, **arguments)
        if is_async:
            return _called(call, entry, form)
        with _around(entry):
            entry.call = self.recorder.calls.begin(entry.name)
            result = call()
        return (
            _awaited(result, entry, form) if inspect.isawaitable(result) else _finished(result, entry, form)
        )


@attrs.frozen
class _Form:
    """In what form an answer comes: in pieces, or as the HTTP response that it is read from."""

    api: Api
    is_stream: bool = attrs.field(kw_only=True)
    is_raw: bool = attrs.field(kw_only=True)


def original_of(function: Any) -> Any:
    """What `Calls.around` was given, for what it made; anything else as it is."""
    return getattr(function, _ORIGINAL, function)


def calls_around(function: Any) -> Calls | None:
    """The calls of which ``function`` was made by `Calls.around`."""
    found = getattr(function, _AROUND, None)
    return found if isinstance(found, Calls) else None


def _as_coroutine_function(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    async def awaiting(*args: Any, **arguments: Any) -> Any:
        return await call(*args, **arguments)

    return awaiting


async def _called(call: Callable[[], Any], entry: Entry, form: _Form) -> Any:
    with _around(entry):
        entry.call = await entry.recorder.calls.abegin(entry.name)
        response = await call()
    return _finished(response, entry, form)


async def _awaited(result: Any, entry: Entry, form: _Form) -> Any:
    with _around(entry):
        response = await result
    return _finished(response, entry, form)


def _finished(response: Any, entry: Entry, form: _Form) -> Any:
    if form.is_raw:
        return RawResponse(response, entry, form.api, is_stream=form.is_stream)
    if form.is_stream:
        return recorded_stream(response, entry, form.api)
    entry.answer(answer_of(response, form.api))
    return response


@contextmanager
def _around(entry: Entry) -> Iterator[None]:
    """Write an error down, and mark that the call is recorded, so that no layer below records it again."""
    token = _in_call.set(True)
    try:
        yield
    except BaseException as error:
        entry.fail(error)
        raise
    finally:
        _in_call.reset(token)
