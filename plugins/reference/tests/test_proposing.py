"""New texts by the adapter itself, or by a function that gepa would take as a custom proposer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gepa.core.adapter import EvaluationBatch
from gepa_reference import optimize, wrap

from gepa_core.errors import ConfigurationError, GepaError
from gepa_core.types import Feedback


class Counting:
    """Scores how many of a row's words the two texts hold, and proposes to add one that is missing."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[Any]]] = []

    def evaluate(self, batch: list[str], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        missing = [
            {name: [w for w in row.split() if w not in text.split()] for name, text in candidate.items()}
            for row in batch
        ]
        scores = [-float(sum(map(len, each.values()))) for each in missing]
        return EvaluationBatch(
            outputs=missing,
            scores=scores,
            trajectories=missing if capture_traces else None,
            num_metric_calls=2,
        )

    def make_reflective_dataset(self, candidate: Any, evaluation: Any, names: list[str]) -> Any:  # noqa: ARG002
        return {
            name: [
                {"Missing": word, "Feedback": f"add {word}"}
                for each in evaluation.trajectories
                for word in each[name]
            ]
            for name in names
        }


class Proposing(Counting):
    def propose_new_texts(self, candidate: Any, dataset: Any, names: list[str]) -> dict[str, str]:
        self.asked.append({name: list(records) for name, records in dataset.items()})
        return {name: f"{candidate[name]} {dataset[name][0]['Missing']}" for name in names if name in dataset}


SEED = {"first": "a", "second": "a"}
ROWS = ["a b", "a c", "b d"]


def run(adapter: Any, run_dir: Path, **options: Any) -> Any:
    return optimize(SEED, ROWS, ROWS, adapter, budget=options.pop("budget", 60), run_dir=run_dir, **options)


def test_the_adapter_writes_the_texts(tmp_path: Path) -> None:
    adapter = Proposing()
    result = run(adapter, tmp_path)
    assert result.val.best_mean > result.val.seed_mean
    assert result.cost.reflections == 0
    (name,) = adapter.asked[0]
    records = adapter.asked[0][name]
    assert {frozenset(record) for record in records} == {frozenset(("Missing", "Feedback"))}
    assert [record["Feedback"] for record in records] == [f"add {record['Missing']}" for record in records]


def test_several_records_of_a_component_are_all_shown() -> None:
    wrapped = wrap(Counting(), SEED)  # type: ignore[arg-type]
    rollout = wrapped.run(SEED, "b c")
    own = [step.inputs for step in rollout.trajectory.steps if "first" in step.components]
    assert own == [{"Missing": "b"}, {"Missing": "c"}]
    assert wrapped.metric(None, None, rollout.trajectory) == Feedback(
        -4.0, by_component={"first": "add b\n\nadd c", "second": "add b\n\nadd c"}
    )


def test_a_custom_proposer_takes_the_place_of_reflection(tmp_path: Path) -> None:
    seen = []

    def propose(candidate: Any, dataset: Any, names: list[str]) -> dict[str, str]:
        seen.append(names)
        return {name: f"{candidate[name]} {dataset[name][0]['Missing']}" for name in names}

    result = run(Counting(), tmp_path, custom_candidate_proposer=propose)
    assert seen
    assert result.val.best_mean > result.val.seed_mean


def test_a_run_takes_one_proposer_only(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="a proposer was given too"):
        run(Proposing(), tmp_path, custom_candidate_proposer=lambda *_: {})
    assert wrap(Proposing(), SEED, reflect=True).proposer is None  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [None, {"first": 3, "second": 3}, {}])
def test_an_answer_that_is_no_text_drops_the_proposal(tmp_path: Path, answer: Any) -> None:
    result = run(Counting(), tmp_path, custom_candidate_proposer=lambda *_: answer, budget=30)
    assert {proposal.status for proposal in result.proposals[1:]} == {"dropped"}
    assert result.best == result.seed


def test_a_proposer_that_fails_drops_the_proposal(tmp_path: Path) -> None:
    def fail(*_: Any) -> dict[str, str]:
        raise ValueError("the answer could not be read")

    result = run(Counting(), tmp_path, custom_candidate_proposer=fail, budget=30)
    assert all("the answer could not be read" in proposal.reason for proposal in result.proposals[1:])


def test_an_answer_is_not_paid_for_twice(tmp_path: Path) -> None:
    """The run is interrupted while the proposal's texts are tried; when it goes on they are known."""

    class Interrupted(Proposing):
        def evaluate(self, batch: list[str], candidate: dict[str, str], capture_traces: bool = False) -> Any:
            if self.asked:
                raise ConnectionError("the network is gone")
            return super().evaluate(batch, candidate, capture_traces)

    from gepa_core import Execution

    before, after = Interrupted(), Proposing()
    # Two classes of one name, so that the run is taken for the same one.
    Interrupted.__qualname__, Interrupted.__module__ = Proposing.__qualname__, Proposing.__module__
    Interrupted.propose_new_texts = Proposing.propose_new_texts  # type: ignore[method-assign]
    stopped = run(before, tmp_path / "broken", execution=Execution(attempts=1))
    assert "network is gone" in stopped.stop_reason
    assert len(before.asked) == 1
    resumed = run(after, tmp_path / "broken")
    unbroken = Proposing()
    expected = run(unbroken, tmp_path / "unbroken")
    assert resumed.proposals == expected.proposals
    assert before.asked + after.asked == unbroken.asked


def test_an_outage_of_the_proposer_ends_the_run_and_it_goes_on(tmp_path: Path) -> None:
    up = [False]

    def propose(candidate: Any, dataset: Any, names: list[str]) -> dict[str, str]:
        if not up[0]:
            raise ConnectionError("the network is gone")
        return {name: f"{candidate[name]} {dataset[name][0]['Missing']}" for name in names}

    stopped = run(Counting(), tmp_path, custom_candidate_proposer=propose)
    assert "network is gone" in stopped.stop_reason
    up[0] = True
    assert len(run(Counting(), tmp_path, custom_candidate_proposer=propose).proposals) > 1


def test_a_data_loader_is_read_to_its_end(tmp_path: Path) -> None:
    from gepa.core.data_loader import ListDataLoader

    result = optimize(SEED, ListDataLoader(ROWS), None, Proposing(), budget=40, run_dir=tmp_path)  # type: ignore[arg-type]
    assert len(result.val.seed) == len(ROWS)
    with pytest.raises(GepaError, match="is no data set"):
        optimize(SEED, 3, None, Proposing(), budget=40, run_dir=tmp_path / "other")  # type: ignore[arg-type]
