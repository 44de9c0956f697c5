"""What of a LangChain app is shared by all candidates, and which strings in it may be prompts."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Hashable
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

from gepa_core.appgraph import Hop, Policy
from gepa_core.appgraph.policy import root_package
from gepa_langchain.wording import is_instruction

SHARED = (
    BaseCache,
    BaseCallbackHandler,
    BaseCallbackManager,
    BaseChatMessageHistory,
    BaseExampleSelector,
    BaseLanguageModel,
    BaseLoader,
    BaseRateLimiter,
    BaseStore,
    Document,
    Embeddings,
    VectorStore,
)
"""Models, clients, stores and data: the same objects in every candidate."""

_SHARED_MODULES = ("langgraph.checkpoint", "langgraph.store", "langgraph.cache", "langsmith")
_FRAMEWORK = frozenset(
    ("langchain", "langchain_classic", "langchain_community", "langchain_core", "langgraph")
)
_NAME_OF_PROMPT = re.compile(
    r"(?:^|_)(?:prompts?|instructions?|system_message|persona|guidelines)(?:_|$)", re.I
)
_SITES: tuple[tuple[type, dict[str, str]], ...] = (
    (PromptTemplate, {"template": "template"}),
    (FewShotPromptTemplate, {"prefix": "prefix", "suffix": "suffix"}),
    (BaseMessage, {"content": "message"}),
    (BaseTool, {"description": "tool"}),
)


@attrs.define(eq=False, kw_only=True)
class LangChainPolicy(Policy):
    """Policy for anything built of Runnables."""

    framework: Collection[str] = _FRAMEWORK

    def is_opaque(self, value: object) -> bool:
        if isinstance(value, SHARED) or type(value).__module__.startswith(_SHARED_MODULES):
            return True
        return super().is_opaque(value)

    def is_site(self, hop: Hop, text: str) -> bool:
        return site_kind(hop) is not None or (is_instruction(text, words=4) and variable_name(hop) != "")

    def cached(self, owner: object) -> Collection[str]:
        kind: type = type(owner)
        hashable: Hashable = kind
        return _cached_properties(hashable)


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


def variable_name(hop: Hop) -> str:
    """The app's own name for a string, where that name says that it is a prompt; else empty.

    The name may be that of a mapping or list that holds the string: ``PROMPTS["router"]``.
    """
    at: Hop | None = hop
    while at is not None and at.edge.kind in ("item", "index", "contents"):
        if at.edge.kind == "item" and _NAME_OF_PROMPT.search(str(at.edge.key)):
            return str(at.edge.key)
        at = at.before
    if at is None or at.edge.kind == "part" or not _NAME_OF_PROMPT.search(str(at.edge.key)):
        return ""
    return str(at.edge.key)
