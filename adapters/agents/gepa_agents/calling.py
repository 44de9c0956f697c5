"""How an agent is called: which method, with what arguments, and what comes back."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from gepa_core.errors import ConfigurationError

Inputs: TypeAlias = Literal["auto", "one", "keywords"]
METHODS = ("run", "invoke")
"""Methods that are looked for in an object that cannot be called itself."""
PROMPTS, RECORDER = "prompts", "recorder"
"""Names of the parameters by which an agent asks for its texts, and for a recorder."""


@attrs.frozen(kw_only=True, eq=False)
class Signature:
    """How to call the agent.

    Attributes:
        method: the method to call; empty to call the agent itself.
        parameters: of the function behind it, without ``self``; None when they are not known.
        inputs: how an example's inputs are passed.
        is_async: whether it is a coroutine function.
    """

    method: str
    parameters: Mapping[str, inspect.Parameter] | None
    inputs: Inputs
    is_async: bool

    @property
    def wants_prompts(self) -> bool:
        """Whether it has a parameter ``prompts`` behind the first one."""
        return PROMPTS in list(self.parameters or ())[1:]

    @property
    def wants_recorder(self) -> bool:
        """Whether it has a parameter ``recorder`` behind the first one."""
        return RECORDER in list(self.parameters or ())[1:]

    def function(self, app: Any) -> Callable[..., Any]:
        """What is called of ``app``."""
        function: Callable[..., Any] = getattr(app, self.method) if self.method else app
        return function

    def arguments(self, inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and keyword arguments for an example's inputs.

        A mapping whose keys are the agent's parameters is passed by keyword, anything else as one argument.
        """
        if self.inputs == "keywords" or (self.inputs == "auto" and self._fits(inputs)):
            return (), dict(inputs)
        return (inputs,), {}

    def _fits(self, inputs: Any) -> bool:
        if not isinstance(inputs, Mapping) or not inputs or self.parameters is None:
            return False
        own = {
            name: one
            for name, one in self.parameters.items()
            if name not in (PROMPTS, RECORDER) and one.kind is not one.VAR_POSITIONAL
        }
        named = {name for name, one in own.items() if one.kind is not one.VAR_KEYWORD}
        required = {name for name in named if own[name].default is inspect.Parameter.empty}
        only_known = set(inputs) <= named or any(one.kind is one.VAR_KEYWORD for one in own.values())
        return bool(required) and required <= set(inputs) and only_known


def signature_of(target: Any, method: str, inputs: Inputs) -> Signature:
    """How to call ``target``.

    Raises:
        ConfigurationError: it is a class, cannot be called, or does not have ``method``.
    """
    if isinstance(target, type):
        raise ConfigurationError(
            f"{target.__name__!r} is a class: pass an object of it, {target.__name__}(...), or a function"
        )
    name = method or _method_of(target)
    function = getattr(target, name, None) if name else target
    if not callable(function):
        raise ConfigurationError(
            f"a {type(target).__qualname__} has no method {name!r}"
            if name
            else f"a {type(target).__qualname__} cannot be called and has no method"
            f" {' or '.join(map(repr, METHODS))}; name one with AgentsAdapter(call=...)"
        )
    try:
        parameters: Mapping[str, inspect.Parameter] | None = inspect.signature(function).parameters
    except (TypeError, ValueError):
        parameters = None
    return Signature(method=name, parameters=parameters, inputs=inputs, is_async=_is_async(function))


def _method_of(target: Any) -> str:
    if callable(target):
        return ""
    return next((name for name in METHODS if callable(getattr(target, name, None))), "")


def _is_async(function: Any) -> bool:
    called = function if inspect.isroutine(function) else type(function).__call__
    return any(
        check(one)
        for check in (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
        for one in (function, called)
    )


def gathered(result: Any) -> Any:
    """What a function returned; of a generator everything that it yields."""
    return _joined(list(result)) if inspect.isgenerator(result) else result


async def gathered_async(result: Awaitable[Any] | AsyncIterator[Any] | Iterator[Any] | Any) -> Any:
    """The same of what a coroutine function or an async generator function returned."""
    if inspect.isawaitable(result):
        result = await result
    if inspect.isasyncgen(result):
        return _joined([piece async for piece in result])
    return gathered(result)


def _joined(pieces: list[Any]) -> Any:
    return "".join(pieces) if pieces and all(isinstance(piece, str) for piece in pieces) else pieces
