"""Property 2: kill it anywhere, pay nothing twice, and get the run that was never interrupted."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, get_args

import attrs
import pytest

from gepa_core import Candidate, Feedback, Result, hookimpl
from gepa_core.data import as_examples
from gepa_core.defaults.sampling import EpochMinibatch
from gepa_core.errors import MetricError, RunMismatch
from gepa_core.events import Event, Warned
from gepa_core.store import FILE, Store
from gepa_core.types import Purpose, Split
from tests.core.toys import COMPONENTS, QUICK, Toy, ToyModel, metric, preset, search, total

REPOSITORY = Path(__file__).parents[2]
Bought: TypeAlias = tuple[str, Any]
"""Candidate id and input."""

PURPOSES = get_args(Purpose)

SPLITS: dict[Split, range] = {"train": range(12), "val": range(20, 26), "test": range(40, 43)}
INPUTS = {one.id: one.inputs for split, rows in SPLITS.items() for one in as_examples(rows, split)}


def kept(directory: Path) -> set[Bought]:
    """Every rollout that is in the store."""
    store = Store.read(directory)
    found = {(one.candidate, INPUTS[one.example]) for name in PURPOSES for one in store.outcomes(name)}
    store.close()
    return found


def begun(journal: Path) -> list[Bought]:
    """Every rollout that was begun, in order."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    return [(Candidate(texts=texts).id, inputs) for texts, inputs in map(json.loads, lines)]


def process(directory: Path, journal: Path, lookahead: int, what: str, last: int) -> int:
    """Run `tests.end_to_end.killed` and return how it ended."""
    command = [sys.executable, "-m", "tests.end_to_end.killed", str(directory), str(journal)]
    environment = {**os.environ, "PYTHONHASHSEED": str(last % 3)}
    done = subprocess.run(
        [*command, str(lookahead), what, str(last)],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 9), done.stderr
    return done.returncode


def whole(directory: Path, lookahead: int) -> Result:
    """The run that was never interrupted."""
    return search(Toy(), directory, preset=preset(lookahead=lookahead), testset=range(40, 43))


@pytest.mark.parametrize(("lookahead", "what", "each"), [(1, "run", 41), (4, "run", 53), (4, "reflect", 9)])
def test_killed_again_and_again_it_is_the_unbroken_run(
    tmp_path: Path, lookahead: int, what: str, each: int
) -> None:
    """Each process dies after so many rollouts or reflections; no finished rollout is ever begun again,
    and all are kept but those that were under way: at most as many as run at once."""
    directory, journal = tmp_path / "killed", tmp_path / "journal"
    for number in itertools.count():
        finished, before = kept(directory) if number else set(), len(begun(journal))
        ended = process(directory, journal, lookahead, what, each)
        assert finished.isdisjoint(begun(journal)[before:])
        assert len(set(begun(journal)) - kept(directory)) <= QUICK.concurrency
        if ended == 0:
            break
    assert number >= 1
    unbroken = whole(tmp_path / "whole", lookahead)
    system = Toy()
    again = search(system, directory, preset=preset(lookahead=lookahead), testset=range(40, 43))
    assert system.runs == 0
    assert again == attrs.evolve(unbroken, app=again.app, run_dir=directory)
    assert kept(directory) == kept(tmp_path / "whole")


class Failing:
    """A metric that raises from its n-th call on."""

    def __init__(self, last: int) -> None:
        self.left = last

    def __call__(self, example: Any, output: Any) -> Feedback:
        """The toy's metric, as long as it works."""
        self.left -= 1
        if self.left < 0:
            raise KeyError("gone")
        return metric(example, output)


@pytest.mark.parametrize("lookahead", [1, 4])
def test_whatever_the_moment_at_which_it_stops(tmp_path: Path, lookahead: int) -> None:
    """Stopped by an error at every ninth rollout in turn, it goes on as if nothing had been.

    Only what was under way when the metric failed is run again: no rollout begins after that.
    """
    arguments: dict[str, Any] = {"preset": preset(lookahead=lookahead), "budget": 70}
    unbroken = search(Toy(), tmp_path / "whole", metric=Failing(1_000), **arguments)
    for last in range(1, total(unbroken), 9):
        directory, system = tmp_path / str(last), Toy()
        with pytest.raises(MetricError):
            search(system, directory, metric=Failing(last), **arguments)
        result = search(system, directory, metric=Failing(1_000), **arguments)
        assert result.proposals == unbroken.proposals, last
        assert total(result) <= system.runs <= total(result) + 4  # under way at once


def cut(source: Path, directory: Path, number: int) -> None:
    """A copy of a run as it would be had it been killed before it could commit proposal ``number``, with
    everything that it had bought ahead."""
    shutil.copytree(source, directory)
    with contextlib.closing(sqlite3.connect(directory / FILE)) as connection, connection:
        connection.execute("DELETE FROM proposals WHERE number >= ?", (number,))
        connection.execute("UPDATE outcomes SET proposal = NULL WHERE proposal >= ?", (number,))


