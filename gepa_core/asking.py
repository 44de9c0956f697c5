"""Asking plugins: in their order, one at a time, on the right thread, so that each answers for itself."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import types
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping
from typing import Any, TypeAlias, TypeVar

from gepa_core.answers import Nonsense
from gepa_core.errors import GepaError, InfrastructureFault, ModelFault, PluginError
from gepa_core.faults import classify, describe
from gepa_core.implementation import Implementation
from gepa_core.manager import PluginManager
from gepa_core.redaction import hide_in
from gepa_core.stray import is_for_the_run, is_from_the_keyboard
from gepa_core.types import Feedback, Rollout
from gepa_core.workers import Workers

T = TypeVar("T")
Given: TypeAlias = Mapping[str, Any]
Check: TypeAlias = Callable[[Any], T]

log = logging.getLogger("gepa_core.plugins")


class Later:
    """What a wrapper of a slow hook is given at its ``yield``: the answer, once it is awaited.

    Nothing runs before that, so a wrapper that does not await it has replaced the run.
    """

    def __init__(self, ask: Callable[[], Awaitable[Any]]) -> None:
        self._ask: Callable[[], Awaitable[Any]] | None = ask

    def __await__(self) -> Generator[Any, Any, Any]:
        """The answer.

        Raises:
            RuntimeError: it was awaited before: it would be run, and paid for, a second time.
        """
        if self._ask is None:
            raise RuntimeError("an answer can be awaited only once: keep what the first 'await' returned")
        ask, self._ask = self._ask, None
        return ask().__await__()


class Asker:
    """Asks the plugins of one run. Checks are functions of `gepa_core.answers`."""

    def __init__(self, manager: PluginManager, workers: Workers) -> None:
        self._manager = manager
        self._workers = workers
        self._failed: set[tuple[str, str]] = set()

    # hooks that answer at once ----------------------------------------------

    def first(self, hook: str, check: Check[T], given: Given) -> T | None:
        """The first answer that is not None, or None."""
        ask: Callable[[], Any] = functools.partial(self._first, hook, check, given)
        for wrapper in reversed(self._manager.wrappers(hook)):
            ask = functools.partial(_around, wrapper, check, given, ask)
        answer: T | None = ask()
        return answer

    def _first(self, hook: str, check: Check[T], given: Given) -> T | None:
        for plugin in self._manager.implementations(hook):
            answer = ask_one(plugin, given)
            if answer is not None:
                return checked(plugin, check, answer)
        return None

    def each(self, hook: str, given: Given) -> list[tuple[Implementation, Any]]:
        """The answer of every plugin."""
        return [(plugin, ask_one(plugin, given)) for plugin in self._manager.implementations(hook)]

    def in_turn(self, hook: str, check: Check[T], value: T, name: str, given: Given) -> T:
        """``value``, given to every plugin as ``name`` and replaced by what it answers, if it does."""
        for plugin in self._manager.implementations(hook):
            answer = ask_one(plugin, {**given, name: value})
            if answer is not None:
                value = checked(plugin, check, answer)
        return value

    def tell(self, hook: str, given: Given, leave_out: Collection[str] = ()) -> None:
        """Call every plugin but those named; one that raises is passed over.

        Its first error is logged as a warning with its traceback, the others for debugging only.
        """
        for plugin in self._manager.implementations(hook):
            if plugin.plugin not in leave_out:
                try:
                    ask_one(plugin, given)
                except Exception as error:
                    again = (hook, plugin.plugin) in self._failed
                    self._failed.add((hook, plugin.plugin))
                    level = logging.DEBUG if again else logging.WARNING
                    hide_in(error)
                    log.log(level, "%s; it is passed over", error, exc_info=error.__cause__ or error)

    # hooks that may take their time -----------------------------------------

    async def first_slow(self, hook: str, check: Check[T], given: Given) -> T | None:
        """The first answer that is not None, or None. Whatever is not async runs on a worker thread."""
        wrappers = self._manager.wrappers(hook)
        if not wrappers:
            return await self._first_slow(hook, check, given)
        ask: Callable[[], Awaitable[Any]] = functools.partial(self._first_slow, hook, check, given)
        for wrapper in reversed(wrappers):
            ask = functools.partial(_around_slow, wrapper, check, given, ask)
        answer: T | None = await ask()
        return answer

    async def _first_slow(self, hook: str, check: Check[T], given: Given) -> T | None:
        for plugin in self._manager.implementations(hook):
            answer = await _settle(
                plugin, plugin.call if plugin.is_async else self._on_a_thread(plugin), given
            )
            if answer is not None:
                return checked(plugin, check, answer)
        return None

    def _on_a_thread(self, plugin: Implementation) -> Callable[[Given], Awaitable[Any]]:
        return lambda given: self._workers.run(plugin.call, given)


def ask_one(plugin: Implementation, given: Given) -> Any:
    """One plugin's answer, at once.

    Raises:
        PluginError: it raised, or has to be awaited.
    """
    try:
        answer = plugin.call(given)
    except BaseException as error:
        if is_from_the_keyboard(error):
            raise
        raise plugin.blame(_raised(error)) from error
    if answer is not None and inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise plugin.blame("returned something to await, but this hook has to answer at once")
    return answer


def _is_awaitable(answer: Any) -> bool:
    """`inspect.isawaitable`, which takes five times as long for what nearly every answer is."""
    return isinstance(answer, (types.CoroutineType, Later)) or (
        not isinstance(answer, (Rollout, Feedback)) and inspect.isawaitable(answer)
    )


def _around(wrapper: Implementation, check: Check[T], given: Given, ask: Callable[[], T | None]) -> T | None:
    try:
        answer = wrapper.wrap(given, ask)
    except PluginError:  # of a plugin inside, or of one that does not yield once
        raise
    except BaseException as error:
        if is_from_the_keyboard(error):
            raise
        raise wrapper.blame(_raised(error)) from error
    return None if answer is None else checked(wrapper, check, answer)


async def _around_slow(
    wrapper: Implementation, check: Check[T], given: Given, ask: Callable[[], Awaitable[Any]]
) -> T | None:
    answer = await _settle(wrapper, lambda given: wrapper.wrap(given, lambda: Later(ask)), given)
    return None if answer is None else checked(wrapper, check, answer)


async def _settle(plugin: Implementation, call: Callable[[Given], Any], given: Given) -> Any:
    """The result of ``call``, awaited as long as it is an awaitable.

    Raises:
        GepaError: what it raised, or what that means for the run.
    """
    task = asyncio.current_task()
    try:
        answer = call(given)
        while _is_awaitable(answer):
            answer = await answer
    except GepaError:
        raise
    except BaseException as error:
        if is_for_the_run(error, task):
            raise
        raise _as_fault(plugin, error) from error
    return answer


def checked(plugin: Implementation, check: Check[T], answer: Any) -> T:
    """``answer``, checked.

    Raises:
        PluginError: it cannot be used; names the plugin.
    """
    try:
        return check(answer)
    except Nonsense as nonsense:
        raise plugin.blame(f"answered {nonsense}") from None


def _raised(error: BaseException) -> str:
    return f"raised {describe(error)}"


def _as_fault(plugin: Implementation, error: BaseException) -> GepaError:
    """What an error of a slow hook means for the run: a passing fault may be tried again."""
    fault, blame = classify(error), plugin.blame(_raised(error))
    if fault.kind == "infrastructure":
        return InfrastructureFault(str(blame), retry_after=fault.retry_after)
    return ModelFault(str(blame)) if fault.kind == "model" else blame
