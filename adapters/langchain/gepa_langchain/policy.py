"""What of a LangChain app is shared by all candidates, and which strings in it may be prompts."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Hashable
from string import Template
from types import FunctionType, ModuleType
from typing import Any

import attrs
from langchain_core.caches import BaseCache
from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.example_selectors import BaseExampleSelector
from langchain_core.language_models import BaseLanguageModel
from langchain_core.messages import BaseMessage
from langchain_core.prompts import (
    BasePromptTemplate,
    FewShotPromptTemplate,
    PromptTemplate,
)
from langchain_core.prompts.dict import DictPromptTemplate
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.stores import BaseStore
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import VectorStore

from gepa_core.appgraph import Hop, Policy, is_instruction
from gepa_core.appgraph.policy import root_package
from gepa_langchain.descriptions import about_description
from gepa_langchain.graphs import checkpointers, node_caches, stores_in_memory

SHARED = (
    BaseCache,
    BaseCallbackHandler,
    BaseCallbackManager,
    BaseExampleSelector,
    BaseLoader,
    BaseRateLimiter,
    BaseStore,
    Document,
    Embeddings,
    VectorStore,
)
"""Clients, stores and data: the same objects in every candidate and every rollout."""

_SHARED_MODULES = ("langgraph.checkpoint", "langgraph.store", "langgraph.cache", "langsmith")
_FRAMEWORK = frozenset(
    ("langchain", "langchain_classic", "langchain_community", "langchain_core", "langgraph")
)
_NAME_OF_PROMPT = re.compile(
    r"(?:^|_)(?:prompts?|instructions?|system_message|persona|guidelines)(?:_|$)", re.I
)
_OWN_NAME_OF_PROMPT = re.compile(rf"{_NAME_OF_PROMPT.pattern}|^system(?:_|$)|_system$", re.I)
_ADDRESSES_A_MODEL = re.compile(r"\W*(?:you(?:'re)?|your|act as)\b", re.I)
_SITES: tuple[tuple[type, dict[str, str]], ...] = (
    (PromptTemplate, {"template": "template"}),
    (FewShotPromptTemplate, {"prefix": "prefix", "suffix": "suffix"}),
    (BaseMessage, {"content": "message"}),
    (BaseTool, {"description": "description"}),
)


@attrs.define(eq=False, kw_only=True)
class LangChainPolicy(Policy):
    """Policy for anything built of Runnables."""

    framework: Collection[str] = _FRAMEWORK
    shares_globals: bool = True

    def is_opaque(self, value: object) -> bool:
        if is_leaf(value) or isinstance(value, Template):
            return False
        if isinstance(value, SHARED) or type(value).__module__.startswith(_SHARED_MODULES):
            return True
        return super().is_opaque(value)

    def is_site(self, hop: Hop, text: str) -> bool:
        if is_leaf(hop.owner):
            return False
        if isinstance(hop.owner, Template):
            return hop.edge.key == "template" and is_instruction(text, words=4)
        return site_kind(hop) is not None or (
            is_instruction(text, words=4) and variable_name(hop, text) != ""
        )

    def follows(self, hop: Hop, held: object) -> bool:
        del held
        return not is_leaf(hop.owner)

    def follows_methods(self, kind: type) -> bool:
        return self.is_apps_own(kind.__module__)

    def follows_special(self, kind: type) -> bool:
        return self.is_apps_own(kind.__module__)

    def follows_module(self, module: ModuleType) -> bool:
        return self.is_apps_own(module.__name__)

    def cached(self, owner: object) -> Collection[str]:
        kind: type = type(owner)
        hashable: Hashable = kind
        return _cached_properties(hashable)


def is_leaf(value: object) -> bool:
    """Whether ``value`` is not looked into, but is something that each rollout may have its own of."""
    return isinstance(value, (BaseLanguageModel, BaseChatMessageHistory, *_states()))


def _states() -> tuple[type, ...]:
    return (*checkpointers(), *node_caches(), *stores_in_memory())


def is_own(value: object) -> bool:
    """Whether a function, or an object's class, is the app's own code."""
    module = getattr(value, "__module__", None)
    return LangChainPolicy().is_apps_own(module if isinstance(module, str) else None)


@functools.lru_cache(maxsize=1024)
def _cached_properties(kind: Any) -> frozenset[str]:
    """Attributes that the framework computes once and keeps; an app's own are not dropped."""
    return frozenset(
        name
        for base in kind.__mro__
        if root_package(base) in _FRAMEWORK
        for name, held in vars(base).items()
        if isinstance(held, functools.cached_property)
    )


def site_kind(hop: Hop) -> str | None:
    """What the framework makes of a string that ``hop`` leads to; None when nothing is known of it."""
    key = str(hop.edge.key)
    for kind, edges in _SITES:
        if isinstance(hop.owner, kind):
            return edges.get(key)
    if about_description(hop) is not None:
        return "description"
    before = hop.before
    if before is None:
        return None
    if isinstance(before.owner, BasePromptTemplate) and before.edge.key == "partial_variables":
        return "partial"
    if isinstance(before.owner, DictPromptTemplate) and key == "text":
        return "block_template"
    return "block" if _is_block(hop, before) else None


def _is_block(hop: Hop, before: Hop) -> bool:
    """Whether the string is a text block of a message: an entry of its content, or the entry's text."""
    if hop.edge.kind == "item" and hop.edge.key == "text" and before.before is not None:
        before = before.before
    elif hop.edge.kind != "index":
        return False
    return isinstance(before.owner, BaseMessage) and before.edge.key == "content"


def variable_name(hop: Hop, text: str) -> str:
    """The app's own name for a string, where it is a prompt by its name; else empty.

    The name may be that of a mapping or list that holds the string: ``PROMPTS["router"]``. In the app's own
    code a text that speaks to a model (``"You are …"``) is a prompt under any name.
    """
    found = variable_hop(hop, text)
    return "" if found is None else str(found.edge.key)


def variable_hop(hop: Hop, text: str) -> Hop | None:
    """The step of the way at which the name of `variable_name` stands."""
    at: Hop | None = hop
    while at is not None and at.edge.kind in ("item", "index", "contents"):
        if at.edge.kind == "item" and _NAME_OF_PROMPT.search(str(at.edge.key)):
            return at
        at = at.before
    if at is None or at.edge.kind == "part":
        return None
    name = str(at.edge.key)
    if not holds_own_variables(at):
        return at if _NAME_OF_PROMPT.search(name) else None
    return at if names_own_prompt(name) or addresses_a_model(text) else None


def addresses_a_model(text: str) -> bool:
    """Whether a text begins like an instruction: ``You are …``, ``Your task …``, ``Act as …``."""
    return _ADDRESSES_A_MODEL.match(text) is not None


def names_own_prompt(name: str) -> bool:
    """Whether a variable of this name in the app's own code holds a prompt."""
    return _OWN_NAME_OF_PROMPT.search(name) is not None


def holds_own_variables(hop: Hop) -> bool:
    """Whether a variable or attribute is the app's own: of its function, module or class."""
    owner = hop.owner if isinstance(hop.owner, FunctionType) else type(hop.owner)
    return is_own(owner)
