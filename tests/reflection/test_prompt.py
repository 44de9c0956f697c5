"""What the reflection model is shown."""

from __future__ import annotations

import re
import subprocess
import sys

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gepa_core.mutation import Reflected
from gepa_core.reflection import render_prompt
from gepa_core.types import Component, Example, Feedback, Step
from tests.reflection.builders import REPLY, ROUTE, failed, late_parcel, number_only, outcome

TEXT = "Sort the ticket."
PLAIN = Component(name="sort", text=TEXT)


def prompt_of(
    *minibatch: Reflected,
    component: Component = REPLY,
    others: tuple[Component, ...] = (ROUTE,),
    **options: object,
) -> str:
    options = {"task": "", **options}
    return render_prompt(component, all_components=[*others, component], minibatch=minibatch, **options)  # type: ignore[arg-type]


def reflected(
    inputs: object = "x", output: str = "y", text: str = "", steps: tuple[Step, ...] = ()
) -> Reflected:
    return Reflected(
        example=Example(inputs=inputs, id="e"), outcome=outcome("e", output, Feedback(0.0, text), steps)
    )


def in_order(text: str, *parts: str) -> bool:
    """Whether ``parts`` stand in ``text``, each behind the one before it."""
    at = 0
    for part in parts:
        at = text.find(part, at) + 1
        if at == 0:
            return False
    return True


def test_it_shows_everything_in_order() -> None:
    prompt = prompt_of(late_parcel(), task="A support desk for an online shop.")
    assert in_order(
        prompt,
        "A support desk for an online shop.",
        "`reply`",
        "Writes the reply that the customer reads.",
        "`route`",
        "Chooses the queue that a ticket goes to.",
        "Name the queue of the ticket",
        "## Current text\n```\n" + REPLY.text + "\n```\n",
        "Keep each of these verbatim",
        "`{queue}`",
        "At most 1,200 characters",
        "### Example 1 of 1",
        "Where is my parcel?",
        "1. model call `gpt-4.1-mini`: ",
        "2. tool call `find_order`: 11 characters in; it failed: no order number was given",
        "3. model call `gpt-4.1-mini`\nInput of step 3:",
        "Output of step 3:\n```\nIt will arrive soon.\n```",
        "#### Output\n```\nIt will arrive soon.\n```",
        "#### Expected output\n```\nAsk for the order number.\n```",
        "#### Score\n0.25 (correct: 0, polite: 0.5)",
        "#### Feedback\n```\nParcels that are over ten days late are replaced, and this one is.\n```",
        "#### Feedback on this component\n```\nAsk for the order number before anything is promised.\n```",
        "in one fenced block",
    )


def test_only_the_components_own_steps_are_shown_in_full() -> None:
    prompt = prompt_of(late_parcel())
    assert "Output of step 3" in prompt
    assert "Output of step 1" not in prompt


def test_every_step_is_shown_in_full_where_none_is_tied_to_a_component() -> None:
    steps = tuple(Step(kind="tool", name="search", inputs="query", output=f"hit {n}") for n in range(3))
    prompt = prompt_of(reflected(steps=steps))
    assert all(f"hit {n}" in prompt for n in range(3))


def test_a_failed_example_shows_its_error_once() -> None:
    prompt = prompt_of(failed())
    assert "#### Error: the system failed on this example\n```\nKeyError: 'queue'\n```" in prompt
    assert prompt.count("KeyError: 'queue'") == 1
    assert "#### Output" not in prompt


def test_a_number_alone_leaves_input_output_expected_and_score_to_read() -> None:
    prompt = prompt_of(number_only())
    for shown in ("Cancel my plan.", "Done.", "Confirm, and say until when it runs.", "#### Score\n0.5\n"):
        assert shown in prompt
    assert "#### Feedback" not in prompt


def test_feedback_on_other_components_is_left_out() -> None:
    prompt = prompt_of(late_parcel(), component=ROUTE, others=(REPLY,))
    assert "before anything is promised" not in prompt


def test_a_text_without_placeholders_says_so() -> None:
    assert "no placeholders" in prompt_of(component=PLAIN)
    braces = attrs.evolve(PLAIN, syntax="braces")
    assert "Do not add any: nothing of the form {name}" in prompt_of(component=braces)


def test_tags_of_a_template_language_are_listed() -> None:
    tagged = Component(name="t", text="{% if a %}{{ b }}{% endif %}", syntax="jinja2")
    assert in_order(
        prompt_of(component=tagged), "`{% if a %}`", "`{{ b }}`", "`{% endif %}`", "Add no other tag"
    )


def test_a_fence_is_longer_than_any_in_the_text() -> None:
    text = "Reply so:\n````\n{}\n````"
    prompt = prompt_of(component=attrs.evolve(PLAIN, text=text))
    assert f"## Current text\n`````\n{text}\n`````\n" in prompt


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1))
def test_the_current_text_stands_there_word_for_word(text: str) -> None:
    prompt = prompt_of(component=attrs.evolve(PLAIN, text=text))
    assert f"\n{text}\n```" in prompt


def test_braces_in_an_example_are_no_placeholders_of_the_template() -> None:
    prompt = prompt_of(reflected(inputs="What is {current_text} and {examples}?"))
    assert "What is {current_text} and {examples}?" in prompt


