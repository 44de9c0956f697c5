"""Property 1: a run is a function of seed, settings, data and the models' answers, whatever the timing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Execution, hookimpl
from gepa_core.mutation import MutationRequest
from gepa_core.protocols import Message
from gepa_core.store import Store
from gepa_core.types import Proposal
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


def test_the_same_in_every_process(tmp_path: Path) -> None:
    """Nothing depends on the order of a set or on the hash seed."""
    code = (
        "import sys; from pathlib import Path; from tests.core.toys import *;"
        "search(Toy(jitter=0.001), Path(sys.argv[1]), preset=preset(lookahead=4), budget=80)"
    )
    proposals = []
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / seed)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        for seed in ("0", "1", "2")
    ]
    for process in processes:
        assert process.wait(60) == 0
    for seed in ("0", "1", "2"):
        store = Store.read(tmp_path / seed)
        proposals.append(store.proposals())
        store.close()
    assert len(proposals[0]) > 6
    assert proposals[1] == proposals[0]
    assert proposals[2] == proposals[0]


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
