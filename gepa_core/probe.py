"""What of an app's texts reaches a model, tried on a few examples before anything is optimised.

Each example is run twice: with the app's own texts, and with a mark in every component.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from gepa_core.faults import describe
from gepa_core.jsonable import to_jsonable
from gepa_core.marks import arrived, marked, model_steps
from gepa_core.protocols import System
from gepa_core.types import Candidate, Component, Rollout
from gepa_core.uncovered import Uncovered, uncovered_in

Run = Callable[[Candidate, Any], Rollout]


@attrs.frozen(kw_only=True)
class Probe:
    """What a probe found.

    Attributes:
        live: components whose mark reached a model.
        dead: components whose mark did not, on these examples.
        uncovered: instructions that no component holds, as far as they are the same on all examples.
        caches: whether the app answered without calling a model once its texts had changed, so that it
            keeps answers by something other than the prompt.
        errors: how runs with the app's own texts failed, one line each.
        rollouts: runs made.
    """

    live: tuple[str, ...]
    dead: tuple[str, ...]
    uncovered: tuple[Uncovered, ...]
    caches: bool
    errors: tuple[str, ...]
    rollouts: int


def probe(components: Sequence[Component], examples: Sequence[Any], run: Run) -> Probe:
    """Try an app on a few examples.

    Args:
        components: those of the app.
        examples: inputs, one to three are enough.
        run: runs a candidate on inputs, see `runner`.
    """
    names = [component.name for component in components]
    plain = Candidate(texts={component.name: component.text for component in components})
    with_marks = marked(plain, names)
    before = [run(plain, inputs) for inputs in examples]
    after = [run(with_marks, inputs) for inputs in examples]
    trajectories = [rollout.trajectory for rollout in after]
    live = arrived(names, trajectories)
    return Probe(
        live=tuple(name for name in names if name in live),
        dead=tuple(name for name in names if name not in live),
        uncovered=uncovered_in(trajectories, [to_jsonable(inputs) for inputs in examples]),
        caches=any(map(_was_answered_from_a_cache, before, after)),
        errors=tuple(describe(rollout.error) for rollout in before if rollout.error is not None),
        rollouts=len(before) + len(after),
    )


def runner(system: System) -> Run:
    """Runs candidates of ``system`` one at a time, whether it is sync or async."""
    import inspect

    from gepa_core import background

    def run(candidate: Candidate, inputs: Any) -> Rollout:
        found = system.run(candidate.texts, inputs)
        if inspect.isawaitable(found):
            return background.run(_awaited(found), lambda: None)
        return found

    return run


async def _awaited(awaitable: Any) -> Rollout:
    rollout: Rollout = await awaitable
    return rollout


def _was_answered_from_a_cache(plain: Rollout, with_marks: Rollout) -> bool:
    return (
        with_marks.error is None
        and bool(model_steps(plain.trajectory))
        and not model_steps(with_marks.trajectory)
    )
