"""Rollouts: trajectories, errors, usage, both modes, and what a copy shares."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any

import pytest
from gepa_langchain import LangChainAdapter
from gepa_langchain.system import AsyncSystem, SyncSystem
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel, FakeListLLM
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    Runnable,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from langchain_core.runnables.history import RunnableWithMessageHistory
from langchain_core.tools import tool

from gepa_core.errors import ConfigurationError
from gepa_core.types import Rollout, Usage

from .conftest import RecordingModel

App = Runnable[Any, Any]


class Corpus(BaseRetriever):
    """Finds one document."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        del run_manager
        return [Document(f"about {query}", metadata={"source": "x"})]


def _chat(system: str) -> ChatPromptTemplate:
    return ChatPromptTemplate.from_messages([("system", system), ("human", "{question}")])


def _run(app: App, inputs: Any, **options: Any) -> Rollout:
    system = LangChainAdapter(**options).wrap(app)
    texts = {component.name: component.text for component in system.components}
    rollout = system.run(texts, inputs)
    return rollout if isinstance(rollout, Rollout) else asyncio.run(rollout)


def test_a_model_call_is_a_step(model: RecordingModel) -> None:
    rollout = _run(_chat("You answer briefly.") | model, {"question": "why?"})
    (step,) = rollout.trajectory.steps
    assert step.kind == "model"
    assert step.name == "RecordingModel"
    assert step.inputs == [
        {"role": "system", "content": "You answer briefly."},
        {"role": "human", "content": "why?"},
    ]
    assert step.output == "fine"
    assert step.usage == Usage(calls=1, input_tokens=7, output_tokens=3, unpriced=1)
    assert step.components == ("system",)
    assert step.parent is None
    assert isinstance(rollout.output, AIMessage)
    assert rollout.output.content == "fine"


def test_usage_that_is_not_reported_is_unknown() -> None:
    rollout = _run(_chat("You answer briefly.") | RecordingModel(metered=False), {"question": "why?"})
    assert rollout.trajectory.usage == Usage(calls=1, unmetered=1, unpriced=1)


def test_a_text_model_is_a_step() -> None:
    app = PromptTemplate.from_template("Tell me about {x}") | FakeListLLM(responses=["ok"])
    (step,) = _run(app, {"x": "y"}).trajectory.steps
    assert (step.inputs, step.output, step.components) == ("Tell me about y", "ok", ("prompt",))


def test_tools_and_retrievals_are_steps_and_contain_what_they_call(model: RecordingModel) -> None:
    summary_prompt = _chat("You summarise for the tool.")

    @tool
    def summarise(question: str) -> str:
        """Summarise a text with a model."""
        return str((summary_prompt | model).invoke({"question": question}).content)

    app = RunnablePassthrough.assign(found=(lambda given: given["question"]) | Corpus()) | RunnableLambda(
        lambda given: summarise.invoke({"question": given["found"][0].page_content})
    )
    retrieval, call, inner = _run(app, {"question": "cats"}).trajectory.steps
    assert (retrieval.kind, retrieval.name, retrieval.inputs) == ("retrieval", "Corpus", "cats")
    assert retrieval.output == [{"page_content": "about cats", "metadata": {"source": "x"}}]
    assert (call.kind, call.name, call.inputs) == ("tool", "summarise", {"question": "about cats"})
    assert (call.output, call.parent) == ("fine", None)
    assert (inner.kind, inner.parent) == ("model", 1)


def test_an_error_comes_with_what_happened_until_then(model: RecordingModel) -> None:
    def fail(_: object) -> None:
        raise ValueError("the parser did not understand")

    rollout = _run(_chat("You answer briefly.") | model | RunnableLambda(fail), {"question": "q"})
    assert isinstance(rollout.error, ValueError)
    assert [step.output for step in rollout.trajectory.steps] == ["fine"]


def test_a_failed_call_is_a_step_with_its_error() -> None:
    rollout = _run(_chat("You answer briefly.") | RecordingModel(fails=9), {"question": "q"})
    assert isinstance(rollout.error, ConnectionError)
    (step,) = rollout.trajectory.steps
    assert step.error == "ConnectionError: the model is away"
    assert step.usage.calls == 1


