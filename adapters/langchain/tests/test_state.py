"""What each rollout has for itself: conversations, checkpoints, caches, the app's own state."""

from __future__ import annotations

import asyncio
import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypedDict

import pytest
from gepa_langchain import LangChainAdapter
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.chat_history import BaseChatMessageHistory, InMemoryChatMessageHistory
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, StateGraph
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore
from langgraph.types import CachePolicy

from gepa_core.errors import ConfigurationError
from gepa_core.types import Rollout

from .scripted import ScriptedModel
from .shapes.agents import add, look_up
from .shapes.shape import ASK

App = Runnable[Any, Any]


class State(TypedDict, total=False):
    question: str
    answer: str


def _run(app: App, inputs: Any, **options: Any) -> Rollout:
    return _runs(app, inputs, 1, **options)[0]


def _runs(app: App, inputs: Any, times: int, **options: Any) -> list[Rollout]:
    """Rollouts of one system, one after the other."""
    system = LangChainAdapter(**options).wrap(app)
    found = [system.run({}, inputs) for _ in range(times)]
    return [one if isinstance(one, Rollout) else asyncio.run(one) for one in found]


def _output(rollout: Rollout) -> Any:
    assert rollout.error is None, rollout.error
    return rollout.output


def test_an_agents_checkpointer_is_fresh_and_needs_no_thread_id() -> None:
    saver = InMemorySaver()
    app = create_agent(ScriptedModel(), [], system_prompt="You are careful.", checkpointer=saver)
    outputs = [_output(one) for one in _runs(app, ASK, 3)]
    assert [len(output["messages"]) for output in outputs] == [2, 2, 2]
    assert list(saver.list(None)) == []


