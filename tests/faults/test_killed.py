"""Kill it anywhere: runs over HTTP are ended with SIGKILL at random moments, again and again, and resumed.

Nothing that was finished may be bought again, at most what was in flight may be lost, and the end has to be
that of the run that was never interrupted. The moments come from a seed, which is printed. By hand, with more
kills (500 take about five minutes on two cores that do nothing else):

    GEPA_KILLS=500 GEPA_KILLS_SEED=7 pytest tests/faults/test_killed.py -s
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import pytest
from gepa_offline import OfflineServer, serve
from gepa_offline.model import REFLECTION_MODEL, TASK_MODEL

from gepa_core.cli.showing import as_json
from gepa_core.cli.summary import summarise
from gepa_core.data import as_examples
from gepa_core.store import FILE, Store
from tests.faults.killed_desk import CONCURRENCY, SIZES, rollout_name, rows

REPOSITORY = Path(__file__).parents[2]
KILLS = int(os.environ.get("GEPA_KILLS", "50"))
LOOKAHEADS = (1, 4)
"""Of the runs that are killed at the same time, each on a server of its own."""
MOST_REQUESTS = 16
"""Requests that a process may make before it is killed: twice what is in flight at once."""

Bought: TypeAlias = Counter[tuple[str, str]]
"""How often each thing was bought: model and name to count."""


@attrs.define(kw_only=True)
class Story:
    """One run, killed and resumed until it is done.

    Attributes:
        directory: where it is stored.
        seed: decides data and choices of the run.
        whole: what the unbroken run bought.
        moments: draws the moments of the kills.
        kills: processes that were killed.
        lost: requests that were answered or in flight when a process was killed, and were not kept.
        early: kills before the process had asked anything.
    """

    directory: Path
    seed: int
    lookahead: int
    whole: Bought
    moments: random.Random
    kills: int = 0
    lost: int = 0
    early: int = 0

    def go_on(self, server: OfflineServer) -> bool:
        """Start a process and kill it at some moment. Returns whether the run was done before."""
        before, seen = kept(self.directory, self.seed), len(server.requests())
        process = start(self.directory, server, self.seed, self.lookahead, hash_seed=self.kills % 6)
        killed = self._kill(process, server)
        _wait_for_quiet(server)
        after, asked = kept(self.directory, self.seed), bought(server, since=seen)
        said = f"process {self.kills} of seed {self.seed}, lookahead {self.lookahead}"
        for what, count in asked.items():
            known = f"{what}: had {before[what]}, asked {count}, needs {self.whole[what]}"
            assert before[what] + count <= self.whole[what], f"{said} bought again {known}"
        assert not after - before - asked, f"{said} kept what it did not buy"
        lost = before + asked - after
        assert lost.total() <= (CONCURRENCY if killed else 0), f"{said} lost {lost}"
        self.kills += killed
        self.lost += lost.total()
        self.early += killed and not asked
        return not killed

    def _kill(self, process: subprocess.Popen[str], server: OfflineServer) -> bool:
        """Kill the process after some of its requests and a moment; False if it was done before."""
        last = server.stats()["total"] + self.moments.randint(0, MOST_REQUESTS)
        # Without a request to wait for, the moment lies anywhere in the start of the process.
        moment = self.moments.uniform(0.0, 0.03 if last > server.stats()["total"] else 1.0)
        while process.poll() is None and server.stats()["total"] < last:
            time.sleep(0.002)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()
        _, errors = process.communicate()
        assert process.returncode in (0, -9), errors
        return process.returncode == -9


def start(
    directory: Path, server: OfflineServer, seed: int, lookahead: int, *, hash_seed: int
) -> subprocess.Popen[str]:
    """Begin a run in a process of its own, or go on with it."""
    command = [sys.executable, "-m", "tests.faults.killed_desk", str(directory), server.base_url]
    return subprocess.Popen(
        [*command, str(seed), str(lookahead)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def bought(server: OfflineServer, *, since: int = 0) -> Bought:
    """What the server was asked for, by its own log.

    A request that a kill cut off before it had arrived whole names no model, and nobody pays for it.
    """
    return Counter((record.model, record.user) for record in server.requests()[since:] if record.model)


def kept(directory: Path, seed: int) -> Bought:
    """What the store of a run holds; nothing when there is none yet."""
    if not (directory / FILE).exists():
        return Counter()
    examples = itertools.chain.from_iterable(as_examples(rows(split, seed), split) for split in SIZES)
    inputs: dict[tuple[str, str], Any] = {(one.split, one.id): one.inputs for one in examples}
    found: Bought = Counter()
    with contextlib.closing(sqlite3.connect(directory / FILE)) as store:
        if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchone():
            return found
        for candidate, split, example in store.execute("SELECT candidate, split, example FROM outcomes"):
            found[TASK_MODEL, rollout_name(candidate, inputs[split, example])] += 1
        found.update((REFLECTION_MODEL, prompt) for (prompt,) in store.execute("SELECT prompt FROM answers"))
    return found


def report(directory: Path) -> dict[str, Any]:
    """All that `gepa-core show --json` says of a run, but for where and when it was."""
    store = Store.read(directory)
    try:
        said: dict[str, Any] = json.loads(as_json(summarise(store), store))
    finally:
        store.close()
    return {key: value for key, value in said.items() if key not in ("run", "path", "begun", "ended")}


@contextlib.contextmanager
def desk() -> Iterator[OfflineServer]:
    """A server that takes a moment to answer, so that there is always something in flight."""
    with serve(log_requests=True, task_latency=0.01, reflection_latency=0.02) as server:
        yield server


def _wait_for_quiet(server: OfflineServer) -> None:
    """Until the server has written down what a killed process had asked.

    Some of that may not have been read from its sockets yet. A request of our own comes after it in line,
    so when it is answered everything that the process had sent is counted in.
    """
    for _ in range(2):
        with urllib.request.urlopen(f"{server.base_url.removesuffix('/v1')}/stats", timeout=60) as answer:
            answer.read()
        while server.stats()["in_flight"]:
            time.sleep(0.002)


def tell(directory: Path, seed: int, lookahead: int, moments: random.Random) -> Story:
    """Kill a run until it is done, and compare it with the unbroken one."""
    with desk() as server:
        process = start(directory / "whole", server, seed, lookahead, hash_seed=0)
        _, errors = process.communicate()
        assert process.returncode == 0, errors
        whole = bought(server)
    assert whole == kept(directory / "whole", seed)
    story = Story(
        directory=directory / "killed", seed=seed, lookahead=lookahead, whole=whole, moments=moments
    )
    with desk() as server:
        while not story.go_on(server):
            pass
        assert bought(server).total() == whole.total() + story.lost
    assert kept(story.directory, seed) == whole
    assert report(story.directory) == report(directory / "whole")
    return story


@pytest.mark.timeout(240 + 6 * KILLS)
def test_killed_again_and_again_it_is_the_unbroken_run(tmp_path: Path) -> None:
    seed = int(os.environ.get("GEPA_KILLS_SEED", random.SystemRandom().randrange(10**6)))
    print(f"GEPA_KILLS_SEED={seed}")

    def one(lookahead: int, number: int) -> Story:
        directory = tmp_path / f"{number}-{lookahead}"
        return tell(directory, number, lookahead, random.Random(f"{seed} {number} {lookahead}"))

    stories: list[Story] = []
    with ThreadPoolExecutor(len(LOOKAHEADS)) as pool:
        while sum(story.kills for story in stories) < KILLS:
            stories += pool.map(one, LOOKAHEADS, itertools.repeat(1 + len(stories)))
    kills, lost, early = (sum(getattr(one, name) for one in stories) for name in ("kills", "lost", "early"))
    print(f"{len(stories)} runs, {kills} kills ({early} before the first request), {lost} requests lost")
    assert lost > 0  # the moments were such that something could be lost
