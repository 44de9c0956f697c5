"""Reading stored runs."""

from __future__ import annotations

import contextlib
import itertools
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from gepa_core.api import RUNS
from gepa_core.cli.wording import place
from gepa_core.errors import ConfigurationError
from gepa_core.result import Cost
from gepa_core.store import FILE, Store
from gepa_core.summary import cost_of

_SIMULATED = "simulated"
_ENOUGH = 8
"""Rollouts that are looked at to learn which models an app calls."""


@contextlib.contextmanager
def reading(run_dir: Path) -> Iterator[Store]:
    """The store of a run, open for looking, also while another process writes it.

    Raises:
        StoreError: it cannot be read.
    """
    store = Store.read(run_dir)
    try:
        yield store
    finally:
        store.close()


def find_run(name: str, runs: Path) -> Path:
    """The directory of the run called ``name``: a path, or a name, or its beginning, below ``runs``.

    Raises:
        ConfigurationError: there is none, or several names begin so.
    """
    for path in (runs / name, Path(name).expanduser()):
        if (path / FILE).exists():
            return path
    known = stored_runs(runs)
    matches = [path for path in known if path.name.startswith(name)] if name else []
    if len(matches) == 1:
        return matches[0]
    shown = ", ".join(repr(path.name) for path in (matches or known)[-5:])
    if matches:
        raise ConfigurationError(f"{name!r} is the beginning of several runs: {shown}; give more of the name")
    there = f"The latest in {str(runs)!r}: {shown}" if known else f"There are none in {str(runs)!r}"
    raise ConfigurationError(f"there is no run {name!r}. {there}; a run elsewhere is named by its directory")


def run_name(run_dir: Path) -> str:
    """How the commands may call a run: by its name where it is in the usual place."""
    is_usual = run_dir.absolute().parent == RUNS.absolute()
    return run_dir.name if is_usual else shlex.quote(place(run_dir))


def stored_runs(runs: Path) -> list[Path]:
    """The directories below ``runs`` that hold a run, oldest first by name."""
    return sorted(path.parent for path in runs.glob(f"*/{FILE}"))


def spent_before(run_dir: Path) -> Cost:
    """What a run that goes on has used so far."""
    with reading(run_dir) as store:
        return cost_of(store)


def simulated_models(run_dir: Path) -> list[str]:
    """Names of the simulated models that answered in a run: then its figures are simulated too."""
    with reading(run_dir) as store:
        return simulated_in(store)


def simulated_in(store: Store) -> list[str]:
    """Names of the simulated models, by the fingerprint and by what the seed's rollouts called."""
    names = [str(json.loads(store.meta().get("fingerprint", "{}")).get("reflection model", ""))]
    for outcome in itertools.islice(store.outcomes("seed"), _ENOUGH):
        names += [step.name for step in outcome.trajectory.steps if step.kind == "model"]
    found = (name for name in names if name.rpartition("/")[2].startswith(_SIMULATED))
    return list(dict.fromkeys(found))
