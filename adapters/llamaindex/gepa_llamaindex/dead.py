"""Texts that cannot reach a model in this app, and texts that the framework keeps twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.agent.react.formatter import ReActChatFormatter
from llama_index.core.agent.workflow.base_agent import (
    DEFAULT_AGENT_DESCRIPTION,
    BaseWorkflowAgent,
)
from llama_index.core.agent.workflow.codeact_agent import CodeActAgent
from llama_index.core.agent.workflow.multi_agent_workflow import AgentWorkflow
from llama_index.core.agent.workflow.react_agent import ReActAgent
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.memory import Memory
from llama_index.core.prompts import SelectorPromptTemplate
from llama_index.core.prompts.utils import is_chat_model
from llama_index.core.response_synthesizers import BaseSynthesizer

from gepa_core.appgraph import Graph, Hop, Site


class Liveness:
    """What can be told from the app alone; whether a text is used on real inputs only a run can tell."""

    def __init__(self, graph: Graph) -> None:
        values = [node.value for node in graph.nodes.values()]
        self._models = [value for value in values if isinstance(value, BaseLLM)]
        self._has_many_agents = any(isinstance(value, AgentWorkflow) for value in values)
        self._mirrors = _mirrors(graph, [value for value in values if isinstance(value, ReActAgent)])

    def is_mirror(self, site: Site) -> bool:
        """Whether the text follows another site, and is no component of its own."""
        return any(site in mirrors for mirrors in self._mirrors.values())

    def mirrors(self, site: Site) -> tuple[Site, ...]:
        """The sites that hold the same text, because the framework copied it there."""
        return self._mirrors.get(site, ())

    def why_dead(self, site: Site) -> str:
        """Why the text cannot reach a model; empty when it may."""
        hops = site.hop.path
        reasons = (
            self._of_selector(hops),
            _of_multimodal(hops),
            _of_state(hops),
            self._of_agents(site),
            _of_memory(hops),
        )
        return next(filter(None, reasons), "")

    def _of_selector(self, hops: Sequence[Hop]) -> str:
        """The branches of a selector that no model of the app chooses."""
        for number, hop in enumerate(hops):
            if isinstance(hop.owner, SelectorPromptTemplate) and self._models:
                chosen = {_branch(hop.owner, model) for model in self._models}
                branch = -1 if hop.edge.key == "default_template" else int(str(hops[number + 1].edge.key))
                if branch not in chosen and None not in chosen:
                    sort = "chat" if branch == -1 else "completion"
                    return f"the models of this app are {sort} models, and it is for another sort"
        return ""

    def _of_agents(self, site: Site) -> str:
        reason = _of_merged(site)
        if reason:
            return reason
        if not isinstance(site.owner, BaseWorkflowAgent) or site.hop.edge.key != "description":
            return ""
        if site.text == DEFAULT_AGENT_DESCRIPTION:
            return "it is the framework's own default"
        return "" if self._has_many_agents else "no other agent reads it"


def _of_merged(site: Site) -> str:
    """System prompts that agents have merged into another text when they were made."""
    owner, key = site.owner, site.hop.edge.key
    if isinstance(owner, ReActAgent) and key == "system_prompt":
        return "the agent sends its formatter's context instead, of which it has become a part"
    if isinstance(owner, CodeActAgent) and key == "system_prompt":
        return "the agent sends code_act_system_prompt instead, of which it has become a part"
    if isinstance(owner, ReActChatFormatter) and key == "context" and "{context}" not in owner.system_header:
        return "the system header has no place for it: LlamaIndex 0.13 leaves the agent's system prompt out"
    return ""


def _branch(selector: SelectorPromptTemplate, model: BaseLLM) -> int | None:
    """The branch that ``model`` chooses, -1 for the default; None when only the app's own code knows."""
    for number, (condition, _) in enumerate(selector.conditionals or ()):
        if condition is not is_chat_model:
            return None
        try:
            if is_chat_model(model):
                return number
        except Exception:  # some models refuse to describe themselves, such as by a name they do not know
            return None
    return -1


def _of_multimodal(hops: Sequence[Hop]) -> str:
    """Templates with content blocks, which a synthesiser uses for images only (from 0.14.22)."""
    for hop in hops:
        if isinstance(hop.owner, BaseSynthesizer) and str(hop.edge.key).startswith("_chat_"):
            own: dict[str, Any] = vars(hop.owner)
            if own.get("_multimodal") is False:
                return "it is used with multimodal=True only"
    return ""


def _of_state(hops: Sequence[Hop]) -> str:
    for hop in hops:
        if isinstance(hop.owner, BaseWorkflowAgent | AgentWorkflow) and hop.edge.key == "state_prompt":
            return "" if hop.owner.initial_state else "there is no initial state to tell of"
    return ""


def _of_memory(hops: Sequence[Hop]) -> str:
    for hop in hops:
        if isinstance(hop.owner, Memory) and hop.edge.key == "memory_blocks_template":
            return "" if hop.owner.memory_blocks else "the memory has no blocks"
    return ""


def _mirrors(graph: Graph, agents: Sequence[ReActAgent]) -> dict[Site, tuple[Site, ...]]:
    """A ReAct agent sends its formatter's context; its system prompt was copied there when it was made."""
    contexts = {
        id(site.owner): site
        for site in graph.sites
        if isinstance(site.owner, ReActChatFormatter) and site.hop.edge.key == "context"
    }
    prompts = {
        id(site.owner): site
        for site in graph.sites
        if isinstance(site.owner, ReActAgent) and site.hop.edge.key == "system_prompt"
    }
    found: dict[Site, tuple[Site, ...]] = {}
    for agent in agents:
        context, prompt = contexts.get(id(agent.formatter)), prompts.get(id(agent))
        if context is not None and prompt is not None and context.text == prompt.text:
            found[context] = (*found.get(context, ()), prompt)
    return found
