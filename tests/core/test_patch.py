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
        (
            'A = "same"\nB = "same"\n',
            "its text is in 2 places, and one of them may be another one's: pkg/app.py:1, pkg/app.py:2",
        ),
        ('A = x.same("sam", "e")\n', "no literal, f-string or sum makes its text"),
        ("A = open('x').read()\n", "no literal, f-string or sum makes its text"),
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


@pytest.mark.parametrize(
    ("code", "patched_code"),
    [
        ('"Be kind. " + RULES', '"Go {}!"'),
        ('f"Be kind. {RULES}"', '"Go {}!"'),
        ('" ".join([KIND, RULES])', '"Go {}!"'),
        ('KIND + f" {RULES}"', '"Go {}!"'),
    ],
)
def test_texts_that_are_put_together_by_their_names_are_replaced_there(
    tmp_path: Path, code: str, patched_code: str
) -> None:
    header = 'KIND = "Be kind."\nRULES: str = "Be " + "brief."\n\ndef text():\n    return '
    component = Component(name="a", text="Be kind. Be brief.")
    after, left = patched(tmp_path, f"{header}{code}\n", [component], {"a": "Go {}!"})
    assert (after, left) == (f"{header}{patched_code}\n", {})


def test_what_stays_a_template_has_its_braces_escaped_where_names_are_put_together(tmp_path: Path) -> None:
    source = 'RULES = "Be brief."\nT = "Answer {question} " + RULES\n'
    component = Component(name="t", text="Answer {question} Be brief.", syntax="braces")
    after, left = patched(tmp_path, source, [component], {"t": 'Say {"a": 1} for {question}'})
    assert left == {}
    namespace: dict[str, str] = {}
    exec(after, namespace)
    assert namespace["T"].format(question="Q") == 'Say {"a": 1} for Q'


def test_gaps_stay_beside_texts_that_have_names(tmp_path: Path) -> None:
    source = 'RULES = "Be brief."\ndef text(who):\n    return f"Hello {who}. {RULES}"\n'
    component = Component(name="a", text="Hello {who}. Be brief.", syntax="braces")
    after, _ = patched(tmp_path, source, [component], {"a": "Be brief, {who}!"})
    assert after == source.replace('f"Hello {who}. {RULES}"', 'f"Be brief, {who}!"')


@pytest.mark.parametrize(
    "source",
    [
        'R = "Be brief."\nif x:\n    R = "Be long."\nA = "Be kind. " + R\n',
        'R = "Be brief."\ndef text(R):\n    return "Be kind. " + R\n',
        'R = "Be "\nR += "brief."\nA = "Be kind. " + R\n',
        'R = "Be brief."\nfrom prompts import *\nA = "Be kind. " + R\n',
        'R = "Be brief."\ndef other():\n    global R\nA = "Be kind. " + R\n',
        'from prompts import R\nA = "Be kind. " + R\n',
    ],
    ids=["bound twice", "an argument", "changed", "imported over", "global", "imported"],
)
def test_a_name_that_may_be_something_else_is_not_followed(tmp_path: Path, source: str) -> None:
    component = Component(name="a", text="Be kind. Be brief.")
    after, left = patched(tmp_path, source, [component], {"a": "Go!"})
    assert (after, list(left)) == (source, ["a"])


def test_unchanged_texts_and_foreign_folders_are_passed_over(tmp_path: Path) -> None:
    for folder in (".venv", "build"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "copy.py").write_text('A = "text"\n')
    after, left = patched(tmp_path, 'A = "text"\nB = "b"\n', [Component(name="a", text="text")], {"a": "new"})
    assert (after, left) == ('A = "new"\nB = "b"\n', {})