def test_a_fixed_thread_id_does_not_leak_the_conversation() -> None:
    app = create_agent(ScriptedModel(), [], system_prompt="You are careful.", checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    outputs = [_output(one) for one in _runs(app, ASK, 2, config=config)]
    assert [len(output["messages"]) for output in outputs] == [2, 2]


def test_a_shared_checkpointer_keeps_what_a_fixed_thread_says() -> None:
    saver = InMemorySaver()
    app = create_agent(ScriptedModel(), [], system_prompt="You are careful.", checkpointer=saver)
    config = {"configurable": {"thread_id": "1"}}
    outputs = [_output(one) for one in _runs(app, ASK, 2, config=config, share=[saver])]
    assert [len(output["messages"]) for output in outputs] == [2, 4]
    assert list(saver.list(None)) != []


def _cached_graph(model: ScriptedModel, cache: InMemoryCache[Any]) -> App:
    prompt = ChatPromptTemplate.from_messages(
        [("system", "You answer from a cache."), ("human", "{question}")]
    )

    def answer(state: State) -> State:
        return {"answer": (prompt | model).invoke({"question": state["question"]}).text}

    graph = StateGraph(State)
    graph.add_node("answer", answer, cache_policy=CachePolicy())
    graph.add_edge(START, "answer")
    return graph.compile(cache=cache)


def test_a_cache_of_nodes_which_knows_no_prompts_is_fresh() -> None:
    model = ScriptedModel()
    system = LangChainAdapter().wrap(_cached_graph(model, InMemoryCache()))
    for text in ("FIRST", "SECOND"):
        system.run({"answer.system": text}, {"question": "q"})
    assert "FIRST" in model.sent
    assert "SECOND" in model.sent


def test_a_shared_cache_answers_for_all() -> None:
    model, cache = ScriptedModel(), InMemoryCache[Any]()
    app = _cached_graph(model, cache)
    _runs(app, {"question": "q"}, 2, share=[cache])
    assert len(model.conversations) == 1


def test_long_term_memory_begins_as_it_was_and_keeps_nothing() -> None:
    store = InMemoryStore()
    store.put(("notes",), "first", {"text": "kept"})

    def count(state: State, *, store: BaseStore) -> State:
        assert "question" in state
        store.put(("notes",), f"more{len(store.search(('notes',)))}", {"text": "new"})
        return {"answer": str(len(store.search(("notes",))))}

    graph = StateGraph(State)
    graph.add_node("count", count)
    graph.add_edge(START, "count")
    app: App = graph.compile(store=store)
    assert [_output(one)["answer"] for one in _runs(app, {"question": "q"}, 3)] == ["2", "2", "2"]
    assert len(store.search(("notes",))) == 1
    assert [_output(one)["answer"] for one in _runs(app, {"question": "q"}, 2, share=[store])] == ["2", "3"]


class Outside(BaseChatMessageHistory):
    """A history that lives elsewhere, as in a database."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: list[BaseMessage] = [HumanMessage("from before")]

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]
        return list(self.kept)

    def add_messages(self, messages: Any) -> None:
        with self.lock:
            self.kept.extend(messages)

    def clear(self) -> None:
        self.kept.clear()


@pytest.mark.filterwarnings("ignore:.*History.* (is|was) deprecated")
@pytest.mark.parametrize("make", [Outside, lambda: InMemoryChatMessageHistory(messages=[HumanMessage("x")])])
def test_histories_begin_as_they_were(make: Any) -> None:
    history = make()
    model = ScriptedModel()

    def chat(question: str) -> int:
        history.add_message(HumanMessage(question))
        model.invoke(history.messages)
        return len(history.messages)

    assert [_output(one) for one in _runs(RunnableLambda(chat), "q", 3)] == [2, 2, 2]
    assert len(history.messages) == 1
    assert [_output(one) for one in _runs(RunnableLambda(chat), "q", 2, share=[history])] == [2, 3]


@pytest.mark.filterwarnings("ignore:.*History.* (is|was) deprecated")
def test_sessions_are_fresh_and_need_no_id() -> None:
    stores: dict[str, InMemoryChatMessageHistory] = {}
    model = ScriptedModel()
    prompt = ChatPromptTemplate.from_messages(
        [("system", "You remember."), MessagesPlaceholder("history"), ("human", "{question}")]
    )
    app = RunnableWithMessageHistory(
        prompt | model,
        lambda session_id: stores.setdefault(session_id, InMemoryChatMessageHistory()),
        input_messages_key="question",
        history_messages_key="history",
    )
    config = {"configurable": {"session_id": "s"}}
    for options in ({}, {"config": config}):
        _runs(app, {"question": "q"}, 2, **options)
    assert [len(said) for said in model.conversations] == [2, 2, 2, 2]
    assert stores == {}
    _runs(app, {"question": "q"}, 2, config=config, share=[stores])
    assert [len(said) for said in model.conversations[4:]] == [2, 4]


CALLS: list[str] = []
CACHE: dict[str, str] = {}


def _remembering(model: ScriptedModel) -> App:
    """State in a closure, in the module, in a variable that is set again, and on an object."""
    turns: list[str] = []
    count = 0

    class Talk:
        def __init__(self) -> None:
            self.number = 0

        def next(self) -> int:
            self.number += 1
            return self.number

    talk = Talk()

    def answer(question: str) -> list[int]:
        nonlocal count
        count += 1
        turns.append(question)
        CALLS.append(question)
        model.invoke(question)
        return [count, len(turns), len(CALLS), talk.next()]

    return RunnableLambda(answer)


def test_the_apps_own_state_is_fresh() -> None:
    app = _remembering(ScriptedModel())
    assert [_output(one) for one in _runs(app, "q", 3)] == [[1, 1, 1, 1]] * 3
    assert CALLS == []
    assert app.invoke("q") == [1, 1, 1, 1]
    assert app.invoke("q") == [2, 2, 2, 2]
    CALLS.clear()


def test_the_apps_own_state_can_be_shared() -> None:
    app = _remembering(ScriptedModel())
    assert [_output(one) for one in _runs(app, "q", 2, share=[CALLS])] == [[1, 1, 1, 1], [1, 1, 2, 1]]
    CALLS.clear()


def test_caches_of_answers_without_the_prompt_are_fresh() -> None:
    model = ScriptedModel()
    prompt = ChatPromptTemplate.from_messages([("system", "You answer from a cache."), ("human", "{q}")])

    @functools.lru_cache
    def by_cache(question: str) -> str:
        return (prompt | model).invoke({"q": question}).text

    def by_dict(question: str) -> str:
        if question not in CACHE:
            CACHE[question] = (prompt | model).invoke({"q": question}).text
        return CACHE[question]

    system = LangChainAdapter().wrap(RunnableLambda(lambda question: by_cache(question) + by_dict(question)))
    (component,) = system.components
    for text in ("FIRST", "SECOND", "FIRST"):
        system.run({component.name: text}, "q")
    assert [said[0].text for said in model.conversations] == ["FIRST"] * 2 + ["SECOND"] * 2 + ["FIRST"] * 2
    assert CACHE == {}


def test_an_agent_that_loops_is_stopped() -> None:
    model = ScriptedModel(script=[("look_up", {"word": "x"})], repeat=True)
    app = create_agent(model, [look_up], system_prompt="You are careful.")
    rollout = _run(app, ASK, recursion_limit=10)
    assert isinstance(rollout.error, GraphRecursionError)
    assert 4 <= len(model.conversations) <= 6
    model.forget()
    assert isinstance(_run(app, ASK).error, GraphRecursionError)
    assert len(model.conversations) <= 51


def test_an_agent_within_a_tool_is_stopped_and_a_lower_limit_of_its_own_holds() -> None:
    model = ScriptedModel(script=[("look_up", {"word": "x"})], repeat=True)
    inner = create_agent(model, [look_up], system_prompt="You are careful.")
    outer: App = RunnableLambda(inner.invoke)
    assert isinstance(_run(outer, ASK, recursion_limit=10).error, GraphRecursionError)
    assert len(model.conversations) <= 6
    model.forget()
    own = inner.with_config({"recursion_limit": 4})
    assert isinstance(_run(own, ASK, recursion_limit=50).error, GraphRecursionError)
    assert len(model.conversations) <= 2


def test_a_built_app_keeps_its_own_limit_and_memory() -> None:
    saver = InMemorySaver()
    app = create_agent(ScriptedModel(), [], system_prompt="You are careful.", checkpointer=saver)
    built = LangChainAdapter().wrap(app).build({"system": "CHANGED"})
    assert built.config == app.config
    assert built.checkpointer is saver


def test_calls_in_threads_without_a_config_are_recorded_for_their_own_rollout() -> None:
    model = ScriptedModel()
    prompt = ChatPromptTemplate.from_messages([("system", "You work in a thread."), ("human", "{q}")])

    def ask(question: str) -> None:
        model.invoke(prompt.invoke({"q": question}))

    def answer(question: str) -> str:
        threads = [threading.Thread(target=ask, args=(f"{question}{number}",)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return question

    system = LangChainAdapter().wrap(RunnableLambda(answer))
    with ThreadPoolExecutor(8) as pool:
        rollouts = list(pool.map(lambda number: system.run({}, f"r{number}-"), range(16)))
    for number, rollout in enumerate(rollouts):
        assert isinstance(rollout, Rollout)
        asked = [step.inputs[1]["content"] for step in rollout.trajectory.steps]  # type: ignore[index, call-overload]
        assert asked == [f"r{number}-{thread}" for thread in range(3)]
        assert {step.components for step in rollout.trajectory.steps} == {("ask.system",)}


class Listener(BaseCallbackHandler):
    """Counts the model calls that it hears of."""

    def __init__(self) -> None:
        self.heard = 0

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        del args, kwargs
        self.heard += 1


@pytest.mark.parametrize("as_manager", [False, True])
def test_a_models_own_callbacks_still_hear_and_calls_are_counted_once(as_manager: bool) -> None:
    listener = Listener()
    callbacks: Any = CallbackManager([listener]) if as_manager else [listener]
    model = ScriptedModel(callbacks=callbacks)
    prompt = ChatPromptTemplate.from_messages([("system", "You answer briefly."), ("human", "{q}")])
    rollout = _run(prompt | model, {"q": "x"})
    assert len(rollout.trajectory.steps) == 1
    assert listener.heard == 1
    held: Any = model.callbacks
    assert (held.handlers if as_manager else held) == [listener]


def test_a_graph_that_has_run_before_is_copied_with_its_new_texts() -> None:
    """LangGraph keeps nodes that it puts together when they first run."""
    model = ScriptedModel(script=[("add", {"a": 1, "b": 2})])
    app: Any = create_agent(model, [add], system_prompt="You are careful.")
    app.invoke(ASK)
    assert app.nodes["model"].node is app.nodes["model"].node
    built = LangChainAdapter().wrap(app).build({"system": "CHANGED", "tool.add.a": "ANOTHER"})
    model.forget()
    built.invoke(ASK)
    assert "CHANGED" in model.sent
    assert "ANOTHER" in model.sent
    assert "You are careful." not in model.sent


def test_runtime_context_is_passed_on() -> None:
    class Context(TypedDict):
        style: str

    def answer(state: State, runtime: Any) -> State:
        return {"answer": runtime.context["style"] + state["question"]}

    graph = StateGraph(State, context_schema=Context)
    graph.add_node("answer", answer)
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    rollout = _run(graph.compile(), {"question": "q"}, arguments={"context": {"style": "kind "}})
    assert _output(rollout)["answer"] == "kind q"


def test_a_graph_that_is_not_compiled_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="compile"):
        LangChainAdapter().wrap(StateGraph(State))


def test_module_prompts_of_methods_are_replaced_where_they_are_read() -> None:
    model = ScriptedModel()

    def answer(question: str) -> str:
        return model.invoke([SystemMessage(INSTRUCTIONS["short"]), HumanMessage(question)]).text

    system = LangChainAdapter().wrap(RunnableLambda(answer))
    system.run({"instructions.short": "CHANGED"}, "q")
    assert [said[0].text for said in model.conversations] == ["CHANGED"]
    assert INSTRUCTIONS["short"] == "You answer in one word."


INSTRUCTIONS = {"short": "You answer in one word."}
