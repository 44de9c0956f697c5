"""The run directory: what is written comes back, from anywhere, and only one process writes."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from pathlib import Path

import attrs
import pytest

from gepa_core.errors import StoreError
from gepa_core.protocols import Completion
from gepa_core.store import FILE, GroupCommit, Store, outcome_key
from gepa_core.types import (
    Failure,
    Feedback,
    Outcome,
    Proposal,
    Spend,
    Step,
    Trajectory,
    Usage,
    content_id,
)

ODD = "NUL \x00, half \ud800, text \u200d🧵\n\u2028"
OUTCOME = Outcome(
    candidate="c",
    example="e",
    split="val",
    draw=3,
    output={"deep": [1, None, {"x": ODD}], "": [True, 1.5, 10**300]},
    trajectory=Trajectory(
        steps=(
            Step(kind="model", name="m", inputs=[ODD], output={"a": ODD}, usage=Usage(calls=1, dollars=0.1)),
            Step(kind="tool", name="t", error=ODD, parent=0, components=("a", "b")),
        )
    ),
    failure=Failure(type="ValueError", message=ODD),
    feedback=Feedback(-1.5, ODD, objectives={"x": 1e-320}, by_component={"a": ODD}),
    seconds=1.25,
    attempts=2,
)
PROPOSAL = Proposal(
    number=0,
    kind="seed",
    status="accepted",
    texts={"a": ODD},
    scores={"e": 0.1 + 0.2},
    objectives={"e": {"x": -0.0}},
    reserved=Spend(rollouts={"seed": 7}, reflections=1),
    rollouts={"seed": 7},
    usage={"seed": Usage(calls=3, unpriced=2)},
)


def test_everything_written_comes_back_in_another_process(tmp_path: Path) -> None:
    """Outcomes, answers, proposals and facts survive closing the store, whatever their texts hold."""
    answer = Completion(text=ODD, usage=Usage(calls=1, dollars=1e-9), finish_reason="stop")
    store = Store.open(tmp_path)
    store.save_outcome(OUTCOME, "child")
    store.save_answer(4, "prompt", 1, answer)
    store.commit(PROPOSAL, [outcome_key(OUTCOME)])
    store.set_meta({"reason": "it ended"})
    store.close()
    again = Store.read(tmp_path)
    assert again.outcome(outcome_key(OUTCOME)) == OUTCOME
    assert list(again.outcomes("child")) == [OUTCOME]
    assert again.answer(4, "prompt", 1) == answer
    assert again.proposals() == [PROPOSAL]
    assert again.meta() == {"reason": "it ended"}
    again.close()


def test_a_run_goes_on_with_what_it_would_read_back(tmp_path: Path) -> None:
    """Tuples, other keys and objects in a trajectory are what they become, at once and not on resuming."""
    step = Step(kind="tool", name="t", inputs={1: (2, {3})}, output=object())  # type: ignore[dict-item, arg-type]
    store = Store.open(tmp_path)
    saved = store.save_outcome(attrs.evolve(OUTCOME, trajectory=Trajectory(steps=(step,))), "child")
    assert saved == store.outcome(outcome_key(OUTCOME))
    assert saved.trajectory.steps[0].inputs == {"1": [2, [3]]}
    assert saved.trajectory.steps[0].output == "<object object>"
    store.close()


def test_a_key_has_four_parts(tmp_path: Path) -> None:
    """Another candidate, split, example or draw is another outcome; so is another question."""
    store = Store.open(tmp_path)
    store.save_outcome(OUTCOME, "child")
    store.save_answer(4, "prompt", 1, Completion(text="yes"))
    others = [("x", "val", "e", 3), ("c", "train", "e", 3), ("c", "val", "x", 3), ("c", "val", "e", 0)]
    assert [store.outcome(key) for key in others] == [None] * 4  # type: ignore[arg-type]
    assert [store.answer(*key) for key in ((5, "prompt", 1), (4, "x", 1), (4, "prompt", 0))] == [None] * 3
    store.close()


def test_a_relative_run_directory_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default run directory is relative to the working directory."""
    monkeypatch.chdir(tmp_path)
    directory = Path("a run?") / "with #"
    store = Store.open(directory)
    store.set_meta({"reason": "none"})
    store.close()
    again = Store.read(directory)
    assert again.meta() == {"reason": "none"}
    again.close()
    assert (tmp_path / directory / FILE).exists()


