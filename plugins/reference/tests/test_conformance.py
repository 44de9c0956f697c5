"""A wrapped adapter and its plugin, through the suites that every system and plugin goes through."""

from __future__ import annotations

from typing import Any

import pytest
from gepa.adapters.default_adapter.default_adapter import DefaultAdapter
from gepa_offline import OfflineServer
from gepa_reference import DspyModel, wrap

from gepa_core.protocols import LanguageModel, System
from gepa_core.testing import ModelSuite, PluginSuite, ScriptedModel, SystemSuite

from . import hop

SEED = {"triage": "You sort tickets into queues."}


class TestDefaultAdapter(SystemSuite):
    """The adapter tells nothing of its model calls, so what is seen at a model is left out."""

    inputs = tuple(
        {"input": f"ticket {number}", "additional_context": {}, "answer": "queue"} for number in range(3)
    )
    names = tuple(SEED)
    calls_models = False

    def system(self, model: ScriptedModel) -> System:
        return wrap(DefaultAdapter(model=lambda messages: model.answer(list(messages))), SEED)


class TestHooks(PluginSuite):
    def plugin(self) -> Any:
        return wrap(DefaultAdapter(model=lambda _: "queue"), SEED).hooks


class TestDspyModel(ModelSuite):
    captures_usage = True

    @pytest.fixture(autouse=True)
    def _at(self, server: OfflineServer) -> None:
        self.server = server

    def language_model(self) -> LanguageModel:
        return DspyModel(lm=hop.model(self.server, "simulated-reflection"))