def test_timing_and_addresses_never_show() -> None:
    fast, slow = late_parcel(), late_parcel()
    steps = tuple(attrs.evolve(step, seconds=step.seconds + 9) for step in slow.outcome.trajectory.steps)
    trajectory = attrs.evolve(slow.outcome.trajectory, steps=steps)
    slow = attrs.evolve(slow, outcome=attrs.evolve(slow.outcome, trajectory=trajectory, seconds=99.0))
    assert prompt_of(slow) == prompt_of(fast)

    class Ticket:
        """Has the default repr."""

    step = Step(kind="custom", name="<lambda at 0x7f11aabbcc>", error="<Client object at 0x7f00aa> failed")
    prompt = prompt_of(reflected(inputs=Ticket(), output=repr(Ticket()), text=repr(Ticket()), steps=(step,)))
    assert "0x7f" not in prompt
    assert not re.search(r"0x[0-9a-f]", prompt)


def test_it_is_the_same_in_another_process() -> None:
    code = (
        "from tests.reflection.builders import *\n"
        "from gepa_core.reflection import render_prompt\n"
        "import hashlib\n"
        "prompt = render_prompt(REPLY, all_components=[ROUTE, REPLY],"
        " minibatch=[late_parcel(), failed(), number_only()])\n"
        "print(hashlib.sha256(prompt.encode()).hexdigest())\n"
    )
    digests = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert digests[0] == digests[1]


def test_no_character_stands_in_it_that_a_provider_refuses() -> None:
    prompt = prompt_of(reflected(inputs="a\x00b", output="c\ud800d"))
    assert "\x00" not in prompt
    prompt.encode("utf-8")


def test_secrets_in_errors_are_hidden() -> None:
    step = Step(kind="tool", name="call", error="401 for key sk-proj-abcdef0123456789")
    assert "abcdef0123456789" not in prompt_of(reflected(steps=(step,)))


def test_the_current_text_is_named_where_a_step_repeats_it() -> None:
    long = attrs.evolve(PLAIN, text="Sort the ticket. " + "Be careful. " * 20)
    step = Step(
        kind="model", name="m", inputs=[{"role": "system", "content": long.text}], components=("sort",)
    )
    prompt = prompt_of(reflected(steps=(step,)), component=long)
    assert prompt.count(long.text) == 1
    assert "[… the current text of 'sort' …]" in prompt


def big(steps: int = 30, size: int = 5_000) -> Reflected:
    made = tuple(
        Step(
            kind="model" if n % 2 else "tool",
            name=f"s{n}",
            inputs="i" * size,
            output="o" * size,
            components=("reply",) if n % 2 else (),
        )
        for n in range(steps)
    )
    return reflected(inputs="q" * size, output="a" * size, text="Ten days is late.", steps=made)


@settings(deadline=None, max_examples=20)
@given(
    st.integers(min_value=1_000, max_value=8_000),
    st.integers(min_value=0, max_value=300),
    st.sampled_from([10, 400, 20_000]),
    st.integers(min_value=1, max_value=30),
)
def test_it_keeps_to_its_budget(max_tokens: int, steps: int, size: int, examples: int) -> None:
    prompt = prompt_of(*[big(steps, size)] * examples, max_tokens=max_tokens)
    assert len(prompt) <= 4 * max_tokens
    assert f"```\n{REPLY.text}\n```" in prompt


def test_what_was_cut_is_said_in_place() -> None:
    prompt = prompt_of(*[big(steps=100)] * 8, max_tokens=6_000)
    assert re.search(r"\[… [\d,]+ characters cut …\]", prompt)
    assert re.search(r"\[… \d+ steps cut …\]", prompt)
    assert "Ten days is late." in prompt


def test_with_little_room_the_worst_examples_are_shown() -> None:
    scores = [0.9, 0.1, 0.8, 0.2, 0.7, 0.6]
    minibatch = [
        attrs.evolve(each, outcome=attrs.evolve(each.outcome, feedback=Feedback(score, "word " * 200)))
        for each, score in zip([big()] * 6, scores, strict=True)
    ]
    prompt = prompt_of(*minibatch, max_tokens=1_300)
    assert "### Example 2 of 6" in prompt
    assert "### Example 1 of 6" not in prompt
    assert re.search(r"\[… \d examples cut …\]", prompt)


def test_nothing_is_cut_when_there_is_room() -> None:
    assert "cut …]" not in prompt_of(late_parcel(), failed(), number_only())


def test_feedback_is_cut_after_everything_else() -> None:
    feedback = "Rule. " * 150
    prompt = prompt_of(reflected(inputs="q" * 9_000, output="a" * 9_000, text=feedback), max_tokens=2_000)
    assert feedback.strip() in prompt


def test_a_current_text_is_shown_whole_whatever_the_budget() -> None:
    long = attrs.evolve(PLAIN, text="Sort. " * 2_000)
    assert long.text in prompt_of(late_parcel(), component=long, max_tokens=1_000)


def test_many_other_components_are_named() -> None:
    others = tuple(Component(name=f"part{n}", text="Text. " * 100, purpose="Helps.") for n in range(120))
    prompt = prompt_of(late_parcel(), others=others, max_tokens=3_000)
    assert all(f"`part{n}`" in prompt for n in range(120))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("as it is", "as it is"),
        ({"a": 1, "b": None}, "a: 1\nb: null"),
        ({"text": "two\nlines"}, "text:\n  two\n  lines"),
        ([{"role": "user", "content": "hi"}], "[user]\nhi"),
        ([1, "x"], "- 1\n- x"),
        ({"list": []}, "list: []"),
        (
            [{"role": "assistant", "content": "", "tool_calls": [{"name": "f"}]}],
            "[assistant]\ntool_calls:\n  - name: f",
        ),
    ],
)
def test_values_are_laid_out_to_be_read(value: object, shown: str) -> None:
    assert f"#### Inputs\n```\n{shown}\n```" in prompt_of(reflected(inputs=value))
