"""One simulated problem, posed in the same way to this project's engine and to the PyPI package gepa.

Both are given the same seed texts, rows, task model and the same way to write a new text from feedback, so
that whatever differs is the search itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from gepa_offline import REFLECTION_MODEL, Domain, SimulatedModel, domain
from gepa_offline.domain import Row

from gepa_core.reflection import NewText, extract_text
from gepa_core.types import Feedback


@attrs.define(kw_only=True)
class Problem:
    """A domain of the simulated models with data of its own for each seed."""

    name: str
    seed: int
    train_size: int = 30
    val_size: int = 25

    domain: Domain = attrs.field(init=False)
    model: SimulatedModel = attrs.field(init=False)
    train: list[Row] = attrs.field(init=False)
    val: list[Row] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.domain = domain(self.name)
        self.model = SimulatedModel(seed=self.seed)
        self.train = self.domain.rows("train", self.train_size, seed=self.seed)
        self.val = self.domain.rows("val", self.val_size, seed=self.seed)

    def run(self, texts: Mapping[str, str], row: Mapping[str, Any]) -> Any:
        """The domain's app on one row."""
        return self.domain.run(texts, row["inputs"], ask=self.model.ask)

    def rewrite(self, current: str, feedback: Sequence[str]) -> str:
        """A new text, by the simulated reflection model; the current one when it gives none."""
        examples = "\n\n".join(f"## Feedback\n{text}" for text in feedback)
        prompt = f"## Current text\n````\n{current}\n````\n\n{examples}"
        answer = self.model.answer([{"role": "user", "content": prompt}], model=REFLECTION_MODEL)
        found = extract_text(answer, current)
        return found.text if isinstance(found, NewText) else current


def feedback_for(component: str, feedback: Feedback) -> str:
    """What a metric says of one component."""
    return feedback.by_component.get(component, feedback.text)
