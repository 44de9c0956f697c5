"""What comes back from a worker, tried without one. The suite for executors holds the rest."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from gepa_ray.crossing import pack_answer, unpack_answer

from gepa_core import Rollout, Step, Trajectory
from gepa_core.errors import ConfigurationError


def test_steps_that_cannot_be_pickled_come_back_as_they_are_stored() -> None:
    """The output goes as it is, since the metric is to see what the app returned, or nothing."""
    step: Any = Step(kind="tool", name="opaque", inputs={"lock": threading.Lock()})  # type: ignore[dict-item]
    found = unpack_answer(pack_answer(Rollout(output=(1, 2), trajectory=Trajectory(steps=(step,)))))
    assert found.output == (1, 2)
    (stored,) = found.trajectory.steps
    assert (stored.name, str(stored.inputs["lock"]).startswith("<")) == ("opaque", True)


def test_an_output_that_cannot_be_pickled_is_an_error() -> None:
    """With the remedy."""
    message = "cannot be brought back from Ray's workers: a _thread.lock"
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        unpack_answer(pack_answer(Rollout(output=threading.Lock())))
