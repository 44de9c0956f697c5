"""Row: the reflection model always fails. (gepa 0.1.4 burns 302 rollouts on it.)"""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from gepa_offline import Fault, serve
from gepa_offline.model import REFLECTION_MODEL

from gepa_core.defaults.deciding import StopWhenStalled
from gepa_core.retry import LEAST
from tests.faults.desk import QUICK, answered, improve, story, struck

SEED = 10
"""Rollouts of the seed's validation."""


@pytest.mark.parametrize("kind", ["500", "drop"])
def test_it_is_down(tmp_path: Path, kind: str) -> None:
    """The run stops at the first reflection, after one minibatch, and goes on when the model is back."""
    with serve(faults=[Fault(kind, model=REFLECTION_MODEL)]) as server:
        result = improve(server, tmp_path, budget=400)
        assert struck(server, REFLECTION_MODEL) == LEAST
        assert not result.complete
        assert result.stop_reason.startswith(
            f"the reflection model 'openai/{REFLECTION_MODEL}' cannot be reached: still failing after {LEAST}"
        )
        assert len(result.proposals) == 1
        assert answered(server) == SEED + 3
        server.set_faults()
        again = improve(server, tmp_path)
        assert again.complete
        assert answered(server) == again.cost.total_rollouts


def test_it_dies_half_way(tmp_path: Path) -> None:
    """Patience holds for it as it does for the task model."""
    with serve() as server:
        whole = improve(server, tmp_path / "whole")
        server.set_faults(Fault("503", model=REFLECTION_MODEL, after=3))
        execution = attrs.evolve(QUICK, patience=0.3)
        broken = improve(server, tmp_path / "broken", execution=execution)
        assert "cannot be reached: still failing after" in broken.stop_reason
        assert struck(server, REFLECTION_MODEL) > LEAST
        server.set_faults()
        assert story(improve(server, tmp_path / "broken").proposals) == story(whole.proposals)
        assert answered(server) == 2 * whole.cost.total_rollouts
        assert answered(server, REFLECTION_MODEL) == 2 * whole.cost.reflections


@pytest.mark.parametrize("most", [5, 2])
def test_its_answers_are_empty(tmp_path: Path, most: int) -> None:
    """Each is asked for once more; so many in a row end the run, and no candidate was tried."""
    plugins = [] if most == 5 else ["no:stalled", StopWhenStalled(failed_reflections=most)]
    with serve(faults=[Fault("empty", model=REFLECTION_MODEL)]) as server:
        result = improve(server, tmp_path, budget=400, plugins=plugins)
        assert answered(server) == result.cost.total_rollouts <= SEED + 3 * most
    assert result.stop_reason == (
        f"the last {most} reflections gave no usable text: empty: the answer has no text (component 'system')"
    )
    assert result.complete
    assert [one.status for one in result.proposals[1:]] == ["dropped"] * most
    assert result.cost.reflections == 2 * most


def test_its_answers_are_garbage(tmp_path: Path) -> None:
    """An answer that could be a prompt is tried once, and never again."""
    with serve(faults=[Fault("garbage", model=REFLECTION_MODEL)]) as server:
        result = improve(server, tmp_path, budget=400)
        assert answered(server) == result.cost.total_rollouts < 60
    assert result.stop_reason.startswith("the last ")
    tried = [one for one in result.proposals[1:] if one.status != "dropped"]
    assert len(tried) == 1
    assert {one.reason.partition(":")[0] for one in result.proposals[2:]} <= {"duplicate", "unchanged"}
    assert len(result.proposals) <= 20
