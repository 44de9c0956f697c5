"""Data, rules and metrics of the domains."""

from __future__ import annotations

import json
from statistics import mean

import pytest
from gepa_offline import Domain, SimulatedModel, all_domains, domain
from gepa_offline.domain import SPLITS, Split
from gepa_offline.domains.support_desk.tickets import TOPICS, URGENCIES, Signal
from gepa_offline.playbook import Playbook
from gepa_offline.reading import read

DOMAINS = all_domains()
PLAYBOOKS = [playbook for each in DOMAINS for playbook in each.playbooks]
each_domain = pytest.mark.parametrize("task", DOMAINS, ids=lambda task: task.name)
each_playbook = pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: playbook.component)


def with_all_rules(task: Domain) -> dict[str, str]:
    """The seed texts with every house rule stated."""
    texts = task.seed_texts
    for playbook in task.playbooks:
        for fact in playbook.facts:
            if fact.rule:
                texts[playbook.component] += f"\n- {fact.rule.says[0]}"
    return texts


def score(task: Domain, texts: dict[str, str], split: Split = "test", count: int = 100) -> float:
    """The mean score of the simulated model of seed 0."""
    ask = SimulatedModel().ask
    rows = task.rows(split, count)
    return mean(task.metric(row, task.run(texts, row["inputs"], ask=ask)).score for row in rows)


@each_domain
def test_rows_are_the_same_each_time_and_json(task: Domain) -> None:
    for split in SPLITS:
        rows = task.rows(split)
        assert rows == task.rows(split)
        assert rows == json.loads(json.dumps(rows))
        assert len(rows) == task.sizes[split]
        assert rows[:5] == task.rows(split, 5)
    assert task.rows("train", 5, seed=1) != task.rows("train", 5)


@each_domain
def test_splits_share_no_row_but_share_rules(task: Domain) -> None:
    inputs = {split: {json.dumps(row["inputs"]) for row in task.rows(split, 400)} for split in SPLITS}
    assert all(len(found) == 400 for found in inputs.values())
    assert not inputs["train"] & inputs["val"]
    assert not inputs["train"] & inputs["test"]
    assert not inputs["val"] & inputs["test"]
    notes = {
        split: {note for row in task.rows(split, 400) for note in row["expected"]["notes"].values()}
        for split in SPLITS
    }
    assert notes["train"] == notes["val"] == notes["test"]


@each_domain
def test_seed_is_poor_and_all_rules_are_good(task: Domain) -> None:
    assert 0.15 < score(task, task.seed_texts) < 0.45
    assert 0.9 < score(task, with_all_rules(task)) < 0.99


@each_domain
def test_feedback_on_a_miss_names_what_was_missed(task: Domain) -> None:
    named: set[str] = set()
    for row in task.rows("train", 200):
        feedback = task.metric(row, task.run(task.seed_texts, row["inputs"]))
        for playbook in task.playbooks:
            reading = read(playbook, feedback.by_component.get(playbook.component, ""))
            named |= {statement.id for statement in reading.statements}
            assert feedback.score < 1 or not reading.statements
        assert set(feedback.objectives.values()) <= {0, 1 / 3, 0.5, 2 / 3, 1, 1 - 1 / 3, 1 - 2 / 3}
    first = task.playbooks[0]
    assert len({fact.id for fact in first.facts if fact.rule} & named) >= 5


@each_playbook
def test_each_statement_is_recognised_as_itself_alone(playbook: Playbook) -> None:
    for statement in playbook.statements:
        notes = [statement.fact.note] if statement.kind == "rule" and statement.fact else []
        for text in [*statement.texts, *notes]:
            assert [found.id for found in read(playbook, text).statements] == [statement.id], text


@each_domain
def test_components_of_a_domain_are_not_mixed_up(task: Domain) -> None:
    for playbook in task.playbooks:
        for other in task.playbooks:
            if playbook is other:
                continue
            texts = [text for statement in other.statements for text in statement.texts]
            assert [text for text in texts if read(playbook, text).statements] == []


@each_domain
def test_seed_texts_state_no_rule(task: Domain) -> None:
    for text in task.seed_texts.values():
        assert [playbook for playbook in task.playbooks if read(playbook, text).statements] == []


@each_playbook
def test_statements_spoil_only_facts_that_exist(playbook: Playbook) -> None:
    for statement in playbook.statements:
        assert set(statement.spoils) <= set(playbook.by_id)
        assert statement.fact is None or statement.fact.id not in statement.spoils


@pytest.mark.parametrize("signals", [TOPICS, URGENCIES], ids=["topics", "urgencies"])
def test_no_phrase_shows_two_signals(signals: tuple[Signal, ...]) -> None:
    for signal in signals:
        others = [mark for other in signals if other is not signal for mark in other.marks]
        for phrase in signal.phrases:
            assert not [mark for mark in others if mark in phrase.lower()]


def test_unknown_domain_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no domain 'desk'.*'support_desk'"):
        domain("desk")


@each_domain
def test_output_without_an_answer_scores_low_and_does_not_raise(task: Domain) -> None:
    empty = {"triage": "", "reply": "", "passages": [], "answer": "", "tool": "", "arguments": {}}
    assert task.metric(task.train[0], empty).score == 0
