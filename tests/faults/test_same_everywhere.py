"""Property 1: a run is a function of seed, settings, data and the models' answers, whatever the timing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Budget, Execution, hookimpl
from gepa_core.mutation import MutationRequest
from gepa_core.protocols import Message
from gepa_core.types import Proposal
from tests.core.seen import outcomes, proposals
from tests.core.toys import SyncToy, Toy, ToyModel, jittery_metric, preset, search

REPOSITORY = Path(__file__).parents[2]
JITTER = 0.0015


def run(directory: Path, concurrency: int, *, is_async: bool, **changes: Any) -> tuple[Proposal, ...]:
    """The proposals of a run with random waits in the app, the metric and the reflection model."""
    system = Toy(jitter=JITTER) if is_async else SyncToy(jitter=JITTER)
    arguments: dict[str, Any] = {
        "metric": jittery_metric(JITTER, is_async=is_async),
        "reflection_lm": ToyModel(jitter=JITTER),
        "execution": Execution(concurrency=concurrency, timeout=60.0),
    }
    return search(system, directory, **(arguments | changes)).proposals


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lookahead", [1, 4, 8])
def test_the_same_at_any_concurrency(tmp_path: Path, lookahead: int, seed: int) -> None:
    """Every field of every proposal is the same at concurrency 1, 4 and 32, with random waits everywhere,
    for an app and a metric that are async and for ones that are not."""
    settings: dict[str, Any] = {
        "seed": seed,
        "preset": preset("paper" if seed == 2 else "default", lookahead=lookahead),
        "budget": 90,
    }
    one = run(tmp_path / "1", 1, is_async=True, **settings)
    assert len(one) > 6
    assert run(tmp_path / "4", 4, is_async=False, **settings) == one
    assert run(tmp_path / "32", 32, is_async=True, **settings) == one


def test_other_seeds_and_lookaheads_are_other_runs(tmp_path: Path) -> None:
    """So that the tests above compare something."""
    runs = [
        run(tmp_path / f"{seed} {lookahead}", 8, is_async=True, seed=seed, preset=preset(lookahead=lookahead))
        for seed, lookahead in ((0, 1), (1, 1), (0, 4))
    ]
    assert len({repr(one) for one in runs}) == 3


PROCESS = """
import sys
from pathlib import Path
from gepa_core import Execution
from tests.core.toys import Toy, ToyModel, preset, search

for lookahead in (1, 4):
    search(
        Toy(jitter=0.001),
        Path(sys.argv[1], str(lookahead)),
        preset=preset(lookahead=lookahead),
        reflection_lm=ToyModel(jitter=0.001),
        execution=Execution(concurrency=int(sys.argv[2]), timeout=60.0),
        budget=130,
        seed=2,
    )
"""


def test_the_same_in_every_process(tmp_path: Path) -> None:
    """For six hash seeds, at concurrency 1, 4 and 32, one proposal after the other and four at once: nothing
    depends on the order of a set, on the hash seed or on the timing. The runs merge."""
    cases = [(str(seed), concurrency) for seed, concurrency in enumerate(("1", "4", "32", "1", "4", "32"))]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path / seed), concurrency],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        for seed, concurrency in cases
    ]
    assert [process.wait(120) for process in processes] == [0] * len(cases)
    for lookahead in ("1", "4"):
        first, *others = [proposals(tmp_path / seed / lookahead) for seed, _ in cases]
        assert len(first) > 6
        assert {one.kind for one in first} == {"seed", "mutation", "merge"}
        for other in others:
            assert other == first


@pytest.mark.parametrize("jump", [-1e6, 1e6], ids=["back", "ahead"])
def test_the_clock_may_jump(tmp_path: Path, jump: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits and timeouts are kept by the monotonic clock: setting the clock while a run is going on neither
    ends it nor lets it go on for days, fails no rollout and changes nothing that is found."""
    begun, clock = [], time.time

    def on_run(_texts: Mapping[str, str], _inputs: Any) -> None:
        begun.append(1)
        if len(begun) % 7 == 0:
            monkeypatch.setattr(time, "time", lambda: clock() + jump * len(begun))

    arguments: dict[str, Any] = {
        "budget": Budget(rollouts=60, seconds=600),
        "execution": Execution(concurrency=4, timeout=60.0, metric_timeout=60.0, patience=60.0),
    }
    result = search(Toy(on_run=on_run), tmp_path / "jumps", **arguments)
    monkeypatch.undo()
    assert result.proposals == search(Toy(), tmp_path / "calm", **arguments).proposals
    assert "the budget of 60 rollouts is used up" in result.stop_reason
    assert all(0 <= one.seconds < 600 for one in outcomes(tmp_path / "jumps", "seed", "validation"))


def test_a_limit_in_seconds_holds_though_the_clock_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() - 1e6)
    result = search(Toy(jitter=0.05), tmp_path, budget=Budget(rollouts=10_000, seconds=0.8))
    assert result.stop_reason == "the time limit of 0.8 seconds is over"


@attrs.define(eq=False, kw_only=True)
class ManyQuestions:
    """Asks several times at once, and rewrites with what it is told."""

    @hookimpl
    async def gepa_propose_texts(self, request: MutationRequest) -> Mapping[str, str]:
        """One rule more."""
        questions = [[Message("user", f"{letter} {request.number}")] for letter in "abc"]
        answers = await asyncio.gather(*(request.model.complete(question) for question in questions))
        (component,) = request.components
        return {component.name: f"{component.text} {' '.join(answer.text for answer in answers)}"}


def _rule(prompt: str) -> str:
    letter, _, number = prompt.partition(" ")
    return f"{'r' if letter == 'a' else 's'}{int(number) % 7}"


def test_questions_asked_at_once_add_up_to_the_same_usage(tmp_path: Path) -> None:
    """Dollars are floats, and a sum of floats depends on its order: it must not be that of arrival."""

    @attrs.define(eq=False, kw_only=True)
    class Uneven(ToyModel):
        async def complete(self, messages: Any) -> Any:
            answer = await super().complete(messages)
            dollars = 1e15 if messages[0].content.startswith("a") else 0.3
            return attrs.evolve(answer, usage=attrs.evolve(answer.usage, dollars=dollars))

    def model() -> ToyModel:
        return Uneven(jitter=0.004, write=_rule)

    runs = [
        run(tmp_path / str(n), 8, is_async=True, plugins=[ManyQuestions()], reflection_lm=model(), budget=70)
        for n in range(4)
    ]
    assert len(runs[0]) > 4
    assert runs[1:] == [runs[0]] * 3
