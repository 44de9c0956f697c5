"""What is kept of a rollout: less by a plugin, less by a setting, and the same when the run is resumed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Execution, Rollout, Step, Trajectory, hookimpl
from gepa_core.errors import ConfigurationError, MetricError, PluginError
from gepa_core.outline import NOT_KEPT
from gepa_core.store import Store
from gepa_core.types import Outcome
from tests.core.toys import Toy, ToyModel, metric, preset, search

NONE = Execution(concurrency=4, max_wait=0.0, keep_trajectories="none")


class Telling(Toy):
    """The toy with a trajectory that tells what it was asked."""

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app on a number."""
        rollout = await super().run(texts, inputs)
        (step,) = rollout.trajectory.steps
        told = attrs.evolve(step, inputs=[*texts.values(), f"private {inputs}"], output=f"private {inputs}")
        tool = Step(
            kind="tool", name="lookup", inputs={"of": "private"}, error="private: not found", parent=0
        )
        return attrs.evolve(rollout, trajectory=Trajectory(steps=(told, tool)))


def outcomes(directory: Path) -> list[Outcome]:
    store = Store.read(directory)
    found = [one for purpose in ("seed", "probe", "parent", "child") for one in store.outcomes(purpose)]
    store.close()
    return found


def test_no_trajectories_are_kept_if_asked(tmp_path: Path) -> None:
    """The outline stays: what a step was, what it used and which components took part."""
    model = ToyModel()
    result = search(Telling(), tmp_path, execution=NONE, reflection_lm=model)
    found = outcomes(tmp_path)
    assert "private" not in str(found)
    assert model.prompts
    assert not any("private" in prompt for prompt in model.prompts)
    first, second = found[0].trajectory.steps
    assert (first.inputs, first.output, first.components) == (None, None, ("first", "second"))
    assert (second.name, second.inputs, second.error) == ("lookup", None, NOT_KEPT)
    assert result.cost.task_usage.calls == result.cost.total_rollouts
    kept = search(Telling(), tmp_path / "kept")
    assert kept.cost.task_usage.calls == kept.cost.total_rollouts


def test_trajectories_of_training_alone_make_the_same_run(tmp_path: Path) -> None:
    """Reflection sees those of minibatches as they are; of validation and test the outline is left."""
    model, execution = ToyModel(), attrs.evolve(NONE, keep_trajectories="training")
    result = search(
        Telling(), tmp_path / "run", execution=execution, reflection_lm=model, testset=range(40, 43)
    )
    whole = search(Telling(), tmp_path / "whole", testset=range(40, 43))
    assert result.proposals == whole.proposals
    assert result.test == whole.test
    assert any("private" in prompt for prompt in model.prompts)
    assert all(one.trajectory.kept and "private" in str(one) for one in outcomes(tmp_path / "run"))
    store = Store.read(tmp_path / "run")
    others = [one for purpose in ("validation", "test") for one in store.outcomes(purpose)]
    store.close()
    assert others
    assert not any(one.trajectory.kept or "private" in str(one.trajectory) for one in others)


def test_another_word_for_what_is_kept_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(ConfigurationError, match="'all', 'training' or 'none', not False"):
        Execution(keep_trajectories=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("last", [3, 17, 40])
def test_without_trajectories_a_resumed_run_is_the_unbroken_one(tmp_path: Path, last: int) -> None:
    """Reflection sees what is stored and nothing more, whether or not the process is the one that ran it."""
    calls = 0

    def failing(example: Any, output: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == last:
            raise KeyError("gone")
        return metric(example, output)

    failing.__module__, failing.__qualname__ = metric.__module__, metric.__qualname__
    unbroken = search(Telling(), tmp_path / "whole", execution=NONE)
    with pytest.raises(MetricError):
        search(Telling(), tmp_path / "run", execution=NONE, metric=failing)
    assert search(Telling(), tmp_path / "run", execution=NONE).proposals == unbroken.proposals


def test_live_components_are_found_without_trajectories(tmp_path: Path) -> None:
    """By their marks, which are kept: they say nothing of the app."""
    result = search(Telling(attributed=False), tmp_path, execution=NONE)
    assert set(result.proposals[0].components) == {"first", "second"}
    probed = [one for one in outcomes(tmp_path) if "mark-" in str(one)]
    assert probed
    assert "private" not in str(probed)


class Hide:
    """Replaces a word in what a model was sent."""

    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new

    @hookimpl
    def gepa_redact_outcome(self, outcome: Outcome) -> Outcome:
        """The outcome without the word."""
        steps = [
            attrs.evolve(step, inputs=str(step.inputs).replace(self.old, self.new))
            for step in outcome.trajectory.steps
        ]
        return attrs.evolve(outcome, trajectory=Trajectory(steps=tuple(steps)))


def test_keys_that_come_into_the_environment_late_are_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the preset was made, between two runs of it, and when the app first runs."""
    keys = ["plain words before", "plain words between", "plain words of the app"]
    made = preset()

    class Loading(Telling):
        async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
            monkeypatch.setenv("OTHER_API_KEY", keys[2])
            rollout = await super().run(texts, inputs)
            (first, *more) = rollout.trajectory.steps
            told = attrs.evolve(first, output=[os.environ["TOY_API_KEY"], keys[2]])
            return attrs.evolve(rollout, trajectory=Trajectory(steps=(told, *more)))

    for number, key in enumerate(keys[:2]):
        monkeypatch.setenv("TOY_API_KEY", key)
        search(Loading(), tmp_path / str(number), preset=made, budget=30)
        stored = str(outcomes(tmp_path / str(number)))
        assert "private" in stored
        assert "plain words" not in stored


def test_each_plugin_is_given_what_the_one_before_it_returned(tmp_path: Path) -> None:
    """So what several hide is all hidden, and the built-in plugin still hides keys."""
    plugins = [Hide("private", "sk-0123456789abcdef"), Hide("lookup", "x")]
    search(Telling(), tmp_path, plugins=plugins, budget=40)
    inputs = str([step.inputs for one in outcomes(tmp_path) for step in one.trajectory.steps])
    assert "[hidden]" in inputs
    assert "private" not in inputs
    assert "sk-0123" not in inputs


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"candidate": "another"}, "whose candidate was"),
        ({"trajectory": Trajectory()}, "whose usage was"),
        ({"feedback": None}, "whose score was"),
    ],
)
def test_a_redaction_changes_no_facts(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    """Scores and usage are what the run is made of: the plugin is named."""

    class Meddles:
        @hookimpl
        def gepa_redact_outcome(self, outcome: Outcome) -> Outcome:
            better = attrs.evolve(outcome.feedback, score=9.0)
            return attrs.evolve(
                outcome, **{**changes, **({"feedback": better} if "feedback" in changes else {})}
            )

    with pytest.raises(PluginError, match=f"'Meddles'.*{message}"):
        search(Toy(), tmp_path, plugins=[Meddles()])


def test_another_redaction_makes_another_run(tmp_path: Path) -> None:
    """It changes what reflection sees, so it is part of what a run is known by."""
    search(Telling(), tmp_path, budget=40)
    with pytest.raises(Exception, match="plugin 'secrets'"):
        search(Telling(), tmp_path, budget=40, plugins=["no:secrets"])
