"""Texts that are read from the source of functions."""

from __future__ import annotations

import string
import textwrap
from collections.abc import Callable
from enum import Enum
from typing import Any

from gepa_core.appgraph import Dialect, Literal, Uses, read_uses

_DIALECT = Dialect(
    calls={"System": {0: "system", "content": "system"}, "Message": {"content": ""}, "ask": {0: ""}},
    templates=frozenset(("template",)),
    pairs=True,
    names_a_prompt=lambda name: "prompt" in name,
    speaks=lambda text: text.startswith("You are"),
    decorators={"returns_a_prompt": "system"},
)


def _read(*functions: Callable[..., Any], dialect: Dialect = _DIALECT) -> Uses:
    return read_uses(functions, dialect)  # type: ignore[arg-type]


def _texts(*functions: Callable[..., Any]) -> list[tuple[str, str]]:
    return [(one.role, one.text.natural) for one in _read(*functions).literals]


def System(content: str) -> str:  # noqa: N802
    return content


def Message(*, role: object, content: str) -> str:  # noqa: N802
    return f"{role}{content}"


def ask(*said: object) -> object:
    return said


def template(*said: object) -> object:
    return said


def returns_a_prompt(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


class Role(Enum):
    SYSTEM = "system"


def test_what_is_handed_to_a_model_is_found_in_every_way_it_is_written() -> None:
    def agent(shop: str, *, brief: bool) -> None:
        greeting = "Welcome everybody of %s here."
        ask([System(f"Serve the people of {shop}.")])
        ask([{"role": "user", "content": "Serve the people at once."}])
        ask([("system", "Serve the people on Monday."), ("human", shop)])
        ask(Message(role=Role.SYSTEM, content="Serve the people on Sunday."))
        ask(greeting % shop)
        ask("Keep it very short." if brief else "Keep it very long.")
        ask(string.Template("Serve the people in $place.").substitute(place=shop))
        ask(textwrap.dedent("    Serve the people far away."))

    assert _texts(agent) == [
        ("system", "Serve the people of {shop}."),
        ("user", "Serve the people at once."),
        ("system", "Serve the people on Monday."),
        ("system", "Serve the people on Sunday."),
        ("", "Welcome everybody of {shop} here."),
        ("", "Keep it very short."),
        ("", "Keep it very long."),
        ("", "Serve the people in {place}."),
        ("", "Serve the people far away."),
    ]


def test_names_in_braces_are_gaps_in_what_makes_a_template() -> None:
    def agent() -> None:
        template([("system", "Serve the people of {shop}, not {{this}}.")])
        ask([("system", "Serve the people of {shop} as they are.")])

    found = _read(agent).literals
    assert [one.text.gaps for one in found] == [("shop",), ()]
    assert found[0].text.natural == "Serve the people of {shop}, not {this}."


def test_what_an_assistant_says_is_no_prompt() -> None:
    def agent() -> None:
        ask([{"role": "assistant", "content": "I am always glad to help."}, ("ai", "You see me here now.")])

    assert _texts(agent) == []


def test_variables_that_are_called_prompts_and_texts_that_speak_to_a_model_are_found() -> None:
    def agent(shop: str) -> list[str]:
        """You are not looking at a prompt here."""
        prompt = f"Serve the people of {shop}."
        prompt += " And be very kind to them."
        if not shop:
            raise ValueError("You are not allowed to do this.")
        return ["You are a clerk of " + shop + ".", "The people are served."]

    assert _texts(agent) == [
        ("", "Serve the people of {shop}."),
        ("", " And be very kind to them."),
        ("", "You are a clerk of {shop}."),
    ]


def test_a_text_that_is_part_of_another_one_is_no_text_of_its_own() -> None:
    def agent(shop: str) -> None:
        prompt = "Serve the people of {}."
        ask(prompt.format(shop))

    assert _texts(agent) == [("", "Serve the people of {shop}.")]


def test_lambdas_and_functions_inside_of_functions_are_read_once() -> None:
    def outer() -> Callable[[], object]:
        def inner() -> object:
            return ask("Serve the people inside.")

        return inner

    lambdas: list[Callable[..., object]] = [
        lambda x: ask(f"Serve the first of all {x}."),
        lambda x, y: ask(f"Serve the second of {x} and {y}."),
    ]
    assert [text for _, text in _texts(outer, outer(), *lambdas)] == [
        "Serve the people inside.",
        "Serve the first of all {x}.",
        "Serve the second of {x} and {y}.",
    ]


def test_what_a_function_returns_is_read_when_its_result_becomes_a_message() -> None:
    def opening(shop: str) -> str:
        return f"Serve the people of {shop}."

    def agent(shop: str) -> None:
        ask([{"role": "system", "content": opening(shop)}])

    assert _texts(opening, agent) == [("system", "Serve the people of {shop}.")]


def test_each_text_that_a_decorated_function_may_return_is_one_with_what_they_begin_with() -> None:
    @returns_a_prompt
    def opening(role: str) -> str:
        base_prompt = "You are an assistant."
        if role == "expert":
            return f"{base_prompt} Go into all the details."
        if role == "beginner":
            return base_prompt + " Explain the words simply."
        return base_prompt

    assert sorted(_texts(opening)) == [
        ("system", "You are an assistant."),
        ("system", "You are an assistant. Explain the words simply."),
        ("system", "You are an assistant. Go into all the details."),
    ]


def test_the_parts_of_a_message_are_found() -> None:
    def agent(book: str) -> None:
        System(content=[{"type": "text", "text": "Look into the book."}, {"type": "text", "text": book}])  # type: ignore[arg-type]
        ask([{"role": "system", "content": [{"type": "text", "text": f"Do read {book} to the end."}]}])

    assert _texts(agent) == [("system", "Look into the book."), ("system", "Do read {book} to the end.")]


def test_what_is_known_beside_local_variables_is_read_too() -> None:
    def agent(shop: str) -> None:
        ask(GREETING.format(shop))  # type: ignore[name-defined]  # noqa: F821

    dialect = Dialect(calls={"ask": {0: ""}}, resolve=lambda *_: "Serve the people of {}.")
    assert [one.text.natural for one in _read(agent, dialect=dialect).literals] == [
        "Serve the people of {shop}."
    ]


def test_descriptions_of_tools_are_found_and_functions_without_source_are_named() -> None:
    def agent() -> None:
        ask(
            {
                "name": "find",
                "description": "Finds it.",
                "parameters": {"properties": {"what": {"description": "What to find."}}},
            }
        )

    space: dict[str, Any] = {}
    exec("def hidden(): return 1", space)
    uses = _read(agent, space["hidden"])
    found: list[Literal] = uses.literals
    assert [(one.tool, one.argument, one.kind) for one in found] == [
        ("find", "", "tool_description"),
        ("find", "what", "argument_description"),
    ]
    assert uses.unread == [space["hidden"]]
    assert found[0].source.startswith("literal in ")
