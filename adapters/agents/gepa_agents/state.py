"""What an agent remembers from one run to the next, and must not: fresh for each rollout."""

from __future__ import annotations

import functools
import types
from collections import deque
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

from gepa_agents.clients import leaf_of
from gepa_agents.policy import AgentsPolicy
from gepa_core.appgraph import Graph, Hop, path_text

_CONTAINERS = (dict, list, deque, set)
_CALLABLES = (types.FunctionType, types.MethodType, types.CellType, functools.partial, tuple)


def stateful(graph: Graph, policy: AgentsPolicy, share: Collection[str]) -> list[object]:
    """The containers and objects of the agent's own in which a run can leave something behind.

    Not those that ``share`` names, by the name of the attribute or variable or by the whole way to it,
    nor what is below them; nor objects that clean up after themselves, whose copies would do it, too.
    """
    return [value for value in _own_objects(graph, policy, share) if _has_state(value, policy)]


def _own_objects(graph: Graph, policy: AgentsPolicy, share: Collection[str]) -> Iterator[object]:
    """Everything on ways that lead only through the agent's own objects."""
    seen = {id(graph.root)}
    waiting = [graph.nodes[id(graph.root)]]
    while waiting:
        node = waiting.pop()
        yield node.value
        for edge, held_id in node.edges:
            held = graph.nodes[held_id]
            shared = _is_shared(Hop(node.value, edge, node.hop), share)
            if held_id not in seen and not shared and _is_own(held.value, policy):
                seen.add(held_id)
                waiting.append(held)


def _is_shared(hop: Hop, share: Collection[str]) -> bool:
    names = (str(hop.edge.key), path_text(hop.path)) if share else ()
    return any(fnmatchcase(name, wanted) for name in names for wanted in share)


def _is_own(value: object, policy: AgentsPolicy) -> bool:
    if leaf_of(value) is not None:
        return False
    if isinstance(value, type):
        return policy.follows_type(value)
    return isinstance(value, (*_CONTAINERS, *_CALLABLES)) or policy.is_own_object(value)


def _has_state(value: object, policy: AgentsPolicy) -> bool:
    if isinstance(value, _CALLABLES):
        return False
    return type(value) in _CONTAINERS or (policy.is_own_object(value) and not hasattr(type(value), "__del__"))
