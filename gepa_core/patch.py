"""A source diff that puts new texts where the old ones stand as literals."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from gepa_core.appgraph.expressions import Resolve
from gepa_core.appgraph.named_texts import named_texts
from gepa_core.appgraph.respelling import CannotRespell, respelled
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


@attrs.frozen(eq=False)
class _Written:
    """An expression of a file that makes a text, and where its source begins and ends, in bytes.

    ``inner`` are those that it is made of: where it is replaced, they are gone. ``resolve`` knows the names
    in the file.
    """

    file: Path
    expression: ast.expr
    begin: int
    end: int
    resolve: Resolve
    inner: Sequence[_Written] = ()


@attrs.frozen
class _Edit:
    written: _Written
    replacement: str


def make_patch(root: Path, components: Sequence[Component], new: Mapping[str, str]) -> Patch:
    """A diff of the Python files under ``root`` that turns old texts into new ones.

    A text is patched where exactly one literal, f-string or sum makes it: as it is, with the braces of a
    template escaped, or with the marks of ``format``, ``%`` or `string.Template`. Texts of the same file that
    are put together by their names are replaced where that is done, and stay for whoever else uses them.
    Texts that did not change are passed over.

    Args:
        root: folder of the sources; hidden folders and virtual environments are not looked into.
        components: what the app had when the run began.
        new: the texts to put in their place, by component name.
    """
    sources = list(_sources(root))
    edits: list[_Edit] = []
    left: dict[str, str] = {}
    for component in components:
        text = new.get(component.name, component.text)
        if text == component.text:
            continue
        try:
            found = [edit for one in sources for edit in _edits(one, component, text)]
        except CannotRespell as reason:
            left[component.name] = str(reason)
            continue
        if len(found) == 1:
            edits += found
        else:
            left[component.name] = _why_left(root, found)
    files = sorted({edit.written.file for edit in edits})
    diffs = [_diff(root, file, [edit for edit in edits if edit.written.file == file]) for file in files]
    return Patch(diff="".join(diffs), left=left)


def _why_left(root: Path, found: Sequence[_Edit]) -> str:
    if not found:
        return "no literal, f-string or sum makes its text"
    places = (f"{_name(root, one.written.file)}:{one.written.expression.lineno}" for one in found)
    return f"its text is in {len(found)} places, and one of them may be another one's: {', '.join(places)}"


def _name(root: Path, file: Path) -> str:
    return file.relative_to(root).as_posix()


def _edits(written: _Written, component: Component, text: str) -> Iterator[_Edit]:
    """Where the component's text is made, by the outermost expression that does."""
    code = respelled(written.expression, component.text, text, component.syntax, written.resolve)
    if code is not None:
        yield _Edit(written, code)
        return
    for inner in written.inner:
        yield from _edits(inner, component, text)


def _sources(root: Path) -> Iterator[_Written]:
    for file in sorted(root.rglob("*.py")):
        folders = file.relative_to(root).parts[:-1]
        if any(folder.startswith(".") or folder in _SKIPPED for folder in folders):
            continue
        try:
            source = file.read_bytes()
            tree = ast.parse(source)
        except (OSError, SyntaxError, ValueError):
            continue  # not a file that holds the app
        yield from _Reader(file, _line_starts(source), named_texts(tree)).written_in(tree)


@attrs.frozen(eq=False)
class _Reader:
    file: Path
    starts: Sequence[int]
    resolve: Resolve

    def written_in(self, node: ast.AST) -> list[_Written]:
        """What may make a text in ``node``. The literals of an f-string are not taken apart."""
        children = () if isinstance(node, ast.JoinedStr) else ast.iter_child_nodes(node)
        inner = [one for child in children for one in self.written_in(child)]
        if not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp | ast.Call):
            return inner
        if node.end_lineno is None or node.end_col_offset is None:
            return inner
        begin = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        return [_Written(self.file, node, begin, end, self.resolve, inner)]


def _line_starts(source: bytes) -> list[int]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _diff(root: Path, file: Path, edits: Sequence[_Edit]) -> str:
    source = file.read_bytes()
    patched = source
    for edit in sorted(edits, key=lambda edit: edit.written.begin, reverse=True):
        code = edit.replacement.encode("utf-8")
        patched = patched[: edit.written.begin] + code + patched[edit.written.end :]
    name = _name(root, file)
    lines = difflib.unified_diff(
        source.decode("utf-8").splitlines(keepends=True),
        patched.decode("utf-8").splitlines(keepends=True),
        f"a/{name}",
        f"b/{name}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
