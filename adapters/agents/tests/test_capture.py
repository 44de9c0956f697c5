"""Trajectories: calls of models and tools, streams, errors, what is read back from the conversation."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from gepa_agents import AgentsAdapter, Recorder

from gepa_core.types import Rollout, Step, Usage

from .apps import explicit
from .conftest import run, wait
from .fakes import Chunks, chat, chunk, message, responses

SYSTEM_PROMPT = "You are a careful assistant of the whole house."


def _steps(target: Any, inputs: Any = "why?", **options: Any) -> tuple[Step, ...]:
    return run(AgentsAdapter(**options).wrap(target), {}, inputs).trajectory.steps


def _tried(target: Any, inputs: Any = "why?") -> Rollout:
    """A rollout that may have failed."""
    result: Any = AgentsAdapter().wrap(target).run({}, inputs)
    rollout = wait(result) if inspect.iscoroutine(result) else result
    assert isinstance(rollout, Rollout)
    return rollout


def _ask(client: Any, question: str, **options: Any) -> Any:
    messages = [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": question}]
    return client.chat.completions.create(model="m", messages=messages, **options)


def test_a_call_of_a_model_is_a_step() -> None:
    client, _ = chat(message("because"))

    def agent(question: str) -> str:
        return str(_ask(client, question).choices[0].message.content)

    [step] = _steps(agent)
    assert (step.kind, step.name, step.output, step.error) == ("model", "m", "because", "")
    assert step.inputs == [
        {"role": "system", "content": SYSTEM_PROMPT},
        {"role": "user", "content": "why?"},
    ]
    assert step.usage == Usage(calls=1, input_tokens=7, output_tokens=3, unpriced=1)
    assert step.components == ("system_prompt",)


def test_usage_that_is_not_reported_is_unknown() -> None:
    client, _ = chat(message("because", usage=None))
    [step] = _steps(lambda question: str(_ask(client, question)))
    assert step.usage == Usage(calls=1, unmetered=1, unpriced=1)


def test_the_price_that_litellm_puts_beside_an_answer_is_kept() -> None:
    answer = message("because")
    answer._hidden_params = {"response_cost": 0.25}
    client, _ = chat(answer)
    [step] = _steps(lambda question: str(_ask(client, question)))
    assert step.usage == Usage(calls=1, input_tokens=7, output_tokens=3, dollars=0.25)


def test_an_error_of_the_model_is_written_down_and_returned() -> None:
    client, _ = chat(TimeoutError("too slow"))
    rollout = _tried(lambda question: _ask(client, question), "why?")
    assert isinstance(rollout.error, TimeoutError)
    [step] = rollout.trajectory.steps
    assert (step.error, step.output) == ("TimeoutError: too slow", None)


def test_tools_that_nobody_recorded_are_read_back_from_the_conversation() -> None:
    client, _ = chat(message("", ("search", {"q": "a"}), ("search", {"q": "b"})), message("done"))

    def agent(question: str) -> str:
        messages: list[Any] = [{"role": "user", "content": question}]
        answer = client.chat.completions.create(model="m", messages=messages).choices[0].message
        messages.append(answer)
        for call in answer.tool_calls:
            result = "found " + json.loads(call.function.arguments)["q"]
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        client.chat.completions.create(model="m", messages=messages)
        client.chat.completions.create(model="m", messages=messages)
        return "done"

    steps = _steps(agent)
    assert [(step.kind, step.name) for step in steps] == [
        ("model", "m"),
        ("tool", "search"),
        ("tool", "search"),
        ("model", "m"),
        ("model", "m"),
    ]
    assert [(step.inputs, step.output) for step in steps[1:3]] == [
        ({"q": "a"}, "found a"),
        ({"q": "b"}, "found b"),
    ]
    assert steps[0].output == {
        "text": "",
        "tool_calls": [{"name": "search", "args": {"q": "a"}}, {"name": "search", "args": {"q": "b"}}],
    }


def test_a_tool_that_asks_a_model_contains_that_call() -> None:
    client, _ = chat(message("inner"))

    def expert(topic: str) -> str:
        return str(_ask(client, topic).choices[0].message.content)

    tools = {"expert": expert}

    def agent(question: str) -> str:
        return tools["expert"](topic=question)

    outer, inner = _steps(agent)
    assert (outer.kind, outer.name, outer.inputs, outer.output) == (
        "tool",
        "expert",
        {"topic": "why?"},
        "inner",
    )
    assert (inner.kind, inner.parent, outer.parent) == ("model", 0, None)


def test_a_tool_that_fails_is_written_down() -> None:
    def search(q: str) -> str:
        raise KeyError(q)

    tools = {"search": search}

    def agent(question: str) -> str:
        try:
            return tools["search"](question)
        except KeyError:
            return "nothing"

    [step] = _steps(agent)
    assert (step.error, step.inputs, step.output) == ("KeyError: 'why?'", {"q": "why?"}, None)


def test_functions_can_be_named_as_tools() -> None:
    def lookup(q: str) -> str:
        return q.upper()

    def agent(question: str) -> str:
        return lookup(question)

    assert _steps(agent) == ()
    [step] = _steps(agent, tools=[lookup])
    assert (step.kind, step.name, step.output) == ("tool", "lookup", "WHY?")


def test_calls_from_threads_of_the_agents_own_are_recorded() -> None:
    client, _ = chat(message("because"))

    def agent(question: str) -> str:
        threads = [threading.Thread(target=_ask, args=(client, question)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return "done"

    assert [step.output for step in _steps(agent)] == ["because"] * 3


def test_a_client_that_calls_another_one_is_counted_once() -> None:
    inner, endpoint = chat(message("because"))

    def create(**arguments: Any) -> Any:
        return inner.chat.completions.create(**arguments)

    outer = SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=create)))

    def agent(question: str) -> str:
        assert inner is not None
        return str(_ask(outer, question).choices[0].message.content)

    assert len(_steps(agent)) == 1
    assert len(endpoint.sent) == 1


def test_resources_and_methods_that_are_kept_are_recorded() -> None:
    from openai import OpenAI

    with OpenAI(base_url="http://127.0.0.1:9/v1", api_key="offline", max_retries=0) as client:
        ways = [client.chat.completions.create, client.chat.completions, client.chat, client]

        def agent(number: int) -> Any:
            way: Any = ways[number]
            for name in ("chat", "completions", "create")[3 - number :]:
                way = getattr(way, name)
            return way(model="m", messages=[{"role": "user", "content": "why?"}])

        for number in range(4):
            rollout = _tried(agent, number)
            assert [step.name for step in rollout.trajectory.steps] == ["m"], number
            assert type(rollout.error).__name__ == "APIConnectionError"


def test_a_client_that_is_made_in_every_call_is_recorded() -> None:
    def agent(question: str) -> Any:
        import openai

        with openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="offline", max_retries=0) as client:
            assert isinstance(client, openai.OpenAI)
            return _ask(client.with_options(timeout=3), question)

    rollout = _tried(agent, "why?")
    [step] = rollout.trajectory.steps
    assert step.error.startswith("APIConnectionError")
    assert step.components == ("system_prompt",)


PIECES = (
    chunk("be"),
    chunk("cause"),
    chunk(call=(0, "c1", "search", '{"q": ')),
    chunk(call=(0, "", "", '"a"}')),
)
SAID = {"text": "because", "tool_calls": [{"name": "search", "args": {"q": "a"}}]}


def test_a_stream_is_put_together_and_its_usage_is_unknown_unless_asked_for() -> None:
    client, _ = chat(lambda: Chunks(*PIECES), lambda: Chunks(*PIECES, chunk(usage=(5, 2))))

    def agent(question: str) -> str:
        texts = []
        for _ in range(2):
            for piece in _ask(client, question, stream=True):
                texts += [piece.choices[0].delta.content or ""] if piece.choices else []
        return "".join(texts)

    rollout = run(AgentsAdapter().wrap(agent), {}, "why?")
    assert rollout.output == "becausebecause"
    first, second = rollout.trajectory.steps
    assert first.output == second.output == SAID
    assert first.usage == Usage(calls=1, unmetered=1, unpriced=1)
    assert second.usage == Usage(calls=1, input_tokens=5, output_tokens=2, unpriced=1)


def test_an_async_stream_is_put_together() -> None:
    async def create(**_: Any) -> Any:
        return Chunks(*PIECES)

    client = SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=create)))

    async def agent(question: str) -> Any:
        stream = await _ask(client, question, stream=True)
        async for piece in stream:
            yield piece.choices[0].delta.content or ""

    rollout = run(AgentsAdapter().wrap(agent), {}, "why?")
    assert rollout.output == "because"
    assert [step.output for step in rollout.trajectory.steps] == [SAID]


def test_a_stream_that_is_left_or_breaks_is_written_down_as_far_as_it_came() -> None:
    left = Chunks(*PIECES)
    client, _ = chat(left, Chunks(chunk("be"), ConnectionError("gone")))

    def agent(question: str) -> str:
        with _ask(client, question, stream=True) as stream:
            next(stream)
        return "".join(str(piece) for piece in _ask(client, question, stream=True))

    rollout = _tried(agent, "why?")
    assert isinstance(rollout.error, ConnectionError)
    first, second = rollout.trajectory.steps
    assert (first.output, first.error) == ("be", "")
    assert (second.output, second.error) == ("be", "ConnectionError: gone")
    assert left.closed


def test_the_responses_protocol_is_read() -> None:
    call = SimpleNamespace(type="function_call", call_id="c1", name="search", arguments='{"q": "a"}')
    text = SimpleNamespace(type="message", content=[SimpleNamespace(type="output_text", text="because")])
    usage = SimpleNamespace(input_tokens=4, output_tokens=2)
    client, endpoint = responses(
        SimpleNamespace(output=[call], usage=usage), SimpleNamespace(output=[text], usage=usage)
    )

    def agent(question: str) -> str:
        client.responses.create(model="m", instructions=SYSTEM_PROMPT, input=question)
        result = {"type": "function_call_output", "call_id": "c1", "output": "found"}
        client.responses.create(model="m", instructions=SYSTEM_PROMPT, input=[result])
        return "done"

    system = AgentsAdapter().wrap(agent)
    [component] = system.components
    rollout = run(system, {component.name: "New rules."}, "why?")
    first, tool, second = rollout.trajectory.steps
    assert first.output == {"text": "", "tool_calls": [{"name": "search", "args": {"q": "a"}}]}
    assert (tool.name, tool.inputs, tool.output) == ("search", {"q": "a"}, "found")
    assert second.output == "because"
    assert first.usage == Usage(calls=1, input_tokens=4, output_tokens=2, unpriced=1)
    assert [sent["instructions"] for sent in endpoint.sent] == ["New rules."] * 2
    assert first.components == second.components == (component.name,)


def test_an_agent_can_say_itself_what_it_does() -> None:
    system = AgentsAdapter(prompts=explicit.DEFAULTS).wrap(explicit.with_recorder)
    rollout = run(system, {"system": "Other rules for everybody."}, "why?")
    model, tool, custom, retrieval = rollout.trajectory.steps
    assert (model.name, model.output, model.components) == ("own-model", "call find_order", ("system",))
    assert model.usage == Usage(calls=1, input_tokens=7, output_tokens=3, dollars=0.5)
    assert "Other rules" in json.dumps(model.inputs)
    assert (tool.kind, tool.inputs, tool.seconds) == ("tool", {"order_id": "1"}, 0.25)
    assert (custom.kind, custom.components) == ("custom", ("system",))
    assert (retrieval.kind, retrieval.error) == ("retrieval", "it is slow")
    assert wait(system.build({})("why?")) == "done"


def test_a_recorder_works_by_itself() -> None:
    recorder = Recorder()
    recorder.tool_call("search", {"q": "a"}, ["b"])
    [step] = recorder.trajectory().steps
    assert (step.kind, step.name, step.output) == ("tool", "search", ["b"])


def test_an_agent_that_returns_something_to_await_is_awaited() -> None:
    async def answer(question: str) -> str:
        await asyncio.sleep(0)
        return question.upper()

    def agent(question: str) -> Any:
        return answer(question)

    rollout = _tried(agent, "why?")
    assert rollout.output == "WHY?"


def test_an_error_of_an_async_agent_is_returned() -> None:
    async def agent(question: str) -> str:
        raise ValueError(question)

    rollout = _tried(agent, "why?")
    assert isinstance(rollout.error, ValueError)


@pytest.mark.parametrize(
    ("inputs", "expected"), [("a", "a-x"), ({"q": "a"}, "a-x"), ({"q": "a", "end": "y"}, "a-y")]
)
def test_inputs_are_passed_as_the_agent_takes_them(inputs: Any, expected: str) -> None:
    def agent(q: str, end: str = "x") -> str:
        return f"{q}-{end}"

    assert run(AgentsAdapter().wrap(agent), {}, inputs).output == expected
