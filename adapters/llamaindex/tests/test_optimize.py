"""The whole way: an engine and an agent as they are, optimised, handed back, and used."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from gepa_llamaindex.testing import Ask, ScriptedLLM
from llama_index.core import VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent

from gepa_core import optimize
from gepa_core.jsonable import to_jsonable

pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning")

WISH = "Always answer in capital letters."
ROWS = [{"inputs": f"What is the capital of region {number}?"} for number in range(6)]


def task(ask: Ask) -> str:
    return "LISBON" if WISH in ask.text else "Lisbon"


def reflection(ask: Ask) -> str:
    """Adds the wish to the text that it is shown, which keeps its variables."""
    own = ask.text.split("## Current text\n```\n")[1].split("\n```")[0]
    return f"```\n{own}\n{WISH}\n```"


def metric(example: Any, output: Any) -> float:
    del example
    return 1.0 if str(output).isupper() else 0.0


def improved(app: Any, tmp_path: Path) -> Any:
    return optimize(
        app,
        trainset=ROWS[:3],
        valset=ROWS[3:],
        metric=metric,
        reflection_lm=ScriptedLLM(reply=reflection),
        budget=40,
        run_dir=tmp_path / "run",
    )


def test_a_query_engine_gets_better(index: VectorStoreIndex, tmp_path: Path) -> None:
    llm = ScriptedLLM(reply=task)
    engine = index.as_query_engine(llm=llm, response_mode="simple_summarize")
    result = improved(engine, tmp_path)
    assert result.val.best_mean == 1.0
    assert type(result.app) is type(engine)
    assert str(result.app.query("And now?")) == "LISBON"
    assert str(engine.query("And now?")) == "Lisbon"


def test_what_is_stored_of_an_answer_is_readable(index: VectorStoreIndex) -> None:
    response = index.as_query_engine(llm=ScriptedLLM(reply=task)).query("Which city?")
    stored = to_jsonable(response)
    assert isinstance(stored, dict)
    assert stored["response"] == "Lisbon"
    [first, *_] = stored["source_nodes"]
    assert set(first) == {"id_", "text", "score"}


def test_an_agent_gets_better(tmp_path: Path) -> None:
    llm = ScriptedLLM(reply=task)
    agent = FunctionAgent(llm=llm, system_prompt="You answer questions about Portugal in one word.")
    result = improved(agent, tmp_path)
    assert result.val.best_mean == 1.0

    async def ask() -> str:
        return str(await result.app.run(user_msg="And now?"))

    assert asyncio.run(ask()) == "LISBON"
