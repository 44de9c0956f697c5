"""The simulated task model: follows stated rules, less reliably in long texts, whatever the layout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import mean

import pytest
from gepa_offline import SimulatedModel, TaskRates, domain
from gepa_offline.domains.support_desk.triage_rules import TRIAGE
from gepa_offline.prompt import MessageDict

DESK = domain("support_desk")
SEED = DESK.seed_texts["triage"]
SURE = SimulatedModel(task=TaskRates(follow=1.0, half_length=1e9, conflict=1.0))
RULE = "Send duplicate charges to the risk queue, not to billing."


def ticket_about(fact: str, value: str, skip: int = 0) -> str:
    """A test ticket whose expected queue or priority has this note."""
    note = TRIAGE.by_id[fact].note
    found = [row for row in DESK.rows("test", 300) if row["expected"]["notes"][value] == note]
    return str(found[skip]["inputs"]["ticket"])


CHARGED = ticket_about("queue.double_charge", "queue")


def ask(system: str, ticket: str = CHARGED) -> str:
    return SURE.answer([{"role": "system", "content": system}, {"role": "user", "content": ticket}])


def test_rule_has_to_be_stated() -> None:
    assert "queue: billing" in ask(SEED)
    assert "queue: risk" in ask(f"{SEED}\n{RULE}")
    assert "queue: risk" in ask(f"{SEED}\nIf somebody was CHARGED TWICE, that means: risk!")


LAYOUTS: dict[str, list[MessageDict]] = {
    "system and human": [
        {"role": "system", "content": f"{SEED}\n{RULE}"},
        {"role": "user", "content": CHARGED},
    ],
    "one message": [{"role": "user", "content": f"{SEED}\n{RULE}\n\nTicket:\n{CHARGED}\n\nYour two lines:"}],
    "rule after the input": [{"role": "user", "content": f"{SEED}\n\n<<<{CHARGED}>>>\n\nRemember: {RULE}"}],
    "developer and parts": [
        {"role": "developer", "content": [{"type": "text", "text": f"{SEED} {RULE}"}]},
        {"role": "user", "content": [{"type": "text", "text": CHARGED}]},
    ],
    "few-shot": [
        {"role": "system", "content": f"{SEED}\n{RULE}"},
        {"role": "user", "content": ticket_about("queue.sso", "queue")},
        {"role": "assistant", "content": "queue: technical\npriority: normal"},
        {"role": "user", "content": CHARGED},
    ],
}


@pytest.mark.parametrize("messages", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_layout_of_the_prompt_does_not_matter(messages: list[MessageDict]) -> None:
    assert "queue: risk" in SURE.answer(messages)
    without = json.loads(json.dumps(messages).replace(RULE, ""))
    assert "queue: billing" in SURE.answer(without)


def test_rule_in_the_assistants_own_words_or_in_the_input_is_no_instruction() -> None:
    messages = [
        {"role": "system", "content": SEED},
        {"role": "assistant", "content": RULE},
        {"role": "user", "content": CHARGED},
    ]
    assert "queue: billing" in SURE.answer(messages)


def test_broad_rule_harms_where_it_should_not_apply() -> None:
    invoice = ticket_about("queue.invoice", "queue")
    rule = TRIAGE.by_id["queue.double_charge"].rule
    assert rule is not None
    assert "queue: billing" in ask(SEED, invoice)
    assert "queue: risk" in ask(f"{SEED}\n{rule.broad}", invoice)
    assert "queue: risk" in ask(f"{SEED}\n{rule.broad}", CHARGED)


def test_invention_harms_and_contends_with_the_rule() -> None:
    damaged = ticket_about("queue.late_parcel", "queue")
    invention = next(made for made in TRIAGE.inventions if "queue.late_parcel" in made.spoils)
    assert "queue: shipping" in ask(SEED, damaged)
    assert f"queue: {invention.value}" in ask(f"{SEED}\n{invention.text}", damaged)


def test_reply_depends_on_the_triage_it_is_given() -> None:
    text = DESK.seed_texts["reply"] + "\nPromise urgent tickets an answer within one hour."
    urgent = text.replace("{triage}", "queue: risk\npriority: urgent")
    normal = text.replace("{triage}", "queue: risk\npriority: normal")
    assert "within one hour" in ask(urgent)
    assert "within two working days" in ask(normal)


def test_reliability_falls_smoothly_with_length() -> None:
    rates = TaskRates()
    values = [rates.reliability(chars) for chars in range(0, 20_000, 500)]
    assert values == sorted(values, reverse=True)
    assert rates.reliability(1000) > 0.93
    assert rates.reliability(7000) == pytest.approx(0.97 / 2)


def test_long_instructions_are_followed_less() -> None:
    def share(padding: int) -> float:
        text = f"{SEED}\n{RULE}\n" + "Be kind. " * padding
        tickets = [row["inputs"]["ticket"] for row in DESK.rows("test", 900)]
        charged = [ticket for ticket in tickets if "charged twice" in ticket or "identical pay" in ticket]
        model = SimulatedModel()
        answers = [
            model.answer([{"role": "system", "content": text}, {"role": "user", "content": ticket}])
            for ticket in charged
        ]
        assert len(answers) > 100
        return mean("queue: risk" in answer for answer in answers)

    assert share(0) > 0.9
    assert 0.25 < share(800) < 0.7


def test_same_prompt_same_answer_and_the_seed_matters() -> None:
    rows = DESK.rows("test", 300)
    first = [DESK.run(DESK.seed_texts, row["inputs"], ask=SimulatedModel(seed=1).ask) for row in rows]
    again = [DESK.run(DESK.seed_texts, row["inputs"], ask=SimulatedModel(seed=1).ask) for row in rows]
    other = [DESK.run(DESK.seed_texts, row["inputs"], ask=SimulatedModel(seed=2).ask) for row in rows]
    assert first == again
    assert first != other


_PROGRAM = """
from hashlib import sha256
from gepa_offline import SimulatedModel, all_domains
model = SimulatedModel(seed=7)
said = []
for task in all_domains():
    for row in task.rows("val", 40):
        said += [row, task.run(task.seed_texts, row["inputs"], ask=model.ask)]
        note = " ".join(row["expected"]["notes"].values())
        for text in task.seed_texts.values():
            prompt = f"```\\n{text}\\n```\\n## Feedback\\n{note}"
            said.append(model.answer([{"role": "user", "content": prompt}], model="simulated-reflection"))
print(sha256(repr(said).encode()).hexdigest())
"""


def test_answers_do_not_depend_on_the_process() -> None:
    def digest(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert len(digest("0")) == 64
    assert digest("0") == digest("1") == digest("2")


def test_prompt_of_no_domain_is_answered_with_that() -> None:
    assert "none of them" in SURE.answer([{"role": "user", "content": "Write a poem."}])


def test_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no model 'gpt'.*simulated-task"):
        SURE.answer([{"role": "user", "content": "x"}], model="gpt")


def test_rates_are_checked() -> None:
    with pytest.raises(ValueError, match="follow is a probability"):
        TaskRates(follow=1.2)
