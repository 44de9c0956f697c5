"""Texts that a file gives a name, and that cannot be anything else where the name is used."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from gepa_core.appgraph.expressions import Resolve, unknown, written


def named_texts(tree: ast.Module) -> Resolve:
    """What is known of names in a file: the text of one that is bound once, at the top, to ordinary text.

    A name that is bound anywhere else as well, by an argument, an import or a loop, say, is not known,
    wherever that is: it may be what an expression means.
    """
    bound = Counter(name for node in ast.walk(tree) for name in _bound_by(node))
    if bound["*"]:
        return unknown
    texts: dict[str, str] = {}

    def resolve(expression: ast.expr) -> str | None:
        return texts.get(expression.id) if isinstance(expression, ast.Name) else None

    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if bound[name] == 1:
                text = written(value, resolve)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if bound[name] == 1:
                text = written(value, resolve)
            case _:
                continue
        if text is not None and not text.has_gaps:
            texts[name] = text.pieces[0]
    return resolve


def _bound_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield from names
