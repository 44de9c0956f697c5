"""Whether a run directory holds this run: what is compared, and what is shown when it differs."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Candidate, Component, Example, Feedback, Outcome
from gepa_core.data import as_examples
from gepa_core.errors import RunMismatch
from gepa_core.fingerprint import check, fingerprint
from gepa_core.presets import as_preset
from gepa_core.store import Store
from gepa_core.types import Split
from tests.core.toys import COMPONENTS, metric


@attrs.define(eq=False, kw_only=True)
class Options:
    size: int = 3
    noted: list[str] = attrs.field(factory=list, init=False)


def splits(train: Any = (1, 2), val: Any = (3,), test: Any = ()) -> dict[Split, tuple[Example, ...]]:
    return {
        "train": as_examples(train, "train"),
        "val": as_examples(val, "val"),
        "test": as_examples(test, "test"),
    }


def facts(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "components": COMPONENTS,
        "splits": splits(),
        "metric": metric,
        "model": "m",
        "plugins": [("options", Options())],
        "preset": as_preset("default"),
        "seed": 0,
    }
    return fingerprint(**(arguments | changes))


def begun(directory: Path) -> Store:
    """A store with one rollout in it."""
    store = Store.open(directory)
    check(store, facts())
    store.save_outcome(Outcome(candidate="c", example="e", split="val", feedback=Feedback(1.0)), "seed")
    return store


def own(inputs: Any, data: Any = None) -> tuple[Example, ...]:
    return as_examples([Example(inputs=inputs, data=data, id="mine")], "train")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"seed": 1}, "seed"),
        ({"metric": str.count}, "metric"),
        ({"metric": functools.partial(metric, output=1)}, "metric"),
        ({"model": "n"}, "reflection model"),
        ({"plugins": [("options", Options(size=4))]}, "plugin 'options'"),
        ({"plugins": []}, "plugin 'options'"),
        ({"preset": attrs.evolve(as_preset("default"), lookahead=2)}, "preset lookahead"),
        ({"components": [attrs.evolve(COMPONENTS[0], text="x"), COMPONENTS[1]]}, "component 'first'"),
        ({"components": COMPONENTS[:1]}, "component 'second'"),
        (
            {"splits": {"train": as_examples([1, 4], "train"), "val": as_examples([3], "val"), "test": ()}},
            "train examples",
        ),
        (
            {"splits": {"train": as_examples([2, 1], "train"), "val": as_examples([3], "val"), "test": ()}},
            "train examples",
        ),
    ],
)
def test_what_changed_is_named_with_both_values(tmp_path: Path, changes: Any, name: str) -> None:
    """The difference is in the error as data, and in its message."""
    store = begun(tmp_path)
    with pytest.raises(RunMismatch) as caught:
        check(store, facts(**changes))
    store.close()
    was, now = facts().get(name, "nothing"), facts(**changes).get(name, "nothing")
    assert caught.value.differences == {name: (was, now)}
    assert f"{name}: was " in str(caught.value)


def test_the_same_goes_on(tmp_path: Path) -> None:
    """Also with what a plugin noted while it ran, which is no option of it."""
    store = begun(tmp_path)
    used = Options()
    used.noted.append("something")
    check(store, facts(plugins=[("options", used)]))
    store.close()


def test_examples_with_ids_of_their_own_are_compared_by_content() -> None:
    """The id says nothing about the inputs, nor about what the metric is given."""
    hashes = [
        facts(splits={"train": rows})["train examples"] for rows in (own(1), own(2), own(1, "gold"), own(1))
    ]
    assert len(set(hashes)) == 3
    assert hashes[0] == hashes[3]


def test_partial_metrics_are_told_apart_by_what_is_bound() -> None:
    """A threshold that is bound to a metric is a setting like any other."""
    one, other, same = (functools.partial(metric, output=output) for output in (1, 2, 1))
    assert facts(metric=one) != facts(metric=other)
    assert facts(metric=one) == facts(metric=same)


def test_a_run_that_has_paid_nothing_can_be_anything(tmp_path: Path) -> None:
    """After an error at the start, such as a budget too small, the call may be mended in any way."""
    store = Store.open(tmp_path)
    check(store, facts())
    check(store, facts(seed=5))
    store.save_outcome(
        Outcome(candidate=Candidate(texts={"a": "b"}).id, example="e", split="val", feedback=Feedback(1.0)),
        "seed",
    )
    with pytest.raises(RunMismatch, match="seed: was 5, is 0"):
        check(store, facts())
    store.close()


def test_long_texts_are_cut_in_the_message(tmp_path: Path) -> None:
    """A prompt of many pages does not hide what else differs."""
    store = Store.open(tmp_path)
    check(store, facts(components=[Component(name="a", text="x" * 100_000)]))
    store.save_answer(1, "p", 0, _completion())
    with pytest.raises(RunMismatch) as caught:
        check(store, facts(components=[Component(name="a", text="y" * 100_000)]))
    store.close()
    assert len(str(caught.value)) < 1_000


def _completion() -> Any:
    from gepa_core.protocols import Completion

    return Completion(text="x")
