"""The diff turns exactly the literals of old texts into new ones."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core import Component
from gepa_core.patch import as_literal, make_patch


@given(st.text())
def test_a_literal_gives_its_text_back(text: str) -> None:
    assert text == ast.literal_eval(as_literal(text))


def patched(
    root: Path, source: str, components: list[Component], new: dict[str, str]
) -> tuple[str, dict[str, str]]:
    """The source after the diff was applied by git, and what was left."""
    file = root / "pkg" / "app.py"
    file.parent.mkdir()
    file.write_text(source)
    patch = make_patch(root, components, new)
    if patch.diff:
        subprocess.run(["git", "apply", "-p1", "-"], cwd=root, input=patch.diff.encode(), check=True)
    return file.read_text(), dict(patch.left)


def test_a_text_in_one_literal_is_replaced(tmp_path: Path) -> None:
    source = 'import x\n\nPROMPT = "Answer."  # keep\nOTHER = ("Be " "brief: é.")\n'
    components = [Component(name="a", text="Answer."), Component(name="b", text="Be brief: é.")]
    after, left = patched(tmp_path, source, components, {"a": "Answer\nwell.", "b": "Be short."})
    assert after == 'import x\n\nPROMPT = """Answer\nwell."""  # keep\nOTHER = ("Be short.")\n'
    assert left == {}


def test_braces_are_escaped_as_the_template_needs(tmp_path: Path) -> None:
    source = 'T = "Give {{}} for {question}"\n'
    component = Component(name="t", text="Give {} for {question}", syntax="braces")
    after, _ = patched(tmp_path, source, [component], {"t": 'Give {"a": 1} for {question}'})
    namespace: dict[str, str] = {}
    exec(after, namespace)
    assert namespace["T"].format(question="Q") == 'Give {"a": 1} for Q'


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('A = "same"\nB = "same"\n', "2 literals have its text"),
        ('A = f"same"\n', "no literal has its text"),
        ("A = open('x').read()\n", "no literal has its text"),
    ],
)
def test_what_is_not_in_exactly_one_literal_is_left(tmp_path: Path, source: str, reason: str) -> None:
    after, left = patched(tmp_path, source, [Component(name="a", text="same")], {"a": "other"})
    assert after == source
    assert left == {"a": reason}


def test_unchanged_texts_and_foreign_folders_are_passed_over(tmp_path: Path) -> None:
    for folder in (".venv", "build"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "copy.py").write_text('A = "text"\n')
    after, left = patched(tmp_path, 'A = "text"\nB = "b"\n', [Component(name="a", text="text")], {"a": "new"})
    assert (after, left) == ('A = "new"\nB = "b"\n', {})
