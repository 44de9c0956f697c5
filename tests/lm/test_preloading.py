"""litellm is imported in the background without getting in the way of what an app imports.

Whoever imports a package waits for a thread that is at it; whoever imports a part of it does not. Then each
of the two threads wants what the other is at, and Python gives one of them the half that is there.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gepa_core.appgraph import Policy

LITELLM = """
import threading, race

race.importers.append(threading.current_thread().name)
race.begun.set()
if race.importers[-1] == "gepa-load-litellm":
    race.inside.wait(1)
from litellm.parts import part

whole = part

class Answer:
    class choices:
        class message:
            content = "```\\nbe better\\n```"
        finish_reason = "stop"
    choices, usage = [choices], None

async def acompletion(**arguments):
    return Answer
"""
"""As litellm is made: it imports its parts, and they import it. It lets whoever imports a part go first."""

PARTS = """
import race

race.inside.set()
import litellm

part = "all of it"
"""

RACE = """
import threading

importers = []
begun, inside = threading.Event(), threading.Event()
"""

RUN = """
import sys
import race
from gepa_core import Component, Rollout, optimize

class App:
    components, left_alone = (Component(name="task", text="be good"),), ()

    def run(self, texts, inputs):
        if APP_IMPORTS:
            race.begun.wait(0.5)
            from litellm.parts import part
            import litellm
            assert litellm.whole == part
        return Rollout(output=texts["task"])

    def build(self, texts):
        return texts

result = optimize(
    App(), trainset=[1, 2, 3], metric=lambda example, output: float("better" in output), reflection_lm="a/b",
    budget=30, run_dir=sys.argv[1],
)
print(result.best.texts["task"], *race.importers, sep=",")
"""


@pytest.mark.parametrize(
    ("app_imports", "importer"), [(True, "gepa-worker"), (False, "gepa-load-litellm")], ids=["app", "run"]
)
def test_what_an_app_imports_late_is_whole_and_else_the_run_imports_it(
    tmp_path: Path, app_imports: bool, importer: str
) -> None:
    (tmp_path / "litellm").mkdir()
    (tmp_path / "litellm" / "__init__.py").write_text(LITELLM)
    (tmp_path / "litellm" / "parts.py").write_text(PARTS)
    (tmp_path / "race.py").write_text(RACE)
    (tmp_path / "main.py").write_text(RUN.replace("APP_IMPORTS", str(app_imports)))
    finished = subprocess.run(
        [sys.executable, tmp_path / "main.py", tmp_path / "run"], capture_output=True, text=True, check=True
    )
    best, *importers = finished.stdout.strip().split(",")
    assert best == "be better"
    assert [name.startswith(importer) for name in importers] == [True]


def test_a_module_that_another_thread_imports_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late_module.py").write_text("import late_race\nlate_race.go_on()\nlast = 1\n")
    (tmp_path / "late_race.py").write_text(
        "import threading\nbegun, end = threading.Event(), threading.Event()\n"
        "def go_on():\n    begun.set()\n    end.wait(5)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import late_race  # type: ignore[import-not-found]

    seen: list[bool] = []
    importing = threading.Thread(target=__import__, args=("late_module",))
    asking = threading.Thread(
        target=lambda: seen.append("last" in vars(Policy().imported("late_module") or seen))
    )
    importing.start()
    late_race.begun.wait(5)
    asking.start()
    asking.join(0.2)
    assert seen == []
    late_race.end.set()
    asking.join(5)
    importing.join(5)
    assert seen == [True]
