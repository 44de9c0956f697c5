"""`gepa-core offline serve`, and runs that bring the simulated model with them."""

from __future__ import annotations

import builtins
import json
import os
import signal
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from gepa_core.cli.offline_model import offline_model

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

pytest.importorskip("gepa_offline")


def ask(base_url: str, text: str) -> str:
    body = {"model": "simulated-task", "messages": [{"role": "user", "content": text}]}
    request = urllib.request.Request(
        f"{base_url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: str = json.load(response)["choices"][0]["message"]["content"]
    return answer


def test_it_serves_until_it_is_interrupted(cli: Cli) -> None:
    process = cli.start("offline", "serve", "--port=0")
    assert process.stdout is not None
    first, second = process.stdout.readline(), process.stdout.readline()
    base_url = first.split()[3].rstrip(";")
    assert first.startswith("Simulated models at http://127.0.0.1:")
    assert second == f"  export OPENAI_BASE_URL={base_url} OPENAI_API_KEY=offline\n"
    assert "simulated" in ask(base_url, "Hello?")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Traceback" not in said


def test_it_answers_on_loopback_only(cli: Cli) -> None:
    result = cli("offline", "serve", "--host=0.0.0.0", code=2)
    assert "answers on loopback only, not on '0.0.0.0'" in result.stderr


def test_a_run_finds_it_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with offline_model({"seed": 3}):
        assert "simulated" in ask(os.environ["OPENAI_BASE_URL"], "Hello?")
        assert os.environ["OPENAI_API_KEY"] == "offline"
    assert os.environ["OPENAI_BASE_URL"] == "http://elsewhere"
    assert "OPENAI_API_KEY" not in os.environ
    with offline_model(None):
        assert os.environ["OPENAI_BASE_URL"] == "http://elsewhere"


def test_options_that_make_no_sense_are_named(cli: Cli) -> None:
    (cli.directory / "gepa.toml").write_text(
        'target = "toy_desk:desk"\nmetric = "toy_desk:metric"\ntrainset = "train.jsonl"\nbudget = 60\n'
        'reflection_lm = "toy_desk:reflect"\n[offline]\ntask_latency = -1.0\n'
    )
    result = cli("optimize", "gepa.toml", code=2)
    assert "[offline]: task_latency is in seconds and cannot be -1.0" in result.stderr


def test_where_it_is_missing_the_extra_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "gepa_offline"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Missing(), *sys.meta_path])
    result = cli("offline", "serve", code=2)
    assert 'which is not installed; run: pip install "gepa-core[offline]"' in result.stderr


class _Missing:
    """Lets gepa_offline be not installed."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "gepa_offline":
            raise builtins.ModuleNotFoundError(f"No module named {name!r}", name=name)
