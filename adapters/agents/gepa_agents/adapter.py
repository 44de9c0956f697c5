"""The adapter for agents without a framework: takes functions and objects as they are."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import attrs

from gepa_agents.calling import Inputs, Signature, signature_of
from gepa_agents.capture import capture_of
from gepa_agents.describe import components_of
from gepa_agents.explicit import default_site, named_prompts, without_prompts
from gepa_agents.findings import named_texts, sort_texts, without_named
from gepa_agents.policy import AgentsPolicy, leaves
from gepa_agents.sessions import descriptions_of, tools_of
from gepa_agents.standins import changes_in
from gepa_agents.system import AsyncAgent, SyncAgent
from gepa_agents.wording import DIALECT
from gepa_core.appgraph import Change, Graph, constants_in, read_uses, walk


@attrs.frozen(eq=False, kw_only=True)
class AgentsAdapter:
    """Finds the texts of an agent, runs copies of it that have other ones, and records what they do.

    Attributes:
        prompts: for an agent that takes a parameter ``prompts``: names of its texts and the texts to begin
            with. Not needed where the parameter has a mapping as its default.
        sent: texts that the agent sends to a model and that are not found in it, since it reads them from a
            file, a hub or a database when it runs: name to text, with ``{name}`` for whatever the agent fills
            in. They are replaced on their way to the model.
        call: the method to call; without it the object itself, its ``run`` or its ``invoke``.
        tools: further functions of the agent that are tools, where it does not say so itself.
        mcp_tools: what ``list_tools`` of an MCP server returns, whose descriptions are to be components; not
            needed for tools that the agent has listed already and keeps.
        share: names of attributes and variables that all rollouts share, such as ``["cache"]``. All other
            lists, dicts and objects of the agent's own are fresh for each rollout.
        inputs: ``"one"`` passes an example's inputs as one argument, ``"keywords"`` a mapping by keyword,
            ``"auto"`` by keyword where the keys are the agent's parameters.
        mode: ``"async"`` runs the agent on the event loop, ``"sync"`` on worker threads; ``"auto"`` as the
            agent is defined.
    """

    prompts: Mapping[str, str] | None = None
    sent: Mapping[str, str] = attrs.field(factory=dict)
    call: str = ""
    tools: Sequence[Callable[..., Any]] = ()
    mcp_tools: Sequence[Any] = ()
    share: Sequence[str] = ()
    inputs: Inputs = attrs.field(default="auto", validator=attrs.validators.in_(("auto", "one", "keywords")))
    mode: Literal["auto", "sync", "async"] = attrs.field(
        default="auto", validator=attrs.validators.in_(("auto", "sync", "async"))
    )

    def wrap(self, target: Any) -> SyncAgent | AsyncAgent:
        """Find the texts of ``target``.

        Raises:
            ConfigurationError: it cannot be called, or takes prompts and none are known.
        """
        signature = signature_of(target, self.call, self.inputs)
        policy = AgentsPolicy()
        graph = walk(target, policy)
        functions = _own_functions(graph, policy)
        uses = read_uses(functions, DIALECT)
        for tool in (*tools_of(self.mcp_tools), *_listed(graph)):
            uses.literals.extend(descriptions_of(tool))
        prompts = named_prompts(signature, self.prompts, uses)
        named = named_texts(self.sent, _changes(graph))
        found, left = sort_texts(graph, policy, uses, _changes(graph), constants_in(functions, policy))
        found = without_named(found, named)
        if prompts:
            found, others = without_prompts(found, prompts)
            left += others
        found += named
        capture, uncaptured = capture_of(
            graph,
            policy,
            described=[literal.tool for literal in uses.literals if literal.tool],
            extra_tools=self.tools,
            share=self.share,
        )
        components, every = components_of(found, prompts)
        kind = AsyncAgent if self._is_async(signature) else SyncAgent
        return kind(
            components=components,
            left_alone=(*left, *uncaptured),
            found=every,
            prompts=prompts,
            capture=capture,
            signature=signature,
            default=default_site(graph, signature.function(target)) if prompts else None,
        )

    def language_model(self, model: Any) -> None:
        """None: a callable is a language model without an adapter's help."""
        del model

    def _is_async(self, signature: Signature) -> bool:
        return self.mode == "async" or (self.mode == "auto" and signature.is_async)


def _changes(graph: Graph) -> list[Change]:
    """What the stand-ins replace in an app that is a copy itself."""
    found = leaves([node.value for node in graph.nodes.values()])
    return list({one: None for value, _ in found for one in changes_in(value)})


def _listed(graph: Graph) -> list[object]:
    """Tools of MCP servers that the agent keeps."""
    found = leaves([node.value for node in graph.nodes.values()])
    return [value for value, leaf in found if leaf.kind == "listed"]


def _own_functions(graph: Graph, policy: AgentsPolicy) -> list[types.FunctionType]:
    functions = [node.value for node in graph.nodes.values()]
    return [
        one for one in functions if isinstance(one, types.FunctionType) and policy.is_apps_own(one.__module__)
    ]
