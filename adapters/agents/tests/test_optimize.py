"""A whole run over HTTP: an agent as it is gets better on requests it has not seen (simulated)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gepa_offline import OfflineServer, domain, reflection_model
from openai import OpenAI

from gepa_core import optimize

from .apps import function_loop
from .apps.shop import TOOL_NAMES

TOOL_USE = domain("tool_use")


def _metric(row: Any, output: Any) -> Any:
    feedback = TOOL_USE.metric(row, output)
    return type(feedback)(feedback.score, feedback.text)


def test_an_agent_gets_better(server: OfflineServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with OpenAI(base_url=server.base_url, api_key="offline") as client:
        monkeypatch.setattr(function_loop, "client", client)
        result = optimize(
            function_loop.agent,
            trainset=TOOL_USE.rows("train", 30),
            valset=TOOL_USE.rows("val", 12),
            testset=TOOL_USE.rows("test", 40),
            metric=_metric,
            reflection_lm=reflection_model(),
            budget=250,
            run_dir=tmp_path,
        )
        assert list(result.best.texts) == ["system_prompt"]
        assert result.test is not None
        assert result.test.best_mean > result.test.seed_mean + 0.1
        assert result.app.__globals__["SYSTEM_PROMPT"] == result.best.texts["system_prompt"]
        assert result.seed.texts["system_prompt"] == function_loop.SYSTEM_PROMPT
        request = TOOL_USE.test[0]["inputs"]["request"]
        assert result.app(request)["tool"] in {name.split(".")[1] for name in TOOL_NAMES}
