"""Isolation: rollouts at once, and one after the other, have nothing to do with each other."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from gepa_core import background
from gepa_core.codec import to_plain
from gepa_core.testing.suites.case import SystemCase
from gepa_core.testing.suites.trial import Trial, difference, mark
from gepa_core.types import Rollout
from gepa_core.workers import Workers

Texts = Mapping[str, str]

_DELAY = 0.002


class TogetherTests(SystemCase):
    """Tests of `System.run`, called many times."""

    def test_run_is_sync_or_async_as_declared(self) -> None:
        """Required: `run` returns a Rollout, or where `is_async` something to await.

        To mend: set `is_async`, or write the other kind. The engine takes both: it calls `run` of a sync
        system on a worker thread.
        """
        found = self.trial().system.run({}, self.first)
        is_async = inspect.isawaitable(found)
        if inspect.iscoroutine(found):
            found.close()
        assert is_async == self.is_async

    def test_two_candidates_at_once_in_threads(self) -> None:
        """Required: two candidates that run at the same time on threads send what each sends alone.

        To mend: run each candidate on its own copy of the app (`gepa_core.appgraph.path_copy`); never put a
        text into the app, a module or a class, not even for a moment.
        """
        self._check_at_once(["apple", "berry"] * 4, _on_threads)

    def test_64_candidates_at_once_in_threads(self) -> None:
        """Required: the same for 64 candidates.

        To mend: as for two. If only this fails, look for a cache of copies that is too small or not locked.
        """
        self._check_at_once([f"word{number}" for number in range(64)], _on_threads)

    def test_two_candidates_at_once_in_asyncio(self) -> None:
        """Required: two candidates that run at the same time on one event loop send what each sends alone.

        To mend: as for threads. A context variable that says which candidate runs is lost in threads and
        executors that the app starts: keep the text in the copy.
        """
        self._check_at_once(["apple", "berry"] * 4, _on_one_loop)

    def test_64_candidates_at_once_in_asyncio(self) -> None:
        """Required: the same for 64 candidates.

        To mend: as for two.
        """
        self._check_at_once([f"word{number}" for number in range(64)], _on_one_loop)

    def test_no_state_goes_from_one_rollout_to_the_next(self) -> None:
        """Required: a rollout sends the same, whatever ran before it: the app's memories, checkpointers and
        caches begin anew each time.

        To mend: replace what has state in the copy that a rollout runs on (the argument `renewed` or
        `replaced` of `gepa_core.appgraph.path_copy`), also where no text changes.
        """
        fresh, used = self.trial(), self.trial()
        texts = fresh.marked("x")
        alone = [
            _seen(fresh_one, texts, inputs) for inputs in self.all_inputs for fresh_one in [self.trial()]
        ]
        for word in ("y", "z"):
            used.run(used.marked(word), self.first)
        again = [_seen(used, texts, inputs) for inputs in self.all_inputs]
        assert alone == again

    def test_trajectories_of_one_candidate_show_no_other_ones_texts(self) -> None:
        """Required: what a rollout recorded, and what it returned, is its own.

        To mend: make a recorder for each rollout, and hand it to the copy that this rollout runs on.
        """
        trial = self.trial()
        trial.model.delay = _DELAY
        words = ["apple", "berry", "cherry", "date"] * 2
        for word, rollout in zip(words, self._together(trial, words, _on_threads), strict=True):
            told = _told(rollout)
            others = {other for other in words if other != word and _shows(told, trial, other)}
            assert not others, f"the rollout of {word!r} has texts of {sorted(others)}"

    def _check_at_once(self, words: Sequence[str], run_all: Any) -> None:
        trial = self.trial()
        alone: list[str] = []
        outputs: dict[str, Any] = {}
        for word in dict.fromkeys(words):
            rollout, sent = _run_alone(trial, trial.marked(word), self.first)
            alone += sent * words.count(word)
            outputs[word] = self.plain(rollout.output)
        trial.model.clear()
        trial.model.delay = _DELAY
        rollouts = self._together(trial, words, run_all)
        assert not difference(alone, trial.model.sent), difference(alone, trial.model.sent)
        for word, rollout in zip(words, rollouts, strict=True):
            assert self.plain(rollout.output) == outputs[word], f"candidate {word!r} answered otherwise"

    def _together(self, trial: Trial, words: Sequence[str], run_all: Any) -> list[Rollout]:
        with _eager_switching():
            rollouts: list[Rollout] = run_all(trial, [trial.marked(word) for word in words], self.first)
        for rollout in rollouts:
            if rollout.error is not None:
                raise AssertionError(f"a rollout failed with {rollout.error!r}") from rollout.error
        return rollouts


@contextmanager
def _eager_switching() -> Iterator[None]:
    """Let threads take turns as often as they can, so that what can go wrong between two of them does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _on_threads(trial: Trial, candidates: Sequence[Texts], inputs: Any) -> list[Rollout]:
    with ThreadPoolExecutor(len(candidates)) as pool:
        return list(pool.map(lambda texts: trial.run(texts, inputs), candidates))


def _on_one_loop(trial: Trial, candidates: Sequence[Texts], inputs: Any) -> list[Rollout]:
    """As the engine does it: coroutines on its loop, everything else on worker threads."""

    async def one(workers: Workers, texts: Texts) -> Rollout:
        if inspect.iscoroutinefunction(trial.system.run):
            found: Any = trial.system.run(texts, inputs)
        else:
            found = await workers.run(trial.system.run, texts, inputs)
        rollout: Rollout = await found if inspect.isawaitable(found) else found
        return rollout

    async def together() -> list[Rollout]:
        workers = Workers()
        try:
            return list(await asyncio.gather(*(one(workers, texts) for texts in candidates)))
        finally:
            workers.close()

    return background.run(together(), lambda: None)


def _run_alone(trial: Trial, texts: Texts, inputs: Any) -> tuple[Rollout, list[str]]:
    before = len(trial.model.sent)
    rollout = trial.good(texts, inputs)
    return rollout, trial.model.sent[before:]


def _seen(trial: Trial, texts: Texts, inputs: Any) -> list[str]:
    return trial.sent_for(texts, inputs)


def _told(rollout: Rollout) -> str:
    return json.dumps(to_plain(rollout.trajectory), ensure_ascii=False)


def _shows(told: str, trial: Trial, word: str) -> bool:
    return any(mark(word, one.name) in told for one in trial.components)
