"""Components made of the texts that were found: names, and what is said of each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llama_index.core.agent.workflow.base_agent import DEFAULT_AGENT_NAME, BaseWorkflowAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import BasePromptTemplate, ChatPromptTemplate
from llama_index.core.tools import BaseTool
from llama_index.core.tools.types import ToolMetadata

from gepa_core.appgraph import Hop, Sent, unique_names
from gepa_core.appgraph.naming import slug
from gepa_core.types import Component
from gepa_llamaindex.findings import Found, role_of
from gepa_llamaindex.purposes import PURPOSES
from gepa_llamaindex.schemas import SchemaText
from gepa_llamaindex.sites import shortened

_PLAIN_EDGES = frozenset(
    (
        "default_template",
        "conditionals",
        "prefix_messages",
        "_prefix_messages",
        "template",
        "template_str",
        "message_templates",
        "blocks",
        "text",
    )
)
_NOT_LABELS = frozenset(("kwargs", "metadata", "_metadata", "fn_schema", "system_header_mapping"))
_HOLDERS_OF_PARTS = re.compile(r"^_*(?:query_engines|retrievers|node_postprocessors|tools|agents|\w+s)$")


def components_of(found: Sequence[Found], sent: Sequence[Sent]) -> dict[Component, Found | Sent]:
    """The components and what they stand for, with names that are unique and the same in every process."""
    texts: list[Found | Sent] = [*found, *sent]
    names = unique_names([*map(_name_forms, found), *(one.names for one in sent)])
    return {_component(name, one): one for name, one in zip(names, texts, strict=True)}


def _component(name: str, one: Found | Sent) -> Component:
    if isinstance(one, Sent):
        return one.component(name, one.role)
    return Component(
        name=name,
        text=one.guard.natural,
        kind=one.kind,
        syntax=one.guard.syntax,
        role=one.role,
        purpose=_purpose(one),
        source=_source(one),
        max_chars=one.max_chars,
    )


def _source(one: Found) -> str:
    if one.section is not None:
        return f"{one.site.source}, message {one.section.label!r}"
    if one.schema is None:
        return one.site.source
    nested = f".{one.schema.owner}" if one.schema.is_nested else ""
    return f"{one.site.source}{nested}.{one.schema.part or '__doc__'}"


def _name_forms(one: Found) -> list[str]:
    hops = one.site.hop.path
    leaf = _leaf(one)
    labels = [label for label in _labels(hops) if label != leaf.partition(".")[0]]
    exact = slug(_source(one), longest=200) or leaf
    forms = [leaf, *(".".join((*labels[-count:], leaf)) for count in (1, 2) if labels[-count:])]
    return list(dict.fromkeys((*forms, ".".join((*labels, leaf)), exact)))


def _leaf(one: Found) -> str:
    hop = one.site.hop
    if one.schema is not None:
        of_tool = one.schema.is_argument and not one.schema.is_nested
        owner = _tool_name(hop) if of_tool else slug(one.schema.owner)
        return f"{owner}.{one.schema.part or 'schema'}"
    if one.section is not None and not one.section.is_alone:
        name = _prompt_name(hop.path)
        return f"{name}.{one.section.label}" if name else one.section.label
    match one.reads:
        case "tool":
            return f"{_tool_name(hop)}.description"
        case "agent":
            return f"{_agent_name(hop.owner) or 'agent'}.description"
        case "partial":
            return f"{_prompt_name(hop.path[:-2]) or 'prompt'}.partial.{hop.edge.key}"
        case _:
            return _leaf_of_prompt(hop)


def _leaf_of_prompt(hop: Hop) -> str:
    if isinstance(hop.owner, BaseWorkflowAgent) and _agent_name(hop.owner):
        return f"{_agent_name(hop.owner)}.{hop.edge.key}"
    name = _prompt_name(hop.path)
    role = role_of(hop)
    if role and not _is_only_message(hop):
        return f"{name}.{role}{_position(hop)}" if name else f"{role}{_position(hop)}"
    return name or "prompt"


def _is_only_message(hop: Hop) -> bool:
    return any(
        isinstance(step.owner, ChatPromptTemplate) and len(step.owner.message_templates) == 1
        for step in hop.path
    )


def _position(hop: Hop) -> str:
    """Which message of its role it is, where a template has several."""
    for step in hop.path:
        if isinstance(step.owner, ChatPromptTemplate):
            same = [one for one in step.owner.message_templates if one.role.value == role_of(hop)]
            texts = [block for one in same for block in one.blocks]
            number = next((at for at, block in enumerate(texts, 1) if block is hop.owner), 0)
            return str(number) if len(texts) > 1 and number else ""
    return ""


def _prompt_name(hops: Sequence[Hop]) -> str:
    """The app's name for the prompt: the last edge on the way that is not the prompt's own."""
    for hop in reversed(hops):
        if isinstance(hop.edge.key, str) and hop.edge.kind != "contents":
            inside = isinstance(hop.owner, BasePromptTemplate | ChatMessage)
            name = shortened(re.split(r"[.:]", hop.edge.key)[-1])
            if not inside and hop.edge.key not in _PLAIN_EDGES and name:
                return name
    return ""


def _labels(hops: Sequence[Hop]) -> list[str]:
    """Names of parts of the app on the way, outermost first."""
    labels: list[str] = []
    for number, hop in enumerate(hops):
        if isinstance(hop.owner, BasePromptTemplate | ChatMessage | ToolMetadata):
            break
        label = _name_of(hop.owner) or _edge_label(hop, hops[number - 1] if number else None)
        if label and label not in labels[-1:]:
            labels.append(label)
    return labels


def _name_of(owner: object) -> str:
    if isinstance(owner, BaseWorkflowAgent):
        return _agent_name(owner)
    if isinstance(owner, BaseTool):
        return slug(str(owner.metadata.name or ""))
    return ""


def _edge_label(hop: Hop, before: Hop | None) -> str:
    key = hop.edge.key
    if hop.edge.kind in ("index", "member") and before is not None and isinstance(before.edge.key, str):
        return f"{shortened(before.edge.key).rstrip('s')}{int(str(key)) + 1}"
    if not isinstance(key, str) or key in _NOT_LABELS or hop.edge.kind in ("contents", "part"):
        return ""
    if _HOLDERS_OF_PARTS.match(key) and hop.edge.kind == "attr":
        return ""
    return shortened(key)


def _agent_name(owner: object) -> str:
    named = isinstance(owner, BaseWorkflowAgent) and owner.name != DEFAULT_AGENT_NAME
    return slug(owner.name) if named and isinstance(owner, BaseWorkflowAgent) else ""


def _tool_name(hop: Hop) -> str:
    return slug(str(hop.owner.name or "tool")) if isinstance(hop.owner, ToolMetadata) else "tool"


def _purpose(one: Found) -> str:
    parts = [_what(one)]
    where = _holder(one.site.hop.path)
    if where:
        parts.append(f"of {where}")
    sentence = " ".join(parts)
    known = _known_use(one.site.hop.path)
    return f"{sentence}: {known}" if known else sentence


def _what(one: Found) -> str:
    if one.schema is not None:
        return _described(one.schema, one.site.hop)
    if one.reads == "tool":
        return f"description of the tool {_tool_name(one.site.hop)!r}, by which a model chooses it"
    if one.reads == "agent":
        return "description of the agent, by which other agents choose it"
    if one.reads == "partial":
        return f"fixed value of the variable {one.site.hop.edge.key!r}"
    name = _prompt_name(one.site.hop.path) or "prompt"
    return f"{one.role} message {name!r}" if one.role else f"text {name!r}"


def _described(text: SchemaText, hop: Hop) -> str:
    use = f"arguments of tool {_tool_name(hop)!r}" if text.is_argument else "structured output"
    if text.is_argument and not text.is_nested:
        return f"description of the argument {text.part!r} in the {use}"
    what = f"field {text.part!r} of {text.owner!r}" if text.part else f"whole {text.owner!r}"
    return f"description of the {what} in the {use}"


def _holder(hops: Sequence[Hop]) -> str:
    """The parts of the app that hold the text, innermost first, at most two of them."""
    names: list[str] = []
    for hop in reversed(hops):
        owner = hop.owner
        if isinstance(owner, BasePromptTemplate | ChatMessage | ToolMetadata | dict | list | tuple):
            continue
        name = type(owner).__name__
        own = _name_of(owner)
        shown = f"{name} {own!r}" if own else name
        if name not in ("TextBlock", "function", "cell", "method") and shown not in names:
            names.append(shown)
    return " in ".join([*names[:1], *names[-1:]] if len(names) > 1 else names)


def _known_use(hops: Sequence[Hop]) -> str:
    for hop in hops:
        if isinstance(hop.owner, BasePromptTemplate):
            kind = str(
                getattr(hop.owner.metadata.get("prompt_type"), "value", hop.owner.metadata.get("prompt_type"))
            )
            if kind in PURPOSES:
                return PURPOSES[kind]
    return PURPOSES.get(str(hops[-1].edge.key), "")
