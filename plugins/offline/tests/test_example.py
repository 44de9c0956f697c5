"""The support-desk example in the docs: its data, its metric, its chain."""

from __future__ import annotations

import importlib.util
import json
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gepa_offline import domain, serve
from gepa_offline.domain import SPLITS, Split
from gepa_offline.model import REFLECTION_MODEL, default_task_model

DESK = domain("support_desk")
FOLDER = Path(__file__).parents[3] / "docs" / "examples" / "support_desk"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"support_desk_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("split", SPLITS)
def test_data_is_what_the_domain_makes(split: Split) -> None:
    text = (FOLDER / f"{split}.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == DESK.rows(split)


def test_metric_is_the_domains() -> None:
    metric = load("metric").metric
    for row in DESK.test:
        output = DESK.run(DESK.seed_texts, row["inputs"])
        shown, own = metric(row, output), DESK.metric(row, output)
        assert (shown.score, shown.text, shown.objectives) == (own.score, own.text, own.objectives)


def test_chain_over_http_does_what_the_domain_does_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = DESK.test[:8]
    with serve() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        chain = load("app").chain
        outputs = chain.batch([row["inputs"] for row in rows])
        assert server.stats()["calls"] == {"simulated-task": {"200": 16}}
    ask = default_task_model().ask
    expected = [{**row["inputs"], **DESK.run(DESK.seed_texts, row["inputs"], ask=ask)} for row in rows]
    assert outputs == expected


def test_chain_can_be_made_without_a_server_or_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert load("app").chain.get_name()


def test_configuration_names_what_is_there() -> None:
    config: dict[str, Any] = tomllib.loads((FOLDER / "gepa.toml").read_text(encoding="utf-8"))
    for key in ("trainset", "valset", "testset"):
        assert (FOLDER / config[key]).is_file()
    for key in ("target", "metric"):
        module, _, name = config[key].partition(":")
        assert name in (FOLDER / f"{module}.py").read_text(encoding="utf-8")
    assert config["reflection_lm"]["model"] == REFLECTION_MODEL
    assert len(DESK.test) * 2 < config["budget"]
