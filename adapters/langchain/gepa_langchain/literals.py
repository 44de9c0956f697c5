"""Instructions that are written inside of the app's functions, where no object holds them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import CodeType, FunctionType

from gepa_core.appgraph import Graph, is_instruction
from gepa_core.protocols import LeftAlone
from gepa_langchain.places import source_of
from gepa_langchain.policy import addresses_a_model, is_own

_HAS_DOCSTRING = 0x4000000
"""The flag of code objects that Python 3.13 brought."""


def literals_left(graph: Graph) -> list[LeftAlone]:
    """Literals and first pieces of f-strings that speak to a model, one entry for each."""
    found: dict[str, LeftAlone] = {}
    for node in graph.nodes.values():
        function = node.value
        if isinstance(function, FunctionType) and is_own(function):
            for text in _literals(function.__code__):
                if is_instruction(text, words=4) and addresses_a_model(text) and text not in found:
                    found[text] = LeftAlone(
                        source=source_of(node.hop.path if node.hop else ()),
                        reason=f"it is written inside of the function {function.__name__!r}; to optimise it,"
                        " give it a name outside of the function or make it a prompt template",
                        text=text,
                    )
    return list(found.values())


def _literals(code: CodeType) -> Iterator[str]:
    for number, constant in enumerate(code.co_consts):
        if isinstance(constant, CodeType):
            yield from _literals(constant)
        elif isinstance(constant, str) and not (number == 0 and _has_docstring(code)):
            yield constant


def _has_docstring(code: CodeType) -> bool:
    if sys.version_info >= (3, 13):
        return bool(code.co_flags & _HAS_DOCSTRING)
    return code.co_name != "<lambda>"
