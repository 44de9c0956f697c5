"""Which texts become components, under which names, and what is said of those that do not."""

from __future__ import annotations

import functools
import types
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from gepa_agents import AgentsAdapter

from gepa_core.errors import ConfigurationError
from gepa_core.marks import messages_in
from gepa_core.types import Component

from .conftest import run
from .fakes import chat, message

PLANNER = "Plan the way to the answer in three steps."
PERSONA = "You are the voice of a friendly library."
ANSWER_PROMPT = 'Answer {question} as JSON such as {{"answer": 1}}.'
REPLACED_PROMPT = 'Answer {question} as JSON such as {"answer": 1}.'
JSON_PROMPT = 'Answer as JSON such as {"answer": 1} and nothing else.'
DOCUMENTS = ["The library is open on all days of the week.", "Books can be kept for four weeks."]
EXAMPLES = [
    {"role": "system", "content": "Answer like the examples do."},
    {"role": "user", "content": "When is the library open?"},
    {"role": "assistant", "content": "On all days of the week."},
]
client, _ = chat(message("fine"))


def _found(target: Any, **options: Any) -> dict[str, Component]:
    return {one.name: one for one in AgentsAdapter(**options).wrap(target).components}


def _left(target: Any, **options: Any) -> dict[str, str]:
    return {one.text: one.reason for one in AgentsAdapter(**options).wrap(target).left_alone}


def _send(*contents: str) -> Any:
    messages = [{"role": "system", "content": content} for content in contents]
    return client.chat.completions.create(model="m", messages=messages)


def test_a_variable_that_becomes_a_message_is_found_whatever_its_name() -> None:
    def agent(question: str) -> Any:
        messages = [{"role": "system", "content": PLANNER}, {"role": "user", "content": question}]
        return client.chat.completions.create(model="m", messages=messages)

    found = _found(agent)
    assert list(found) == ["planner"]
    assert (found["planner"].role, found["planner"].kind) == ("system", "instructions")


def test_what_a_function_makes_of_variables_is_found_when_it_becomes_a_message() -> None:
    def opening(topic: str) -> str:
        return PERSONA + "\n" + PLANNER + "\n" + topic

    def agent(question: str) -> Any:
        return client.chat.completions.create(
            model="m", messages=[{"role": "system", "content": opening(question)}]
        )

    assert sorted(_found(agent)) == ["persona", "planner"]


def test_data_is_no_prompt() -> None:
    def agent(question: str) -> Any:
        return _send(PERSONA, *(text for text in DOCUMENTS if question in text))

    assert list(_found(agent)) == ["persona"]


def test_a_formatted_text_is_a_template_whose_other_braces_are_ordinary() -> None:
    def agent(question: str) -> Any:
        return _send(ANSWER_PROMPT.format(question=question)).choices[0].message.content

    system = AgentsAdapter().wrap(agent)
    [component] = system.components
    assert component.text == 'Answer {question} as JSON such as {"answer": 1}.'
    assert component.variables == ("question",)
    rollout = run(system, {component.name: "Say {question} and {other: 2}."}, "why?")
    assert rollout.trajectory.steps[0].inputs == [{"role": "system", "content": "Say why? and {other: 2}."}]
    assert rollout.trajectory.steps[0].components == (component.name,)
    with pytest.raises(ConfigurationError, match="question"):
        system.build({component.name: "Say it."})


def test_a_text_that_is_filled_in_another_way_keeps_its_placeholders_word_for_word() -> None:
    def agent(question: str) -> Any:
        return _send(REPLACED_PROMPT.replace("{question}", question))

    system = AgentsAdapter().wrap(agent)
    [component] = system.components
    assert component.text == REPLACED_PROMPT
    assert component.variables == ("question",)
    sent = run(system, {component.name: "{question} {} {{1}}"}, "why?").trajectory.steps[0].inputs
    assert sent == [{"role": "system", "content": "why? {} {{1}}"}]


def test_braces_that_cannot_be_placeholders_are_ordinary() -> None:
    def agent(question: str) -> Any:
        return _send(JSON_PROMPT, "{}".format(question))  # noqa: UP032

    [component] = AgentsAdapter().wrap(agent).components
    assert (component.text, component.syntax) == (JSON_PROMPT, "plain")


class Wording(StrEnum):
    SYSTEM = "You are the clerk of the shop %s and polite."
    REVIEW_PROMPT = "Look for mistakes in the answer {answer}, please."
    COLOUR = "green as the sea is green"


