"""One event loop for all sync calls; the caller's own for `aoptimize`; and how a run is interrupted."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Rollout, aoptimize, hookimpl
from gepa_core.errors import InfrastructureFault
from gepa_core.events import Event, RolloutFinished
from tests.core.toys import QUICK, SyncToy, Toy, ToyModel, metric, search, total


class Client:
    """Like an async client: works only on the loop that first used it."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def call(self) -> None:
        """Use a resource that belongs to a loop."""
        loop = asyncio.get_running_loop()
        self.loop = self.loop or loop
        if self.loop is not loop:
            raise RuntimeError("bound to a different event loop")
        async with self.lock:
            await asyncio.sleep(0)


class Clientele(Toy):
    """The toy with a shared client."""

    client = Client()

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app."""
        await self.client.call()
        return await super().run(texts, inputs)


def arguments(directory: Path, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "trainset": range(12),
        "valset": range(20, 26),
        "metric": metric,
        "reflection_lm": ToyModel(),
        "budget": 60,
        "run_dir": directory,
        "execution": QUICK,
    }
    return given | changes


def test_several_runs_in_a_row_share_an_async_client(tmp_path: Path) -> None:
    """Each would fail in the second run if each had a loop of its own."""
    proposals = [search(Clientele(), tmp_path / str(n), budget=40).proposals for n in range(3)]
    assert proposals[1] == proposals[0]
    assert proposals[2] == proposals[0]


def test_it_works_inside_of_a_running_loop(tmp_path: Path) -> None:
    """As in a notebook, where a loop runs already."""

    async def notebook() -> int:
        return total(search(Toy(), tmp_path, budget=40))

    assert 20 < asyncio.run(notebook()) <= 40


def test_async_callers_get_the_same_run_on_their_own_loop(tmp_path: Path) -> None:
    """`aoptimize` is `optimize` without the other loop."""
    loops: set[int] = set()

    class Here(Toy):
        async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
            loops.add(id(asyncio.get_running_loop()))
            return await super().run(texts, inputs)

    async def main() -> Any:
        loops.add(id(asyncio.get_running_loop()))
        return await aoptimize(Here(), **arguments(tmp_path / "async"))

    result = asyncio.run(main())
    assert len(loops) == 1
    assert result.proposals == search(Toy(), tmp_path / "sync", budget=60).proposals


def test_two_runs_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    """On one loop, with a system each."""

    async def main() -> Any:
        runs = (aoptimize(Toy(jitter=0.002), **arguments(tmp_path / name, seed=1)) for name in "ab")
        return await asyncio.gather(*runs)

    one, other = asyncio.run(main())
    assert one.proposals == other.proposals


@attrs.define(eq=False, kw_only=True)
class After:
    """Does something once, after so many rollouts."""

    rollouts: int
    action: Any

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Count."""
        self.rollouts -= isinstance(event, RolloutFinished)
        if self.rollouts == 0:
            self.rollouts = -1
            self.action()


def interrupt_main() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.mark.parametrize("toy", [Toy, SyncToy])
@pytest.mark.parametrize("rollouts", [3, 25])
def test_ctrl_c_keeps_what_was_running_and_says_how_to_go_on(
    tmp_path: Path, rollouts: int, toy: type[Toy]
) -> None:
    """Nothing that was begun is run again afterwards, and the run is the unbroken one."""
    system = toy(jitter=0.01)
    with pytest.raises(KeyboardInterrupt) as caught:
        search(system, tmp_path / "run", plugins=[After(rollouts=rollouts, action=interrupt_main)])
    assert any(repr(str(tmp_path / "run")) in note for note in caught.value.__notes__)
    begun = system.runs
    result = search(system, tmp_path / "run")
    assert begun < system.runs == total(result)
    assert result.proposals == search(Toy(), tmp_path / "whole").proposals


def press_and_wait() -> None:
    """Press Ctrl-C, and hold the event loop until the main thread has passed it on."""
    interrupt_main()
    time.sleep(0.3)


def test_ctrl_c_before_the_test_set_leaves_it_for_the_next_time(tmp_path: Path) -> None:
    """A run that is interrupted at its very last rollout does not begin its test set."""
    arguments: dict[str, Any] = {"budget": 40, "testset": range(40, 44)}
    before = total(search(Toy(), tmp_path / "whole", **arguments)) - 8
    system = Toy()
    with pytest.raises(KeyboardInterrupt):
        search(system, tmp_path / "run", plugins=[After(rollouts=before, action=press_and_wait)], **arguments)
    assert system.runs == before
    assert search(system, tmp_path / "run", **arguments).test is not None
    assert system.runs == before + 8


def test_ctrl_c_in_the_test_set_keeps_what_was_run_of_it(tmp_path: Path) -> None:
    """The rest of it follows the next time."""
    arguments: dict[str, Any] = {"budget": 40, "testset": range(40, 44)}
    system = Toy(jitter=0.05)
    with pytest.raises(KeyboardInterrupt):
        search(system, tmp_path, plugins=[FirstTest()], **arguments)
    result = search(system, tmp_path, **arguments)
    assert result.test is not None
    assert system.runs == total(result)


@attrs.define(eq=False, kw_only=True)
class FirstTest:
    """Presses Ctrl-C when the first rollout of the test set is there."""

    pressed: bool = attrs.field(default=False, init=False)

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Wait for the first rollout of the test."""
        if isinstance(event, RolloutFinished) and event.purpose == "test" and not self.pressed:
            self.pressed = True
            interrupt_main()


@pytest.mark.parametrize("rollouts", [3, 20, 59])
def test_a_cancelled_call_keeps_what_was_running(tmp_path: Path, rollouts: int) -> None:
    """Cancelling `aoptimize`, as Ctrl-C does under `asyncio.run`, waits for what is paid for."""
    system = Toy(jitter=0.01)

    async def main() -> None:
        call: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment]
        await aoptimize(
            system,
            **arguments(
                tmp_path / "run",
                plugins=[After(rollouts=rollouts, action=call.cancel)],
                testset=range(40, 50),
                budget=70,
            ),
        )

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    result = search(system, tmp_path / "run", testset=range(40, 50), budget=70)
    assert system.runs == total(result)


def test_an_interrupt_does_not_wait_for_a_retry(tmp_path: Path) -> None:
    """A wait of a minute before the next attempt ends with the run."""
    pressed = threading.Event()

    def down(_texts: Mapping[str, str], _inputs: Any) -> None:
        if not pressed.is_set():
            pressed.set()
            threading.Timer(0.1, interrupt_main).start()
        raise InfrastructureFault("down", retry_after=60)

    execution = attrs.evolve(QUICK, max_wait=60.0, attempts=9)
    timer = threading.Timer(40, interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        search(Toy(on_run=down), tmp_path, execution=execution)
    assert timer.is_alive()
    timer.cancel()
