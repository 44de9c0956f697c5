"""Edges of a live object graph: how one object holds another, and how a path of them reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import attrs

EdgeKind: TypeAlias = Literal[
    "attr",  # an instance attribute, in __dict__ or in a slot
    "class_attr",  # an attribute of the class that instances read through self
    "method",  # a method of the class, which a copy holds itself when it is changed
    "special",  # __call__, a property or the like, for which a copy needs a class of its own
    "item",  # a value of a mapping
    "index",  # an entry of a sequence
    "member",  # a member of a set
    "cell",  # a variable in a function's closure
    "contents",  # what a closure's cell holds
    "global",  # a variable of the module that a function reads
    "module_attr",  # a variable that a function reads from another module: prompts.SYSTEM
    "import",  # the same of a module that the function imports itself: prompts:SYSTEM
    "part",  # a piece of a callable: func, args, keywords, __self__, __defaults__
]


@attrs.frozen
class Edge:
    """One way from an object to something that it holds.

    Attributes:
        kind: which sort of holding.
        key: the attribute's, variable's or piece's name, the mapping's key, or the position.
    """

    kind: EdgeKind
    key: object

    def __str__(self) -> str:
        match self.kind:
            case "contents":
                text = ""
            case "item":
                text = f"[{self.key!r}]"
            case "index" | "member":
                text = f"[{self.key}]"
            case "cell":
                text = f".closure[{self.key!r}]"
            case "global" | "module_attr":
                name, dot, rest = str(self.key).partition(".")
                text = f".globals[{name!r}]{dot}{rest}"
            case "import":
                text = "." + str(self.key).replace(":", ".")
            case _:
                text = f".{self.key}"
        return text


@attrs.frozen(eq=False)
class Hop:
    """One step of the way from the root to a text: an object, the edge followed from it, the step before."""

    owner: object = attrs.field(repr=False)
    edge: Edge
    before: Hop | None = attrs.field(default=None, repr=False)

    @property
    def path(self) -> tuple[Hop, ...]:
        """All steps from the root to this one."""
        hops: list[Hop] = []
        hop: Hop | None = self
        while hop is not None:
            hops.append(hop)
            hop = hop.before
        return tuple(reversed(hops))


def path_text(hops: Iterable[Hop]) -> str:
    """A path as Python would write it, such as ``steps[0].prompt.template``."""
    return "".join(str(hop.edge) for hop in hops).removeprefix(".")
