"""What the tests of systems and adapters are given."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from gepa_core.jsonable import to_jsonable
from gepa_core.protocols import System
from gepa_core.testing.models import ScriptedModel
from gepa_core.testing.suites.base import Suite
from gepa_core.testing.suites.trial import Trial
from gepa_core.types import Component, Json


class SystemCase(Suite):
    """What to supply, and what can be said about it.

    Attributes:
        inputs: what the app is run on: one or more inputs that together reach every text.
        names: the components that should be found, in any order; None does not check them.
        silent: names of components that do not reach a model with these inputs.
        calls_models: whether a rollout calls a model at all.
        is_async: whether the system's `run` has to be awaited.
        has_memory: whether the app itself remembers from one call to the next.
        calls_at_once: whether one rollout may call models at the same time, so that their order is free.
        captures_tools: whether the app calls a tool on some of the inputs, and this is captured.
        captures_retrievals: the same for retrievals.
        captures_usage: whether the app's model reports the tokens that it used.
    """

    inputs: Sequence[Any] = ()
    names: Collection[str] | None = None
    silent: Collection[str] = ()
    calls_models: bool = True
    is_async: bool = False
    has_memory: bool = False
    calls_at_once: bool = False
    captures_tools: bool = False
    captures_retrievals: bool = False
    captures_usage: bool = False

    @abstractmethod
    def system(self, model: ScriptedModel) -> System:
        """A new system whose model calls are answered by ``model.answer(…)`` or ``model.aanswer(…)``.

        Give those everything that the model is sent: the messages, and the tools when there are any.
        """

    def model(self) -> ScriptedModel:
        """A new model. Override it where the app needs answers of a certain form."""
        return ScriptedModel()

    def rewrite(self, component: Component, addition: str) -> str:
        """``component``'s text with ``addition`` in it. Override it where the end is no place for that."""
        return f"{component.text}\n{addition}"

    def plain(self, output: Any) -> Json:
        """An output in a form that can be compared. Override it to leave out what differs by chance."""
        return to_jsonable(output)

    # helpers of the tests -------------------------------------------------------

    def trial(self) -> Trial:
        """A fresh app, wrapped."""
        model = self.model()
        return Trial(system=self.system(model), model=model, rewrite=self.rewrite)

    def own_calls(self, inputs: Any) -> list[str]:
        """What the model is sent with the app's own texts."""
        trial = self.trial()
        return trial.sent_for(trial.seed, inputs)

    @property
    def first(self) -> Any:
        """The first of the inputs."""
        return self.all_inputs[0]

    @property
    def all_inputs(self) -> Sequence[Any]:
        """The inputs, which have to be there."""
        if not len(self.inputs):
            pytest.fail(f"set `inputs` in {type(self).__name__}: a sequence of what the app is run on")
        return self.inputs

    def needs_a_model(self) -> None:
        """Skip what can only be seen at a model."""
        if not self.calls_models:
            pytest.skip("the system calls no model (calls_models = False)")
