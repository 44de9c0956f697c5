"""Files are their owner's alone, whatever the umask; the simulated model answers this machine alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gepa_core import private
from gepa_core.events import Event, ProposalCommitted
from gepa_core.markers import hookimpl
from tests.core.toys import Toy, search

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def open_to_others(directory: Path) -> dict[str, str]:
    """Everything below ``directory`` that others than its owner can do anything with."""
    return {
        str(path.relative_to(directory)): oct(path.stat().st_mode & 0o777)
        for path in directory.rglob("*")
        if path.stat().st_mode & 0o077
    }


class Looking:
    """Looks at the run directory while the run is going on, when its log is there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.seen: set[str] = set()
        self.open: dict[str, str] = {}

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Look."""
        if isinstance(event, ProposalCommitted):
            self.seen |= {path.name for path in self.directory.rglob("*")}
            self.open |= open_to_others(self.directory)


def test_what_a_run_writes_is_private(tmp_path: Path) -> None:
    """Database, log, shared memory, lock, count, saved result, and the directories that were made."""
    look = Looking(tmp_path)
    result = search(Toy(), tmp_path / "a" / "b", budget=40, plugins=[look])
    result.save(tmp_path / "saved" / "here")
    assert look.seen >= {"run.sqlite", "run.sqlite-wal", "run.sqlite-shm", "run.lock", "run.tally"}
    assert look.open == {}
    assert open_to_others(tmp_path) == {}


def test_what_the_command_line_writes_is_private(cli: Cli, tmp_path: Path) -> None:
    """Also in a directory that others can enter."""
    (tmp_path / "run").mkdir(mode=0o755)
    cli.optimize("--run-dir=run")
    cli.optimize()
    cli("export", "run", "--to=saved")
    written = [tmp_path / "saved", *(tmp_path / "saved").iterdir(), *(tmp_path / "run").iterdir()]
    written += [path for path in (tmp_path / ".gepa").rglob("*") if path.name != ".gitignore"]
    assert {path.name: oct(path.stat().st_mode) for path in written if path.stat().st_mode & 0o077} == {}
    assert (tmp_path / "run" / "gepa.toml").exists()


def test_a_file_that_was_copied_for_all_to_read_is_closed_again(tmp_path: Path) -> None:
    """A run that goes on writes into it what nobody else may read."""
    search(Toy(), tmp_path, budget=40)
    (tmp_path / "run.sqlite").chmod(0o644)
    search(Toy(), tmp_path, budget=60)
    assert open_to_others(tmp_path) == {}


def test_a_file_is_replaced_in_one_step_and_keeps_its_permissions(tmp_path: Path) -> None:
    """Someone may have opened a saved text to a server; a full disk leaves what was there."""
    file = tmp_path / "prompts.json"
    private.write(file, "one")
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    private.write(file, "two")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("two", 0o644)
    with pytest.raises(TypeError):
        private.write(file, 3)  # type: ignore[arg-type]
    assert file.read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["prompts.json"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_the_simulated_model_is_not_served_to_others(host: str) -> None:
    """Only loopback addresses are bound."""
    import gepa_offline

    with pytest.raises(ValueError, match="loopback only"), gepa_offline.serve(host=host):
        pass
