"""Walking and copying cost milliseconds, capture next to nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gepa_langchain import LangChainAdapter
from gepa_langchain.system import SyncSystem
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnablePassthrough

from .conftest import RecordingModel


def _large_app(model: RecordingModel) -> Runnable[Any, Any]:
    """Twelve steps, each with a prompt of its own."""
    app: Runnable[Any, Any] = RunnablePassthrough()
    for number in range(12):
        prompt = ChatPromptTemplate.from_messages(
            [("system", f"You are worker number {number} of many."), ("human", "{question}")]
        )
        app = app | RunnablePassthrough.assign(**{f"step_{number}": prompt | model | StrOutputParser()})
    return app


def _best(run: Callable[[], object], times: int = 5) -> float:
    """The least of some timings, in seconds."""

    def once() -> float:
        begin = time.perf_counter()
        run()
        return time.perf_counter() - begin

    return min(once() for _ in range(times))


def test_walking_is_quick(model: RecordingModel) -> None:
    app = _large_app(model)
    assert _best(lambda: LangChainAdapter().wrap(app)) < 0.25


def test_a_candidates_copy_is_quick(model: RecordingModel) -> None:
    system = LangChainAdapter().wrap(_large_app(model))
    texts = {component.name: component.text + " Work well." for component in system.components}
    assert len(texts) == 12
    assert _best(lambda: system.build(texts)) < 0.010


def test_capture_costs_little(model: RecordingModel) -> None:
    """Under 5% of a rollout of 100 ms, over twelve model calls."""
    app = _large_app(model)
    system = LangChainAdapter().wrap(app)
    assert isinstance(system, SyncSystem)
    texts = {component.name: component.text for component in system.components}
    plain = _best(lambda: app.invoke({"question": "q"}))
    captured = _best(lambda: system.run(texts, {"question": "q"}))
    assert captured - plain < 0.005 * 4  # four times the goal: the machine is shared
