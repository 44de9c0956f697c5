"""What the README shows works as it is shown."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from inspect import signature
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
from gepa.api import optimize as reference_optimize
from gepa_offline import REFLECTION_MODEL, serve
from langchain_core.output_parsers import StrOutputParser

import gepa_core
from gepa_core.manager import PluginManager
from gepa_core.pool import Pool
from gepa_core.state import State
from gepa_core.types import Component, Example, Proposal

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def block_with(text: str) -> str:
    """The only Python block of the README that contains ``text``."""
    (block,) = (block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if text in block)
    return str(block)


def pool_of_two() -> Pool:
    """A pool whose seed scores 0.2 and whose second member scores 0.9 on its one validation example."""
    state = State(
        components=(Component(name="system", text="zero"),),
        train=(Example(inputs="t", id="t"),),
        val=(Example(inputs="v", id="v", split="val"),),
        seed=0,
    )
    seed = Proposal(number=0, kind="seed", texts={"system": "zero"}, status="accepted", scores={"v": 0.2})
    child = Proposal(
        number=1,
        kind="mutation",
        parents=(0,),
        components=("system",),
        texts={"system": "one"},
        status="accepted",
        scores={"v": 0.9},
    )
    state.apply(seed)
    state.apply(child)
    return Pool(state)


def test_the_selection_strategy_chooses_the_better_candidate_more_often() -> None:
    block = block_with("gepa_select_parent")
    assert len([line for line in block.splitlines() if line.strip()]) <= 20
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(block, "README.md", "exec"), names)
    manager = PluginManager([names["Softmax"](temperature=0.5)], {})
    rng = Random(0)
    pool = pool_of_two()
    chosen = Counter(
        manager.pluggy.hook.gepa_select_parent(pool=pool, number=number, rng=rng).index
        for number in range(300)
    )
    assert chosen[1] > chosen[0] > 0


def test_the_first_commands_are_the_two_targets() -> None:
    commands = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert [line.split("#")[0].strip() for line in commands[0].splitlines()] == ["make demo", "make test"]
    assert commands[1].splitlines()[0] == 'pip install -e ".[demo]" -e adapters/langchain -e plugins/offline'


def test_the_table_counts_parameters_rightly() -> None:
    row = next(line for line in README.splitlines() if line.startswith("| parameters of"))
    ours, theirs = (int(cell) for cell in row.split("|")[2:4])
    assert ours == len(signature(gepa_core.optimize).parameters)
    assert theirs == len(signature(reference_optimize).parameters)
    assert version("gepa") == "0.1.4"


def support_desk() -> ModuleType:
    """The user's module of the README's example: the triage step of the support desk, and its tickets."""
    folder = ROOT / "docs" / "examples" / "support_desk"
    spec = spec_from_file_location("support_desk_app", folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    app = module_from_spec(spec)
    spec.loader.exec_module(app)
    texts = [(folder / f"{split}.jsonl").read_text("utf-8") for split in ("train", "val", "test")]
    lines = "".join(texts).splitlines()[:120]
    module = ModuleType("my_app")
    module.__dict__["chain"] = app.triage_prompt | app.make_model() | StrOutputParser()
    module.__dict__["tickets"] = [as_ticket(json.loads(line)) for line in lines]
    return module


def as_ticket(row: dict[str, Any]) -> dict[str, str]:
    expected = row["expected"]
    return {
        "ticket": row["inputs"]["ticket"],
        "expected": f"queue: {expected['queue']}\npriority: {expected['priority']}",
    }


def test_the_example_runs_as_it_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown = block_with("reflection_lm")
    block = shown.replace("gpt-4.1-mini", REFLECTION_MODEL).replace("budget=300", "budget=160")
    assert block.count(REFLECTION_MODEL) == block.count("budget=160") == 1
    monkeypatch.chdir(tmp_path)
    with serve() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "offline")
        monkeypatch.setitem(sys.modules, "my_app", support_desk())
        names: dict[str, Any] = {"__name__": "readme"}
        exec(compile(block, "README.md", "exec"), names)
    assert isinstance(names["answer"], str)
    assert names["result"].cost.reflections > 0
    assert 50 < names["result"].cost.total_rollouts <= 160
