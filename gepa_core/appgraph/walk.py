"""Walking a live object graph: every object that may matter, once, and the texts that it holds."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from gepa_core.appgraph.children import SCALARS, children
from gepa_core.appgraph.edges import Edge, Hop, path_text
from gepa_core.appgraph.policy import Policy

MAX_OBJECTS = 200_000


@attrs.frozen(eq=False)
class Site:
    """A text on an edge of an object: something that can be replaced in a copy.

    Attributes:
        hop: the object that holds it, the edge, and the way there from the root.
        text: what stands there now.
    """

    hop: Hop
    text: str = attrs.field(repr=False)

    @property
    def owner(self) -> object:
        """The object that holds the text."""
        return self.hop.owner

    @property
    def source(self) -> str:
        """The way from the root, as Python would write it."""
        return path_text(self.hop.path)


@attrs.define(eq=False)
class Node:
    """An object of the graph, the way on which it was found, and its edges to other objects of the graph."""

    value: object = attrs.field(repr=False)
    hop: Hop | None = attrs.field(default=None, repr=False)
    edges: list[tuple[Edge, int]] = attrs.field(factory=list, repr=False)


@attrs.frozen(eq=False)
class Graph:
    """What a walk found.

    Attributes:
        root: the object that it began at.
        nodes: every object that was looked into, by ``id``, in depth-first order. They are kept alive.
        sites: the texts, in the same order.
        cut: True when the graph has more objects than a walk looks at.
        held_by: ids of the objects that hold each one.
    """

    root: object = attrs.field(repr=False)
    nodes: dict[int, Node] = attrs.field(repr=False)
    sites: Sequence[Site]
    cut: bool = False
    held_by: dict[int, list[int]] = attrs.field(init=False, repr=False)

    @held_by.default
    def _held_by(self) -> dict[int, list[int]]:
        holders: dict[int, list[int]] = {}
        for key, node in self.nodes.items():
            for _, held in node.edges:
                holders.setdefault(held, []).append(key)
        return holders


def walk(root: object, policy: Policy, *, max_objects: int = MAX_OBJECTS) -> Graph:
    """Look at everything that ``root`` holds, directly or not, and that ``policy`` does not call opaque.

    Each object is visited once, by the first way to it that is found; cycles end. No code of
    the app is run.
    """
    nodes: dict[int, Node] = {id(root): Node(root)}
    sites: list[Site] = []
    stack = [nodes[id(root)]]
    while stack and len(nodes) < max_objects:
        node = stack.pop()
        fresh: list[Node] = []
        for edge, held in children(node.value, policy):
            if isinstance(held, str):
                hop = Hop(node.value, edge, node.hop)
                if policy.is_site(hop, held):
                    sites.append(Site(hop, held))
                continue
            if isinstance(held, SCALARS) or policy.is_opaque(held):
                continue
            hop = Hop(node.value, edge, node.hop)
            if not policy.follows(hop, held):
                continue
            node.edges.append((edge, id(held)))
            if id(held) not in nodes:
                nodes[id(held)] = Node(held, hop)
                fresh.append(nodes[id(held)])
        stack.extend(reversed(fresh))
    return Graph(root, nodes, sites, bool(stack))
