"""The explicit form: an agent that is given a mapping of its texts."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Any

from gepa_agents.calling import PROMPTS, Signature
from gepa_agents.findings import Found
from gepa_agents.guards import guard_of
from gepa_agents.places import Place
from gepa_core.appgraph import Edge, Graph, Hop, Site, Uses
from gepa_core.errors import ConfigurationError
from gepa_core.protocols import LeftAlone


def named_prompts(signature: Signature, given: Mapping[str, str] | None, uses: Uses) -> dict[str, Found]:
    """The texts that the agent reads from its parameter ``prompts``, by name; empty when it has none.

    Raises:
        ConfigurationError: it has the parameter and no texts are known, or texts and no parameter.
    """
    if not signature.wants_prompts:
        if given:
            raise ConfigurationError(
                "AgentsAdapter(prompts=...) is for agents that take them: give the function a second"
                f" parameter named {PROMPTS!r}, which receives a mapping of these names to texts"
            )
        return {}
    texts = given if given is not None else _default(signature)
    if not texts or not all(isinstance(one, str) for pair in texts.items() for one in pair):
        raise ConfigurationError(
            f"the agent takes {PROMPTS!r}, but their texts are not known: pass"
            " adapter=AgentsAdapter(prompts={'name': 'text'}), or give the parameter a mapping as its default"
        )
    return {name: _found(name, text, uses) for name, text in texts.items()}


def _default(signature: Signature) -> Any:
    default = (signature.parameters or {})[PROMPTS].default
    return default if isinstance(default, Mapping) else {}


def default_site(graph: Graph, function: Any) -> Site | None:
    """Where the default of the parameter ``prompts`` stands; None when it has none that can be replaced.

    Args:
        function: what is called of the agent.
    """
    inner = function.__func__ if isinstance(function, types.MethodType) else function
    inner = inner if isinstance(inner, types.FunctionType) else type(inner).__call__
    if not isinstance(inner, types.FunctionType) or id(inner) not in graph.nodes:
        return None
    hop = graph.nodes[id(inner)].hop
    positional = inner.__code__.co_varnames[: inner.__code__.co_argcount]
    if PROMPTS in (inner.__kwdefaults__ or {}):
        return Site(Hop(inner.__kwdefaults__, Edge("item", PROMPTS), hop), "")
    number = positional.index(PROMPTS) - len(positional) if PROMPTS in positional else 0
    defaults = inner.__defaults__ or ()
    if -len(defaults) <= number < 0:
        return Site(Hop(defaults, Edge("index", len(defaults) + number), hop), "")
    return None


def _found(name: str, text: str, uses: Uses) -> Found:
    return Found(
        kind="prompt",
        guard=guard_of(text, [name], uses),
        place=Place(form="variable", names=[name], variable=name),
    )


def without_prompts(
    found: Sequence[Found], prompts: Mapping[str, Found]
) -> tuple[list[Found], list[LeftAlone]]:
    """The texts found that stay components beside named ones: descriptions. All others are left alone."""
    kept: list[Found] = []
    left: list[LeftAlone] = []
    named = {one.guard.natural for one in prompts.values()}
    for one in found:
        if one.kind.endswith("_description"):
            kept.append(one)
        elif one.guard.natural not in named:
            reason = "the agent is given its texts by name; add this one to them to have it optimised"
            left.append(LeftAlone(source=one.source, reason=reason, text=one.guard.natural))
    return kept, left
