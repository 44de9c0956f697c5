"""Which strings of a LlamaIndex app are texts for a model, and how the framework reads each."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from llama_index.core.agent.react.formatter import ReActChatFormatter
from llama_index.core.agent.workflow.base_agent import BaseWorkflowAgent
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import ChatMessage, TextBlock
from llama_index.core.prompts import (
    BasePromptTemplate,
    ChatPromptTemplate,
    PromptTemplate,
    RichPromptTemplate,
)
from llama_index.core.tools.types import ToolMetadata

from gepa_core.appgraph import Hop, is_instruction
from gepa_core.appgraph.policy import root_package

SiteKind: TypeAlias = Literal[
    "template",  # PromptTemplate: known names in braces are filled in, all other braces stay
    "rich",  # RichPromptTemplate: jinja2
    "chat",  # a message of a ChatPromptTemplate, filled in like a PromptTemplate
    "message",  # a message that is sent as it is
    "partial",  # a value that a template was given in advance
    "plain",  # a text that is sent as it is
    "format",  # a bare string of the framework, filled in by str.format if it has braces
    "tool",  # the description of a tool
    "agent",  # the description of an agent, which other agents read
    "variable",  # a string of the app's own
]

_FRAMEWORK = ("llama_index", "workflows")
_NAME_OF_PROMPT = re.compile(
    r"(?:^|_)(?:prompts?|instructions?|tmpl|templates?|system_message|persona|guidelines)(?:_|$)", re.I
)
_NOT_TEXTS = re.compile(r"prompt_type|template_var|template_format|_key$|_name$|_id$", re.I)
_KNOWN: tuple[tuple[type, dict[str, SiteKind]], ...] = (
    (PromptTemplate, {"template": "template"}),
    (RichPromptTemplate, {"template_str": "rich"}),
    (BaseLLM, {"system_prompt": "plain"}),
    (ToolMetadata, {"description": "tool"}),
    (ReActChatFormatter, {"system_header": "format", "context": "plain"}),
)


def site_kind(hop: Hop, text: str) -> SiteKind | None:
    """How the string ``text`` that ``hop`` leads to is read; None when it is no text for a model."""
    if not text.strip():
        return None
    key = str(hop.edge.key)
    for kind, edges in _KNOWN:
        if isinstance(hop.owner, kind):
            return edges.get(key)
    if isinstance(hop.owner, BaseWorkflowAgent) and key == "description":
        return "agent"
    if isinstance(hop.owner, TextBlock):
        return _block(hop, key)
    if hop.before is not None and isinstance(hop.before.owner, BasePromptTemplate):
        return "partial" if hop.before.edge.key == "kwargs" else None
    return _by_name(hop, text)


def _block(hop: Hop, key: str) -> SiteKind | None:
    """A text block of a message; messages that stand nowhere else than in a list are history."""
    message = hop
    while message.before is not None and not isinstance(message.owner, ChatMessage):
        message = message.before
    if key != "text" or not isinstance(message.owner, ChatMessage):
        return None
    holder = message.before
    while holder is not None and holder.edge.kind == "index":
        holder = holder.before
    if holder is not None and isinstance(holder.owner, ChatPromptTemplate):
        return "chat"
    return "message"


def _by_name(hop: Hop, text: str) -> SiteKind | None:
    name = variable_name(hop)
    if not name:
        return None
    if hop.edge.kind == "attr" and root_package(type(hop.owner)) in _FRAMEWORK:
        return "format" if is_instruction(text, words=2) else None
    return "variable" if is_instruction(text, words=4) else None


def variable_name(hop: Hop) -> str:
    """The name of a string, where that name says that it is a prompt; else empty.

    The name may be that of a mapping or list that holds the string: ``PROMPTS["router"]``.
    """
    at: Hop | None = hop
    while at is not None and at.edge.kind in ("item", "index", "contents"):
        if at.edge.kind == "item" and _says_prompt(str(at.edge.key)):
            return str(at.edge.key)
        at = at.before
    if at is None or at.edge.kind == "part" or not _says_prompt(str(at.edge.key)):
        return ""
    return str(at.edge.key)


def _says_prompt(name: str) -> bool:
    return bool(_NAME_OF_PROMPT.search(name)) and not _NOT_TEXTS.search(name)
