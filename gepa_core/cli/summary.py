"""A stored run, read for showing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core.cli.settings import FILE
from gepa_core.cli.stored import simulated_in
from gepa_core.codec import from_plain
from gepa_core.result import Comparison
from gepa_core.state import Member, State
from gepa_core.statistics import paired_interval
from gepa_core.store import Store
from gepa_core.types import Component, Proposal


@attrs.frozen(kw_only=True)
class Summary:
    """What a store says of its run.

    Attributes:
        directory: the run directory.
        meta: facts as the store keeps them: ``reason``, ``begun``, ``ended``, ``preset``, …
        components: those that are optimised, with the seed's texts.
        state: the pool; its data sets are empty.
        target: ``module:attribute``; empty for a run that was begun from Python.
        simulated: names of the simulated models that answered.
        is_running: whether a process is at it.
    """

    directory: Path
    meta: Mapping[str, str]
    components: tuple[Component, ...]
    state: State
    target: str
    simulated: tuple[str, ...]
    is_running: bool

    @property
    def proposals(self) -> list[Proposal]:
        """The committed proposals, in order."""
        return self.state.proposals

    @property
    def seed(self) -> Member | None:
        """The app as it was; None as long as it has no score."""
        return self.state.members[0] if self.state.members else None

    @property
    def best(self) -> Member | None:
        """The candidate with the highest mean on validation."""
        return self.state.members[self.state.best] if self.state.members else None

    @property
    def condition(self) -> str:
        """``running``; ``ended`` by itself, ``interrupted``, or ``stopped``: killed, or by an error."""
        reason = self.meta.get("reason", "")
        if self.is_running:
            return "running"
        if "interrupted" in reason:
            return "interrupted"
        return "ended" if reason and not self.meta.get("fault") else "stopped"

    def fact(self, key: str) -> Any:
        """A fact that is kept as JSON; None when there is none."""
        return json.loads(self.meta.get(key, "null"))


def summarise(store: Store) -> Summary:
    """Read a run: as much as a list of runs shows."""
    meta = store.meta()
    components = tuple(from_plain(one, Component) for one in json.loads(meta.get("components", "[]")))
    state = State(components=components, train=(), val=(), seed=0)
    for proposal in store.proposals():
        state.apply(proposal)
    return Summary(
        directory=store.directory,
        meta=meta,
        components=components,
        state=state,
        target=_target(store.directory),
        simulated=tuple(simulated_in(store)),
        is_running=_is_locked(store.directory),
    )


def val_comparison(run: Summary) -> Comparison | None:
    """Seed and best on validation; None before the seed has a score."""
    if run.seed is None or run.best is None:
        return None
    return _compare(run.seed.scores, run.best.scores)


def test_comparison(run: Summary, store: Store) -> Comparison | None:
    """Seed and best on the test set; None where that was not run, or not to its end."""
    if run.seed is None or run.best is None:
        return None
    scores: dict[str, dict[str, float]] = {}
    for outcome in store.outcomes("test"):
        scores.setdefault(outcome.candidate, {})[outcome.example] = outcome.score
    seed, best = (scores.get(member.candidate.id, {}) for member in (run.seed, run.best))
    wanted = (run.fact("sizes") or {}).get("test", 0)
    return _compare(seed, best) if wanted and len(seed) == len(best) == wanted else None


def _compare(seed: Mapping[str, float], best: Mapping[str, float]) -> Comparison:
    both = {example: score for example, score in seed.items() if example in best}
    others = {example: best[example] for example in both}
    return Comparison(seed=both, best=others, difference=paired_interval(both, others))


def _target(directory: Path) -> str:
    import tomllib

    try:
        return str(tomllib.loads((directory / FILE).read_text("utf-8")).get("target", ""))
    except (OSError, ValueError):
        return ""


def _is_locked(directory: Path) -> bool:
    """Whether a process has the run open for writing: the lock goes with the process that holds it."""
    from filelock import FileLock, Timeout

    path = directory / "run.lock"
    if not path.exists():
        return False
    try:
        with FileLock(path, blocking=False, mode=0o600):
            return False
    except (Timeout, OSError):
        return True
