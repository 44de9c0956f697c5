"""A run directory that cannot be used says so, with the remedy, and holds what it held before."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gepa_core.errors import StoreError
from gepa_core.protocols import Completion
from gepa_core.store import FILE, Store, outcome_key
from gepa_core.store.layout import LOG
from gepa_core.types import Feedback, Outcome, Proposal
from tests.core.toys import QUICK, Toy, search, total

REPOSITORY = Path(__file__).parents[2]
NOBODY = 65534


def outcome(number: int) -> Outcome:
    output = f"{number} " * 200
    return Outcome(
        candidate="c", example=str(number), split="val", output=output, feedback=Feedback(number / 7)
    )


def made(directory: Path, outcomes: int = 12) -> Path:
    """A stored run: outcomes, an answer, the seed and what people want to know."""
    store = Store.open(directory)
    saved = [store.save_outcome(outcome(number), "seed") for number in range(outcomes)]
    store.save_answer(1, "prompt", 0, Completion(text="an answer"))
    store.commit(
        Proposal(number=0, kind="seed", status="accepted", texts={"a": "b"}, scores={"0": 0.5}),
        [outcome_key(one) for one in saved],
    )
    store.set_meta({"reason": "it ended"})
    store.close()
    return directory


def content(store: Store) -> object:
    """Everything that a store gives back."""
    try:
        return store.meta(), store.proposals(), list(store.outcomes("seed")), store.answers(1)
    finally:
        store.close()


def snapshot(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


# in use -----------------------------------------------------------------------


def test_two_never_write_one_run(tmp_path: Path) -> None:
    """Neither two processes nor two threads of one: of many that try at once, one gets it."""
    opened: list[Store] = []
    refused: list[str] = []
    begin = threading.Barrier(8)

    def attempt() -> None:
        begin.wait()
        try:
            opened.append(Store.open(tmp_path))
        except StoreError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1
    assert all("in use" in one and "another run_dir" in one for one in refused)
    code = f"from pathlib import Path; from gepa_core.store import Store; Store.open(Path({str(tmp_path)!r}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "in use by another process" in other.stderr
    opened[0].close()
    Store.open(tmp_path).close()


def test_the_lock_of_a_killed_process_is_no_obstacle(tmp_path: Path) -> None:
    """SIGKILL leaves the lock's file behind, and nobody holds it."""
    code = (
        "import sys, time; from pathlib import Path; from gepa_core.store import Store\n"
        f"store = Store.open(Path({str(tmp_path)!r})); store.set_meta({{'reason': 'killed'}})\n"
        "print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match="in use"):
            Store.open(tmp_path)
        child.send_signal(signal.SIGKILL)
    store = Store.open(tmp_path)
    assert store.meta() == {"reason": "killed"}
    store.close()


def test_processes_that_outlive_a_killed_one_are_no_obstacle(tmp_path: Path) -> None:
    """An app's pool of forked processes goes on when the run is killed. It must not hold the run's lock."""
    code = (
        "import os, time; from pathlib import Path; from gepa_core.store import Store\n"
        f"store = Store.open(Path({str(tmp_path)!r}))\n"
        "if os.fork(): time.sleep(60)\n"
        "print(os.getpid(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        try:
            Store.open(tmp_path).close()
        finally:
            os.kill(child, signal.SIGKILL)


# read-only --------------------------------------------------------------------


@contextlib.contextmanager
def as_somebody() -> Iterator[None]:
    """As a user whom permissions bind: the superuser may write anything."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A directory that every user can reach."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_a_directory_that_cannot_be_written_is_refused(open_to_all: Path) -> None:
    """With the remedy, and without a trace; what is stored there can still be looked at."""
    directory = made(open_to_all / "run")
    for path in (directory, *directory.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = snapshot(directory)
    open_to_all.chmod(0o555)
    for path in (directory, open_to_all / "new"):
        with as_somebody(), pytest.raises(StoreError, match="give another run_dir") as caught:
            Store.open(path)
        assert repr(str(path)) in str(caught.value)
    with as_somebody():
        assert content(Store.read(directory))
    assert snapshot(directory) == before
    assert [path.name for path in open_to_all.iterdir()] == ["run"]
    for path in (open_to_all, directory):
        path.chmod(0o777)


def test_a_run_that_others_may_not_read_says_so(open_to_all: Path) -> None:
    """A stored run is its owner's alone."""
    directory = made(open_to_all / "run")
    if os.geteuid():
        (directory / FILE).chmod(0)
    with as_somebody(), pytest.raises(StoreError, match=r"cannot be used.*[Pp]ermission"):
        Store.read(directory)


# no room ----------------------------------------------------------------------


def fill(directory: Path, journal: Path, most: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.faults.filling", str(directory), str(journal), str(most)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("most", [20_000, 150_000, 400_000])
def test_a_full_disk_ends_the_run_and_with_room_it_goes_on(tmp_path: Path, most: int) -> None:
    """What could not be stored is not used: the run goes on to be the one that always had room. No rollout
    begins after the disk was found full."""
    journal = tmp_path / "journal"
    ended = fill(tmp_path / "run", journal, most)
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1), ended.stderr
    assert "run it again with the same run_dir" in ended.stderr
    unbroken = search(Toy(), tmp_path / "whole")
    system = Toy()
    again = search(system, tmp_path / "run")
    assert again.proposals == unbroken.proposals
    begun = len(journal.read_text().split()) if journal.exists() else 0
    assert begun + system.runs <= total(unbroken) + QUICK.concurrency


def test_a_full_file_system_ends_the_run_and_with_room_it_goes_on(tmp_path: Path) -> None:
    """The same on a file system of 300 kB that is enlarged."""
    disk, journal, kept = tmp_path / "disk", tmp_path / "journal", tmp_path / "kept"
    disk.mkdir()
    run = f"{sys.executable} -m tests.faults.filling {disk}/run {journal} 0"
    script = f"""
        mount -t tmpfs -o size=300k none {disk} || exit 77
        {run}; [ $? = 3 ] || exit 78
        mount -o remount,size=50m {disk} || exit 77
        {run} || exit 79
        cp -r {disk}/run {kept}
    """
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("there is no 'unshare' to mount a small file system with")
    ended = subprocess.run(
        [unshare, "-rm", "sh", "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if ended.returncode in (1, 77):
        pytest.skip(f"no file system can be mounted here: {ended.stderr.strip()}")
    assert ended.returncode == 0, ended.stderr
    assert "full; what was finished before is kept: make room" in ended.stderr
    store = Store.read(kept)
    assert store.proposals() == list(search(Toy(), tmp_path / "whole").proposals)
    store.close()


# damaged, lost, not ours -------------------------------------------------------


def crashed(directory: Path, source: Path) -> Path:
    """A copy of a run as a killed process leaves it, with its log."""
    store = Store.open(source)
    for number in range(12, 20):
        store.save_outcome(outcome(number), "seed")
    shutil.copytree(source, directory)
    store.close()
    return directory


def cut_off(path: Path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))


def without_content(run: Path) -> None:
    for name in (FILE, LOG):
        os.truncate(run / name, 0)


LOSSES: dict[str, Callable[[Path], object]] = {
    "log lost": lambda run: (run / LOG).unlink(),
    "log cut off": lambda run: cut_off(run / LOG, 0.5),
    "log without content": lambda run: cut_off(run / LOG, 0.0),
    "log overwritten": lambda run: (run / LOG).write_bytes(b"\x55" * 40_000),
    "file lost": lambda run: (run / FILE).unlink(),
    "file without content": lambda run: cut_off(run / FILE, 0.0),
    "file cut off": lambda run: cut_off(run / FILE, 0.5),
    "file and log without content": without_content,
}


@pytest.mark.parametrize("loss", LOSSES)
def test_what_was_lost_is_not_paid_for_again_in_silence(tmp_path: Path, loss: str) -> None:
    """SQLite itself takes a database without its log for an older one, and an empty file for a new one."""
    directory = crashed(tmp_path / "run", made(tmp_path / "source"))
    LOSSES[loss](directory)
    before = snapshot(directory)
    with pytest.raises(StoreError, match=r"put a backup|backup of the directory|Put the files back"):
        Store.open(directory)
    after = snapshot(directory)
    assert {name: after[name] for name in before if not name.endswith("-shm")} == {
        name: data for name, data in before.items() if not name.endswith("-shm")
    }


def test_one_may_go_on_without_what_was_lost(tmp_path: Path) -> None:
    """As the message says: by deleting the count of what was paid for."""
    directory = crashed(tmp_path / "run", made(tmp_path / "source"))
    (directory / LOG).unlink()
    with pytest.raises(StoreError, match=r"lost 8 of the 21.*delete '.*run.tally'"):
        Store.open(directory)
    (directory / "run.tally").unlink()
    store = Store.open(directory)
    assert len(list(store.outcomes("seed"))) == 12
    store.close()


@pytest.mark.parametrize("seed", range(30))
def test_flipped_bits_are_noticed_or_do_no_harm(tmp_path: Path, seed: int) -> None:
    """Whatever byte of the database or its log is another one: what is read is what was written, or it is
    an error that says so."""
    directory = crashed(tmp_path / "run", made(tmp_path / "source"))
    expected = content(Store.read(directory))
    rng = random.Random(seed)
    path = directory / rng.choice([FILE, FILE, LOG])
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 16])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    with contextlib.suppress(StoreError):
        assert content(Store.open(directory)) == expected


def other_program(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x)")
    connection.close()


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("a shopping list\n" * 50), "not a database"),
    "short text": (lambda path: path.write_text("milk"), "not a database"),
    "picture": (lambda path: path.write_bytes(b"\x89PNG\r\n" + bytes(range(256))), "not a database"),
    "directory": (lambda path: path.mkdir(), "is a directory, where a run has its database"),
    "another program's": (other_program, "another program's database"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_ours_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    """Nothing is written beside it either."""
    make, message = FOREIGN[kind]
    make(tmp_path / FILE)
    before = snapshot(tmp_path)
    for use in (Store.open, Store.read):
        with pytest.raises(StoreError, match=message) as caught:
            use(tmp_path)
        assert "another run_dir" in str(caught.value)
    assert snapshot(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_file_in_the_place_of_the_run_directory_is_refused(tmp_path: Path) -> None:
    """Also as one of its parents."""
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(StoreError, match="a run is stored in a directory of its own"):
            Store.open(path)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_run_of_a_newer_version_stays_as_it_is(tmp_path: Path) -> None:
    """It says which versions, and what to do."""
    directory = made(tmp_path / "run")
    with contextlib.closing(sqlite3.connect(directory / FILE)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = snapshot(directory)
    for use in (Store.open, Store.read):
        with pytest.raises(StoreError, match=r"newer gepa-core \(format 99, this one reads 1\); upgrade"):
            use(directory)
    assert snapshot(directory) == before


def test_an_error_of_the_run_directory_reaches_the_caller_of_optimize(tmp_path: Path) -> None:
    """Before the app is run."""
    (tmp_path / FILE).write_text("mine")
    system = Toy()
    with pytest.raises(StoreError, match="not a run of gepa-core"):
        search(system, tmp_path)
    assert system.runs == 0
