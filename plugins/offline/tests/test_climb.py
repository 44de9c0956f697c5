"""Hill climbing in process: reflection on three examples at a time lifts the score far above the seed's."""

from __future__ import annotations

import re
from random import Random
from statistics import mean
from typing import Any

import pytest
from gepa_offline import Domain, SimulatedModel, all_domains

Rows = list[dict[str, Any]]


def mean_score(task: Domain, model: SimulatedModel, texts: dict[str, str], rows: Rows) -> float:
    return mean(task.metric(row, task.run(texts, row["inputs"], ask=model.ask)).score for row in rows)


def reflected(task: Domain, model: SimulatedModel, texts: dict[str, str], name: str, batch: Rows) -> str:
    feedback = [task.metric(row, task.run(texts, row["inputs"], ask=model.ask)) for row in batch]
    examples = "\n".join(f"## Feedback\n{each.by_component.get(name, each.text)}" for each in feedback)
    prompt = f"```\n{texts[name]}\n```\n{examples}"
    answer = model.answer([{"role": "user", "content": prompt}], model="simulated-reflection")
    block = re.search(r"```\n(.*)\n```", answer, re.DOTALL)
    assert block is not None
    return block.group(1)


@pytest.mark.parametrize("task", all_domains(), ids=lambda task: task.name)
def test_hill_climbing_learns_the_domain(task: Domain) -> None:
    model, rng, texts = SimulatedModel(), Random(0), task.seed_texts
    train, test = task.train, task.test
    before = mean_score(task, model, texts, test)
    for step in range(30 * len(texts)):
        name = task.components[step % len(task.components)].name
        batch = rng.sample(train, 3)
        child = {**texts, name: reflected(task, model, texts, name, batch)}
        if mean_score(task, model, child, batch) > mean_score(task, model, texts, batch):
            texts = child
    after = mean_score(task, model, texts, test)
    assert before < 0.45
    assert after > 0.7
