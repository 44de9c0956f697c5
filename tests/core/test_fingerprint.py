"""Whether a run directory holds this run: what is compared, and what is shown when it differs."""

from __future__ import annotations

import dataclasses
import functools
import subprocess
import sys
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Candidate, Component, Example, Feedback, Outcome
from gepa_core.data import as_examples
from gepa_core.errors import RunMismatch
from gepa_core.fingerprint import beside, check, fingerprint
from gepa_core.identity import identity
from gepa_core.presets import as_preset
from gepa_core.store import FILE, Store
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


# what a metric is known by -------------------------------------------------------


def lambdas() -> list[Any]:
    return [lambda example, output: example == output, lambda example, output: example != output]


def made_with(threshold: float, calls: Any = None) -> Any:
    def judge(example: Any, output: Any) -> float:
        nonlocal calls
        calls = (example, output)
        return float(output > threshold)

    return judge


@attrs.define
class Judge:
    """A metric with a setting, and with something that it gathers."""

    threshold: float
    seen: int = attrs.field(default=0, init=False)

    def __call__(self, _example: Any, output: Any) -> float:
        self.seen += 1
        return float(output > self.threshold)

    def score(self, example: Any, output: Any) -> float:
        return self(example, output)


@dataclasses.dataclass
class Counting:
    """The same as a dataclass."""

    threshold: float
    seen: int = dataclasses.field(default=0, compare=False)

    def __call__(self, _example: Any, output: Any) -> float:
        self.seen += 1
        return float(output > self.threshold)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        tuple(lambdas()),
        (lambda _e, _o: 1.0, lambda _e, _o: 2.0),  # of one line
        tuple((lambda _e, _o, k=k: k) for k in (1, 2)),
        (made_with(0.1), made_with(0.2)),
        (functools.partial(made_with(0.1), output=1), functools.partial(made_with(0.2), output=1)),
        (Judge(0.1), Judge(0.2)),
        (Judge(0.1).score, Judge(0.2).score),
        (Counting(0.1), Counting(0.2)),
        eval("lambda e, o: 1, lambda e, o: 2"),
    ],
)
def test_metrics_of_one_name_are_told_apart(one: Any, other: Any) -> None:
    """Two lambdas of a scope, two functions of one factory, two objects of one class."""
    assert identity(one) != identity(other)
    assert identity(one) == identity(one)


@pytest.mark.parametrize("make", [lambda: made_with(0.1), lambda: Judge(0.1), lambda: Counting(0.1)])
def test_what_a_metric_gathers_does_not_make_it_another(make: Any) -> None:
    """A run is often continued in the process that began it."""
    used = make()
    before = identity(used)
    used(1, 2)
    assert identity(used) == before == identity(make())


SCRIPT = """
import sys
from gepa_core.identity import identity
limit = 3
def scope(limit):
    return [lambda example, output: (lambda shift: output + shift)(1) > limit, print]
{padding}
metrics = scope(7)[0], {first}, lambda a, b: a is b
for metric in metrics: print(identity(metric))
"""


def test_a_lambda_is_the_same_in_another_process_and_another_layout(tmp_path: Path) -> None:
    """Neither a line more above it nor a formatter makes it another one."""
    layouts = (
        {"padding": "", "first": "lambda example, output: example['x'] == output"},
        {"padding": "import os\n# a note\n", "first": '(lambda example,\n  output: example["x"]==output)'},
    )
    said = []
    for number, layout in enumerate(layouts):
        file = tmp_path / f"{number}.py"
        file.write_text(SCRIPT.format(**layout))
        environment = {"PYTHONHASHSEED": str(number), "PATH": ""}
        done = subprocess.run(
            [sys.executable, file], env=environment, capture_output=True, text=True, check=True
        )
        said.append(done.stdout.splitlines())
    assert said[0] == said[1]
    assert said[0][0] == (
        "__main__:scope.<locals>.<lambda> lambda example, output: (lambda shift: output + shift)(1) > limit"
        ' with {"limit": 7}'
    )
    assert len(set(said[0])) == 3


