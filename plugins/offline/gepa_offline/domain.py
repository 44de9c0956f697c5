"""A domain: data, hidden rules, a metric and a small app, all of one imagined task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from gepa_core.types import Component, Feedback
from gepa_offline.judge import Judge
from gepa_offline.playbook import Playbook
from gepa_offline.prompt import Answer, MessageDict, Prompt, ToolDict

Split: TypeAlias = Literal["train", "val", "test"]
Row: TypeAlias = dict[str, Any]
Ask: TypeAlias = Callable[[Sequence[MessageDict], Sequence[ToolDict]], Answer]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


@attrs.frozen(kw_only=True, eq=False)
class Domain:
    """An imagined task that the simulated models know.

    Attributes:
        name: how it is chosen, such as ``"support_desk"``.
        components: the texts that may change, with the seed texts.
        playbooks: the hidden rules, one playbook for each component.
        metric: ``metric(row, output)``; the feedback says in words which rule was missed.
        sizes: how many rows `rows` makes of each split unless told otherwise.
        make_row: makes the row of a seed, a split and a number.
        app: runs the domain's small app: texts, inputs and a way to ask the model.
        answer: how the task model answers a prompt of this domain; None when it is not one.
    """

    name: str
    components: tuple[Component, ...]
    playbooks: tuple[Playbook, ...]
    metric: Callable[[Row, Any], Feedback]
    sizes: Mapping[str, int]
    make_row: Callable[[int, Split, int], Row]
    app: Callable[[Mapping[str, str], Mapping[str, Any], Ask], Any]
    answer: Callable[[Prompt, Judge], Answer | None]

    @property
    def seed_texts(self) -> dict[str, str]:
        """The texts to start from, by component."""
        return {component.name: component.text for component in self.components}

    def rows(self, split: Split, count: int | None = None, *, seed: int = 0) -> list[Row]:
        """The first ``count`` rows of a split: the same for the same seed, never shared by two splits."""
        size = self.sizes[split] if count is None else count
        return [self.make_row(seed, split, number) for number in range(size)]

    @property
    def train(self) -> list[Row]:
        """The training rows of seed 0, in the usual size."""
        return self.rows("train")

    @property
    def val(self) -> list[Row]:
        """The validation rows of seed 0, in the usual size."""
        return self.rows("val")

    @property
    def test(self) -> list[Row]:
        """The test rows of seed 0, in the usual size."""
        return self.rows("test")

    def run(self, texts: Mapping[str, str], inputs: Mapping[str, Any], *, ask: Ask | None = None) -> Any:
        """Run the domain's small app in process, without a server or a framework.

        Args:
            texts: a text for every component.
            inputs: a row's ``"inputs"``.
            ask: the model, called with messages and tools; `SimulatedModel` of seed 0 if left out.
        """
        if ask is None:
            from gepa_offline.model import default_task_model

            ask = default_task_model().ask
        return self.app(texts, inputs, ask)
