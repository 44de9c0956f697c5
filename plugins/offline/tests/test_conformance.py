"""The simulated reflection model goes through the suite that gepa-core ships to third parties."""

from __future__ import annotations

from gepa_offline import reflection_model

from gepa_core.protocols import LanguageModel
from gepa_core.testing import ModelSuite


class TestReflectionModel(ModelSuite):
    captures_usage = True

    def language_model(self) -> LanguageModel:
        return reflection_model(seed=3)