def test_prompts_of_an_enum_are_found_and_replaced() -> None:
    def agent(question: str) -> Any:
        _send(Wording.SYSTEM % "Lumen", question)
        return _send(Wording.REVIEW_PROMPT.value.format(answer="yes"))

    system = AgentsAdapter().wrap(agent)
    texts = {one.name: one.text for one in system.components}
    assert list(texts) == ["system", "review_prompt"]
    assert texts["review_prompt"] == "Look for mistakes in the answer {answer}, please."
    assert not system.left_alone
    new = {"system": "Be short at {value}.", "review_prompt": "Is {answer} right?"}
    steps = run(system, new, "why?").trajectory.steps
    assert [next(messages_in(step.inputs)).text for step in steps] == ["Be short at Lumen.", "Is yes right?"]
    assert [step.components for step in steps] == [("system",), ("review_prompt",)]


def test_a_text_of_an_enum_that_an_object_holds_is_one_component() -> None:
    class Clerk:
        def __init__(self) -> None:
            self.prompt = Wording.SYSTEM.value

        def run(self, question: str) -> Any:
            return _send(self.prompt % "Lumen", question or Wording.SYSTEM)

    system = AgentsAdapter().wrap(Clerk())
    assert [one.name for one in system.components] == ["prompt", "review_prompt"]
    assert "Be short" in str(run(system, {"prompt": "Be short at %s."}, "why?").trajectory.steps[0].inputs)


def test_the_parts_of_a_system_message_in_the_code_are_components() -> None:
    def agent(question: str) -> Any:
        system = [
            {"type": "text", "text": "Look for themes in the book."},
            {"type": "text", "text": question},
        ]
        return claude.messages.create(model="m", max_tokens=5, system=system, messages=[])

    claude = SimpleNamespace(messages=Messages())
    system = AgentsAdapter().wrap(agent)
    [component] = system.components
    assert (component.name, component.text) == ("agent.system", "Look for themes in the book.")
    rollout = run(system, {component.name: "Look for names."}, "why?")
    assert rollout.output == [{"type": "text", "text": "Look for names."}, {"type": "text", "text": "why?"}]
    [step] = rollout.trajectory.steps
    assert (step.kind, step.components) == ("model", ("agent.system",))


class Messages:
    """Anthropic's, as somebody else wrote it."""

    def create(self, *, model: str, max_tokens: int, system: Any, messages: list[Any]) -> Any:
        del model, max_tokens, messages
        return system


class Letters:
    """What a service for letters has."""

    def create(self, *, to: str, body: str) -> str:
        return f"{to}: {body}"


def test_messages_to_people_are_no_calls_of_a_model() -> None:
    post = SimpleNamespace(messages=Letters())

    def agent(question: str) -> str:
        return str(post.messages.create(to="Ann", body=question)) + PERSONA

    assert run(AgentsAdapter().wrap(agent), {}, "why?").trajectory.steps == ()


def test_examples_of_a_conversation_are_left_alone() -> None:
    def agent(question: str) -> Any:
        messages = [*EXAMPLES, {"role": "user", "content": question}]
        return client.chat.completions.create(model="m", messages=messages)

    assert [one.text for one in _found(agent).values()] == ["Answer like the examples do."]
    assert "example" in _left(agent)["When is the library open?"]
    assert "example" in _left(agent)["On all days of the week."]


def test_the_same_text_in_two_places_is_one_component() -> None:
    def first(question: str) -> Any:
        return _send(PERSONA, question)

    class Agent:
        system_prompt = PERSONA

        def run(self, question: str) -> Any:
            first(question)
            return _send(self.system_prompt)

    system = AgentsAdapter().wrap(Agent())
    [component] = system.components
    steps = run(system, {component.name: "Be somebody else for once."}, "why?").trajectory.steps
    assert [step.components for step in steps] == [(component.name,)] * 2


def test_names_are_made_longer_until_they_differ() -> None:
    @attrs.define
    class Worker:
        prompt: str

    class Team:
        def __init__(self) -> None:
            self.writer = Worker("Write the first version of the text.")
            self.critic = Worker("Name the weak points of the text.")

        def run(self, question: str) -> Any:
            return _send(self.writer.prompt, self.critic.prompt, question)

    assert sorted(_found(Team())) == ["critic.prompt", "writer.prompt"]


def test_defaults_of_parameters_are_found() -> None:
    def agent(question: str, *, style: str = "x", system_prompt: str = "You are as brief as can be.") -> Any:
        return _send(system_prompt, question, style)

    def older(question: str, system_prompt: str = "You are as brief as can be.") -> Any:
        return _send(system_prompt, question)

    for function in (agent, older):
        system = AgentsAdapter().wrap(function)
        assert [one.name for one in system.components] == ["system_prompt"]
        assert function("why?") is not None
        sent = run(system, {"system_prompt": "New rules."}, "why?").trajectory.steps[0].inputs
        assert "New rules." in str(sent)


