"""What the tests of adapters are given."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from gepa_core.protocols import Adapter, System
from gepa_core.testing.models import ScriptedModel
from gepa_core.testing.suites.case import SystemCase
from gepa_core.testing.suites.trial import Trial, settled


class AppCase(SystemCase):
    """What to supply, beyond what `SystemCase` asks, and what can be said about it.

    Attributes:
        model_types: classes of the framework's models and clients, whose objects in an app are shared by
            identity with what is built.
        own_state: attributes and module variables that the app or its framework changes by itself, in a way
            that is no concern of the adapter.
        is_installed: whether the adapter is registered by an entry point, so that apps find it.
    """

    model_types: tuple[type, ...] = ()
    own_state: frozenset[str] = frozenset()
    is_installed: bool = True

    @abstractmethod
    def adapter(self) -> Adapter:
        """The adapter, with the options that this app needs."""

    @abstractmethod
    def app(self, model: ScriptedModel) -> Any:
        """A fresh app, as a user would write it, whose model calls are answered by ``model``.

        Put the model behind the framework's own class of models; give ``model.answer(…)`` everything that
        is sent, tools included. The app is used as it is, and also wrapped.
        """

    @abstractmethod
    def call(self, app: Any, inputs: Any) -> Any:
        """Run ``app`` on ``inputs`` as its users do, without the adapter. May return something to await."""

    def system(self, model: ScriptedModel) -> System:
        """The app, wrapped."""
        return self.adapter().wrap(self.app(model))

    # helpers of the tests -------------------------------------------------------

    def trial(self) -> Trial:
        """A fresh app, wrapped."""
        model = self.model()
        app = self.app(model)
        return Trial(system=self.adapter().wrap(app), model=model, app=app, rewrite=self.rewrite)

    def called(self, app: Any, inputs: Any) -> Any:
        """What the app returns, in a form that can be compared."""
        return self.plain(settled(self.call(app, inputs)))

    def own_calls(self, inputs: Any) -> list[str]:
        """What an app that was never wrapped sends."""
        model = self.model()
        self.called(self.app(model), inputs)
        return list(model.sent)
