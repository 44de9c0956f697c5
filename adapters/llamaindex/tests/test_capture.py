"""What a rollout writes down: from any thread, once, and nothing after it is over."""

# ruff: noqa: ARG002 - the signatures are the framework's

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.routing import routes
from gepa_llamaindex.testing import Ask, ScriptedLLM, marked
from llama_index.core import PromptTemplate, VectorStoreIndex
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, LLMMetadata
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from llama_index.core.query_engine import CustomQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index_instrumentation import get_dispatcher

from gepa_core.types import Rollout, Step, Usage


def steps_of(rollout: Rollout, kind: str) -> list[Step]:
    assert rollout.error is None, repr(rollout.error)
    return [step for step in rollout.trajectory.steps if step.kind == kind]


def run(app: Any, inputs: Any, **options: Any) -> Rollout:
    result = LlamaIndexAdapter(**options).wrap(app).run({}, inputs)
    assert isinstance(result, Rollout)
    return result


def in_thread(work: Callable[[], Any]) -> Any:
    """The result of ``work`` in a raw thread, which has none of this context's variables."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


class Threaded(CustomQueryEngine):
    """Calls its model and its retriever from raw threads and from a pool."""

    llm: ScriptedLLM
    retriever: BaseRetriever
    prompt: PromptTemplate = PromptTemplate("Answer in one word, please: {query}")

    def custom_query(self, query_str: str) -> str:
        nodes = in_thread(lambda: self.retriever.retrieve(query_str))
        first = in_thread(lambda: self.llm.predict(self.prompt, query=nodes[0].get_content()))
        with ThreadPoolExecutor(2) as pool:
            second = pool.submit(self.llm.predict, self.prompt, query=query_str).result()
        return f"{first} {second}"


def test_calls_from_raw_threads_belong_to_their_rollout(index: VectorStoreIndex) -> None:
    llm = ScriptedLLM(reply=lambda _: "word")
    app = Threaded(llm=llm, retriever=index.as_retriever())
    system = LlamaIndexAdapter().wrap(app)
    assert [one.name for one in system.components] == ["prompt"]

    def one(mark: str) -> Any:
        return mark, system.run(marked(system, mark), "Which city?")

    with ThreadPoolExecutor(8) as pool:
        for mark, rollout in pool.map(one, ["A", "B"] * 8):
            calls = steps_of(rollout, "model")
            assert len(calls) == 2
            assert len(steps_of(rollout, "retrieval")) == 1
            assert all(f"MARK-{mark}-" in str(call.inputs) for call in calls)
            assert all(call.components == ("prompt",) for call in calls)
    assert routes() == 0


def test_a_retrieval_has_query_ids_scores_and_cut_texts() -> None:
    class Fixed(BaseRetriever):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            return [NodeWithScore(node=TextNode(text="x" * 9_000, id_="long"), score=0.25)]

    [step] = steps_of(run(Fixed(), {"query": "Where?"}), "retrieval")
    assert step.inputs == "Where?"
    assert isinstance(step.output, list)
    [passage] = step.output
    assert passage["id"] == "long"
    assert passage["score"] == 0.25
    assert "<cut: 7" in passage["text"]
    assert len(passage["text"]) < 2_100


def test_steps_have_parents_and_times(index: VectorStoreIndex) -> None:
    from llama_index.core.tools import QueryEngineTool

    llm = ScriptedLLM(reply=lambda _: "word", seconds=0.01)
    tool = QueryEngineTool.from_defaults(index.as_query_engine(llm=llm), name="cities", description="Cities.")
    rollout = run(tool, {"input": "Which city?"})
    kinds = [step.kind for step in rollout.trajectory.steps]
    assert kinds == ["tool", "retrieval", "model"]
    assert [step.parent for step in rollout.trajectory.steps] == [None, 0, 0]
    assert rollout.trajectory.steps[0].seconds >= rollout.trajectory.steps[2].seconds >= 0.01
    assert rollout.trajectory.steps[0].output == "word"


def test_unknown_usage_stays_unknown(index: VectorStoreIndex) -> None:
    llm = ScriptedLLM(reply=lambda _: "word", metered=False)
    rollout = run(index.as_query_engine(llm=llm), "Which city?")
    assert rollout.trajectory.usage == Usage(calls=1, unmetered=1, unpriced=1)
    llm = ScriptedLLM(reply=lambda _: "two words")
    usage = run(index.as_query_engine(llm=llm), "Which city?").trajectory.usage
    assert usage.output_tokens == 2
    assert usage.input_tokens > 10
    assert usage.unmetered == 0
    assert usage.unpriced == 1


class Completing(CustomLLM):
    """The least that LlamaIndex asks of a model: its ``chat`` calls its own ``complete``."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="mine", is_chat_model=True)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text="word", raw={"prompt_eval_count": 7, "eval_count": 1})

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        def stream() -> Any:
            yield CompletionResponse(text="word", delta="word", raw={"prompt_eval_count": 7, "eval_count": 1})

        return stream()


def test_a_chat_that_calls_complete_is_one_call(index: VectorStoreIndex) -> None:
    for streaming in (False, True):
        engine = index.as_query_engine(llm=Completing(), streaming=streaming)
        rollout = run(engine, "Which city?")
        [call] = steps_of(rollout, "model")
        assert call.name == "mine"
        assert call.usage == Usage(calls=1, input_tokens=7, output_tokens=1, unpriced=1)
        assert str(rollout.output) == "word"