def test_each_attempt_of_a_retry_is_a_step() -> None:
    app = _chat("You answer briefly.") | RecordingModel(fails=1).with_retry(wait_exponential_jitter=False)
    rollout = _run(app, {"question": "q"})
    assert [bool(step.error) for step in rollout.trajectory.steps] == [True, False]


def test_branches_are_in_the_order_of_their_keys_whatever_their_timing() -> None:
    slow, fast = RecordingModel(delay=0.03, answer="slow"), RecordingModel(answer="fast")
    app = RunnableParallel(b=_chat("You are b.") | fast, a=_chat("You are a.") | slow)
    steps = _run(app, {"question": "q"}).trajectory.steps
    assert [step.output for step in steps] == ["slow", "fast"]


def test_two_prompts_that_share_a_prefix_are_told_apart(model: RecordingModel) -> None:
    app = RunnableParallel(
        a=_chat("You are an agent.") | model,
        b=_chat("You are an agent. Topic: {question}") | model,
        c=_chat("You are an agent. Topic: {question} Be brief.") | model,
    )
    steps = _run(app, {"question": "rain"}).trajectory.steps
    assert [step.components for step in steps] == [("a.system",), ("b.system",), ("c.system",)]


def test_equal_texts_are_told_apart_by_the_rest_of_their_prompts(model: RecordingModel) -> None:
    first = ChatPromptTemplate.from_messages([("system", "You are kind."), ("human", "Write on {question}")])
    second = ChatPromptTemplate.from_messages([("system", "You are kind."), ("human", "Argue on {question}")])
    steps = _run(RunnableParallel(a=first | model, b=second | model), {"question": "q"}).trajectory.steps
    assert [step.components for step in steps] == [("a.system", "a.human"), ("b.system", "b.human")]


async def _async_step(text: Any) -> Any:
    await asyncio.sleep(0)
    return text.upper()


async def _async_stream(chunks: Any) -> Any:
    async for chunk in chunks:
        yield chunk.upper()


@pytest.mark.parametrize(
    "step",
    [RunnableLambda(_async_step), RunnableGenerator(_async_stream), RunnablePassthrough(_async_step)],
    ids=["lambda", "generator", "passthrough"],
)
def test_an_app_with_an_async_only_step_is_run_on_the_loop(step: App, model: RecordingModel) -> None:
    app = _chat("You answer briefly.") | model | StrOutputParser() | step
    system = LangChainAdapter().wrap(app)
    assert isinstance(system, AsyncSystem)
    assert inspect.iscoroutinefunction(system.run)
    rollout: Rollout = asyncio.run(system.run({}, {"question": "q"}))
    assert rollout.error is None
    assert rollout.output in ("FINE", "fine")
    assert len(rollout.trajectory.steps) == 1


def test_an_app_with_both_is_run_with_invoke(model: RecordingModel) -> None:
    step = RunnableLambda(str.upper, afunc=_async_step)
    app = _chat("You answer briefly.") | model | StrOutputParser() | step
    system = LangChainAdapter().wrap(app)
    assert isinstance(system, SyncSystem)
    assert not inspect.iscoroutinefunction(system.run)
    assert isinstance(LangChainAdapter(mode="async").wrap(app), AsyncSystem)
    assert isinstance(LangChainAdapter(mode="sync").wrap(app), SyncSystem)


def test_the_async_run_returns_errors_too(model: RecordingModel) -> None:
    def fail(_: object) -> None:
        raise ValueError("no")

    rollout = _run(
        _chat("You answer briefly.") | model | RunnableLambda(fail), {"question": "q"}, mode="async"
    )
    assert isinstance(rollout.error, ValueError)
    assert len(rollout.trajectory.steps) == 1


def test_unknown_names_are_refused(model: RecordingModel) -> None:
    system = LangChainAdapter().wrap(_chat("You answer briefly.") | model)
    with pytest.raises(ConfigurationError, match=r"'sytem' is not a component .* 'system'"):
        system.build({"sytem": "x"})
    with pytest.raises(ConfigurationError, match="'sytem'"):
        system.run({"sytem": "x"}, {})


