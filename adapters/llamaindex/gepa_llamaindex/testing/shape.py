"""An app to hold the adapter's properties on, and how it is run with and without the adapter."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs

from gepa_core.types import Rollout
from gepa_llamaindex.adapter import LlamaIndexAdapter
from gepa_llamaindex.system import LlamaIndexSystem
from gepa_llamaindex.testing.models import ScriptedLLM


@attrs.frozen(kw_only=True)
class Shape:
    """An app, what it is run on, and what should be found in it.

    Attributes:
        make: makes a fresh app around the model that it is given.
        call: runs an app as its users do, without the adapter; may return something to await.
        inputs: what the adapter is given to do the same.
        names: the components that should be found, by name.
        model: makes the model.
        silent: the components that do not reach a model with these inputs.
        steps: the kinds of steps that a rollout should have, at least.
        adapter: the adapter to wrap it with.
    """

    make: Callable[[ScriptedLLM], Any]
    call: Callable[[Any], Any]
    inputs: Any
    names: Collection[str]
    model: Callable[[], ScriptedLLM]
    silent: Collection[str] = ()
    steps: Collection[str] = ("model",)
    adapter: LlamaIndexAdapter = attrs.field(factory=LlamaIndexAdapter)

    @property
    def live(self) -> set[str]:
        """The components that reach a model."""
        return set(self.names) - set(self.silent)

    def trial(self, adapter: LlamaIndexAdapter | None = None) -> Trial:
        """A fresh app, wrapped, by an ``adapter`` other than the shape's own where one is given."""
        llm = self.model()
        app = self.make(llm)
        return Trial(shape=self, llm=llm, app=app, system=(adapter or self.adapter).wrap(app))


@attrs.frozen(kw_only=True)
class Trial:
    """A fresh app, wrapped.

    Attributes:
        llm: its model, which writes down what it is asked.
        app: the app itself.
        system: the app, wrapped.
    """

    shape: Shape
    llm: ScriptedLLM
    app: Any
    system: LlamaIndexSystem

    @property
    def seed(self) -> dict[str, str]:
        """The app's own texts."""
        return {one.name: one.text for one in self.system.components}

    def run(self, texts: Mapping[str, str]) -> Rollout:
        """One rollout, which has to succeed."""
        rollout: Rollout = settled(lambda: self.system.run(texts, self.shape.inputs))
        assert rollout.error is None, repr(rollout.error)
        return rollout

    def run_together(self, candidates: Sequence[Mapping[str, str]]) -> list[Rollout]:
        """Rollouts at the same time, on one event loop."""

        async def together() -> list[Rollout]:
            pending: list[Any] = [self.system.run(texts, self.shape.inputs) for texts in candidates]
            return list(await asyncio.gather(*pending))

        return asyncio.run(together())

    def run_in_threads(self, candidates: Sequence[Mapping[str, str]]) -> list[Rollout]:
        """Rollouts at the same time, each on a thread of its own."""
        with ThreadPoolExecutor(len(candidates)) as pool:
            return list(pool.map(self.run, candidates))

    def asked(self, app: Any) -> tuple[list[str], str]:
        """What ``app`` asks its model when its users call it, and what it answers."""
        self.llm.seen.clear()
        output = str(settled(lambda: self.shape.call(app)))  # what is streamed is read by this
        return sorted(ask.everything for ask in self.llm.seen), output


def settled(call: Callable[[], Any]) -> Any:
    """What ``call`` comes to, awaited on an event loop of its own where it returns something to await."""
    result = call()
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Any) -> Any:
    return await result
