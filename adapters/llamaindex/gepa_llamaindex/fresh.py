"""Which objects of an app every rollout has a copy of its own of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.base_selector import BaseSelector
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.indices.query.query_transform.base import BaseQueryTransform
from llama_index.core.memory import BaseMemory
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.question_gen.types import BaseQuestionGenerator
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.tools import BaseTool
from llama_index.core.workflow import Workflow

from gepa_core.appgraph import CannotCopy, Graph, PathCopy, Policy, Rewriting, Site, path_copy
from gepa_core.pacing import Calls
from gepa_llamaindex.memories import Renew, renewal_of
from gepa_llamaindex.rewriting import rewrite

RENEWED = (
    BaseChatEngine,
    BaseLLM,  # so that a call is known to belong to its rollout, in whatever thread it is made
    BaseMemory,
    BaseNodePostprocessor,
    BasePromptTemplate,  # choosing a branch and filling in a part change templates, if only for a moment
    BaseQueryEngine,
    BaseQueryTransform,
    BaseQuestionGenerator,
    BaseRetriever,
    BaseSelector,
    BaseSynthesizer,
    BaseTool,
    Workflow,
)


@attrs.frozen(eq=False, kw_only=True)
class Freshness:
    """What is copied for each rollout, and how copies of what has state are given their own.

    Attributes:
        renewed: the originals that are copied.
        renewals: by the ``id`` of an original.
        models: those of ``renewed`` that are models.
    """

    renewed: Sequence[object] = attrs.field(repr=False)
    renewals: Mapping[int, Renew] = attrs.field(repr=False)
    models: Sequence[BaseLLM] = attrs.field(repr=False)

    @classmethod
    def of(cls, graph: Graph, policy: Policy, share: Collection[object]) -> Freshness:
        """For an app, as it stands now.

        Args:
            share: objects of the app that all rollouts share.
        """
        shared = {id(one) for one in share}
        nodes = [node.value for key, node in graph.nodes.items() if key not in shared]
        wanted = [value for value in nodes if isinstance(value, RENEWED)]
        renewed = _able(graph, policy, wanted)
        renewals = {id(value): renewal_of(value) for value in renewed}
        return cls(
            renewed=renewed,
            renewals={key: renew for key, renew in renewals.items() if renew is not None},
            models=[value for value in renewed if isinstance(value, BaseLLM)],
        )

    def copy(
        self,
        graph: Graph,
        values: Mapping[Site, Any],
        policy: Policy,
        rewriting: Rewriting,
        calls: Calls,
    ) -> PathCopy:
        """A copy of the app for one rollout, with ``values`` at their sites.

        Args:
            rewriting: texts that models replace in what they are sent.
            calls: what models ask before they are called.
        """
        copied = path_copy(graph, values, policy, renewed=self.renewed)
        for key, renew in self.renewals.items():
            renew(copied.made[key])
        for model in self.models:
            rewrite(copied.made[id(model)], rewriting, calls)
        return copied


def _able(graph: Graph, policy: Policy, wanted: Sequence[object]) -> list[object]:
    """Those that can be copied; usually all, which takes one try."""
    try:
        path_copy(graph, {}, policy, renewed=wanted)
    except CannotCopy:
        return [value for value in wanted if _is_able(graph, policy, value)]
    return list(wanted)


def _is_able(graph: Graph, policy: Policy, value: object) -> bool:
    try:
        path_copy(graph, {}, policy, renewed=[value])
    except CannotCopy:
        return False
    return True
