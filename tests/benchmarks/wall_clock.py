"""A whole run over HTTP: how close it comes to what the model's latency permits.

The floor is the time that requests spent in the server, divided by how many may be there at once: no
schedule can be quicker for the same requests. Each run is held against the floor of its own requests.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from gepa_core import Execution, Rollout, hookimpl, optimize
from gepa_core.mutation import MutationRequest
from gepa_core.presets import Preset, default
from gepa_core.protocols import Message
from gepa_core.reflection import NewText, extract_text
from gepa_core.store import Store
from tests.benchmarks.row import Row
from tests.benchmarks.schedule import Latency, ideal_seconds
from tests.benchmarks.server import REFLECTION_LATENCY, TASK_LATENCY, Server, serving
from tests.benchmarks.theirs import ThreadedModel, their_result, threaded
from tests.faithfulness.ours import ProblemSystem
from tests.faithfulness.problem import Problem, feedback_for

CONCURRENCY = 32
LOOKAHEADS = (1, 4, 8, 12)
AHEAD = 8
"""The lookahead that stands beside as many parallel proposals of gepa."""
LATENCY = Latency(rollout=2 * TASK_LATENCY, reflection=REFLECTION_LATENCY)
"""The app asks twice in each rollout."""


class OverHttp(Problem):
    """The problem, with both of its models behind the server."""

    server: Server

    def run(self, texts: Any, row: Any) -> Any:
        """The app on one row."""
        return self.domain.run(texts, row["inputs"], ask=self.server.ask)

    def rewrite(self, current: str, feedback: Sequence[str]) -> str:
        """A new text."""
        return text_in(self.server.reflect(prompt_for(current, feedback)), current)


def prompt_for(current: str, feedback: Sequence[str]) -> str:
    """What both sides ask the reflection model."""
    examples = "\n\n".join(f"## Feedback\n{text}" for text in feedback)
    return f"## Current text\n````\n{current}\n````\n\n{examples}"


def text_in(answer: str, current: str) -> str:
    """The new text in an answer; the current one when there is none."""
    found = extract_text(answer, current)
    return found.text if isinstance(found, NewText) else current


@attrs.define(eq=False)
class Rewrite:
    """Mutation by the same prompt, by the engine's own model, so that it takes a place like a rollout."""

    @hookimpl
    async def gepa_propose_texts(self, request: MutationRequest) -> Mapping[str, str]:
        """New texts from the feedback of the minibatch."""
        texts = {}
        for component in request.components:
            feedback = [feedback_for(component.name, each.outcome.feedback) for each in request.minibatch]
            prompt = prompt_for(component.text, feedback)
            completion = await request.model.complete([Message(role="user", content=prompt)])
            texts[component.name] = text_in(completion.text, component.text)
        return texts


@attrs.frozen
class SyncSystem(ProblemSystem):
    """The app as most apps are: it blocks, so the engine runs it on threads."""

    def run(self, texts: Any, inputs: Any) -> Rollout:  # type: ignore[override]
        """One run."""
        return Rollout(output=self.problem.run(texts, {"inputs": inputs}))


def rows(full: bool) -> list[Row]:
    """Ours at several lookaheads, and gepa's with and without parallel proposals."""
    budget = 1500 if full else 400
    with serving(CONCURRENCY) as server, TemporaryDirectory() as scratch:
        problem = OverHttp(name="support_desk", seed=1)
        problem.server = server
        found = {
            (lookahead, rebase): _ahead(server, problem, budget, _preset(lookahead, rebase), Path(scratch))
            for lookahead in LOOKAHEADS
            for rebase in (True, False)
            if rebase or lookahead > 1
        }
        peers = {
            parallel: _floors(server, functools.partial(_theirs, problem, budget, parallel))
            for parallel in (1, AHEAD)
        }
    return [
        *found.values(),
        attrs.evolve(found[1, True], beside="gepa", other=peers[1][0]),
        attrs.evolve(
            found[AHEAD, True], beside=f"gepa, {AHEAD} proposals in parallel", other=peers[AHEAD][0]
        ),
    ]


def _preset(lookahead: int, rebase: bool) -> Preset:
    return default(lookahead=lookahead, rebase=rebase)


def _ahead(server: Server, problem: OverHttp, budget: int, preset: Preset, scratch: Path) -> Row:
    """Ours, beside what the same proposals would take if only the models took time."""
    name = f"lookahead {preset.lookahead}{'' if preset.rebase else ' without rebasing'}, {budget} rollouts"
    run_dir = scratch / name
    measured = _floors(server, functools.partial(_ours, problem, budget, preset, run_dir))
    proposals = Store.read(run_dir).proposals()
    ideal = ideal_seconds(proposals, LATENCY, CONCURRENCY, rebases=preset.rebases) / measured[2]
    return _row(name, "an ideal schedule of the same", ideal, measured)


def _floors(server: Server, run: Callable[[], object]) -> tuple[float, float, float]:
    """Wall clock in floors; seconds of both."""
    busy, begin = server.busy_seconds(), time.perf_counter()
    run()
    took, floor = time.perf_counter() - begin, (server.busy_seconds() - busy) / CONCURRENCY
    return took / floor, took, floor


def _row(name: str, beside: str, other: float | None, measured: tuple[float, float, float]) -> Row:
    floors, took, floor = measured
    return Row(
        group="wall clock",
        name=name,
        value=floors,
        unit="floors",
        beside=beside,
        other=other,
        detail={"seconds": took, "floor": floor},
    )


def _ours(problem: OverHttp, budget: int, preset: Preset, run_dir: Path) -> None:
    optimize(
        SyncSystem(problem),
        trainset=problem.train,
        valset=problem.val,
        metric=problem.domain.metric,
        reflection_lm=problem.server.reflect,
        budget=budget,
        plugins=[Rewrite()],
        preset=preset,
        seed=problem.seed,
        run_dir=run_dir,
        execution=Execution(concurrency=CONCURRENCY),
    )


def _theirs(problem: OverHttp, budget: int, parallel: int) -> None:
    with threaded(problem, CONCURRENCY) as (adapter, pool):
        model = ThreadedModel(problem.server.reflect, pool)
        result = their_result(problem, adapter, budget, parallel=parallel, model=model)
    if len(result.candidates) < 2:
        raise AssertionError("gepa accepted nothing, so that its time says nothing")
