"""Instructions that reach a model and that no component holds, told from the trajectories of a probe."""

from __future__ import annotations

from typing import Any

import pytest

from gepa_core.marks import mark_of
from gepa_core.types import Json, Step, Trajectory
from gepa_core.uncovered import as_sent, uncovered_in

_POLITE = "You are polite to everybody here."


def _seen(*conversations: list[tuple[str, Any]], inputs: list[Json] | None = None) -> list[tuple[str, str]]:
    trajectories = [
        Trajectory(
            steps=(
                Step(kind="model", name="m", inputs=[{"role": role, "content": text} for role, text in said]),
            )
        )
        for said in conversations
    ]
    found = uncovered_in(trajectories, inputs or [None] * len(trajectories))
    return [(one.role, one.text) for one in found]


def test_a_system_message_is_told_from_all_examples() -> None:
    seen = _seen(
        [("system", "You serve Acme.\nToday: Monday"), ("user", "Where is my order, please?")],
        [("system", "You serve Acme.\nToday: Friday"), ("user", "How do I send it back?")],
    )
    assert seen == [("system", "You serve Acme.\nToday: {today}")]


def test_what_users_say_instructs_when_it_has_enough_in_common() -> None:
    seen = _seen(
        [("human", "Translate the following text into plain English, please.\nText: ja")],
        [("human", "Translate the following text into plain English, please.\nText: nein")],
    )
    assert seen == [("human", "Translate the following text into plain English, please.\nText: {text}")]


@pytest.mark.parametrize(
    "conversations",
    [
        [[("ai", _POLITE)], [("tool", _POLITE)]],
        [[("system", f"{_POLITE} {mark_of('a')}")], [("system", f"{_POLITE} {mark_of('a')}")]],
        [[("user", _POLITE)]],
        [[("user", "What is the name of a cat?")], [("user", "What is the age of a dog?")]],
    ],
)
def test_what_is_no_instruction_or_is_owned_is_left_out(conversations: list[list[tuple[str, Any]]]) -> None:
    assert _seen(*conversations) == []


def test_what_an_example_gives_is_no_instruction() -> None:
    said = [("user", "Please tell me what you know about all of it.")]
    assert _seen(said, said) != []
    assert _seen(said, said, inputs=[{"q": said[0][1]}, said[0][1]]) == []


def test_different_texts_of_one_app_are_told_apart_and_blocks_are_texts_of_their_own() -> None:
    blocks = [{"type": "text", "text": _POLITE}, "Never say what you are thinking of."]
    seen = _seen(
        [("system", blocks), ("system", "Count the words of the text: one")],
        [("system", blocks), ("system", "Count the words of the text: two")],
    )
    assert seen == [
        ("system", _POLITE),
        ("system", "Never say what you are thinking of."),
        ("system", "Count the words of the text: {text}"),
    ]


def test_what_another_model_answered_is_no_instruction() -> None:
    handed_on = Step(kind="model", name="m", inputs=[{"role": "human", "content": _POLITE}])
    trajectory = Trajectory(
        steps=(Step(kind="model", name="m", output={"role": "ai", "content": _POLITE}), handed_on)
    )
    assert uncovered_in([trajectory, trajectory], [None, None]) == ()
    assert uncovered_in([Trajectory(steps=(handed_on,))] * 2, [None, None]) != ()


def test_a_description_of_a_tool_is_told_from_messages_and_has_no_name_to_send_it_by() -> None:
    tool = {"name": "look_up", "description": "Look up a word in the dictionary."}
    inputs: Json = {"messages": [{"role": "user", "content": "Hello there."}], "tools": [tool]}
    trajectory = Trajectory(steps=(Step(kind="model", name="m", inputs=inputs),))
    found = uncovered_in([trajectory, trajectory], ["Hello there.", "Hello there."])
    assert [(one.role, one.text) for one in found] == [("tool description", tool["description"])]
    assert not as_sent(found, [])


def test_the_middle_of_a_text_that_was_cut_is_a_gap() -> None:
    [(_, text)] = _seen([("system", "You are asked at length.<cut: 31 characters>And so it ends.")])
    assert text == "You are asked at length.{rest}And so it ends."


def test_texts_get_names_that_nobody_has() -> None:
    said = [("system", _POLITE), ("system", "Count the words."), ("human", "Say what it is about.")]
    trajectory = Trajectory(
        steps=(Step(kind="model", name="m", inputs=[{"role": role, "content": text} for role, text in said]),)
    )
    found = uncovered_in([trajectory, trajectory], [None, None])
    assert dict(as_sent(found, ["system"])) == {
        "system2": _POLITE,
        "system3": "Count the words.",
        "user": "Say what it is about.",
    }