def test_charging_is_all_or_nothing_and_charged_outcomes_stay(tmp_path: Path) -> None:
    """A proposal that cannot be written charges nothing; what was charged for is never forgotten."""
    store = Store.open(tmp_path)
    key = outcome_key(OUTCOME)
    store.save_outcome(OUTCOME, "child")
    store.commit(PROPOSAL, [])
    with pytest.raises(StoreError, match="UNIQUE"):
        store.commit(PROPOSAL, [key])
    assert store.uncharged([key]) == [key]
    store.forget([key])
    assert store.outcome(key) is None
    store.save_outcome(OUTCOME, "child")
    store.commit(Proposal(number=1, kind="mutation", status="dropped"), [key])
    store.forget([key])
    assert store.uncharged([key]) == []
    assert store.outcome(key) == OUTCOME
    store.close()


def test_only_one_writes_and_others_may_look(tmp_path: Path) -> None:
    """A second writer is told so; a reader sees what was committed; closing lets the next one in."""
    store = Store.open(tmp_path)
    store.set_meta({"preset": "paper"})
    with pytest.raises(StoreError, match="in use by another process"):
        Store.open(tmp_path)
    reader = Store.read(tmp_path)
    assert reader.meta() == {"preset": "paper"}
    reader.close()
    store.close()
    Store.open(tmp_path).close()


def test_files_that_are_no_runs_are_refused(tmp_path: Path) -> None:
    """A missing run, a text file, another program's database and a newer format each say what they are."""
    with pytest.raises(StoreError, match="no run"):
        Store.read(tmp_path)
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / FILE).write_text("a shopping list, and a long one at that\n" * 50)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(tmp_path / "text")
    for name, statement, message in (
        ("other", "CREATE TABLE t (x)", "not a run of gepa-core"),
        ("newer", f"PRAGMA application_id = {0x47455041}; PRAGMA user_version = 99", "newer gepa-core"),
    ):
        (tmp_path / name).mkdir()
        connection = sqlite3.connect(tmp_path / name / FILE)
        connection.executescript(statement)
        connection.close()
        with pytest.raises(StoreError, match=message):
            Store.open(tmp_path / name)
        with pytest.raises(StoreError, match=message):
            Store.read(tmp_path / name)


def test_a_store_that_was_refused_is_not_locked(tmp_path: Path) -> None:
    """After a refusal the directory can be mended and used."""
    (tmp_path / FILE).write_text("no database, and long enough to be noticed\n" * 50)
    with pytest.raises(StoreError):
        Store.open(tmp_path)
    (tmp_path / FILE).unlink()
    Store.open(tmp_path).close()


def test_the_run_is_private(tmp_path: Path) -> None:
    """Rows and answers may be confidential: nobody else on the machine reads them."""
    Store.open(tmp_path / "new").close()
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new" / FILE).stat().st_mode & 0o077 == 0


def test_a_reason_with_half_a_character_can_be_written(tmp_path: Path) -> None:
    """An error message may hold a lone surrogate, which SQLite refuses: the run must not die of it."""
    store = Store.open(tmp_path)
    store.set_meta({"reason": "refused: \ud800"})
    assert store.meta() == {"reason": "refused: \\ud800"}
    store.close()


def _long(candidate: str, number: int) -> Outcome:
    """A rollout that is sent the same 3,000 characters as the others of its candidate."""
    prompt = " ".join(content_id([candidate, word]) for word in range(180))
    steps = (Step(kind="model", name="m", inputs=[prompt, f"question {number}"], output=f"answer {number}"),)
    return attrs.evolve(
        OUTCOME, candidate=candidate, example=str(number), trajectory=Trajectory(steps=steps), output=None
    )


