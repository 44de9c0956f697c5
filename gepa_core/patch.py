"""A source diff that puts new texts where the old ones stand as literals."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from gepa_core.appgraph.guard import TemplateGuard, Unguardable
from gepa_core.types import Component

_SKIPPED = frozenset(("venv", "node_modules", "site-packages", "__pycache__", "build", "dist"))


@attrs.frozen(kw_only=True)
class Patch:
    """What can be patched, and what cannot.

    Attributes:
        diff: a unified diff with paths relative to the root; empty when nothing can be patched.
        left: component name to the reason that it is not in the diff.
    """

    diff: str
    left: Mapping[str, str]


@attrs.frozen
class _Literal:
    """A string literal of a file: its value and where its source begins and ends, in bytes."""

    file: Path
    value: str
    begin: int
    end: int


@attrs.frozen
class _Edit:
    literal: _Literal
    replacement: str


def make_patch(root: Path, components: Sequence[Component], new: Mapping[str, str]) -> Patch:
    """A diff of the Python files under ``root`` that turns old texts into new ones.

    A text is patched where exactly one literal has it: as it is, or, for a template, with its braces
    escaped. Texts that did not change are passed over.

    Args:
        root: folder of the sources; hidden folders and virtual environments are not looked into.
        components: what the app had when the run began.
        new: the texts to put in their place, by component name.
    """
    literals = list(_literals(root))
    edits: list[_Edit] = []
    left: dict[str, str] = {}
    for component in components:
        text = new.get(component.name, component.text)
        if text == component.text:
            continue
        found = [(literal, guard) for literal in literals if (guard := _guard(literal.value, component))]
        if len(found) == 1:
            (literal, guard) = found[0]
            edits.append(_Edit(literal, guard.to_template(text)))
        else:
            left[component.name] = (
                f"{len(found)} literals have its text" if found else "no literal has its text"
            )
    files = sorted({edit.literal.file for edit in edits})
    diffs = [_diff(root, file, [edit for edit in edits if edit.literal.file == file]) for file in files]
    return Patch(diff="".join(diffs), left=left)


def _guard(value: str, component: Component) -> TemplateGuard | None:
    """How new texts are written in place of the literal ``value``; None when it is another text."""
    if not value.strip():
        return None
    for escapes in (True, False):
        try:
            guard = TemplateGuard.of(value, component.syntax, escapes=escapes)
        except Unguardable:
            continue
        if guard.natural == component.text:
            return guard
    return None


def _literals(root: Path) -> Iterator[_Literal]:
    for file in sorted(root.rglob("*.py")):
        folders = file.relative_to(root).parts[:-1]
        if any(folder.startswith(".") or folder in _SKIPPED for folder in folders):
            continue
        try:
            source = file.read_bytes()
            tree = ast.parse(source)
        except (OSError, SyntaxError, ValueError):
            continue  # not a file that holds the app
        starts = _line_starts(source)
        for node in _constants(tree):
            if (
                isinstance(node.value, str)
                and node.end_lineno is not None
                and node.end_col_offset is not None
            ):
                begin = starts[node.lineno - 1] + node.col_offset
                yield _Literal(file, node.value, begin, starts[node.end_lineno - 1] + node.end_col_offset)


def _constants(node: ast.AST) -> Iterator[ast.Constant]:
    """Constants that are whole literals: the pieces of an f-string are not."""
    if isinstance(node, ast.Constant):
        yield node
    elif not isinstance(node, ast.JoinedStr):
        for child in ast.iter_child_nodes(node):
            yield from _constants(child)


def _line_starts(source: bytes) -> list[int]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _diff(root: Path, file: Path, edits: Sequence[_Edit]) -> str:
    source = file.read_bytes()
    patched = source
    for edit in sorted(edits, key=lambda edit: edit.literal.begin, reverse=True):
        literal = as_literal(edit.replacement).encode("utf-8")
        patched = patched[: edit.literal.begin] + literal + patched[edit.literal.end :]
    name = file.relative_to(root).as_posix()
    lines = difflib.unified_diff(
        source.decode("utf-8").splitlines(keepends=True),
        patched.decode("utf-8").splitlines(keepends=True),
        f"a/{name}",
        f"b/{name}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def as_literal(text: str) -> str:
    """``text`` as a Python string literal: in triple quotes, line by line, where that gives it back."""
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if escaped.endswith('"'):
        escaped = f'{escaped[:-1]}\\"'
    if "\n" in text and all(char.isprintable() or char in "\n\t" for char in text):
        return f'"""{escaped}"""'
    plain = repr(text)
    # repr prefers single quotes; most code is written with double ones.
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in text and "\\'" not in plain else plain
