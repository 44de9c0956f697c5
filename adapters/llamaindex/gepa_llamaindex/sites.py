"""Which strings of a LlamaIndex app are texts for a model, and how the framework reads each."""

from __future__ import annotations

import functools
import re
from string import Template as StringTemplate
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

from gepa_core.appgraph import Hop, Policy, is_instruction
from gepa_core.appgraph.naming import slug
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
    "variable",  # a string of the app's own: a prompt if its name, its uses or its beginning says so
]

FRAMEWORK = frozenset(("llama_index", "llama_index_instrumentation", "workflows"))
_NAME_OF_PROMPT = re.compile(
    r"(?:^|_)(?:prompts?|instructions?|tmpl|templates?|system_message|persona|guidelines)(?:_|$)", re.I
)
_PROMPT_WORDS = re.compile(r"(?:^|_)(?:prompts?|templates?|tmpl|str)(?=_|$)", re.I)
_ADDRESSES_A_MODEL = re.compile(r"\W*(?:you(?:'re)?|your|act as)\b", re.I)
_INSIDE_OF_VARIABLES = ("item", "index", "contents")
_OWN_VARIABLES = ("attr", "cell", "class_attr", "global", "import", "module_attr")
_NOT_TEXTS = re.compile(r"prompt_type|template_var|template_format|_key$|_name$|_id$", re.I)
_KNOWN: tuple[tuple[type, dict[str, SiteKind]], ...] = (
    (PromptTemplate, {"template": "template"}),
    (RichPromptTemplate, {"template_str": "rich"}),
    (BaseLLM, {"system_prompt": "plain"}),
    (ToolMetadata, {"description": "tool"}),
    (StringTemplate, {"template": "variable"}),
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
    if not variable_name(hop):
        return "variable" if _is_own_variable(hop) and is_instruction(text, words=4) else None
    if hop.edge.kind == "attr" and root_package(type(hop.owner)) in FRAMEWORK:
        return "format" if is_instruction(text, words=2) else None
    return "variable" if is_instruction(text, words=4) else None


def variable_name(hop: Hop) -> str:
    """The name of a string, where that name says that it is a prompt; else empty.

    The name may be that of a mapping or list that holds the string: ``PROMPTS["router"]``.
    """
    at: Hop | None = hop
    while at is not None and at.edge.kind in _INSIDE_OF_VARIABLES:
        if at.edge.kind == "item" and says_prompt(str(at.edge.key)):
            return str(at.edge.key)
        at = at.before
    if at is None or at.edge.kind == "part" or not any(map(says_prompt, _names_on(at))):
        return ""
    return _names_on(at)[-1]


def own_name(hop: Hop) -> str:
    """The name of the variable or attribute that a string, or what holds it, has in the app's own code."""
    at: Hop | None = hop
    while at is not None and (at.edge.kind in _INSIDE_OF_VARIABLES or isinstance(at.owner, StringTemplate)):
        at = at.before
    return _names_on(at)[-1] if at is not None else ""


def shortened(name: str) -> str:
    """A name without the words that only say that it is a prompt's."""
    return slug(_PROMPT_WORDS.sub("", name).strip("_")).lower()


def addresses_a_model(text: str) -> bool:
    """Whether a text begins like an instruction: ``You are …``, ``Your task …``, ``Act as …``."""
    return _ADDRESSES_A_MODEL.match(text) is not None


def _is_own_variable(hop: Hop) -> bool:
    """Whether a string is a variable or an attribute of the app's own; what it is for, its uses may tell."""
    at: Hop | None = hop
    while at is not None and at.edge.kind in _INSIDE_OF_VARIABLES:
        at = at.before
    if at is None or at.edge.kind not in _OWN_VARIABLES:
        return False
    return at.edge.kind not in ("attr", "class_attr") or _is_apps_own(type(at.owner).__module__)


@functools.lru_cache(maxsize=4096)
def _is_apps_own(module: str) -> bool:
    return Policy(framework=FRAMEWORK).is_apps_own(module)


def _names_on(hop: Hop) -> list[str]:
    """The names on an edge: ``prompts.SYSTEM`` has two, of which the last is the variable's."""
    key = str(hop.edge.key)
    return re.split(r"[.:]", key) if hop.edge.kind in ("module_attr", "import") else [key]


def says_prompt(name: str) -> bool:
    """Whether a variable, attribute or key of this name holds a prompt."""
    return bool(_NAME_OF_PROMPT.search(name)) and not _NOT_TEXTS.search(name)