def test_what_the_rollouts_of_a_candidate_have_in_common_is_stored_once(tmp_path: Path) -> None:
    """Whatever was stored before, in this process or another, and however many candidates there are."""
    wanted = [_long(candidate, number) for number in range(10) for candidate in ("one", "other")]
    for place in range(0, len(wanted), 5):
        store = Store.open(tmp_path)
        assert [store.save_outcome(one, "child") for one in wanted[place : place + 5]] == wanted[
            place : place + 5
        ]
        store.close()
    store = Store.read(tmp_path)
    assert list(store.outcomes("child")) == wanted
    store.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        (longest,) = connection.execute("SELECT max(length(body)) FROM outcomes").fetchone()
        (dictionaries,) = connection.execute("SELECT count(*) FROM dictionaries").fetchone()
    connection.close()
    assert longest < 300
    assert dictionaries == 2


def test_what_rollouts_have_in_common_can_be_held_for_some_candidates_only(tmp_path: Path) -> None:
    """More candidates than are held in memory."""
    wanted = [_long(str(candidate), number) for number in range(2) for candidate in range(100)]
    store = Store.open(tmp_path)
    for one in wanted:
        store.save_outcome(one, "child")
    assert list(store.outcomes("child")) == wanted
    store.close()


@pytest.mark.parametrize("damage", ["DELETE FROM dictionaries", "UPDATE dictionaries SET body = x'789c'"])
def test_rollouts_without_what_they_have_in_common_are_damaged(tmp_path: Path, damage: str) -> None:
    """It is told, and not taken for another rollout."""
    store = Store.open(tmp_path)
    store.save_outcome(_long("one", 0), "child")
    store.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute(damage)
    connection.close()
    store = Store.read(tmp_path)
    with pytest.raises(StoreError, match="damaged"):
        list(store.outcomes("child"))
    store.close()


async def _saved(group: GroupCommit, outcome: Outcome) -> Outcome | Exception:
    """What is told when an outcome was saved."""
    told: asyncio.Future[Outcome | Exception] = asyncio.get_running_loop().create_future()
    group.save(outcome, "child", told.set_result)
    return await told


def test_outcomes_that_are_finished_together_are_written_together(tmp_path: Path) -> None:
    """One transaction for a turn of the event loop, before any of those that wait goes on."""
    store, other = Store.open(tmp_path), Store.read(tmp_path)
    statements: list[str] = []
    store._connection.set_trace_callback(statements.append)
    group = GroupCommit(store)

    async def save(number: int) -> bool:
        one = _long("one", number)
        assert await _saved(group, one) == one
        return other.outcome(outcome_key(one)) == one

    async def run() -> None:
        assert all(await asyncio.gather(*(save(number) for number in range(20))))
        assert await save(20)

    asyncio.run(run())
    assert statements.count("BEGIN IMMEDIATE") == 2
    other.close()
    store.close()


def test_all_are_told_though_one_of_them_is_interrupted(tmp_path: Path) -> None:
    """As by a Ctrl-C, which comes out of the event loop; the loop may go on."""
    store, told = Store.open(tmp_path), list[int]()
    group, loop = GroupCommit(store), asyncio.new_event_loop()

    def tell(number: int, _result: Outcome | Exception) -> None:
        told.append(number)
        if number == 1:
            raise KeyboardInterrupt

    def save() -> None:
        for number in range(4):
            group.save(_long("one", number), "seed", functools.partial(tell, number))

    loop.call_soon(save)
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(asyncio.sleep(0.01))
    loop.run_until_complete(asyncio.sleep(0))
    assert told == [0, 1, 2, 3]
    loop.close()
    store.close()


def test_what_cannot_be_written_fails_for_all_that_wait_and_harms_nothing_later(tmp_path: Path) -> None:
    """None of them is kept; what is finished later is stored and can be read."""
    store = Store.open(tmp_path)
    group = GroupCommit(store)

    async def run() -> None:
        failed = await asyncio.gather(*(_saved(group, _long("one", number)) for number in (0, 1, 0)))
        assert [type(one) for one in failed] == [StoreError] * 3
        await _saved(group, _long("one", 1))

    asyncio.run(run())
    store.close()
    again = Store.read(tmp_path)
    assert list(again.outcomes("child")) == [_long("one", 1)]
    again.close()