@pytest.mark.parametrize("lookahead", [1, 6])
def test_from_any_commit_on_the_same_follows_for_nothing(tmp_path: Path, lookahead: int) -> None:
    """Plans, waits for the budget, merges and charges repeat themselves from wherever they are taken up."""
    arguments: dict[str, Any] = {"preset": preset(lookahead=lookahead), "budget": 100, "seed": 3}
    unbroken = search(Toy(), tmp_path / "whole", **arguments)
    waited = [one.number for one in unbroken.proposals if one.seen > max(0, one.number - lookahead)]
    assert bool(waited) == (lookahead > 1)
    for number in range(1, len(unbroken.proposals), 2):
        cut(tmp_path / "whole", tmp_path / str(number), number)
        system, model = Toy(), ToyModel()
        again = search(system, tmp_path / str(number), reflection_lm=model, **arguments)
        assert again.proposals == unbroken.proposals, number
        assert (system.runs, model.prompts) == (0, [])


def test_a_finished_run_costs_nothing_again(tmp_path: Path) -> None:
    """Neither rollouts nor reflections, in another process either."""
    first = search(Toy(), tmp_path, testset=range(40, 43))
    system, model = Toy(), ToyModel()
    again = search(system, tmp_path, testset=range(40, 43), reflection_lm=model)
    assert (system.runs, model.prompts) == (0, [])
    assert again == attrs.evolve(first, app=again.app)


@pytest.mark.parametrize("lookahead", [1, 4])
def test_a_larger_budget_goes_on(tmp_path: Path, lookahead: int) -> None:
    """The proposals of before stay, new ones follow; with a lookahead of 1 it is the run that would have
    been had the budget been larger from the beginning."""
    arguments: dict[str, Any] = {"preset": preset(lookahead=lookahead)}
    first = search(Toy(), tmp_path / "run", budget=60, **arguments)
    system = Toy()
    more = search(system, tmp_path / "run", budget=110, **arguments)
    assert more.proposals[: len(first.proposals)] == first.proposals
    assert len(more.proposals) > len(first.proposals)
    assert system.runs == total(more) - total(first)
    assert total(more) <= 110
    if lookahead == 1:
        assert more.proposals == search(Toy(), tmp_path / "whole", budget=110, **arguments).proposals


def test_a_smaller_budget_ends_it_there(tmp_path: Path) -> None:
    """What was spent stays spent; nothing more is."""
    first = search(Toy(), tmp_path, budget=110)
    system = Toy()
    again = search(system, tmp_path, budget=60)
    assert system.runs == 0
    assert again.proposals == first.proposals


def _other_metric(example: Any, output: Any) -> Feedback:
    return metric(example, output)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"trainset": range(13)}, "train examples"),
        ({"valset": range(21, 27)}, "val examples"),
        ({"testset": [1]}, "test examples"),
        ({"metric": _other_metric}, "metric"),
        ({"seed": 7}, "seed"),
        ({"plugins": [EpochMinibatch(size=4)]}, "plugin 'EpochMinibatch'"),
        ({"plugins": ["no:stalled"]}, "plugin 'stalled'"),
        ({"preset": preset(lookahead=3)}, "preset lookahead"),
        ({"reflection_lm": ToyModel(name="another")}, "reflection model"),
        ({"components": "first"}, "component 'second'"),
    ],
)
def test_another_run_is_refused_with_the_difference(
    tmp_path: Path, changes: Mapping[str, Any], name: str
) -> None:
    """Changed data, metric, seed, plugins or settings: shown, and nothing is spent or overwritten."""
    first = search(Toy(), tmp_path, budget=40)
    system = Toy()
    with pytest.raises(RunMismatch) as caught:
        search(system, tmp_path, **{"budget": 40, **changes})
    assert list(caught.value.differences) == [name]
    assert f"{name}: was " in str(caught.value)
    assert system.runs == 0
    assert search(system, tmp_path, budget=40).proposals == first.proposals


def test_a_changed_seed_text_is_refused(tmp_path: Path) -> None:
    """The app's own prompt is what everything was compared with."""
    search(Toy(), tmp_path, budget=40)
    changed = (attrs.evolve(COMPONENTS[0], text="Other rules:"), COMPONENTS[1])
    with pytest.raises(RunMismatch, match="component 'first': was 'Follow these rules:', is 'Other rules:'"):
        search(Toy(components=changed), tmp_path, budget=40)


def test_execution_and_budget_may_change(tmp_path: Path) -> None:
    """They are how a run is carried out, not what it is."""
    from gepa_core import Execution

    first = search(Toy(), tmp_path, budget=40)
    again = search(Toy(), tmp_path, budget=41, execution=Execution(concurrency=2, timeout=5.0))
    assert again.proposals[: len(first.proposals)] == first.proposals


def test_a_run_may_begin_beside_another(tmp_path: Path) -> None:
    """With `force_new`: nothing of the old run is touched, and called again the new one goes on."""
    first = search(Toy(), tmp_path / "run", budget=40)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    watch = Watch()
    second = search(Toy(), tmp_path / "run", budget=40, seed=7, force_new=True, plugins=[watch])
    assert second.run_dir == tmp_path / "run-2"
    assert any(repr(str(tmp_path / "run-2")) in message for message in watch.messages)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    system = Toy()
    third = search(system, tmp_path / "run", budget=40, seed=7, force_new=True)
    assert (third.run_dir, third.proposals, system.runs) == (second.run_dir, second.proposals, 0)
    same = search(Toy(), tmp_path / "run", budget=40, force_new=True)
    assert (same.run_dir, same.proposals) == (tmp_path / "run", first.proposals)


@attrs.define(eq=False, kw_only=True)
class Watch:
    """Keeps warnings."""

    messages: list[str] = attrs.field(factory=list, init=False)

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Keep one."""
        if isinstance(event, Warned):
            self.messages.append(event.message)
