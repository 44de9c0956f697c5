"""Where in an app a text stands: its path, the names on the way, and which step it belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs
from langchain_core.messages import BaseMessage, ChatMessage
from langchain_core.prompts import BasePromptTemplate, ChatMessagePromptTemplate
from langchain_core.prompts.chat import (
    AIMessagePromptTemplate,
    HumanMessagePromptTemplate,
    SystemMessagePromptTemplate,
)
from langchain_core.prompts.message import BaseMessagePromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda, RunnableSequence
from langchain_core.runnables.base import RunnableBindingBase

from gepa_core.appgraph import Edge, Hop, Site
from gepa_core.appgraph.naming import slug
from gepa_core.appgraph.policy import root_package
from gepa_langchain.graphs import is_graph, middlewares, name_of_graph
from gepa_langchain.policy import is_own, site_kind, variable_hop

_ROLES: tuple[tuple[type, str], ...] = (
    (SystemMessagePromptTemplate, "system"),
    (HumanMessagePromptTemplate, "human"),
    (AIMessagePromptTemplate, "ai"),
)
_PROMPT_WORDS = re.compile(r"(?:^|_)(?:prompts?|chains?|template|runnable|message)(?=_|$)", re.I)
_NOT_LABELS = frozenset(("partial_variables", "kwargs", "config", "metadata"))
_HOOKS = ("before_", "after_")
_SINGULAR = {"branches": "branch", "fallbacks": "fallback"}
_NAMES_OF_HISTORY = ("RunnableWithMessageHistory", "load_history", "insert_history", "check_sync_or_async")
_PLAIN_NAMES = frozenset(("text", "func", "afunc", "bound", "content", "runnable", "tool", "wrapped"))


@attrs.frozen(eq=False)
class Stage:
    """A step of a sequence: the sequence and the position in it, from 0."""

    sequence: RunnableSequence[object, object] = attrs.field(repr=False)
    index: int


@attrs.frozen
class Position:
    """A numbered place, such as ``"step2"``, and the id of the object that numbers it."""

    owner: int
    name: str


@attrs.frozen(eq=False)
class Place:
    """What the way to a text says of it.

    Attributes:
        hops: the way, from the root.
        source: the same as Python would write it.
        labels: names that the app gives to parts on the way: keys, run names, variables; outermost first.
        positions: places in sequences and lists of branches on the way, outermost first.
        stages: the steps of sequences on the way, outermost first.
        role: role of the message that the text becomes; empty when it is not part of a message.
        prompt: the prompt or message that the text belongs to, as a whole; else the object that holds it.
    """

    hops: tuple[Hop, ...] = attrs.field(repr=False)
    source: str
    labels: tuple[str, ...]
    positions: tuple[Position, ...]
    stages: tuple[Stage, ...]
    role: str
    prompt: object = attrs.field(repr=False)

    @classmethod
    def of(cls, site: Site) -> Place:
        """Read the way to ``site``."""
        hops = site.hop.path
        stages = _stages(hops)
        before_prompt = [hop for hop in hops if not _belongs_to_prompt(hop)]
        return cls(
            hops=hops,
            source=source_of(hops),
            labels=_labels(hops, variable_hop(site.hop, site.text) if site_kind(site.hop) is None else None),
            positions=_positions(before_prompt),
            stages=tuple(stage for _, stage in stages),
            role=_role(hops),
            prompt=_prompt(hops),
        )


def _belongs_to_prompt(hop: Hop) -> bool:
    at: Hop | None = hop
    while at is not None:
        if isinstance(at.owner, BasePromptTemplate | BaseMessage):
            return True
        at = at.before
    return False


def _prompt(hops: Sequence[Hop]) -> object:
    for hop in hops:
        if isinstance(hop.owner, BasePromptTemplate | BaseMessage):
            return hop.owner
    return hops[-1].owner


def _role(hops: Sequence[Hop]) -> str:
    for hop in reversed(hops):
        if isinstance(hop.owner, ChatMessage | ChatMessagePromptTemplate):
            return hop.owner.role
        if isinstance(hop.owner, BaseMessage):
            return hop.owner.type
        if isinstance(hop.owner, BaseMessagePromptTemplate):
            return next((role for kind, role in _ROLES if isinstance(hop.owner, kind)), "")
    return ""


def _stages(hops: Sequence[Hop]) -> list[tuple[int, Stage]]:
    """Steps of sequences on the way, with the position of their hop."""
    found = []
    for number, hop in enumerate(hops):
        if isinstance(hop.owner, RunnableSequence):
            steps = len(hop.owner.steps)
            index = {"first": 0, "last": steps - 1}.get(str(hop.edge.key), -1)
            if hop.edge.key == "middle" and number + 1 < len(hops):
                index = 1 + int(str(hops[number + 1].edge.key))
            if index >= 0:
                found.append((number, Stage(hop.owner, index)))
    return found


def source_of(hops: Sequence[Hop]) -> str:
    """A way as Python would write it, with ``steps[i]`` for a step of a sequence."""
    stages = dict(_stages(hops))
    parts: list[str] = []
    skip = False
    for number, hop in enumerate(hops):
        if skip:
            skip = False
        elif number in stages:
            parts.append(f".steps[{stages[number].index}]")
            skip = hop.edge.key == "middle"
        else:
            parts.append(str(hop.edge).replace("steps__", "steps"))
    return "".join(parts).removeprefix(".")


def _labels(hops: Sequence[Hop], variable: Hop | None) -> tuple[str, ...]:
    labels: list[str] = []
    for number, hop in enumerate(hops):
        inside = hops[number - 1] if number else None
        label = slug(_name_of(hop.owner) if inside else "") if hop is variable else _label(hop, inside)
        if label and (not labels or labels[-1] != label):
            labels.append(label)
        if hop is variable or isinstance(hop.owner, BasePromptTemplate | BaseMessage):
            break
    return tuple(labels)


def _label(hop: Hop, inside: Hop | None) -> str:
    own_name = _name_of(hop.owner)
    if own_name and inside is not None:
        return slug(own_name)
    if isinstance(hop.owner, BasePromptTemplate | BaseMessage):
        return ""
    if hop.edge.kind == "item" and isinstance(hop.edge.key, str):
        return "" if inside is not None and _is_internal(hop.edge.key, inside) else _shortened(hop.edge.key)
    if hop.edge.kind in ("cell", "global", "class_attr"):
        return _shortened(str(hop.edge.key)) if is_own(hop.owner) else ""
    if hop.edge.kind == "attr" and not isinstance(hop.owner, Runnable):
        name = str(hop.edge.key)
        return "" if name in _PLAIN_NAMES or name.startswith("_") else _shortened(name)
    return ""


def _is_internal(key: str, inside: Hop) -> bool:
    """Whether a key says nothing of the app, such as the names that ``create_agent`` gives to nodes."""
    if is_graph(inside.owner):
        return key in ("model", "tools", "agent") or key.rpartition(".")[2].startswith(_HOOKS)
    return key in _PLAIN_NAMES or inside.edge.key in _NOT_LABELS


def _name_of(owner: object) -> str:
    """The name that the app gave to a Runnable, a run name included."""
    if isinstance(owner, RunnableBindingBase):
        name = owner.config.get("run_name") or ""
        return "" if name in _NAMES_OF_HISTORY else name
    if isinstance(owner, middlewares()):
        return type(owner).__name__
    if is_graph(owner):
        return name_of_graph(owner)
    if root_package(type(owner)) == "langgraph":
        return ""
    if isinstance(owner, RunnableLambda) and not is_own(getattr(owner, "func", None) or owner.afunc):
        return ""
    own_name = getattr(owner, "name", None) if isinstance(owner, Runnable) else None
    return own_name if isinstance(own_name, str) else ""


def _shortened(name: str) -> str:
    """A variable's name without the words that every prompt and chain has."""
    return slug(_PROMPT_WORDS.sub("", name).strip("_")).lower()


def _positions(hops: Sequence[Hop]) -> tuple[Position, ...]:
    stages = dict(_stages(hops))
    found: list[Position] = []
    for number, hop in enumerate(hops):
        if number in stages:
            found.append(Position(id(hop.owner), f"step{stages[number].index + 1}"))
        elif hop.edge.kind == "index" and (number - 1) not in stages and hop.before is not None:
            if hop.before.edge.kind != "index":
                name = _SINGULAR.get(str(hop.before.edge.key), "part")
                found.append(Position(id(hop.owner), f"{name}{int(str(hop.edge.key)) + 1}"))
        elif hop.edge == Edge("attr", "default"):
            found.append(Position(id(hop.owner), "default"))
    return tuple(found)
