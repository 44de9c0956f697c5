"""Worker threads and the one event loop: nothing hangs, nothing is lost, nothing ends for everybody."""

from __future__ import annotations

import asyncio
import contextvars
import os
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from gepa_core import background
from gepa_core.workers import Workers


def _no_interrupt() -> None:
    return None


def _fails() -> None:
    raise KeyError("x")


def test_functions_run_on_threads_with_the_callers_context() -> None:
    """Results, errors and context variables cross over; threads are used again."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")

    async def several() -> list[Any]:
        workers = Workers()
        name.set("mine")
        results = [await workers.run(lambda: (name.get(), threading.get_ident())) for _ in range(3)]
        with pytest.raises(KeyError):
            await workers.run(_fails)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await workers.run(next, iter(()))
        workers.close()
        return results

    results = asyncio.run(several())
    assert {result[0] for result in results} == {"mine"}
    assert len({result[1] for result in results}) == 1
    assert results[0][1] != threading.get_ident()


def test_a_thread_that_hangs_is_left_behind() -> None:
    """Waiting for it can be cancelled, others go on, and its late result bothers nobody."""
    release = threading.Event()

    async def hang() -> str:
        workers = Workers()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await workers.run(release.wait)
        result = await workers.run(lambda: "next")
        release.set()
        await asyncio.sleep(0.01)
        workers.close()
        return result

    assert asyncio.run(hang()) == "next"


def test_a_hanging_thread_keeps_no_process_alive() -> None:
    """The process ends though the thread never does."""
    code = (
        "import asyncio, threading; from gepa_core.workers import Workers\n"
        "async def main():\n"
        "    task = asyncio.create_task(Workers().run(threading.Event().wait))\n"
        "    await asyncio.sleep(0.05); task.cancel()\n"
        "asyncio.run(main()); print('ended')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "ended\n"


def test_every_call_runs_on_the_same_loop() -> None:
    """Async clients belong to the loop that first used them."""

    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    loops = [background.run(loop(), _no_interrupt) for _ in range(2)]
    threads: list[Any] = []
    others = [
        threading.Thread(target=lambda: threads.append(background.run(loop(), _no_interrupt))) for _ in "ab"
    ]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()
    assert len({*loops, *threads}) == 1


def test_an_exit_inside_of_a_task_ends_that_call_only() -> None:
    """The loop is everybody's, and stays."""

    async def task() -> None:
        sys.exit("gone")

    async def work(*, leave: bool) -> str:
        if leave:
            await asyncio.create_task(task())
        return "here"

    with pytest.raises(SystemExit):
        background.run(work(leave=True), _no_interrupt)
    assert background.run(work(leave=False), _no_interrupt) == "here"


def test_a_forked_process_has_a_loop_of_its_own() -> None:
    """The parent's loop has no thread there, and waiting for it would never end."""

    async def one() -> int:
        return 1

    assert background.run(one(), _no_interrupt) == 1
    child = os.fork()
    if child == 0:
        threading.Timer(10, os._exit, (1,)).start()
        os._exit(0 if background.run(one(), _no_interrupt) == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_an_interrupt_lets_the_work_end_by_itself() -> None:
    """The first Ctrl-C asks the work to end and waits for it; the work's result is not lost to it."""
    ended: list[str] = []

    async def work(stop: asyncio.Event) -> None:
        await stop.wait()
        await asyncio.sleep(0.02)
        ended.append("kept")

    stop = asyncio.Event()
    threading.Timer(0.05, _interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        background.run(work(stop), stop.set)
    assert ended == ["kept"]


def test_a_second_interrupt_ends_at_once() -> None:
    """Work that does not end is left behind."""

    async def work() -> None:
        await asyncio.sleep(30)

    began = time.monotonic()
    for delay in (0.05, 0.15):
        threading.Timer(delay, _interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        background.run(work(), _no_interrupt)
    assert time.monotonic() - began < 20


def _interrupt_main() -> None:
    import signal

    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
