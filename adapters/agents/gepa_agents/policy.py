"""What of an agent is shared by all candidates, what has a stand-in, and which strings are looked at."""

from __future__ import annotations

import importlib
import importlib.util
import types
from collections.abc import Collection

import attrs

from gepa_agents.clients import Leaf, leaf_of
from gepa_agents.wording import reads_like_a_text
from gepa_core.appgraph import Hop, Policy
from gepa_core.appgraph.classes import can_differ
from gepa_core.appgraph.policy import root_package

FRAMEWORKS = {
    "langchain": "LangChain",
    "langchain_core": "LangChain",
    "langgraph": "LangGraph",
    "llama_index": "LlamaIndex",
}
"""Frameworks whose objects are left to their own adapters."""

_READ_FROM = frozenset(("litellm", "openai"))
_DESCRIBING = frozenset(("content", "text", "description"))


@attrs.define(eq=False, kw_only=True)
class AgentsPolicy(Policy):
    """Policy for code that is the user's own, with clients in it."""

    framework: Collection[str] = ("gepa_core", "gepa_agents", *FRAMEWORKS)
    shares_globals: bool = True
    _own: dict[str | None, bool] = attrs.field(factory=dict, init=False)

    def is_opaque(self, value: object) -> bool:
        if leaf_of(value) is not None:
            return False
        if isinstance(value, type):
            return not self.follows_type(value)
        return root_package(type(value)) in FRAMEWORKS or super().is_opaque(value)

    def is_site(self, hop: Hop, text: str) -> bool:
        if not text.strip() or not self._may_hold_texts(hop.owner):
            return False
        return hop.edge.key in _DESCRIBING or reads_like_a_text(text)

    def _may_hold_texts(self, owner: object) -> bool:
        if isinstance(owner, dict | list | tuple | types.CellType):
            return True
        if isinstance(owner, types.FunctionType):
            return self.is_apps_own(owner.__module__)
        return self.is_own_object(owner) or (isinstance(owner, type) and self.is_apps_own(owner.__module__))

    def follows(self, hop: Hop, held: object) -> bool:
        del held
        return leaf_of(hop.owner) is None

    def follows_methods(self, kind: type) -> bool:
        return self.is_apps_own(kind.__module__)

    def follows_special(self, kind: type) -> bool:
        return self.is_apps_own(kind.__module__)

    def follows_type(self, kind: type) -> bool:
        return self.is_apps_own(kind.__module__) and can_differ(kind)

    def follows_module(self, module: types.ModuleType) -> bool:
        return module.__name__ in _READ_FROM or self.is_apps_own(module.__name__)

    def imported(self, name: str) -> types.ModuleType | None:
        if name in _READ_FROM and importlib.util.find_spec(name) is not None:
            return importlib.import_module(name)  # the agent is about to do the same
        return super().imported(name)

    def is_own_object(self, value: object) -> bool:
        """Whether ``value`` is an instance of a class of the user's."""
        return self.is_apps_own(type(value).__module__)

    def is_apps_own(self, module: str | None) -> bool:
        if module not in self._own:
            self._own[module] = super().is_apps_own(module)
        return self._own[module]


def leaves(nodes: Collection[object]) -> list[tuple[object, Leaf]]:
    """The clients, calls, factories and sessions among the objects of a graph."""
    return [(value, leaf) for value in nodes if (leaf := leaf_of(value)) is not None]
