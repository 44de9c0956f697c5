"""What of a LlamaIndex app is shared by all candidates, and how far it is looked into."""

from __future__ import annotations

import functools
import types
from collections.abc import Collection, Hashable
from string import Template as StringTemplate
from typing import Any

import attrs
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.callbacks import CallbackManager
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.data_structs.data_structs import IndexStruct
from llama_index.core.graph_stores.types import PropertyGraphStore
from llama_index.core.indices.base import BaseIndex
from llama_index.core.indices.prompt_helper import PromptHelper
from llama_index.core.node_parser.interface import NodeParser
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle
from llama_index.core.storage.chat_store import BaseChatStore
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore
from llama_index.core.storage.docstore.types import BaseDocumentStore
from llama_index.core.storage.index_store.types import BaseIndexStore
from llama_index.core.storage.kvstore.types import BaseKVStore
from llama_index.core.storage.storage_context import StorageContext
from llama_index.core.utilities.sql_wrapper import SQLDatabase
from llama_index.core.vector_stores.types import BasePydanticVectorStore, VectorStoreQuery
from llama_index.core.workflow import Workflow

from gepa_core.appgraph import Hop, Policy
from gepa_core.appgraph.policy import root_package
from gepa_llamaindex.sites import FRAMEWORK, site_kind

SHARED = (
    AsyncDBChatStore,
    BaseCallbackHandler,
    BaseChatStore,
    BaseDocumentStore,
    BaseEmbedding,
    BaseIndex,
    BaseIndexStore,
    BaseKVStore,
    BaseNode,
    BasePydanticVectorStore,
    CallbackManager,
    IndexStruct,
    NodeParser,
    NodeWithScore,
    PromptHelper,
    PropertyGraphStore,
    QueryBundle,
    SQLDatabase,
    StorageContext,
    VectorStoreQuery,
)
"""Embeddings, indexes, stores and data: the same objects in every candidate."""

_SHARED_MODULES = (
    "llama_index.core.graph_stores",
    "llama_index.core.vector_stores",
    "llama_index.embeddings",
    "llama_index.graph_stores",
    "llama_index.storage",
    "llama_index.vector_stores",
)
_MACHINERY = frozenset(("llama_index_instrumentation", "workflows"))
_OF_CLASSES = frozenset(("_step_functions", "model_computed_fields", "model_config", "model_fields"))
_PARTS_OF_MODELS = frozenset(("llm", "output_parser", "query_wrapper_prompt", "_llm"))


@attrs.define(eq=False, kw_only=True)
class LlamaIndexPolicy(Policy):
    """Policy for engines, retrievers, workflows, agents, and apps that hold them."""

    framework: Collection[str] = FRAMEWORK

    def is_opaque(self, value: object) -> bool:
        if isinstance(value, StringTemplate):
            return False
        return _is_shared(_hashable(type(value))) or super().is_opaque(value)

    def is_site(self, hop: Hop, text: str) -> bool:
        return site_kind(hop, text) is not None

    def follows(self, hop: Hop, held: object) -> bool:
        """Of a model only what makes prompts is looked into; its clients and settings are its own.

        What is on a class for the class's own sake is not read through its instances.
        """
        del held
        if hop.edge.kind == "class_attr" and hop.edge.key in _OF_CLASSES:
            return False
        return not isinstance(hop.owner, BaseLLM) or hop.edge.key in _PARTS_OF_MODELS

    def follows_module(self, module: types.ModuleType) -> bool:
        """What functions read from other modules of the app is the app's own as well."""
        return self.is_apps_own(module.__name__)

    def follows_methods(self, kind: type) -> bool:
        return _is_apps_own(_hashable(kind))

    def follows_class(self, kind: type) -> bool:
        return _is_apps_own(_hashable(kind))


def _hashable(kind: Any) -> Hashable:
    """A class, which mypy does not take for hashable."""
    held: Hashable = kind
    return held


@functools.lru_cache(maxsize=4096)
def _is_shared(kind: Any) -> bool:
    machinery = root_package(kind) in _MACHINERY and not issubclass(kind, Workflow)
    return machinery or kind.__module__.startswith(_SHARED_MODULES) or issubclass(kind, SHARED)


@functools.lru_cache(maxsize=4096)
def _is_apps_own(kind: Any) -> bool:
    return Policy(framework=FRAMEWORK).is_apps_own(kind.__module__)
