"""What the source of an app's functions says: the values that reading it works with."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

from gepa_core.appgraph.written import Written

Taken: TypeAlias = Mapping[int | str, str]
"""Which arguments of a call are texts for a model: position or keyword, and the message's role if known."""


@attrs.frozen(kw_only=True)
class Dialect:
    """How the code of an app hands texts to a model.

    Attributes:
        calls: names of functions, classes and methods that are given texts, with the arguments that are.
        decorators: names of decorators of functions that return a text for a model, with the message's role.
        templates: names of those in whose texts names in braces are filled in later.
        pairs: whether ``("system", "text")`` is a message.
        names_a_prompt: whether a variable of this name holds a prompt.
        speaks: whether a literal is a prompt wherever it stands.
        resolve: what is known of an expression in a function, beside its local variables.
    """

    calls: Mapping[str, Taken] = attrs.field(factory=dict)
    decorators: Mapping[str, str] = attrs.field(factory=dict)
    templates: frozenset[str] = frozenset()
    pairs: bool = False
    names_a_prompt: Callable[[str], bool] = lambda _: False
    speaks: Callable[[str], bool] = lambda _: False
    resolve: Callable[[types.FunctionType, ast.expr], str | None] = lambda *_: None


@attrs.frozen(kw_only=True)
class Literal:
    """A text in the code of a function.

    Attributes:
        text: what is written, with its gaps.
        role: role of the message that it becomes, as far as the code says.
        kind: the component's kind.
        tool: the tool that it describes, and ``argument`` which of its arguments, if one.
        function: the name of the function that it stands in.
        source: where it stands, for people.
    """

    text: Written
    role: str = ""
    kind: str = "prompt"
    tool: str = ""
    argument: str = ""
    function: str
    source: str


@attrs.define(kw_only=True)
class Uses:
    """What the source of some functions says.

    Attributes:
        prompts: names of variables and attributes whose value becomes a message, and of functions whose
            result does, with its role.
        formatted: names of variables and attributes on which ``format`` is called.
        calls: names of all methods that are called.
        literals: texts that stand in the code itself.
        unread: functions whose source is not there.
    """

    prompts: dict[str, str] = attrs.field(factory=dict)
    formatted: set[str] = attrs.field(factory=set)
    calls: set[str] = attrs.field(factory=set)
    literals: list[Literal] = attrs.field(factory=list)
    unread: list[types.FunctionType] = attrs.field(factory=list)
