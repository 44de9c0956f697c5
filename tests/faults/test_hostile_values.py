"""Values and exceptions that break whoever only looks at them, and settings that are none."""

from __future__ import annotations

import asyncio
import os
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from gepa_core import Budget, Execution, Feedback
from gepa_core.errors import ConfigurationError, DataError, MetricError, ModelFault, PluginError
from gepa_core.types import Example, Rollout, Step, Trajectory, Usage
from gepa_core.workers import Workers
from tests.core.toys import QUICK, SyncToy, Toy, preset, search


class Unseen:
    """Cannot be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Unspoken(Exception):
    """Has no message."""

    def __str__(self) -> str:
        raise RuntimeError("no str")


class Several:
    """What a tensor does that has more than one number."""

    def __float__(self) -> float:
        raise RuntimeError("cannot be converted to a scalar")


class Panic(BaseException):
    """What a library in Rust raises."""


NO_SCORES: dict[str, Any] = {
    "an object without a repr": Unseen(),
    "a tensor": Several(),
    "an array": np.array([0.5, 1.0]),
    "a complex number": 1j,
    "a Decimal that is none": Decimal("nan"),
    "an int that no float holds": 10**400,
    "an int that cannot be written": 10**5000,
    "a number that cannot be added up": 1e308,
}


@pytest.mark.parametrize("value", NO_SCORES.values(), ids=NO_SCORES.keys())
def test_what_is_no_score_names_the_example_or_fails_it(tmp_path: Path, value: Any) -> None:
    with pytest.raises(MetricError, match=r"val example '\w+' \(20\): the metric returned .*finite number"):
        search(Toy(), tmp_path / "stop", metric=lambda *_: value)

    def some(example: int, _output: Any) -> Any:
        return value if example == 20 else 0.25

    execution = attrs.evolve(QUICK, metric_errors="fail")
    result = search(Toy(), tmp_path / "fail", metric=some, execution=execution, budget=40)
    assert sorted(result.val.seed.values()) == [0.0, *[0.25] * 5]


@pytest.mark.parametrize(
    "value", [np.float64(0.5), np.float32(0.5), np.array(0.5), Decimal("0.5"), Fraction(1, 2)]
)
def test_numbers_of_any_kind_are_scores(tmp_path: Path, value: Any) -> None:
    result = search(Toy(), tmp_path, metric=lambda *_: value, budget=40)
    assert set(result.val.seed.values()) == {0.5}


RAISED = (
    Unspoken(),
    Panic("the thread panicked"),
    KeyboardInterrupt(),
    GeneratorExit(),
    BaseExceptionGroup("several", [KeyboardInterrupt()]),
    asyncio.CancelledError(),
    SystemExit(Unseen()),
    StopIteration(1),
    RecursionError(),
    ValueError("half a pair: \ud800, NUL: \0"),
)


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("toy", [Toy, SyncToy])
def test_whatever_the_app_raises_is_its_failure(tmp_path: Path, toy: type[Toy], error: BaseException) -> None:
    def on_run(_texts: Any, inputs: Any) -> None:
        if inputs == 20:
            raise error

    result = search(toy(on_run=on_run), tmp_path, metric=lambda *_: 0.25, budget=40)
    assert sorted(result.val.seed.values()) == [0.0, *[0.25] * 5]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("is_async", [False, True])
def test_whatever_the_metric_raises_names_the_example(
    tmp_path: Path, error: BaseException, is_async: bool
) -> None:
    def judge(_example: Any, _output: Any) -> Feedback:
        raise error

    async def judge_async(example: Any, output: Any) -> Feedback:
        return judge(example, output)

    with pytest.raises(MetricError, match=r"val example '\w+' \(20\): the metric raised"):
        search(Toy(), tmp_path, metric=judge_async if is_async else judge)


@pytest.mark.parametrize("row", [Unseen(), Example(inputs=Unseen())])
def test_a_row_without_a_repr_is_refused(tmp_path: Path, row: Any) -> None:
    with pytest.raises(DataError, match="train example 1 cannot be told from others by its content"):
        search(Toy(), tmp_path, trainset=[0, row])


@pytest.mark.parametrize("usage", [Usage(dollars=float("nan")), Usage(dollars=-5.0), Usage(input_tokens=-1)])
def test_an_adapter_that_counts_what_nobody_spent_is_named(tmp_path: Path, usage: Usage) -> None:
    """With it no budget could be kept."""

    class Miscounted(Toy):
        async def run(self, _texts: Any, _inputs: Any) -> Rollout:
            return Rollout(trajectory=Trajectory(steps=(Step(kind="model", name="toy", usage=usage),)))

    with pytest.raises(PluginError, match=r"Miscounted' returned a Step with the usage Usage\(.*nobody"):
        search(Miscounted(), tmp_path)


def test_an_app_may_change_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)

    def on_run(_texts: Any, _inputs: Any) -> None:
        os.chdir(tmp_path / "elsewhere")

    result = search(Toy(on_run=on_run), Path("run"), budget=40)
    assert result.run_dir == tmp_path / "run"
    assert (result.run_dir / "run.sqlite").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_an_async_metric_that_optimises_something_is_told_how(tmp_path: Path) -> None:
    """`optimize` would wait there for the loop that it holds. `aoptimize` does not."""

    async def waits(_example: Any, _output: Any) -> float:
        return search(Toy(), tmp_path / "inner", budget=40).val.best_mean

    with pytest.raises(ModelFault, match=r"raised ConfigurationError: .* await gepa_core.aoptimize"):
        search(Toy(), tmp_path / "outer", metric=waits)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_an_app_forked_ends() -> None:
    def fork() -> int:
        return os.fork()  # and goes on in both, as after `sys.exit` in the child

    async def run() -> int:
        workers = Workers()
        try:
            return await workers.run(fork)
        finally:
            workers.close()

    child = asyncio.run(run())
    assert os.waitpid(child, 0) == (child, 0)


NO_SETTINGS: list[tuple[Any, dict[str, Any], str]] = [
    (Execution, {"concurrency": 1.5}, "execution: concurrency must be a whole number of at least 1, not 1.5"),
    (Execution, {"concurrency": "8"}, "execution: concurrency must be a whole number of at least 1, not '8'"),
    (Execution, {"concurrency": True}, "execution: concurrency must be a whole number"),
    (Execution, {"attempts": 0}, "execution: attempts must be a whole number of at least 1, not 0"),
    (Execution, {"patience": float("nan")}, "execution: patience must be a number of at least 0, not nan"),
    (Execution, {"max_wait": "1"}, "execution: max_wait must be a number of at least 0, not '1'"),
    (Execution, {"timeout": True}, "execution: timeout must be more than 0 seconds, not True"),
    (Budget, {"rollouts": 10.5}, r"budget: rollouts must be a whole number of at least 1, not 10\.5"),
    (Budget, {"reflections": True}, "budget: reflections must be a whole number"),
    (Budget, {"dollars": "5"}, "budget: dollars must be more than 0, not '5'"),
    (Budget, {"seconds": float("nan")}, "budget: seconds must be more than 0, not nan"),
    (preset, {"lookahead": 1.5}, "preset: lookahead must be a whole number of at least 1, not 1.5"),
]


@pytest.mark.parametrize(("setting", "given", "said"), NO_SETTINGS)
def test_a_setting_that_is_none_is_refused(setting: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        setting(**given)
