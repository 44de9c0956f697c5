"""Rows: the task model is down from the start; it dies half way."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from gepa_offline import Fault, serve
from gepa_offline.domain import SPLITS
from gepa_offline.model import REFLECTION_MODEL, TASK_MODEL

from gepa_core import Execution, Result
from gepa_core.errors import InfrastructureFault
from gepa_core.events import Retried
from gepa_core.retry import LEAST
from gepa_core.store import Store
from tests.faults.desk import DESK, QUICK, Watch, answered, chain, improve, story, struck

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

DOWN = Fault("503", model=TASK_MODEL)
SORTER = """
import os
from types import SimpleNamespace

from tests.faults.desk import Sorter, metric

sorter = Sorter(SimpleNamespace(base_url=os.environ["OPENAI_BASE_URL"]), max_retries=0)
"""
SETTINGS = f"""
target = "sorter:sorter"
metric = "sorter:metric"
trainset = "train.jsonl"
valset = "val.jsonl"
reflection_lm = "openai/{REFLECTION_MODEL}"
budget = 60
[execution]
max_wait = 0.02
patience = 0.3
[offline]
faults = ["FAULT,model={TASK_MODEL}"]
"""


def is_unspent(directory: Path) -> bool:
    """Whether a stored run holds no proposal and nothing that was paid for."""
    store = Store.read(directory)
    try:
        return store.holds_nothing_paid and not store.proposals()
    finally:
        store.close()


@pytest.mark.parametrize(("kind", "execution"), [("drop", QUICK), ("503", QUICK), ("503", Execution())])
def test_down_from_the_start(tmp_path: Path, kind: str, execution: Execution) -> None:
    """The error is shown after a few attempts, with waits of 1, 2 and 4 seconds at most; nothing is scored,
    and another call begins anew."""
    watch = Watch()
    with serve(faults=[Fault(kind, model=TASK_MODEL)]) as server:
        with pytest.raises(
            InfrastructureFault,
            match=rf"a model of the app .* cannot be reached: still failing after {LEAST} attempts in \d s: ",
        ):
            improve(server, tmp_path, execution=execution, plugins=[watch])
        assert LEAST <= struck(server) <= LEAST * 10
        assert is_unspent(tmp_path)
        waits = [(event.attempt, event.wait) for event in watch.events if isinstance(event, Retried)]
        assert all(attempt < LEAST and wait <= 2 ** (attempt - 1) for attempt, wait in waits)
        server.set_faults()
        assert improve(server, tmp_path).complete


def test_nobody_listens(tmp_path: Path) -> None:
    """The message says why, where the client's own says 'Connection error.' and no more."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody: Any = SimpleNamespace(base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        with pytest.raises(InfrastructureFault, match=r"Connection error\. \(from .*(refused|Errno)"):
            improve(nobody, tmp_path)
    assert is_unspent(tmp_path)


@pytest.fixture
def at_terminal(cli: Cli) -> Callable[[str], None]:
    """Writes a workspace for the command line, with a model that has a fault."""

    def write(fault: str) -> None:
        (cli.directory / "sorter.py").write_text(SORTER)
        for split in SPLITS[:2]:
            rows = "".join(json.dumps(row) + "\n" for row in DESK.rows(split, 10))
            (cli.directory / f"{split}.jsonl").write_text(rows)
        (cli.directory / "gepa.toml").write_text(SETTINGS.replace("FAULT", fault))

    return write


def test_the_command_line_says_so_and_fails(cli: Cli, at_terminal: Callable[[str], None]) -> None:
    at_terminal("503")
    said = cli("optimize", "gepa.toml", code=1).stderr
    assert "cannot be reached: still failing after" in said
    assert "The server is overloaded" in said
    assert "Traceback" not in said


def test_the_command_line_reports_the_best_so_far_and_resumes(
    cli: Cli, at_terminal: Callable[[str], None]
) -> None:
    """The model answers 25 requests of each process and is gone then, so the run goes on bit by bit."""
    at_terminal("503,after=25")
    ended = cli("optimize", "gepa.toml", code=1)
    (name,) = cli.runs()
    reason = "a model of the app or the metric cannot be reached: still failing"
    assert reason in " ".join(ended.stdout.split())
    assert f"gepa-core resume {name} " in ended.stdout
    assert "--budget" not in ended.stdout
    shown = json.loads(cli("show", name, "--json").stdout)
    assert shown["state"] == "stopped"
    assert shown["reason"].startswith(reason)
    assert shown["best"] is not None
    for code in (1, 0):
        del sys.modules["sorter"]  # as in a process of its own, which would find the new server
        cli("resume", name, code=code)
    assert json.loads(cli("show", name, "--json").stdout)["state"] == "ended"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The run that nothing disturbed."""
    with serve() as server:
        return improve(server, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("after", [4, 23, 60])
def test_it_dies_half_way(tmp_path: Path, whole: Result, after: int) -> None:
    """The run ends when patience is over, with the best so far; when the model is back it goes on."""
    execution = attrs.evolve(QUICK, patience=0.3)
    with serve(faults=[attrs.evolve(DOWN, after=after)]) as server:
        if after < len(whole.val.seed):
            with pytest.raises(InfrastructureFault, match="cannot be reached"):
                improve(server, tmp_path, execution=execution)
        else:
            broken = improve(server, tmp_path, execution=execution)
            assert not broken.complete
            assert "a model of the app or the metric cannot be reached: still failing" in broken.stop_reason
            assert 0 < len(broken.proposals) < len(whole.proposals)
            assert story(broken.proposals) == story(whole.proposals)[: len(broken.proposals)]
            assert broken.val.best_mean == max(
                sum(one.scores.values()) / len(one.scores) for one in broken.proposals if one.scores
            )
            assert chain(server).first.input_variables == broken.app.first.input_variables
        server.set_faults()
        healed = improve(server, tmp_path)
        assert story(healed.proposals) == story(whole.proposals)
        assert healed.complete
        # Nothing that was answered before the outage was asked again.
        assert answered(server) == whole.cost.total_rollouts
        assert answered(server, REFLECTION_MODEL) == whole.cost.reflections


def test_a_short_outage_is_waited_out(tmp_path: Path, whole: Result) -> None:
    """Though each of the rollouts under way fails more often than a service may that never answered."""
    with serve(faults=[attrs.evolve(DOWN, after=20, times=40)]) as server:
        result = improve(server, tmp_path)
        assert struck(server) == 40
    assert result.complete
    assert story(result.proposals) == story(whole.proposals)
