"""Keys and headers never reach the store, logs, reports or error messages."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import attrs
import gepa_offline
import pytest
from gepa_offline.model import REFLECTION_MODEL
from hypothesis import given
from hypothesis import strategies as st

from gepa_core import Execution, optimize, redaction
from gepa_core.errors import GepaError
from gepa_core.lm import LiteLLM
from gepa_core.types import Failure, Feedback, Outcome, Step, Trajectory
from tests.core.steady import steady
from tests.security.planted import APPS, CLIENT, ENVIRONMENT, HEADERS, leaks, metric, refusing, rows, written

REPOSITORY = Path(__file__).parents[2]
families = pytest.mark.parametrize("family", APPS)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that the project logs; what clients log of their requests is their own."""
    caplog.set_level(logging.WARNING)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("gepa"):
            caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.fixture(autouse=True)
def key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKEND_API_KEY", ENVIRONMENT)
    monkeypatch.setenv("OPENAI_API_KEY", CLIENT)


def improve(family: str, base_url: str, run_dir: Path, **changes: Any) -> Any:
    model = LiteLLM(
        model=f"openai/{REFLECTION_MODEL}",
        api_base=base_url,
        api_key=CLIENT,
        options={"extra_headers": HEADERS},
    )
    arguments: dict[str, Any] = {
        "trainset": rows(family, "train", 8),
        "valset": rows(family, "val", 6),
        "metric": metric,
        "reflection_lm": model,
        "budget": 40,
        "run_dir": run_dir,
        "execution": Execution(max_wait=0.02),
    }
    return optimize(APPS[family](base_url), **(arguments | changes))


@families
def test_a_run_keeps_no_key(
    family: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], log: pytest.LogCaptureFixture
) -> None:
    """Not in the database and its log, the saved result, standard output and error, and log records."""
    with gepa_offline.serve() as server:
        result = improve(family, server.base_url, tmp_path / "run")
    result.save(tmp_path / "saved")
    out, err = capfd.readouterr()
    files = written(tmp_path)
    assert any(b"judged with" in content for content in files.values()), "the search looks where rollouts are"
    assert result.cost.reflections > 0
    assert leaks({**files, "output": out, "errors": err, "log": log.text, "result": repr(result)}) == []


@families
@pytest.mark.parametrize("refused", ["task", "reflection"])
def test_a_refused_key_is_not_told(
    family: str,
    refused: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    log: pytest.LogCaptureFixture,
) -> None:
    """A provider that says the key in its refusal says it to us alone, tracebacks included."""
    with gepa_offline.serve() as server, refusing() as address:
        model = LiteLLM(model=f"openai/{REFLECTION_MODEL}", api_base=address, api_key=CLIENT)
        arguments = {"reflection_lm": model} if refused == "reflection" else {}
        try:
            base_url = address if refused == "task" else server.base_url
            improve(family, base_url, tmp_path / "run", **arguments)
        except GepaError as error:
            told = "".join(traceback.format_exception(error))
        else:
            pytest.fail("a refused key ends the run")
    out, err = capfd.readouterr()
    assert "401" in told or "key" in told.lower()
    assert leaks({**written(tmp_path), "output": out, "errors": err, "log": log.text, "error": told}) == []


APP = """
import os
from tests.security.planted import *
chain = langchain(os.environ["BASE_URL"])
"""


def command(directory: Path, base_url: str, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "BASE_URL": base_url,
        "OPENAI_BASE_URL": base_url,
        "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    return subprocess.run(
        [sys.executable, "-m", "gepa_core.cli", *args],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_line_tells_no_key(tmp_path: Path) -> None:
    """Neither while it runs, nor in what it shows and exports, nor when the key is refused."""
    import json

    (tmp_path / "app.py").write_text(APP)
    for split, number in (("train", 8), ("val", 6)):
        lines = map(json.dumps, rows("langchain", split, number))
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines))
    options = ("--train=train.jsonl", "--val=val.jsonl", "--metric=app:metric", "--budget=40")
    model = f"--reflection-lm=openai/{REFLECTION_MODEL}"
    with gepa_offline.serve() as server, refusing() as address:
        done = [
            command(tmp_path, server.base_url, "optimize", "app:chain", *options, model, "--run-dir=run"),
            command(tmp_path, server.base_url, "show", "run"),
            command(tmp_path, server.base_url, "show", "run", "--json"),
            command(tmp_path, server.base_url, "export", "run", "--to=exported"),
            command(tmp_path, address, "optimize", "app:chain", *options, model, "--run-dir=refused"),
        ]
    assert [one.returncode for one in done] == [0, 0, 0, 0, 1], [one.stderr for one in done]
    said = {str(number): one.stdout + one.stderr for number, one in enumerate(done)}
    assert leaks({**written(tmp_path), **said}) == []


PIECES = (
    *(
        "sk-",
        "ghp_",
        "hf_",
        "xoxb-",
        "AKIA",
        "AIza",
        "eyJ",
        "bearer ",
        "Basic ",
        "realm",
        "api_key",
        "password",
    ),
    *("token", "secret provided:", "headers", "=", ": ", "(", "{", "}", "?key=", "&sig=", "https://"),
    *("user:pw@", "[hidden]", "task", "asia", " ", "\n", '"', "a1B2c3D4e5F6g7H8", "ABCDEFGHIJKLMNOP.abcdef"),
)


@steady
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_a_search_that_is_spared_would_have_found_nothing(text: str) -> None:
    """The words and signs that are looked for first leave no secret out."""
    found = text
    for _, _, pattern, replacement in redaction._PATTERNS:
        found = pattern.sub(replacement, found)
    assert redaction._without_patterns(text) == found


@pytest.mark.parametrize("around", ["", "many words " * 500])
def test_no_place_in_an_outcome_is_left_out(around: str) -> None:
    """The same key in all of them, alone and in a text that is too long to be remembered; twice in a row."""
    said = f"{around}refused sk-abcdefghijklmnop {around}"
    step = Step(
        kind="model", name="m", inputs=[{"role": "user", "content": said}], output={"text": said}, error=said
    )
    outcome = Outcome(
        candidate="c",
        example="0",
        split="val",
        output=[{"answer": said}],
        trajectory=Trajectory(steps=(step, step, attrs.evolve(step, error="", output=said))),
        failure=Failure(type="ValueError", message=said),
        feedback=Feedback(0.0, said, by_component={"first": "fine", "second": said}),
    )
    for _ in range(2):
        hidden = redaction.Redactor().outcome(outcome)
        assert "sk-abc" not in str(hidden)
        assert str(hidden).count(redaction.HIDDEN) == str(outcome).count("sk-abc") == 12