class Undecorated(Completing):
    """A model whose author knew nothing of callbacks."""

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text="plain")


class Overridden(ScriptedLLM):
    """Overrides a method without LlamaIndex's decorator, as `OpenAILike` does."""

    def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
        return super().stream_chat(messages, **kwargs)


class Silent(Completing):
    """Streams, and tells nobody."""

    def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
        def stream() -> Any:
            said = ChatMessage(role="assistant", content="word")
            yield ChatResponse(message=said, delta="word")

        return stream()


def test_a_stream_is_heard_to_its_end_on_whatever_level_it_is_announced(index: VectorStoreIndex) -> None:
    llm = Overridden(reply=lambda _: "two words")
    rollout = run(index.as_query_engine(llm=llm, streaming=True), "Which city?")
    [call] = steps_of(rollout, "model")
    assert call.output == {"role": "assistant", "content": "two words"}
    assert (call.error, call.usage.output_tokens) == ("", 2)
    rollout = run(index.as_query_engine(llm=Silent(), streaming=True), "Which city?")
    [call] = steps_of(rollout, "model")
    assert str(rollout.output) == "word"
    assert (call.error, call.usage.unmetered) == ("", 1)
    assert "did not announce" in str(call.output)


class Careful(Completing):
    """Passes every call on to another model."""

    inner: ScriptedLLM

    def chat(self, messages: Any, **kwargs: Any) -> Any:
        return self.inner.chat(messages, **kwargs)


def test_models_without_callbacks_are_recorded_and_wrappers_count_once(index: VectorStoreIndex) -> None:
    [call] = steps_of(run(index.as_query_engine(llm=Undecorated()), "Which city?"), "model")
    assert "plain" in str(call.output)
    inner = ScriptedLLM(reply=lambda _: "word")
    [call] = steps_of(run(index.as_query_engine(llm=Careful(inner=inner)), "Which city?"), "model")
    assert call.name == "scripted"
    assert call.usage.unmetered == 0


def test_an_app_that_swallows_its_models_error_has_it_in_the_step(index: VectorStoreIndex) -> None:
    def fails(_: Ask) -> str:
        raise TimeoutError("no answer")

    engine = index.as_query_engine(llm=ScriptedLLM(reply=fails))

    def app(question: str) -> str:
        try:
            return str(engine.query(question))
        except TimeoutError:
            return "I could not find out."

    rollout = run(app, "Which city?")
    [call] = steps_of(rollout, "model")
    assert call.error == "TimeoutError: no answer"
    assert rollout.output == "I could not find out."


def test_late_calls_are_not_written_down(index: VectorStoreIndex) -> None:
    llm = ScriptedLLM(reply=lambda _: "word")
    release, done = threading.Event(), threading.Event()

    def late() -> None:
        release.wait(10)
        engine.query("Later?")
        done.set()

    engine = index.as_query_engine(llm=llm)

    def app(question: str) -> str:
        threading.Thread(target=late).start()
        return str(engine.query(question))

    rollout = run(app, "Which city?")
    release.set()
    assert done.wait(10)
    assert len(steps_of(rollout, "model")) == 1
    assert routes() == 0


def test_handlers_are_installed_once_and_the_apps_own_still_work(index: VectorStoreIndex) -> None:
    counter = TokenCountingHandler(tokenizer=str.split)
    llm = ScriptedLLM(reply=lambda _: "word")
    engine = index.as_query_engine(llm=llm)
    llm.callback_manager = CallbackManager([counter])
    for _ in range(3):
        run(engine, "Which city?")
    assert len(counter.llm_token_counts) == 3
    names = [type(one).__name__ for one in get_dispatcher("root").span_handlers]
    assert names.count("SpanRouter") == 1


def test_what_happens_outside_of_rollouts_is_ignored(index: VectorStoreIndex) -> None:
    llm = ScriptedLLM(reply=lambda _: "word")
    engine = index.as_query_engine(llm=llm)
    LlamaIndexAdapter().wrap(engine)
    engine.query("Which city?")
    assert routes() == 0


def test_messages_with_tool_calls_and_pictures_are_readable() -> None:
    from gepa_llamaindex.reading import message_json
    from llama_index.core.base.llms.types import ImageBlock, TextBlock

    message = ChatMessage(role="user", blocks=[TextBlock(text="Look:"), ImageBlock(image=b"\x89PNG....")])
    said = str(message_json(message))
    assert "Look:" in said
    assert "PNG...." not in said


def test_async_rollouts_in_one_task_do_not_mix(index: VectorStoreIndex) -> None:
    system = LlamaIndexAdapter(mode="async").wrap(index.as_query_engine(llm=ScriptedLLM(reply=lambda _: "w")))

    async def go() -> list[Rollout]:
        pending: list[Any] = [system.run(marked(system, mark), "Which?") for mark in "AB"]
        return [await one for one in reversed(pending)]

    second, first = asyncio.run(go())
    assert "MARK-A-" in str(first.trajectory)
    assert "MARK-B-" not in str(first.trajectory)
    assert "MARK-B-" in str(second.trajectory)