def test_partials_methods_and_wrapped_functions_are_taken() -> None:
    def agent(question: str, end: str) -> Any:
        return _send(PERSONA, question + end)

    @functools.wraps(agent)
    def wrapped(*args: Any, **arguments: Any) -> Any:
        return agent(*args, **arguments)

    class Holder:
        def ask(self, question: str) -> Any:
            return _send(PERSONA, question)

    for target in (functools.partial(agent, end="!"), functools.partial(wrapped, end="!"), Holder().ask):
        system = AgentsAdapter().wrap(target)
        assert [one.name for one in system.components] == ["persona"], target
        assert "New." in str(run(system, {"persona": "New."}, "why?").trajectory.steps[0].inputs)
        assert type(system.build({"persona": "New."})) is type(target)


@attrs.define
class Tool:
    name: str
    description: str
    function: Any

    def schema(self) -> dict[str, Any]:
        about = {"name": self.name, "description": self.description, "parameters": {"type": "object"}}
        return {"type": "function", "function": about}


def test_tools_that_are_objects_are_described_and_recorded() -> None:
    tools = [
        Tool("shout", "Says it loudly to everybody.", str.upper),
        Tool("hush", "Says it quietly.", lambda q: q),
    ]

    def agent(question: str) -> Any:
        offered = [tool.schema() for tool in tools]
        client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": question}], tools=offered
        )
        return tools[1].function(question)

    system = AgentsAdapter().wrap(agent)
    assert [one.name for one in system.components] == ["tool.shout", "tool.hush"]
    model, tool = run(system, {"tool.hush": "Whispers."}, "why?").trajectory.steps
    assert "Whispers." in str(model.inputs)
    assert model.components == ("tool.shout", "tool.hush")
    assert (tool.name, tool.components) == ("hush", ("tool.hush",))


def test_descriptions_in_the_schema_of_an_answer_are_found() -> None:
    answer = {"type": "integer", "description": "How many books are meant."}
    schema = {"type": "object", "properties": {"count": answer}}
    response_format = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}

    def agent(question: str) -> Any:
        messages = [{"role": "user", "content": question}]
        return client.chat.completions.create(model="m", messages=messages, response_format=response_format)

    system = AgentsAdapter().wrap(agent)
    [component] = system.components
    assert (component.name, component.kind) == ("count", "schema_description")
    assert run(system, {}, "why?").trajectory.steps[0].components == ("count",)


def test_a_text_of_a_function_without_source_is_named_and_left_alone() -> None:
    space: dict[str, Any] = {"send": _send, "__name__": __name__}
    exec("def agent(question):\n    return send('You are the voice of the whole library.', question)", space)
    assert _left(space["agent"]) == {
        "You are the voice of the whole library.": "it stands in the code of a function whose source cannot"
        " be read; give it a name"
    }


@pytest.mark.parametrize(
    ("target", "options", "says"),
    [
        (Tool, {}, "is a class: pass an object of it"),
        (types.SimpleNamespace(), {}, r"AgentsAdapter\(call="),
        (Tool("a", "b", len), {"call": "walk"}, "has no method 'walk'"),
        (lambda task, prompts: (task, prompts), {}, "their texts are not known"),
        (lambda task: task, {"prompts": {"a": "b"}}, "second parameter"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_remedy(
    target: Any, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        AgentsAdapter(**options).wrap(target)


def test_a_name_that_is_no_components_is_refused() -> None:
    def agent(question: str) -> Any:
        return _send(PERSONA, question)

    with pytest.raises(ConfigurationError, match=r"'nobody'.*'persona'"):
        AgentsAdapter().wrap(agent).build({"nobody": "x"})


def test_texts_that_are_given_by_name_come_first_and_others_are_left_alone() -> None:
    def agent(question: str, prompts: Any = {"ask": "Please answer {q} now."}) -> Any:  # noqa: B006
        return _send(PERSONA, prompts["ask"].format(q=question))

    found = _found(agent)
    assert list(found) == ["ask"]
    assert found["ask"].variables == ("q",)
    assert "by name" in _left(agent)[PERSONA]


def test_a_text_that_is_read_while_the_agent_runs_is_named(tmp_path: Path) -> None:
    file = tmp_path / "desk.txt"
    file.write_text("You are the desk of {library}, and brief.\n", "utf-8")

    def agent(question: str) -> Any:
        return _send(file.read_text("utf-8").replace("{library}", question))

    options: dict[str, Any] = {"sent": {"desk": file.read_text("utf-8")}}
    found = _found(agent, **options)
    assert (list(found), found["desk"].variables) == (["desk"], ("library",))
    system = AgentsAdapter(**options).wrap(agent)
    step = run(system, {"desk": "Serve the people of {library}."}, "Rome").trajectory.steps[0]
    assert (step.inputs, step.components) == (
        [{"role": "system", "content": "Serve the people of Rome.\n"}],
        ("desk",),
    )
    with pytest.raises(ConfigurationError, match="library"):
        system.build({"desk": "Serve."})
    built = system.build({"desk": "Serve {library}."})
    assert [one.text for one in AgentsAdapter(**options).wrap(built).components] == ["Serve {library}."]