def test_a_text_that_cannot_be_built_is_the_candidates_fault(model: RecordingModel) -> None:
    app = ChatPromptTemplate.from_messages([("system", "You answer in the tone {tone}.")]) | model
    system = LangChainAdapter().wrap(app)
    rollout = system.run({"system": "You answer."}, {"tone": "calm"})
    assert isinstance(rollout, Rollout)
    assert isinstance(rollout.error, ConfigurationError)
    assert model.seen == []


def test_plans_of_a_candidate_are_kept_and_the_oldest_given_up(model: RecordingModel) -> None:
    system = LangChainAdapter().wrap(_chat("You answer briefly.") | model)
    first = system._plan({"system": "0"})
    assert system._plan({"system": "0"}) is first
    for number in range(100):
        system._plan({"system": str(number + 1)})
    assert system._plan({"system": "0"}) is not first
    assert len(system._plans) <= 64


def test_a_built_app_carries_no_recorder(model: RecordingModel) -> None:
    system = LangChainAdapter().wrap(_chat("You answer briefly.") | model)
    system.run({"system": "x"}, {"question": "q"})
    built = system.build({"system": "x"})
    assert "Recorder" not in repr(built)
    assert built.steps[-1] is model


def test_users_own_callbacks_and_config_still_work(model: RecordingModel) -> None:
    names: list[str] = []

    def note(given: Any, config: Any) -> Any:
        names.append(config["metadata"]["who"])
        return given

    app = RunnableLambda(note) | _chat("You answer briefly.") | model
    rollout = _run(app, {"question": "q"}, config={"metadata": {"who": "me"}}, share=[names])
    assert names == ["me"]
    assert len(rollout.trajectory.steps) == 1


@pytest.mark.filterwarnings("ignore:.*History.* (is|was) deprecated")
def test_an_app_with_message_history(model: RecordingModel) -> None:
    stores: dict[str, InMemoryChatMessageHistory] = {}
    prompt = ChatPromptTemplate.from_messages(
        [("system", "You remember."), MessagesPlaceholder("history"), ("human", "{question}")]
    )
    app = RunnableWithMessageHistory(
        prompt | model,
        lambda session_id: stores.setdefault(session_id, InMemoryChatMessageHistory()),
        input_messages_key="question",
        history_messages_key="history",
    )
    system = LangChainAdapter().wrap(app)
    assert [component.name for component in system.components] == ["system"]
    rollout = system.run({"system": "CHANGED"}, {"question": "q"})
    assert isinstance(rollout, Rollout)
    assert rollout.error is None
    assert "CHANGED" in model.text_seen
    assert "You remember." not in model.text_seen
    assert stores == {}
    assert type(system.build({})) is type(app)


def test_streamed_answers_are_captured() -> None:
    prompt = _chat("You answer briefly.")
    streaming = FakeListChatModel(responses=["hello"])

    def answer(given: dict[str, str]) -> str:
        return "".join(str(chunk.content) for chunk in (prompt | streaming).stream(given))

    rollout = _run(RunnableLambda(answer), {"question": "q"})
    assert rollout.output == "hello"
    assert [step.output for step in rollout.trajectory.steps] == ["hello"]


def test_a_real_client_is_shared_and_never_copied() -> None:
    openai = pytest.importorskip("langchain_openai")
    client = openai.ChatOpenAI(model="m", api_key="k", base_url="http://127.0.0.1:9/v1", max_retries=0)
    system = LangChainAdapter().wrap(_chat("You answer briefly.") | client.bind(temperature=0))
    built = system.build({"system": "x"})
    assert built.steps[-1].bound is client
    rollout = system.run({"system": "x"}, {"question": "q"})
    assert isinstance(rollout, Rollout)
    assert isinstance(rollout.error, pytest.importorskip("openai").APIConnectionError)
    (step,) = rollout.trajectory.steps
    assert (step.name, step.components) == ("m", ("system",))
    assert "ConnectionError" in step.error


def test_trajectories_can_be_stored(model: RecordingModel) -> None:
    rollout = _run(_chat("You answer \ud800 briefly.") | model, {"question": b"bytes"})
    for step in rollout.trajectory.steps:
        json.dumps([step.inputs, step.output]).encode()
