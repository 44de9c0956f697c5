"""A plain function as a language model."""

from __future__ import annotations

import collections.abc
import inspect
import typing
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from gepa_core.errors import ConfigurationError, ModelFault
from gepa_core.faults import as_model_error
from gepa_core.lm.parts import as_dicts, as_text
from gepa_core.protocols import Completion, Message
from gepa_core.workers import Workers

Takes: TypeAlias = Literal["text", "messages"]

_LISTS = (list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)


@attrs.frozen(kw_only=True)
class CallableModel:
    """A function ``(str) -> str`` or ``(messages) -> str``, sync or async, as a `LanguageModel`.

    A sync function runs on a worker thread, so several calls may be in it at once. It may also return a
    `Completion`, to report what it used; otherwise usage and price are unknown.

    Attributes:
        function: called with one argument.
        takes: ``"text"``: one string; ``"messages"``: a list of ``{"role", "content"}`` dictionaries.
            Read from the annotation of the function's first parameter, or where it has none from its
            name (``messages``); else text.
        images: whether it can be given messages with images, whose content is a list of parts in OpenAI's
            form; by default where it takes messages, unless its annotation says that a content is a string.
        name: how it is called in logs; the function's own name by default.
    """

    function: Callable[..., object]
    takes: Takes = attrs.field()
    images: bool = attrs.field()
    name: str = attrs.field()
    _workers: Workers = attrs.field(factory=Workers, init=False, repr=False, eq=False)

    @takes.default
    def _takes(self) -> Takes:
        return _takes(self.function)

    @images.default
    def _images(self) -> bool:
        return self.takes == "messages" and not _holds_strings(self.function)

    @name.default
    def _name(self) -> str:
        return str(getattr(self.function, "__qualname__", None) or type(self.function).__name__)

    async def sees_images(self) -> bool:
        """Whether the function can be given messages with images."""
        return self.images

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """Call the function.

        Raises:
            InfrastructureFault: it raised something that passes.
            ModelFault: it cannot be used, or it returned no text.
            Exception: whatever else it raised, unchanged.
        """
        if not self.images:
            messages = [Message(message.role, message.content) for message in messages]
        argument = as_text(messages) if self.takes == "text" else as_dicts(messages)
        try:
            answer = await self._call(argument)
        except Exception as error:
            known = as_model_error(error)
            if known is error:
                raise
            raise known from error
        return self._completion(answer)

    async def _call(self, argument: object) -> object:
        if _is_async(self.function):
            return await typing.cast("Awaitable[object]", self.function(argument))
        answer = await self._workers.run(self.function, argument)
        return await answer if inspect.isawaitable(answer) else answer

    def _completion(self, answer: object) -> Completion:
        if isinstance(answer, Completion):
            return answer
        if answer is None or isinstance(answer, str):
            return Completion(text=answer or "")
        raise ModelFault(
            f"the model function {self.name!r} returned {type(answer).__name__!r}; it must return a string "
            "(or a gepa_core.protocols.Completion)"
        )


def _is_async(function: Callable[..., object]) -> bool:
    while hasattr(function, "func"):  # functools.partial, whose `func` is what runs
        function = function.func
    called = inspect.iscoroutinefunction(type(function).__call__)
    return called or inspect.iscoroutinefunction(function)


def _takes(function: Callable[..., object]) -> Takes:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # some built-in callables have no signature
        return "text"
    if not parameters or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
        raise ConfigurationError(
            f"the model function {function!r} takes no positional argument; it is called with the prompt: "
            "write it as (str) -> str or (messages) -> str"
        )
    first = parameters[0]
    annotation = _annotation(function, first)
    if annotation is inspect.Parameter.empty:
        return "messages" if first.name == "messages" else "text"
    return "messages" if _is_list(annotation) else "text"


def _annotation(function: Callable[..., object], parameter: inspect.Parameter) -> Any:
    if not isinstance(parameter.annotation, str):
        return parameter.annotation
    target = function if inspect.isroutine(function) else type(function).__call__
    try:
        return typing.get_type_hints(target).get(parameter.name, parameter.annotation)
    except Exception:  # a name that exists for type checkers only; its text still tells enough
        return parameter.annotation


def _is_list(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.split("[")[0].split(".")[-1].lower() in (
            "list",
            "sequence",
            "iterable",
            "collection",
        )
    origin = typing.get_origin(annotation) or annotation
    if origin is typing.Annotated:
        return _is_list(typing.get_args(annotation)[0])
    return origin in _LISTS


def _holds_strings(function: Callable[..., object]) -> bool:
    """Whether the annotation of the first parameter says that messages are dictionaries of strings."""
    try:
        first = next(iter(inspect.signature(function).parameters.values()))
    except (ValueError, TypeError, StopIteration):
        return False
    held = typing.get_args(_annotation(function, first))[:1]
    return any(typing.get_args(one)[1:] == (str,) for one in held)
