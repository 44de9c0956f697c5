"""What an adapter costs on one app: walking it, copying it for a candidate, capturing a rollout."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import attrs

from gepa_core.protocols import System
from gepa_core.types import Rollout
from tests.benchmarks.row import Row

ROLLOUT = 0.1
"""Seconds of the rollout that the cost of capture is held against."""


@attrs.frozen(kw_only=True)
class Shape:
    """An app to measure.

    Attributes:
        name: for the table.
        wrap: walks the app.
        plain: runs the app as it is, without an adapter; may return an awaitable.
        inputs: what the wrapped app is run on.
    """

    name: str
    wrap: Callable[[], System]
    plain: Callable[[], Any]
    inputs: Any


def rows_for(group: str, shapes: Sequence[Shape], times: int) -> list[Row]:
    """Four rows: the worst shape of each measurement, with all shapes in the detail."""
    with asyncio.Runner() as runner:
        measured = {shape.name: _measure(shape, runner, times) for shape in shapes}
    return [
        _worst(group, "wrap the app", measured, place=0, unit="ms", goal=250.0),
        _worst(group, "build a candidate's copy", measured, place=1, unit="ms", goal=10.0),
        _worst(group, "capture, of a 100 ms rollout", measured, place=2, unit="%", goal=5.0),
        _at_once(group, measured),
    ]


def _measure(shape: Shape, runner: asyncio.Runner, times: int) -> tuple[float, float, float, float, float]:
    """CPU milliseconds to wrap and to copy, per cent for capture, seconds for 64 at once with and without."""
    system = shape.wrap()
    texts = {component.name: component.text + " Work well." for component in system.components}
    variants = iter(range(10**9))

    def build() -> object:
        return system.build({name: f"{text} {next(variants)}" for name, text in texts.items()})

    def captured() -> Any:
        return system.run(texts, shape.inputs)

    _finish(runner, captured)
    walk, copy = _cpu(runner, shape.wrap, times), _cpu(runner, build, times)
    costs = [_cpu(runner, captured, 3) - _cpu(runner, shape.plain, 3) for _ in range(times)]
    pairs = [[_together(runner, run) for run in (captured, shape.plain)] for _ in range(3)]
    together, alone = map(median, zip(*pairs, strict=True))
    return 1000 * walk, 1000 * copy, 100 * max(0.0, median(costs)) / ROLLOUT, together, alone


def _finish(runner: asyncio.Runner, run: Callable[[], Any]) -> None:
    """One run to its end, on the loop of ``runner`` if it is async."""

    async def called() -> Any:
        result = run()
        return await result if inspect.isawaitable(result) else result

    result = runner.run(called())
    if isinstance(result, Rollout) and result.error is not None:
        raise result.error


def _cpu(runner: asyncio.Runner, run: Callable[[], Any], times: int) -> float:
    """Median CPU seconds of the process."""

    def once() -> float:
        begin = time.process_time()
        _finish(runner, run)
        return time.process_time() - begin

    return median(once() for _ in range(times))


def _together(runner: asyncio.Runner, run: Callable[[], Any], count: int = 64) -> float:
    """Seconds of wall clock for ``count`` runs at once, each after 100 ms in which a model would answer.

    On threads, and awaited where they are async.
    """

    def on_thread() -> Any:
        time.sleep(ROLLOUT)
        return run()

    async def awaited() -> Any:
        await asyncio.sleep(ROLLOUT)
        return await run()

    async def all_of_them() -> None:
        loop = asyncio.get_running_loop()
        if inspect.isawaitable(first := run()):
            await asyncio.gather(first, *(awaited() for _ in range(count - 1)))
            return
        with ThreadPoolExecutor(count) as pool:
            await asyncio.gather(*(loop.run_in_executor(pool, on_thread) for _ in range(count)))

    begin = time.perf_counter()
    runner.run(all_of_them())
    return time.perf_counter() - begin


def _worst(
    group: str,
    what: str,
    measured: dict[str, tuple[float, float, float, float, float]],
    *,
    place: int,
    unit: str,
    goal: float,
) -> Row:
    values = {name: found[place] for name, found in measured.items()}
    worst = max(values, key=lambda name: values[name])
    name = f"{what}: {worst}, worst of {len(values)} (median {median(values.values()):.2g} {unit})"
    return Row(
        group=group, name=name, value=values[worst], unit=unit, beside="goal", other=goal, detail=values
    )


def _at_once(group: str, measured: dict[str, tuple[float, float, float, float, float]]) -> Row:
    seconds = {name: found[3:] for name, found in measured.items()}
    worst = max(seconds, key=lambda name: seconds[name][0] / seconds[name][1])
    return Row(
        group=group,
        name=f"64 rollouts of 100 ms at once: {worst}, worst of {len(seconds)}",
        value=1000 * seconds[worst][0],
        unit="ms",
        beside="the app without adapter",
        other=1000 * seconds[worst][1],
        detail={name: {"captured": with_it, "plain": plain} for name, (with_it, plain) in seconds.items()},
    )
