"""The diff turns exactly the literals of old texts into new ones."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core import Component
from gepa_core.appgraph.respelling import as_literal
from gepa_core.patch import make_patch


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
        ('A = x.same("sam", "e")\n', "no literal has its text"),
        ("A = open('x').read()\n", "no literal has its text"),
    ],
)
def test_what_is_not_in_exactly_one_literal_is_left(tmp_path: Path, source: str, reason: str) -> None:
    after, left = patched(tmp_path, source, [Component(name="a", text="same")], {"a": "other"})
    assert after == source
    assert left == {"a": reason}


_NEW = 'By {who}: "{place}" {"a": 1} 50% $5 \\\\ it\'s\n{who}!'


@pytest.mark.parametrize("new", [_NEW, "{place} and {who}", "Go, {who}, to {place}. \t\x07é"])
@pytest.mark.parametrize(
    "code",
    [
        'f"Go to {place}, {who}!"',
        "f'Go to {place}, ' f'{who}!'",
        '"Go to " + place + ", " + who + "!"',
        '"Go to {place}, {who}!".format(place=place, who=who)',
        '"Go to {place}, {who}!".replace("{place}", place).replace("{who}", who)',
        '"Go to %(place)s, %(who)s!" % {"place": place, "who": who}',
        'Template("Go to $place, ${who}!").substitute(place=place, who=who)',
        'dedent(f"""\\\n    Go to {place},\x20{who}!""")',
        'f"  Go to {place}, {who}!".strip()',
        'f"Go to {place!s:>2}, {who}!"',
    ],
)
def test_a_text_with_gaps_is_patched_however_it_is_filled_in(tmp_path: Path, code: str, new: str) -> None:
    header = "from string import Template\nfrom textwrap import dedent\n\n\n"
    source = f"{header}def text(place, who):\n    return {code}\n"
    component = Component(name="a", text="Go to {place}, {who}!", syntax="braces")
    if "replace" in code and new is _NEW:
        return  # the text is the literal itself
    after, left = patched(tmp_path, source, [component], {"a": new})
    assert left == {}
    namespace: dict[str, Any] = {}
    exec(after, namespace)
    assert namespace["text"]("Rome", "Ann") == new.replace("{place}", "Rome").replace("{who}", "Ann")


def test_what_is_filled_in_by_position_keeps_its_order(tmp_path: Path) -> None:
    source = 'A = "Go to %s, %s!" % (place, who)\nB = "Be {} in {}.".format(who, place)\n'
    components = [
        Component(name="a", text="Go to {place}, {who}!", syntax="braces"),
        Component(name="b", text="Be {who} in {place}.", syntax="braces"),
    ]
    new = {"a": "{place}, 100%: {who}", "b": "{place} {who}"}
    after, left = patched(tmp_path, source, components, new)
    assert after == source.replace('"Go to %s, %s!"', '"%s, 100%%: %s"')
    assert left == {"b": "it is filled in by position, and the new text has another order"}


def test_unchanged_texts_and_foreign_folders_are_passed_over(tmp_path: Path) -> None:
    for folder in (".venv", "build"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "copy.py").write_text('A = "text"\n')
    after, left = patched(tmp_path, 'A = "text"\nB = "b"\n', [Component(name="a", text="text")], {"a": "new"})
    assert (after, left) == ('A = "new"\nB = "b"\n', {})
