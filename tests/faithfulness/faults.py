"""What this project and the PyPI package gepa do under the same faults.

``python -m tests.faithfulness.faults`` prints the table of ``docs/faults.md``. Both run the toy of
`tests.core.toys` one rollout at a time, with one function that writes new texts. What is counted are runs of
the app.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core import Candidate, Execution, Feedback, hookimpl, optimize
from gepa_core.errors import GepaError
from gepa_core.mutation import MutationRequest
from tests.core.toys import COMPONENTS, SyncToy, answer, metric

TRAIN, VAL = list(range(12)), list(range(20, 30))
SEED = {component.name: component.text for component in COMPONENTS}
Rewrite = Callable[[str, str, list[str]], str]
"""Name, current text and feedback of a component to its new text."""
Score = Callable[[Mapping[str, str], int, float], float]


def learn(name: str, current: str, feedback: list[str]) -> str:
    """Add a rule that is wanted."""
    letter = "r" if name == "first" else "s"
    words = sorted({word for text in feedback for word in text.split() if word.startswith(letter)})
    wanted = [word for word in words if word[1:].isdigit() and word not in current.split()]
    digest = int(hashlib.sha256(f"{current}{wanted}".encode()).hexdigest(), 16)
    return f"{current} {wanted[digest % len(wanted)]}" if wanted else current


def as_it_is(_texts: Mapping[str, str], _number: int, score: float) -> float:
    """The toy's own score."""
    return score


@attrs.frozen(kw_only=True)
class Case:
    """What both are given.

    Attributes:
        dies: the run of the app at which the process ends at once; 0 for never.
        deaf: whether the reflection model cannot be reached.
    """

    budget: int
    rewrite: Rewrite = learn
    score: Score = as_it_is
    dies: int = 0
    deaf: bool = False
    merge: bool = False


@attrs.frozen
class Ended:
    """What came of it: runs of the app, the pool's texts, and the error that it ended with."""

    runs: int
    pool: list[dict[str, str]]
    error: str = ""


class App:
    """The toy, which counts its runs in a file that outlives the process."""

    def __init__(self, case: Case, directory: Path) -> None:
        self.case, self.journal = case, directory / "journal"

    @property
    def runs(self) -> int:
        """How many were begun, in all processes."""
        return len(self.journal.read_bytes()) if self.journal.exists() else 0

    def scored(self, texts: Mapping[str, str], number: int) -> tuple[float, str]:
        """Run and score."""
        if self.case.dies and self.runs + 1 == self.case.dies:
            os._exit(9)
        with self.journal.open("ab") as file:
            file.write(b".")
        feedback = metric(number, answer(texts, number).output)
        return self.case.score(texts, number, feedback.score), feedback.text


def unreachable(_prompt: Any) -> str:
    """A reflection model that is down."""
    raise ConnectionError("nobody listens")


@attrs.define(eq=False)
class Shared:
    """The rewriting function as a plugin."""

    rewrite: Rewrite

    @hookimpl
    async def gepa_propose_texts(self, request: MutationRequest) -> Mapping[str, str]:
        """New texts."""
        texts = [each.outcome.feedback.text for each in request.minibatch]
        return {part.name: self.rewrite(part.name, part.text, texts) for part in request.components}


def ours(case: Case, directory: Path) -> Ended:
    """Run this project."""
    app, current = App(case, directory), {}

    class System(SyncToy):
        def _answer(self, texts: Mapping[str, str], inputs: Any) -> Any:
            current[inputs] = dict(texts)
            return answer(texts, inputs)

    def judge(example: int, _output: Any) -> Any:
        score, text = app.scored(current[example], example)  # counted and scored in one place, as by theirs
        return Feedback(score, text) if math.isfinite(score) else score

    plugins: list[Any] = [] if case.deaf else [Shared(case.rewrite)]
    try:
        result = optimize(
            System(),
            trainset=TRAIN,
            valset=VAL,
            metric=judge,
            reflection_lm=unreachable,
            budget=case.budget,
            plugins=plugins if case.merge else [*plugins, "no:merge"],
            run_dir=directory / "run",
            execution=Execution(concurrency=1, max_wait=0.0),
        )
    except GepaError as error:
        return Ended(app.runs, [], str(error))
    pool = [dict(one.texts or {}) for one in result.proposals if one.status == "accepted"]
    return Ended(app.runs, pool, "" if result.complete else result.stop_reason)


