"""The store against a model of it in memory: whatever is done to it, in whatever order, wherever it ends."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import attrs
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gepa_core.errors import StoreError
from gepa_core.protocols import Completion
from gepa_core.store import OutcomeKey, Store, outcome_key
from gepa_core.store.layout import LOG, TALLY
from gepa_core.types import Feedback, Outcome, Proposal, Purpose, Usage

CANDIDATES = ("a", "b")
EXAMPLES = tuple(f"e{number}" for number in range(4))
texts = st.text(max_size=40)


@attrs.frozen(kw_only=True)
class Model:
    """What a store holds."""

    outcomes: dict[OutcomeKey, tuple[Outcome, Purpose, int | None]] = attrs.field(factory=dict)
    answers: dict[tuple[int, str, int], Completion] = attrs.field(factory=dict)
    proposals: tuple[Proposal, ...] = ()
    faults: tuple[tuple[str, Usage], ...] = ()
    meta: dict[str, str] = attrs.field(factory=dict)


def read(store: Store, seen: Model) -> Model:
    """Everything that a store gives back, of the keys that ``seen`` has or ever could have."""
    keys: list[OutcomeKey] = [(one, "val", other, 0) for one in CANDIDATES for other in EXAMPLES]
    found = {key: store.outcome(key) for key in keys}
    uncharged = set(store.uncharged(keys))
    purposes = {outcome_key(one): "seed" for one in store.outcomes("seed")}
    purposes |= {outcome_key(one): "child" for one in store.outcomes("child")}
    asked = list(itertools.product(range(4), ("p", "q"), range(2)))
    answers = {key: store.answer(*key) for key in asked}
    assert sum(len(store.answers(number)) for number in range(4)) == sum(map(bool, answers.values()))
    return Model(
        outcomes={
            key: (one, purposes[key], None if key in uncharged else _charged(seen, key))  # type: ignore[misc]
            for key, one in found.items()
            if one is not None
        },
        answers={key: one for key, one in answers.items() if one is not None},
        proposals=tuple(store.proposals()),
        faults=tuple(store.faults()),
        meta=store.meta(),
    )


def _charged(seen: Model, key: OutcomeKey) -> int | None:
    """The store does not say who was charged, only whether anybody was."""
    return seen.outcomes[key][2] if key in seen.outcomes else -1


class Crash(Exception):
    """What a process that is gone cannot raise."""


class StoreMachine(RuleBasedStateMachine):
    """One store that is written, read beside the writer, closed, crashed and opened again."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.numbers = itertools.count()
        self.model = Model()
        self.history: list[Model] = []

    @initialize()
    def begin(self) -> None:
        """A new run."""
        self.store = Store.open(self.new_place())
        self.note()

    def new_place(self) -> Path:
        return self.place / str(next(self.numbers))

    def note(self, **changes: Any) -> None:
        self.model = attrs.evolve(self.model, **changes)
        self.history.append(self.model)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.place)

    # writing ------------------------------------------------------------

    @rule(
        candidate=st.sampled_from(CANDIDATES),
        example=st.sampled_from(EXAMPLES),
        output=texts,
        purpose=st.sampled_from(["seed", "child"]),
    )
    def save_outcome(self, candidate: str, example: str, output: str, purpose: Purpose) -> None:
        """What is there is never overwritten: it was paid for."""
        one = Outcome(
            candidate=candidate, example=example, split="val", output=output, feedback=Feedback(0.5, output)
        )
        key = outcome_key(one)
        if key in self.model.outcomes:
            with pytest.raises(StoreError):
                self.store.save_outcome(one, purpose)
        else:
            assert self.store.save_outcome(one, purpose) == one
            self.note(outcomes={**self.model.outcomes, key: (one, purpose, None)})

    @rule(number=st.integers(0, 3), prompt=st.sampled_from("pq"), occurrence=st.integers(0, 1), text=texts)
    def save_answer(self, number: int, prompt: str, occurrence: int, text: str) -> None:
        """The same holds for answers."""
        key, one = (number, prompt, occurrence), Completion(text=text)
        if key in self.model.answers:
            with pytest.raises(StoreError):
                self.store.save_answer(*key, one)
        else:
            self.store.save_answer(*key, one)
            self.note(answers={**self.model.answers, key: one})

    @rule(calls=st.integers(0, 5))
    def save_fault(self, calls: int) -> None:
        """An attempt that came to nothing."""
        usage = Usage(calls=calls)
        self.store.save_fault(0, "seed", usage)
        self.note(faults=(*self.model.faults, ("seed", usage)))

    @rule(reason=texts)
    def set_meta(self, reason: str) -> None:
        """Of one key the last word counts."""
        self.store.set_meta({"reason": reason})
        self.note(meta={"reason": reason})

    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        """The next proposal, charged with some of what nobody was charged for."""
        number = len(self.model.proposals)
        free = [key for key, (_, _, proposal) in self.model.outcomes.items() if proposal is None]
        charged = data.draw(st.lists(st.sampled_from(free), unique=True)) if free else []
        proposal = (
            Proposal(number=number, kind="mutation", parents=(0,), seen=number - 1, status="dropped")
            if number
            else Proposal(number=0, kind="seed", status="accepted", texts={"a": "b"}, scores={"e0": 0.5})
        )
        self.store.commit(proposal, charged)
        outcomes = {
            key: (one, purpose, number if key in charged else before)
            for key, (one, purpose, before) in self.model.outcomes.items()
        }
        self.note(proposals=(*self.model.proposals, proposal), outcomes=outcomes)

    @precondition(lambda self: self.model.proposals)
    @rule()
    def commit_twice(self) -> None:
        """Nothing of it is written, no charge either."""
        with pytest.raises(StoreError):
            self.store.commit(self.model.proposals[-1], list(self.model.outcomes))

    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        """What somebody was charged for stays."""
        keys = (
            data.draw(st.lists(st.sampled_from(list(self.model.outcomes)), unique=True))
            if self.model.outcomes
            else []
        )
        self.store.forget(keys)
        kept = {
            key: held for key, held in self.model.outcomes.items() if key not in keys or held[2] is not None
        }
        self.note(outcomes=kept)

    # ending and beginning again -------------------------------------------

    @rule()
    def reopen(self) -> None:
        """Close it, and go on in the same place."""
        directory = self.store.directory
        self.store.close()
        self.store = Store.open(directory)

    @rule()
    def crash(self) -> None:
        """The process is gone; what is on disk at that moment is all there is."""
        directory = self.new_place()
        shutil.copytree(self.store.directory, directory)
        self.store.close()
        self.store = Store.open(directory)

    @rule()
    def crash_in_a_transaction(self) -> None:
        """Half a commit is none."""
        directory = self.new_place()
        with contextlib.suppress(Crash), self.store._transaction() as run:
            run.execute("INSERT INTO meta VALUES ('half', 'done', 0)")
            run.execute("DELETE FROM outcomes")
            shutil.copytree(self.store.directory, directory)
            raise Crash
        self.store.close()
        self.store = Store.open(directory)

    @rule(share=st.floats(0, 1))
    def tear_the_log(self, share: float) -> None:
        """A power cut may take the end of the log: it is noticed when something paid is lost with it, and
        what is left is the run as it once was."""
        directory = self.new_place()
        shutil.copytree(self.store.directory, directory)
        log = directory / LOG
        if log.exists():
            os.truncate(log, int(log.stat().st_size * share))
        try:
            store = Store.open(directory)
        except StoreError:
            (directory / TALLY).unlink()
            store = Store.open(directory)
        try:
            assert any(read(store, then) == then for then in self.history)
        finally:
            store.close()

    # reading --------------------------------------------------------------

    @invariant()
    def a_reader_beside_the_writer_sees_it_all(self) -> None:
        """And the writer itself does."""
        reader = Store.read(self.store.directory)
        try:
            assert read(reader, self.model) == self.model
            assert read(self.store, self.model) == self.model
        finally:
            reader.close()

    @invariant()
    def nobody_else_writes(self) -> None:
        """However often it was opened and closed."""
        with pytest.raises(StoreError, match="in use"):
            Store.open(self.store.directory)


TestStore = StoreMachine.TestCase
TestStore.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)

CHILD = """
import sys
from pathlib import Path
from gepa_core.store import Store
from gepa_core.types import Feedback, Outcome
store = Store.open(Path(sys.argv[1]))
for number in range(100_000):
    one = Outcome(candidate="c", example=str(number), split="val", output="x" * 500, feedback=Feedback(1.0))
    store.save_outcome(one, "seed")
    print(number, flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_a_kill_at_any_moment_loses_nothing_that_was_reported(tmp_path: Path, seed: int) -> None:
    """SIGKILL while it saves: those that `save_outcome` returned are there, and at most one more."""
    last = random.Random(seed).randrange(1, 60)
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == last:
                child.send_signal(signal.SIGKILL)
                break
        reported = [last, *map(int, child.stdout)]
    store = Store.open(tmp_path)
    held = [int(one.example) for one in store.outcomes("seed")]
    store.close()
    assert held in (list(range(reported[-1] + 1)), list(range(reported[-1] + 2)))