def test_a_named_function_may_be_mended() -> None:
    """After an error of the metric the run goes on with the same function, written anew."""
    assert identity(metric) == "tests.core.toys:metric"


def open_metric(_example: Any, output: Any, **_settings: Any) -> float:
    return float(output)


def test_keys_in_settings_are_not_part_of_what_a_metric_is() -> None:
    """They would be stored, and a new key would make another run of it."""
    key = "planted-0123456789abcdef"
    for value in (
        functools.partial(open_metric, api_key=key),
        functools.partial(open_metric, options={"headers": {"x": key}}),
        functools.partial(metric, output="sk-proj-0123456789abcdef"),
    ):
        assert "0123456789" not in identity(value)
    assert identity(functools.partial(open_metric, api_key="a")) == identity(
        functools.partial(open_metric, api_key="b")
    )


# plugins ----------------------------------------------------------------------------


@attrs.define(eq=False, kw_only=True)
class Lazy:
    """A plugin with a field that is set when it is used."""

    size: int = 3
    found: list[str] = attrs.field(init=False)


def test_a_field_that_is_not_set_yet_is_no_option() -> None:
    """Some plugins fill theirs in when they are configured."""
    assert facts(plugins=[("lazy", Lazy())])["plugin 'lazy'"].endswith(':Lazy {"size": 3}')


@pytest.mark.parametrize("name", ["steps", "steps#2", "Options"])
def test_another_version_of_a_plugin_is_another_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """However it was given: by its name, once more, or as an object."""
    point = EntryPoint(name="steps", group="gepa_core.plugins", value=f"{Options.__module__}:Options")

    def installed(version: str) -> dict[str, EntryPoint]:
        (tmp_path / version).mkdir()
        (tmp_path / version / "METADATA").write_text(f"Name: gepa-steps\nVersion: {version}\n")
        found = EntryPoint(**{key: getattr(point, key) for key in ("name", "value", "group")})
        vars(found).update(dist=PathDistribution(tmp_path / version))
        return {"steps": found}

    described = []
    for version in ("1.0", "1.1"):
        found = installed(version)
        monkeypatch.setattr("gepa_core.fingerprint.installed_plugins", lambda found=found: found)
        described.append(facts(plugins=[(name, Options())])[f"plugin {name!r}"])
    assert [text.partition(",")[0] for text in described] == ["gepa-steps 1.0", "gepa-steps 1.1"]


# another run beside it -------------------------------------------------------------


def test_where_long_values_begin_to_differ_is_shown(tmp_path: Path) -> None:
    """A prompt of many pages in which one word changed."""
    text = "many words " * 500
    store = Store.open(tmp_path)
    check(store, facts(components=[Component(name="a", text=f"{text}one{text}")]))
    store.save_answer(1, "p", 0, _completion())
    with pytest.raises(RunMismatch, match=r"was ….*words one.*, is ….*words other"):
        check(store, facts(components=[Component(name="a", text=f"{text}other{text}")]))
    store.close()


def test_the_first_place_beside_that_fits(tmp_path: Path) -> None:
    """Not where another run or a foreign file is; where this run was begun before; or in a new directory."""
    begun(tmp_path / "run").close()
    (tmp_path / "run-2").mkdir()
    (tmp_path / "run-2" / FILE).write_text("mine")
    assert beside(tmp_path / "run", facts()) == tmp_path / "run"
    assert beside(tmp_path / "run", facts(seed=1)) == tmp_path / "run-3"
    store = Store.open(tmp_path / "run-3")
    check(store, facts(seed=1))
    assert beside(tmp_path / "run", facts(seed=2)) == tmp_path / "run-3"  # nothing was paid for yet
    store.save_answer(1, "p", 0, _completion())
    store.close()
    assert beside(tmp_path / "run", facts(seed=1)) == tmp_path / "run-3"
    assert beside(tmp_path / "run", facts(seed=2)) == tmp_path / "run-4"