class Theirs:
    """The toy through gepa's adapter protocol."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.propose_new_texts = None if app.case.deaf else self.propose

    def evaluate(self, batch: list[int], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        """Run and score a batch."""
        from gepa.core.adapter import EvaluationBatch

        found = [self.app.scored(candidate, number) for number in batch]
        texts = [text for _, text in found]
        return EvaluationBatch(
            outputs=texts,
            scores=[score for score, _ in found],
            trajectories=texts if capture_traces else None,
        )

    def make_reflective_dataset(
        self, _candidate: dict[str, str], batch: Any, components: list[str]
    ) -> Mapping[str, Any]:
        """The feedback, for each component."""
        return {name: [{"Feedback": text} for text in batch.trajectories or []] for name in components}

    def propose(
        self, candidate: dict[str, str], dataset: Mapping[str, Any], components: list[str]
    ) -> dict[str, str]:
        """New texts."""
        case = self.app.case
        return {
            name: case.rewrite(name, candidate[name], [row["Feedback"] for row in dataset[name]])
            for name in components
        }


class Silent:
    """A logger that says nothing."""

    def log(self, message: str) -> None:
        """Forget it."""


def theirs(case: Case, directory: Path) -> Ended:
    """Run gepa, with its defaults, and with its run directory."""
    from gepa.api import optimize as optimize_theirs

    app = App(case, directory)
    try:
        result: Any = optimize_theirs(
            seed_candidate=SEED,
            trainset=TRAIN,
            valset=VAL,
            adapter=Theirs(app),  # type: ignore[arg-type]
            reflection_lm=unreachable,  # type: ignore[arg-type]
            max_metric_calls=case.budget,
            use_merge=case.merge,
            run_dir=str(directory / "run"),
            logger=Silent(),
        )
    except Exception as error:
        return Ended(app.runs, [], f"{type(error).__name__}: {error}")
    return Ended(app.runs, [dict(one) for one in result.candidates])


SIDES = {"ours": ours, "theirs": theirs}


@contextlib.contextmanager
def directory() -> Iterator[Path]:
    """A new one."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def worse_and_better(_texts: Mapping[str, str], number: int, score: float) -> float:
    """A text that is better on half of the examples and worse on the others than the seed."""
    changed = "NEW" in _texts["first"] or "NEW" in _texts["second"]
    return (0.9 if number % 2 else 0.1) if changed else 0.5 + 0 * score


def in_process(side: str, case: str, where: Path, **environment: str) -> str:
    """Run a case of `CASES` in a process of its own; what it printed."""
    command = [sys.executable, "-m", "tests.faithfulness.faults", side, case, str(where)]
    ended = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    return ended.stdout


CASES = {
    "merges": Case(budget=400, merge=True),
    "whole": Case(budget=90),
    "killed": Case(budget=90, dies=34),
}


def once(side: str, case: Case) -> Ended:
    """Run it in a new directory."""
    with directory() as where:
        return SIDES[side](case, where)


def asked_for_too_little(side: str) -> str:
    """A budget of 11 with 10 validation examples."""
    ended = once(side, Case(budget=11))
    return f"{ended.runs} rollouts{'; refused' if 'too small' in ended.error else ''}"


def within_budget(side: str) -> str:
    """A budget of 60."""
    return f"{once(side, Case(budget=60)).runs} rollouts"


