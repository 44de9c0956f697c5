"""Data that cannot be used is refused before anything runs; data that may mislead is warned of."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gepa_core import Component, Example, Feedback
from gepa_core.defaults.sampling import EpochMinibatch
from gepa_core.errors import ConfigurationError, DataError, PluginError
from tests.core.seen import Watch, outcomes
from tests.core.toys import COMPONENTS, Toy, ToyModel, metric, preset, search, total


class Table:
    """A data frame: its iterator gives the names of its columns."""

    columns = ("question", "answer")

    def to_dict(self, _orient: str) -> list[dict[str, str]]:
        """Rows."""
        return [{"question": "q", "answer": "a"}]

    def __iter__(self) -> Any:
        return iter(self.columns)


@pytest.mark.parametrize("split", ["trainset", "valset", "testset"])
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("data.jsonl", "is a str, 'data.jsonl': give a list of rows"),
        ({"q": 1}, "is a dict, {'q': 1}: give a list of rows"),
        (Table(), "is a Table, whose columns would be taken for rows: give its rows, as"),
        (7, "is 7: give a list of rows"),
        ([1, 2, 1], "examples 0 and 2 are equal (1); leave one out, or give an Example its own id"),
        ([Example(inputs=1, id="a"), Example(inputs=2, id="a")], "examples 0 and 1 have the same id 'a'"),
        ([1, object()], "example 1 cannot be told from others by its content: <object object"),
        (
            [{"file": io.StringIO("x")}],
            "example 0 cannot be told from others by its content: {'file': <_io.Str",
        ),
        ([(n for n in range(3))], "example 0 cannot be told from others by its content: <generator object"),
        ([map(str, [1])], "example 0 cannot be told from others by its content: <map object"),
        ([[threading.Lock()]], "example 0 cannot be told from others by its content: [<unlocked"),
        ([{"expected": 1}], "example 0 has nothing to run the app on"),
    ],
)
def test_data_that_cannot_be_used(tmp_path: Path, split: str, rows: Any, said: str) -> None:
    """Each is told which data set, which row, and what to do; no model was called and no directory made."""
    system, model = Toy(), ToyModel()
    with pytest.raises(DataError) as caught:
        search(system, tmp_path / "run", reflection_lm=model, **{split: rows})
    assert said in str(caught.value)
    assert {"trainset": "train", "valset": "val", "testset": "test"}[split] in str(caught.value)
    assert (system.runs, model.prompts) == (0, [])
    assert not (tmp_path / "run").exists()


def test_a_split_that_is_empty(tmp_path: Path) -> None:
    """Training and validation; without a test set there is no test."""
    empty: list[Any] = [[], iter(()), ()]
    for rows in empty:
        with pytest.raises(DataError, match="trainset is empty: give at least one example to learn from"):
            search(Toy(), tmp_path, trainset=rows)
        with pytest.raises(DataError, match="valset is empty: give examples, or leave it out to validate on"):
            search(Toy(), tmp_path, valset=rows)
    with pytest.raises(DataError, match="trainset is None: give a list of rows"):
        search(Toy(), tmp_path, trainset=None)
    assert search(Toy(), tmp_path, testset=[], budget=30).test is None


def test_rows_may_come_from_an_iterator(tmp_path: Path) -> None:
    """It is read once, also where the training set serves for validation."""
    result = search(Toy(), tmp_path, trainset=iter(range(6)), valset=None, budget=40)
    assert len(result.val.seed) == 6


@pytest.mark.parametrize("lookahead", [1, 4])
@pytest.mark.parametrize("skip_solved", [True, False])
def test_a_minibatch_that_exceeds_the_training_set(tmp_path: Path, lookahead: int, skip_solved: bool) -> None:
    """Each example is in it at most once; the budget counts what there is, not what was asked for."""
    result = search(
        Toy(),
        tmp_path,
        trainset=range(4),
        plugins=[EpochMinibatch(size=50, skip_solved=skip_solved)],
        preset=preset(lookahead=lookahead),
        budget=60,
    )
    mutations = [one for one in result.proposals if one.kind == "mutation"]
    assert mutations
    for one in mutations:
        assert len(set(one.examples)) == len(one.examples) <= 4
        # the parent, the child, once more where it may be rebased, and the validation
        assert one.reserved.total_rollouts <= 4 + 4 + (lookahead > 1) * 4 + 6
    assert result.improved


def test_an_example_in_two_splits_is_warned_of_and_run_for_each(tmp_path: Path) -> None:
    """What is known of it in training says nothing of validation, where the metric may be another one."""
    met: Counter[Any] = Counter()

    def on_run(texts: Mapping[str, str], inputs: Any) -> None:
        met[f"{dict(texts)} {inputs}"] += 1

    def judge(row: Mapping[str, Any], output: Any) -> Feedback:
        said = metric(row["n"], output)
        return Feedback(said.score / (1 if row["split"] == "train" else 2), said.text)

    def rows(split: str, *numbers: int) -> list[Example]:
        return [Example(inputs=n, data={"n": n, "split": split}) for n in numbers]

    watch = Watch()
    result = search(
        Toy(on_run=on_run),
        tmp_path,
        trainset=rows("train", *range(6)),
        valset=rows("val", *range(3, 9)),
        testset=rows("test", 0, 8, 20),
        metric=judge,
        plugins=[watch],
        budget=90,
    )
    assert watch.warnings == [
        "3 training examples are in the validation set too, so its scores flatter",
        "1 test examples are in the training set too, so the test's scores flatter",
        "1 test examples are in the validation set too, so the test's scores flatter",
    ]
    assert max(met.values()) >= 2  # once for each split
    assert sum(met.values()) == total(result)
    train = {(one.candidate, one.example): one.score for one in outcomes(tmp_path, "parent", "child")}
    val = {(one.candidate, one.example): one.score for one in outcomes(tmp_path, "seed", "validation")}
    both = [key for key in train if key in val]
    assert both
    assert all(val[key] == train[key] / 2 for key in both)


def test_no_warning_without_reason(tmp_path: Path) -> None:
    watch = Watch()
    search(Toy(), tmp_path, testset=range(40, 43), plugins=[watch], budget=40)
    assert watch.warnings == []


@pytest.mark.parametrize("attributed", [True, False])
@pytest.mark.parametrize("lookahead", [1, 4])
def test_a_seed_that_is_perfect(tmp_path: Path, attributed: bool, lookahead: int) -> None:
    """Says so and stops, having spent only its validation: nothing is probed that will not be rewritten."""
    system, model = Toy(attributed=attributed), ToyModel()
    result = search(
        system,
        tmp_path,
        metric=lambda *_: 1.0,
        reflection_lm=model,
        preset=preset(lookahead=lookahead),
    )
    assert result.stop_reason == (
        "the seed has the perfect score 1 on every validation example, so there is nothing to improve"
    )
    assert (system.runs, total(result), model.prompts) == (6, 6, [])
    assert not result.improved


# what an adapter finds -----------------------------------------------------------


@pytest.mark.parametrize(
    ("components", "said"),
    [
        (
            (COMPONENTS[0], COMPONENTS[0]),
            "found two components with the name 'first': names have to be unique",
        ),
        ((Component(name="", text="x"),), "found a component with the name ''"),
        ((Component(name="a", text=None),), "found 'a', whose text is None"),  # type: ignore[arg-type]
    ],
)
def test_components_that_cannot_be_told_apart(tmp_path: Path, components: Any, said: str) -> None:
    system = Toy(components=components)
    with pytest.raises(PluginError) as caught:
        search(system, tmp_path / "run")
    assert str(caught.value) == f"adapter 'tests.core.toys.Toy' {said}"
    assert system.runs == 0


def test_an_app_without_texts(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no text to optimise"):
        search(Toy(components=()), tmp_path)


def test_an_example_that_the_app_changes_is_still_the_same_example(tmp_path: Path) -> None:
    """An app that pops a key of its input, or appends to a list in it, must not change what the next
    candidate is run on; nor a metric its row, nor an adapter the candidate's texts."""

    class Greedy(Toy):
        async def run(self, texts: Mapping[str, str], inputs: Any) -> Any:
            texts["second"] += " s1"  # type: ignore[index]
            inputs["seen"].append(1)
            assert inputs["seen"] == [1]
            return await super().run(texts, inputs.pop("number"))

    rows = [{"inputs": {"number": number, "seen": []}, "n": number} for number in range(6)]
    result = search(
        Greedy(),
        tmp_path,
        trainset=rows,
        valset=None,
        metric=lambda row, output: metric(row.pop("n"), output),
        budget=50,
    )
    failed = [one for one in outcomes(tmp_path, "seed", "parent", "child", "validation") if one.failure]
    assert failed == []
    assert result.best.texts["second"].count(" s1") <= 1
    assert rows[0] == {"inputs": {"number": 0, "seen": []}, "n": 0}
