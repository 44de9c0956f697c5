"""One typed method for each hook, so that nothing else calls pluggy.

Every hook that stops at the first answer is asked plugin by plugin, so that an error or a bad answer can
be laid at the right door. A wrapper is put around each implementation that is asked.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import attrs
import pluggy

from gepa_core.errors import GepaError, PluginError
from gepa_core.events import Event
from gepa_core.manager import PluginManager, installed_plugins
from gepa_core.mutation import MutationRequest
from gepa_core.pool import Pool
from gepa_core.protocols import System
from gepa_core.state import Member
from gepa_core.types import Candidate, Example, Feedback, Merge, Outcome, Rollout
from gepa_core.workers import Workers

T = TypeVar("T")

log = logging.getLogger(__name__)


@attrs.frozen
class _Asked:
    """One plugin's implementation of one hook, with the wrappers around it."""

    plugin: str
    call: pluggy.HookCaller
    is_async: bool


class Stages:
    """The hooks of one run."""

    def __init__(self, manager: PluginManager, workers: Workers) -> None:
        self._manager = manager.pluggy
        self._workers = workers
        self._order: dict[str, list[_Asked]] = {}

    # set-up and observing -------------------------------------------------

    def configure(self, pool: Pool, run_dir: str) -> None:
        """Ask every plugin `gepa_configure`."""
        for asked in self._asked("gepa_configure"):
            self._call(asked, pool=pool, run_dir=run_dir)

    def unconfigure(self, pool: Pool, reason: str) -> None:
        """Ask every plugin `gepa_unconfigure`; one that raises is logged and passed over."""
        self._tell("gepa_unconfigure", pool=pool, reason=reason)

    def notify(self, event: Event) -> None:
        """Tell every plugin of ``event``; one that raises is logged and passed over."""
        self._tell("gepa_notify", event=event)

    # planning ---------------------------------------------------------------

    def merge(self, pool: Pool, number: int) -> Merge | None:
        """The merge that proposal ``number`` should be, if any."""
        return self._first("gepa_merge_candidates", Merge, number=number, **_context(pool, "merge", number))

    def parent(self, pool: Pool, number: int) -> Member:
        """The candidate to mutate."""
        return self._required("gepa_select_parent", Member, number=number, **_context(pool, "parent", number))

    def examples(self, pool: Pool, parent: Member, number: int) -> tuple[Example, ...]:
        """The minibatch; empty to skip the proposal."""
        context = _context(pool, "examples", number)
        chosen = self._required("gepa_sample_examples", Sequence, parent=parent, number=number, **context)
        return _each_once("gepa_sample_examples", chosen, {example.id: example for example in pool.train})

    def components(
        self, pool: Pool, parent: Member, outcomes: Sequence[Outcome], number: int
    ) -> tuple[str, ...]:
        """Names of the components to rewrite; empty to skip the proposal."""
        context = _context(pool, "components", number)
        names = self._required(
            "gepa_select_components", Sequence, parent=parent, outcomes=outcomes, number=number, **context
        )
        return _each_once("gepa_select_components", names, {part.name: part.name for part in pool.components})

    # running ------------------------------------------------------------------

    async def capture(self, system: System, candidate: Candidate, example: Example) -> Rollout:
        """Run a candidate on an example."""
        return await self._first_slow(
            "gepa_capture_trajectory", Rollout, system=system, candidate=candidate, example=example
        )

    async def feedback(self, example: Example, rollout: Rollout) -> Feedback:
        """Score a rollout."""
        return await self._first_slow("gepa_give_feedback", Feedback, example=example, rollout=rollout)

    async def propose(self, request: MutationRequest) -> Mapping[str, str]:
        """New texts for the chosen components."""
        return await self._first_slow("gepa_propose_texts", Mapping, request=request)

    # deciding -------------------------------------------------------------------

    def accept(self, pool: Pool, kind: str, before: Sequence[float], after: Sequence[float]) -> bool:
        """Whether a tested candidate is worth validating."""
        return self._required("gepa_accept_candidate", bool, pool=pool, kind=kind, before=before, after=after)

    def next_validation(self, pool: Pool, scores: Mapping[str, float], number: int) -> tuple[Example, ...]:
        """The validation examples to run next; empty when that was enough."""
        context = _context(pool, "validation", number)
        chosen = self._required("gepa_next_validation", Sequence, scores=scores, number=number, **context)
        return _each_once(
            "gepa_next_validation",
            chosen,
            {example.id: example for example in pool.val if example.id not in scores},
        )

    def stop_reason(self, pool: Pool) -> str:
        """The first reason to plan no further proposal; empty to go on. Every plugin is asked."""
        reasons = [self._call(asked, pool=pool) for asked in self._asked("gepa_stop_reason")]
        return next((str(reason) for reason in reasons if reason), "")

    # asking -----------------------------------------------------------------------

    def _asked(self, hook: str) -> list[_Asked]:
        """The implementations of ``hook`` in the order in which they are asked."""
        if hook not in self._order:
            self._order[hook] = list(self._resolve(hook))
        return self._order[hook]

    def _resolve(self, hook: str) -> Iterator[_Asked]:
        # pluggy lists implementations in the reverse of the order in which it calls them.
        plain = [one for one in getattr(self._manager.hook, hook).get_hookimpls() if not one.wrapper]
        for implementation in reversed(plain):
            others = [one.plugin for one in plain if one is not implementation]
            call = self._manager.subset_hook_caller(hook, others)
            is_async = inspect.iscoroutinefunction(implementation.function)
            yield _Asked(implementation.plugin_name, call, is_async)

    def _call(self, asked: _Asked, **arguments: Any) -> Any:
        try:
            answer = asked.call(**arguments)
        except Exception as error:
            raise _blame(asked, f"raised {type(error).__name__}: {error}") from error
        answer = answer[0] if isinstance(answer, list) and not _is_first_result(asked) and answer else answer
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise _blame(asked, "is async, but this hook has to answer at once; write it with 'def'")
        return answer

    def _first(self, hook: str, answer_type: type[T], /, **arguments: Any) -> T | None:
        for asked in self._asked(hook):
            answer = self._call(asked, **arguments)
            if answer is not None:
                return _checked(asked, answer, answer_type)
        return None

    def _required(self, hook: str, answer_type: type[T], /, **arguments: Any) -> T:
        answer = self._first(hook, answer_type, **arguments)
        if answer is None:
            raise PluginError(f"no plugin answered {hook!r}; was its default left out with 'no:…'?")
        return answer

    async def _first_slow(self, hook: str, answer_type: type[T], /, **arguments: Any) -> T:
        for asked in self._asked(hook):
            answer = await self._call_slow(asked, arguments)
            if answer is not None:
                return _checked(asked, answer, answer_type)
        raise PluginError(f"no plugin answered {hook!r}; was its default left out with 'no:…'?")

    async def _call_slow(self, asked: _Asked, arguments: Mapping[str, Any]) -> Any:
        try:
            if asked.is_async:
                answer = asked.call(**arguments)
            else:
                answer = await self._workers.run(asked.call, **arguments)
            return await answer if inspect.isawaitable(answer) else answer
        except (GepaError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise _blame(asked, f"raised {type(error).__name__}: {error}") from error

    def _tell(self, hook: str, **arguments: Any) -> None:
        for asked in self._asked(hook):
            try:
                asked.call(**arguments)
            except Exception:
                log.exception("plugin %r failed in %s and is passed over", asked.plugin, hook)


def _context(pool: Pool, purpose: str, number: int) -> dict[str, Any]:
    return {"pool": pool, "rng": pool.rng(purpose, number)}


def _is_first_result(asked: _Asked) -> bool:
    spec = asked.call.spec
    return bool(spec and spec.opts["firstresult"])


def _checked(asked: _Asked, answer: Any, answer_type: type[T]) -> T:
    if not isinstance(answer, answer_type) or isinstance(answer, str):
        raise _blame(asked, f"answered {answer!r}, which is no {answer_type.__name__}")
    return answer


def _each_once(hook: str, chosen: Iterable[T], allowed: Mapping[str, T]) -> tuple[T, ...]:
    """``chosen`` as a tuple, when each is one of ``allowed`` (by name or id) and stands there once."""
    taken: dict[str, T] = {}
    for item in chosen:
        name = item.id if isinstance(item, Example) else str(item)
        if name not in allowed:
            raise PluginError(f"{hook!r} answered {item!r}, which is not among those to choose from")
        if name in taken:
            raise PluginError(f"{hook!r} answered {item!r} twice")
        taken[name] = allowed[name]
    return tuple(taken.values())


def _blame(asked: _Asked, what: str) -> PluginError:
    point = installed_plugins().get(asked.plugin)
    origin = f"{point.dist.name} {point.dist.version}" if point and point.dist else ""
    of = f" of {origin}" if origin else ""
    return PluginError(
        f"plugin {asked.plugin!r}{of}: {asked.call.name} {what}", plugin=asked.plugin, distribution=origin
    )