def run_again(side: str) -> str:
    """A finished run, run again."""
    with directory() as where:
        first = SIDES[side](Case(budget=60), where).runs
        return f"{SIDES[side](Case(budget=60), where).runs - first} rollouts more"


def continued(side: str) -> str:
    """60 rollouts, then 150, against 150 at once."""
    whole = once(side, Case(budget=150))
    with directory() as where:
        SIDES[side](Case(budget=60), where)
        parts = SIDES[side](Case(budget=150), where)
    return "the same pool" if parts.pool == whole.pool else "another pool"


def killed(side: str) -> str:
    """The process ends at the 34th rollout."""
    with directory() as where, directory() as other:
        in_process(side, "killed", where)
        before = App(CASES["whole"], where).runs
        in_process(side, "whole", where)
        in_process(side, "whole", other)
        lost = App(CASES["whole"], where).runs - App(CASES["whole"], other).runs
    return f"{lost} of {before} rollouts bought again"


def hash_seeds(side: str) -> str:
    """Six hash seeds, with merges."""
    found = set()
    for seed in range(6):
        with directory() as where:
            found.add(in_process(side, "merges", where, PYTHONHASHSEED=str(seed)))
    return "one result" if len(found) == 1 else f"{len(found)} different results"


def deaf(side: str) -> str:
    """A reflection model that cannot be reached."""
    ended = once(side, Case(budget=300, deaf=True))
    return f"{ended.runs} rollouts; {'an error' if ended.error else 'no error'}"


def not_a_number(side: str) -> str:
    """A metric that gives the seed NaN on one example."""

    def score(texts: Mapping[str, str], number: int, score: float) -> float:
        return math.nan if dict(texts) == SEED and number == 25 else score

    ended = once(side, Case(budget=150, score=score))
    named = "names the example" if "val example" in ended.error else "does not name the example"
    return f"{ended.runs} rollouts; {named}" if ended.error else f"{ended.runs} rollouts; no error"


def again_and_again(side: str) -> str:
    """A reflection model that always writes the same text."""

    def always(name: str, _current: str, _feedback: list[str]) -> str:
        return "NEW {topic}" if name == "second" else SEED[name]

    ended = once(side, Case(budget=300, rewrite=always, score=worse_and_better))
    ids = [Candidate(texts=texts).id for texts in ended.pool]
    times = max(map(ids.count, ids))
    return "once in the pool" if times == 1 else f"{times} times in the pool"


def nothing(side: str) -> str:
    """A reflection model that writes empty texts, which score well."""

    def score(texts: Mapping[str, str], _number: int, _score: float) -> float:
        return 0.9 if "" in texts.values() else 0.5

    ended = once(side, Case(budget=100, rewrite=lambda *_: "", score=score))
    return "accepted" if any("" in texts.values() for texts in ended.pool) else "never tried"


ROWS: dict[str, Callable[[str], str]] = {
    "a budget of 11 rollouts": asked_for_too_little,
    "a budget of 60 rollouts": within_budget,
    "a finished run, run again": run_again,
    "60 rollouts, then up to 150; against 150 at once": continued,
    "killed at the 34th rollout, then run to its end": killed,
    "six hash seeds, with merges": hash_seeds,
    "the reflection model cannot be reached, a budget of 300": deaf,
    "the seed scores NaN on one example": not_a_number,
    "reflection always writes the same text": again_and_again,
    "reflection writes an empty text, which scores well": nothing,
}


def main() -> None:
    """Print the table, or run one side on one case and print its pool."""
    if len(sys.argv) > 1:
        side, case, where = sys.argv[1:]
        print(json.dumps(attrs.asdict(SIDES[side](CASES[case], Path(where))), sort_keys=True))
        return
    print("| | gepa-core | gepa 0.1.4 |\n|---|---|---|")
    for name, row in ROWS.items():
        print(f"| {name} | {row('ours')} | {row('theirs')} |", flush=True)


if __name__ == "__main__":
    main()
