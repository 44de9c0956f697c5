"""Forms in which frameworks ask: choices, handovers, sub-questions, follow-ups, answers from responses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gepa_offline import SimulatedModel, TaskRates
from gepa_offline.choosing import choose
from gepa_offline.prompt import Answer

SURE = SimulatedModel(task=TaskRates(follow=1.0, half_length=1e9))
GRAVE = "Where is the grave of the maker of The Glass Orchard?"
RULE = "Search for the grave with the word memorials."
LIVES, WORKS = "Lives: biography, family, training.", "Things left: estate, memorials, school."


def asked(*texts: str, tools: Any = ()) -> Answer:
    roles = ["user", "assistant"] * len(texts)
    return SURE.ask(
        [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)], tools
    )


@pytest.mark.parametrize(
    ("options", "word", "question", "position"),
    [
        ((LIVES, WORKS), "memorials", GRAVE, 1),
        ((LIVES, WORKS), "overview", "What was left?", 1),
        ((LIVES, WORKS), "overview", "Anything else?", 0),
    ],
)
def test_choose(options: tuple[str, ...], word: str, question: str, position: int) -> None:
    assert choose(options, word, question) == position


@pytest.mark.parametrize(("rule", "choice"), [("", 1), (RULE, 2)])
def test_a_numbered_choice_takes_what_the_rules_say(rule: str, choice: int) -> None:
    prompt = f"Some choices are given below.\n(1) {LIVES}\n\n(2) {WORKS}\nThe question: '{GRAVE}'\n{rule}"
    [chosen] = json.loads(asked(prompt).text)
    assert (chosen["choice"], sorted(chosen)) == (choice, ["choice", "reason"])


@pytest.mark.parametrize(("rule", "tool"), [("", "lives"), (RULE, "works")])
def test_sub_questions_are_sent_to_tools(rule: str, tool: str) -> None:
    listed = json.dumps({"lives": LIVES, "works": WORKS}, indent=4)
    other = "Who was married to the maker of The Iron Stair?"
    text = asked(f"{rule}\n<Tools>\n```json\n{listed}\n```\n\n<User Question>\n{GRAVE} {other}\n").text
    items = json.loads(text.removeprefix("```json").removesuffix("```"))["items"]
    assert items == [
        {"sub_question": GRAVE, "tool_name": tool},
        {"sub_question": other, "tool_name": "lives"},
    ]


def test_responses_to_sub_questions_are_put_together() -> None:
    context = f"Sub question: {GRAVE}\nResponse: Tannau cemetery\n\nSub question: Who?\nResponse: Ada"
    assert asked(f"{context}\nQuery: {GRAVE}").text == "Tannau cemetery; Ada"


def test_a_follow_up_means_the_work_last_named() -> None:
    said = ("Do you know The Glass Orchard?", "Yes, The Glass Orchard is here.")
    assert asked(*said, f"{RULE}\n{GRAVE.replace('The Glass Orchard', 'that work')}").text == (
        "Glass Orchard memorials"
    )


def test_passages_are_known_by_their_titles() -> None:
    passage = "Mara Moreau (memorials): Mara Moreau, who made The Glass Orchard, was laid to rest in Tannau."
    assert asked(f"Context:\n{passage}\n\nGive the grave with the word cemetery.\n{GRAVE}").text == (
        "Tannau cemetery"
    )


@pytest.mark.parametrize(
    ("rule", "desk"), [("", "ask_others"), ("In a case of double payment, call refund_payment.", "ask_money")]
)
def test_a_request_is_handed_over(rule: str, desk: str) -> None:
    request = (
        "I have paid twice for the same thing. My order is 10000, it is about 10.20 euros, "
        "the day is 3 May 2027 at 3 pm, and I speak German."
    )
    about = {"ask_others": "Has open_case.", "ask_money": "Has refund_payment."}
    parameters = {"type": "object", "properties": {"request": {"type": "string"}}, "required": ["request"]}
    tools = [
        {"type": "function", "function": {"name": name, "description": text, "parameters": parameters}}
        for name, text in about.items()
    ]
    [call] = asked(f"{rule}\n{request}", tools=tools).tool_calls
    assert (call.name, dict(call.arguments)) == (desk, {"request": request})
