"""The simulated reflection model: reads both prompt formats, learns and errs at its stated rates."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import attrs
import pytest
from gepa_offline import ReflectionRates, SimulatedModel, domain, reflection_model
from gepa_offline.domains.support_desk import REPLY_SEED, TRIAGE_SEED
from gepa_offline.domains.support_desk.reply_rules import REPLY
from gepa_offline.domains.support_desk.triage_rules import TRIAGE
from gepa_offline.reading import read
from gepa_offline.reflection.parse import parse

from gepa_core.protocols import LanguageModel, Message

PERFECT = ReflectionRates(p_learn=1, p_over=0, p_forget=0, p_invent=0, p_rephrase=0)
CHARGE, SSO = TRIAGE.by_id["queue.double_charge"], TRIAGE.by_id["queue.sso"]
RULES = [fact for fact in TRIAGE.facts if fact.rule]


def own_format(current: str, *feedback: str, fence: str = "```") -> str:
    examples = "\n".join(
        f"### Example {n}\n#### Inputs\nA ticket.\n#### Feedback\n{text}\n"
        for n, text in enumerate(feedback, 1)
    )
    return f"Improve it.\n\n## Current text\n{fence}\n{current}\n{fence}\n\n## Examples\n{examples}\nAnswer."


def reference_format(current: str, *feedback: str) -> str:
    from gepa.strategies.instruction_proposal import InstructionProposalSignature

    records = [{"Inputs": {"ticket": "x"}, "Generated Outputs": "y", "Feedback": text} for text in feedback]
    made = InstructionProposalSignature.prompt_renderer(
        {"current_instruction_doc": current, "dataset_with_feedback": records}
    )
    assert isinstance(made, str)
    return made


def engine_format(current: str, *feedback: str) -> str:
    from gepa_core.mutation import Reflected
    from gepa_core.reflection import render_prompt
    from gepa_core.types import Example, Feedback, Outcome

    triage, reply = domain("support_desk").components
    component = attrs.evolve(triage if current.startswith("You sort") else reply, text=current)
    reflected = [
        Reflected(
            example=Example(inputs={"ticket": "x"}, expected={"notes": [fact.note for fact in TRIAGE.facts]}),
            outcome=Outcome(
                candidate="c",
                example=str(number),
                split="train",
                output="y",
                feedback=Feedback(0.0, text, by_component={component.name: text}),
            ),
        )
        for number, text in enumerate(feedback)
    ]
    return render_prompt(component, all_components=[triage, reply], minibatch=reflected)


def rewritten(prompt: str, rates: ReflectionRates = PERFECT, seed: int = 0) -> str:
    model = SimulatedModel(seed=seed, reflection=rates)
    answer = model.answer([{"role": "user", "content": prompt}], model="simulated-reflection")
    block = re.search(r"^(`{3,})\n(.*?)\n\1$", answer, re.MULTILINE | re.DOTALL)
    assert block is not None, answer
    return block.group(2)


def known(text: str) -> set[str]:
    return set(read(TRIAGE, text).known)


FORMATS = [own_format, reference_format, engine_format]


@pytest.mark.parametrize("form", FORMATS)
def test_learns_what_the_feedback_names_and_nothing_else(form: Callable[..., str]) -> None:
    text = rewritten(form(TRIAGE_SEED, f"The queue was 'billing'. {CHARGE.note}", "All is well.", SSO.note))
    assert text.startswith(TRIAGE_SEED)
    assert known(text) == {CHARGE.id, SSO.id}


@pytest.mark.parametrize("form", FORMATS)
def test_good_feedback_changes_nothing(form: Callable[..., str]) -> None:
    assert rewritten(form(TRIAGE_SEED, "Sorted and answered as it should be.")) == TRIAGE_SEED


def test_feedback_for_another_component_is_not_taken_up() -> None:
    other = REPLY.by_id["reply.bug"].note
    text = rewritten(own_format(TRIAGE_SEED, f"{CHARGE.note} {other}"))
    assert known(text) == {CHARGE.id}
    assert not read(REPLY, text).statements


def test_component_is_told_by_the_feedback_when_its_text_says_nothing() -> None:
    assert known(rewritten(own_format("Do it.", CHARGE.note))) == {CHARGE.id}


def test_current_text_may_hold_fences_and_headings() -> None:
    current = f"{TRIAGE_SEED}\n```\n## Feedback\n{SSO.note}\n```\nThat is all."
    parsed = parse(own_format(current, CHARGE.note, fence="`````"))
    assert parsed.current == current
    assert SSO.note not in parsed.feedback
    text = rewritten(own_format(current, CHARGE.note, fence="`````"))
    assert current in text or text.startswith(current)


def test_prompt_without_a_text_gets_an_answer_without_a_text() -> None:
    answer = SimulatedModel().answer(
        [{"role": "user", "content": "Improve my prompt."}], model="simulated-reflection"
    )
    assert "```" not in answer


def test_placeholders_survive_unless_told_otherwise() -> None:
    note = REPLY.by_id["reply.bug"].note
    assert "{triage}" in rewritten(own_format(REPLY_SEED, note))
    with_rule = REPLY_SEED + "\nFor defects, give a reference number, see {triage}."
    forgetting = attrs.evolve(PERFECT, p_forget=1)
    assert "see {triage}" in rewritten(own_format(with_rule, "Fine."), forgetting)
    dropping = attrs.evolve(PERFECT, p_drop_placeholder=1)
    assert "{triage}" not in rewritten(own_format(REPLY_SEED, note), dropping)


def test_forgetting_takes_out_the_sentence_and_its_line() -> None:
    stated = f"{TRIAGE_SEED}\n- {CHARGE.rule.says[0]}\n- Be quick."  # type: ignore[union-attr]
    text = rewritten(own_format(stated, "Fine."), attrs.evolve(PERFECT, p_forget=1))
    assert text == f"{TRIAGE_SEED}\n- Be quick."


def test_feedback_on_a_spoiled_fact_narrows_what_reaches_too_far() -> None:
    assert CHARGE.rule is not None
    broad = f"{TRIAGE_SEED}\n- {CHARGE.rule.broad}"
    text = rewritten(own_format(broad, TRIAGE.by_id["queue.invoice"].note))
    assert CHARGE.rule.broad not in text
    assert CHARGE.rule.says[0] in text
    made = TRIAGE.inventions[0]
    text = rewritten(own_format(f"{TRIAGE_SEED}\n- {made.text}", TRIAGE.by_id[made.spoils[0]].note))
    assert text == TRIAGE_SEED


def shares(rates: ReflectionRates, current: str, draws: int = 300) -> dict[str, float]:
    """Over many seeds: how often a rule named is learned, stated broadly, a stated one lost, one invented."""
    prompt = own_format(current, CHARGE.note)
    counts = dict.fromkeys(("learned", "broad", "kept", "invented"), 0)
    for seed in range(draws):
        reading = read(TRIAGE, rewritten(prompt, rates, seed))
        kinds = {(statement.kind, statement.id.partition("/")[0]) for statement in reading.statements}
        counts["learned"] += CHARGE.id in reading.known
        counts["broad"] += ("broad", CHARGE.id) in kinds
        counts["kept"] += SSO.id in reading.known
        counts["invented"] += any(kind == "invented" for kind, _ in kinds)
    return {name: count / draws for name, count in counts.items()}


def test_learns_and_errs_at_its_rates() -> None:
    rates = ReflectionRates(p_learn=0.6, p_over=0.25, p_forget=0.2, p_invent=0.3)
    stated = f"{TRIAGE_SEED}\n{SSO.rule.says[0]}"  # type: ignore[union-attr]
    found = shares(rates, stated)
    # Five standard errors of a share of 300 draws are at most 0.145.
    assert found["learned"] == pytest.approx(0.6, abs=0.145)
    assert found["broad"] == pytest.approx(0.6 * 0.25, abs=0.11)
    assert found["kept"] == pytest.approx(0.8, abs=0.12)
    assert found["invented"] == pytest.approx(0.3, abs=0.135)


def test_takes_up_no_more_than_its_attention() -> None:
    rates = attrs.evolve(PERFECT, attention=2)
    text = rewritten(own_format(TRIAGE_SEED, *[fact.note for fact in RULES]), rates)
    assert len(known(text)) == 2


def test_language_model_in_process_reports_usage_and_no_cost() -> None:
    model = reflection_model(seed=5)
    assert isinstance(model, LanguageModel)
    prompt = own_format(TRIAGE_SEED, CHARGE.note)
    completion = asyncio.run(model.complete([Message("user", prompt)]))
    expected = SimulatedModel(seed=5).answer(
        [{"role": "user", "content": prompt}], model="simulated-reflection"
    )
    assert completion.text == expected
    assert completion.usage.calls == 1
    assert completion.usage.input_tokens > completion.usage.output_tokens > 0
    assert completion.usage.unpriced == completion.usage.unmetered == 0
