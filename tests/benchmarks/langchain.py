"""What `gepa-langchain` costs on the chains, agents and graphs of its tests."""

from __future__ import annotations

import functools

from gepa_langchain import LangChainAdapter

from adapters.langchain.tests import agents, shapes
from adapters.langchain.tests.conftest import RecordingModel
from adapters.langchain.tests.scripted import ScriptedModel
from tests.benchmarks.row import Row
from tests.benchmarks.shapes import Shape, rows_for

CHAINS = ("chat", "few_shot_chat", "parallel", "assign", "closure_router", "module_variables", "nested")
AGENTS = ("two_tools", "state_graph", "supervisor", "history_aware_retrieval", "class_with_threads")


def rows(full: bool) -> list[Row]:
    """Four rows over all shapes."""
    made = [*map(_chain, CHAINS), *map(_agent, AGENTS)]
    return rows_for("langchain", made, times=15 if full else 3)


def _chain(name: str) -> Shape:
    shape = shapes.SHAPES[name]
    app = shape.make(RecordingModel())
    inputs = shape.inputs[0]
    return Shape(
        name=name,
        wrap=lambda: LangChainAdapter().wrap(app),
        plain=functools.partial(app.invoke, inputs),
        inputs=inputs,
    )


def _agent(name: str) -> Shape:
    agent = agents.AGENTS[name]
    app = agent.make(ScriptedModel(script=agent.script))
    return Shape(
        name=name,
        wrap=lambda: LangChainAdapter().wrap(app),
        plain=functools.partial(app.invoke, agent.inputs),
        inputs=agent.inputs,
    )
