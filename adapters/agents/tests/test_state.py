"""What a rollout leaves behind: nothing, unless it is to be shared."""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Sized
from typing import Any

from gepa_agents import AgentsAdapter

from .conftest import run
from .fakes import chat, message

client, _ = chat(message("fine"))
SYSTEM_PROMPT = "You remember everything that was said."
LOG: list[str] = []


class Memory:
    def __init__(self) -> None:
        self.turns = 0
        self.said: deque[str] = deque(maxlen=9)


class Agent:
    def __init__(self) -> None:
        self.history: list[dict[str, str]] = []
        self.memory = Memory()
        self.by_user: dict[str, list[str]] = {"ada": []}
        self.seen: set[str] = set()
        self.cache: dict[str, str] = {}
        self.lock = threading.Lock()

    def __call__(self, question: str) -> tuple[int, ...]:
        with self.lock:
            self.history.append({"role": "user", "content": question})
            self.memory.turns += 1
            self.memory.said.append(question)
            self.by_user["ada"].append(question)
            self.seen.add(question)
            self.cache[question] = "known"
            LOG.append(question)
        messages = [{"role": "system", "content": SYSTEM_PROMPT}, *self.history]
        client.chat.completions.create(model="m", messages=messages)
        held: tuple[Sized, ...] = (
            self.history,
            self.memory.said,
            self.by_user["ada"],
            self.seen,
            self.cache,
            LOG,
        )
        return (self.memory.turns, *map(len, held))


def test_every_rollout_begins_anew_and_the_agent_keeps_what_it_had() -> None:
    agent = Agent()
    system = AgentsAdapter().wrap(agent)
    assert [run(system, {}, question).output for question in "abc"] == [(1,) * 7] * 3
    assert (agent.memory.turns, agent.history, LOG) == (0, [], [])
    assert agent("d") == (1,) * 7
    assert run(system, {}, "e").output == (2,) * 7
    LOG.clear()


def test_what_is_named_is_shared() -> None:
    agent = Agent()
    system = AgentsAdapter(share=["cache", "memory"]).wrap(agent)
    assert [run(system, {}, question).output for question in "ab"] == [
        (1, 1, 1, 1, 1, 1, 1),
        (2, 1, 2, 1, 1, 2, 1),
    ]
    assert agent.cache == {"a": "known", "b": "known"}


def test_the_app_that_comes_back_has_a_conversation_of_its_own() -> None:
    agent = Agent()
    app = AgentsAdapter().wrap(agent).build({"system_prompt": "New rules for you."})
    assert (app("a")[0], app("b")[0]) == (1, 2)
    assert agent.memory.turns == 0
    assert app.lock is agent.lock
    LOG.clear()


def test_answers_that_are_cached_are_not_another_candidates() -> None:
    @functools.cache
    def answer(question: str) -> str:
        messages = [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": question}]
        return str(client.chat.completions.create(model="m", messages=messages).choices[0].message.content)

    def agent(question: str) -> str:
        return answer(question) + answer(question)

    system = AgentsAdapter().wrap(agent)
    assert agent("a") == "finefine"
    for text in ("First rules of all.", "Second rules of all."):
        [step] = run(system, {"system_prompt": text}, "a").trajectory.steps
        assert text in str(step.inputs)
    assert answer.cache_info().currsize == 1


def test_an_object_that_cleans_up_after_itself_is_not_copied() -> None:
    closed = []

    class Connection:
        def __init__(self) -> None:
            self.rows = 0

        def __del__(self) -> None:
            closed.append(self)

    connection: Any = Connection()

    def agent(question: str) -> str:
        connection.rows += 1
        return question

    system = AgentsAdapter().wrap(agent)
    run(system, {}, "a")
    run(system, {}, "b")
    assert connection.rows == 2
    assert closed == []
