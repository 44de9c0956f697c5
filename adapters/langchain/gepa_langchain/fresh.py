"""What each rollout has for itself: memories, caches, the app's own state, and models that are recorded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from functools import _lru_cache_wrapper
from types import CellType, FunctionType
from typing import Any

import attrs
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.language_models import BaseLanguageModel

from gepa_core.appgraph import CannotCopy, Graph, Policy, Rewriting, Site, path_copy
from gepa_core.appgraph.children import instance_dict, is_empty_cell
from gepa_langchain.copies import finish
from gepa_langchain.graphs import is_graph
from gepa_langchain.listening import CALLED, heard_model
from gepa_langchain.memories import renewal_of
from gepa_langchain.policy import is_leaf, is_own
from gepa_langchain.recorder import Recorder
from gepa_langchain.rewriting import rewrite

_CONTAINERS = (dict, list, set, deque)
_MAX_ITEMS = Policy().max_items  # more entries are data


@attrs.frozen(eq=False, kw_only=True)
class Freshness:
    """What is made anew for each rollout.

    Attributes:
        models: the app's models, which a rollout sees through shells.
        memories: makes a fresh one, by the ``id`` of the memory, checkpointer or cache.
        renewed: graphs, tools, retrievers, and containers and objects of the app's own, of which each
            rollout has a copy.
    """

    models: Sequence[BaseLanguageModel[Any]] = attrs.field(repr=False)
    memories: Mapping[int, Callable[[], object]] = attrs.field(repr=False)
    renewed: Sequence[object] = attrs.field(repr=False)

    @classmethod
    def of(cls, graph: Graph, policy: Policy, share: Collection[object]) -> Freshness:
        """For an app as it stands now.

        Args:
            share: objects of the app that all rollouts use together.
        """
        shared = {id(one) for one in share}
        values = {key: node.value for key, node in graph.nodes.items() if key not in shared}
        states = {key: renewal_of(value) for key, value in values.items()}
        return cls(
            models=[value for value in values.values() if isinstance(value, BaseLanguageModel)],
            memories={key: renew for key, renew in states.items() if renew is not None},
            renewed=_able(graph, policy, [value for value in values.values() if _is_renewed(value, graph)]),
        )

    def copy(
        self,
        graph: Graph,
        values: Mapping[Site, Any],
        policy: Policy,
        *,
        recorder: Recorder,
        recursion_limit: int,
        schemas: MutableMapping[int, Any],
        rewriting: Rewriting,
    ) -> Any:
        """The app for one rollout, with ``values`` at their sites.

        Args:
            rewriting: texts that models replace in what they are sent.
            schemas: what `finish` keeps from one rollout with ``values`` to the next.
        """
        replaced: dict[int, object] = {}
        for model in self.models:
            replaced[id(model)] = heard = heard_model(model, recorder)
            rewrite(heard, rewriting)
        replaced.update((key, renew()) for key, renew in self.memories.items())
        copied = path_copy(graph, values, policy, renewed=self.renewed, replaced=replaced)
        finish(copied, recorder=recorder, recursion_limit=recursion_limit, schemas=schemas)
        return copied.root


def _is_renewed(value: object, graph: Graph) -> bool:
    if is_graph(value) or isinstance(value, CALLED):
        return True
    if is_leaf(value) or isinstance(value, BaseChatMessageHistory):
        return False
    if isinstance(value, _lru_cache_wrapper):
        return is_own(value.__wrapped__)
    if isinstance(value, _CONTAINERS):
        return len(value) <= _MAX_ITEMS and _is_held_by_own_code(id(value), graph, set())
    if isinstance(value, CellType):
        return not is_empty_cell(value) and _is_held_by_own_code(id(value), graph, set())
    return is_own(type(value)) and instance_dict(value) is not None and not hasattr(type(value), "__del__")


def _is_held_by_own_code(key: int, graph: Graph, seen: set[int]) -> bool:
    """Whether a function, an object or a container of the app's own code holds it."""
    for holder in graph.held_by.get(key, ()):
        if holder in seen:
            continue
        seen.add(holder)
        value = graph.nodes[holder].value
        if isinstance(value, (CellType, tuple, *_CONTAINERS)):
            if _is_held_by_own_code(holder, graph, seen):
                return True
        elif is_own(value if isinstance(value, FunctionType) else type(value)):
            return True
    return False


def _able(graph: Graph, policy: Policy, wanted: Sequence[object]) -> list[object]:
    """Those that can be copied; usually all, which takes one try."""

    def can(values: Sequence[object]) -> bool:
        try:
            path_copy(graph, {}, policy, renewed=values)
        except CannotCopy:
            return False
        return True

    return list(wanted) if can(wanted) else [value for value in wanted if can([value])]
