"""What the adapter makes of each text that the walk found: a component, or a text that is left alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from string import Template as StringTemplate
from typing import Any

import attrs
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import RichPromptTemplate

from gepa_core.appgraph import (
    LABELS,
    Graph,
    Hop,
    Policy,
    Sent,
    Site,
    TemplateGuard,
    Unguardable,
    Written,
    copyable,
    is_instruction,
    why_no_instruction,
)
from gepa_core.appgraph.sent import as_app_fills, as_guarded
from gepa_core.protocols import LeftAlone
from gepa_llamaindex.dead import Liveness
from gepa_llamaindex.formatting import how_it_is_filled
from gepa_llamaindex.schemas import Pointer, SchemaPlace, SchemaText, described, schema_texts
from gepa_llamaindex.sections import Section, sections_of, with_sections
from gepa_llamaindex.sending import at_site, texts_in_code
from gepa_llamaindex.sites import SiteKind, addresses_a_model, own_name, site_kind, variable_name

_LABELS = LABELS | {"content", "file", "info", "metadata", "path", "source", "str"}
MAX_TOOL_DESCRIPTION = 1024
"""Longer ones are refused by `ToolMetadata.to_openai_tool`."""


@attrs.frozen(eq=False, kw_only=True)
class Found:
    """A text of the app that may change.

    Attributes:
        sites: where it stands; the first one names it, all hold it.
        reads: how the framework reads it; ``"schema"`` for a description in a class.
        kind: the component's kind.
        guard: turns texts into what the app holds.
        schema: the description, where the text stands in a class.
        section: the message, where the text is only one message of what stands at the site.
        max_chars: the longest text allowed.
    """

    sites: tuple[Site, ...]
    reads: SiteKind | str
    kind: str
    guard: TemplateGuard
    schema: SchemaText | None = None
    section: Section | None = None
    max_chars: int | None = None

    @property
    def site(self) -> Site:
        """The first place where it stands."""
        return self.sites[0]

    @property
    def role(self) -> str:
        """The role of the message that it is a part of; empty when there is none."""
        return self.section.role if self.section is not None else role_of(self.site.hop)


class Refused(Exception):
    """A text is left alone; the message says why."""


@attrs.frozen(kw_only=True)
class Sorted:
    """The texts of an app.

    Attributes:
        found: those that its objects hold and that may change.
        sent: those that are changed in messages.
        left: those that are left alone.
    """

    found: list[Found]
    sent: list[Sent]
    left: list[LeftAlone]


def sort_texts(graph: Graph, policy: Policy, *, everything: bool, current: Mapping[Written, str]) -> Sorted:
    """Divide the texts of ``graph`` and of its code into those that may change and those that are left alone.

    Args:
        everything: take also texts that do not read like instructions.
        current: what an app that is a copy itself sends in place of texts in its code.
    """
    found: list[Found] = []
    sent: list[Sent] = []
    code = texts_in_code(graph, policy, current)
    left = list(code.left)
    liveness = Liveness(graph)
    for site in graph.sites:
        if liveness.is_mirror(site):
            continue
        kind = site_kind(site.hop, site.text) or "variable"
        if kind == "variable" and not _says_what_it_is_for(site, code.prompts):
            continue
        for section in _sections(site, kind):
            try:
                if kind == "variable" and _is_filled_by_the_app(site):
                    sent.append(at_site(site, "", as_app_fills(site), current))
                    continue
                one = _examine(site, kind, section, liveness, everything=everything)
                obstacle = next(filter(None, (copyable(graph, place, policy) for place in one.sites)), "")
                if obstacle and kind in _FILLED_KNOWABLY:
                    sent.append(at_site(site, one.role, as_guarded(one.guard), current))
                    continue
                if obstacle:
                    raise Refused(obstacle)
            except (Refused, Unguardable) as reason:
                left.append(_left_alone(site, section, str(reason)))
            else:
                found.append(one)
    return Sorted(found=[*found, *_schemas(graph, policy)], sent=[*sent, *code.sent], left=left)


def _says_what_it_is_for(site: Site, prompts: Collection[str]) -> bool:
    """Whether a string of the app's own is a prompt, by its name, uses or beginning; else it is data."""
    return bool(
        variable_name(site.hop)
        or isinstance(site.owner, StringTemplate)
        or own_name(site.hop) in prompts
        or addresses_a_model(site.text)
    )


def _is_filled_by_the_app(site: Site) -> bool:
    """Whether only the app's own code knows how gaps in a string of its own are filled."""
    filled = how_it_is_filled(site)
    has_gaps = isinstance(site.owner, StringTemplate) or Written.as_filled(site.text).has_gaps
    return filled == "unknown" or (filled == "plain" and has_gaps)


def _sections(site: Site, kind: SiteKind) -> Sequence[Section | None]:
    """The messages of a template that are texts of their own; else the one text that it is."""
    sections = sections_of(site.text) if kind == "rich" else []
    try:
        for section in sections:
            TemplateGuard.of(site.text[section.begin : section.end], "jinja2")
    except Unguardable:
        return [None]
    return sections or [None]


def _left_alone(site: Site, section: Section | None, reason: str) -> LeftAlone:
    if section is None:
        return LeftAlone(source=site.source, reason=reason, text=site.text)
    text = site.text[section.begin : section.end]
    return LeftAlone(source=f"{site.source}, message {section.label!r}", reason=reason, text=text)


def _examine(
    site: Site, kind: SiteKind, section: Section | None, liveness: Liveness, *, everything: bool
) -> Found:
    one = _READERS[kind](site) if section is None else _section(site, section)
    if not everything:
        reason = liveness.why_dead(site)
        if reason:
            raise Refused(reason)
        reason = _why_no_instruction(one.guard) if kind in _TEMPLATES else ""
        if reason:
            raise Refused(reason)
    return attrs.evolve(one, sites=(site, *liveness.mirrors(site)))


def _why_no_instruction(guard: TemplateGuard) -> str:
    return why_no_instruction(guard.natural, guard.syntax, labels=_LABELS)


def _template(site: Site) -> Found:
    # LlamaIndex fills in the names that it knows and leaves all other braces as they are.
    guard = TemplateGuard.of(site.text, "braces", escapes=False)
    return Found(sites=(site,), reads="template", kind=_kind(site), guard=guard)


def _rich(site: Site) -> Found:
    assert isinstance(site.owner, RichPromptTemplate)
    return Found(sites=(site,), reads="rich", kind="prompt", guard=TemplateGuard.of(site.text, "jinja2"))


def _section(site: Site, section: Section) -> Found:
    _refuse_answers(section.role)
    return Found(
        sites=(site,),
        reads="rich",
        kind="instructions" if section.role in ("system", "developer") else "prompt",
        guard=TemplateGuard.of(site.text[section.begin : section.end], "jinja2"),
        section=section,
    )


def _refuse_answers(role: str) -> None:
    if role in ("assistant", "tool", "function"):
        raise Refused(f"it is an example of an answer (role {role!r}), not an instruction")


def _chat(site: Site) -> Found:
    _refuse_answers(role_of(site.hop))
    guard = TemplateGuard.of(site.text, "braces", escapes=False)
    return Found(sites=(site,), reads="chat", kind=_kind(site), guard=guard)


def _message(site: Site) -> Found:
    role = role_of(site.hop)
    if role not in ("system", "developer", "user"):
        raise Refused(f"it is an example of an answer (role {role!r}), not an instruction")
    if role == "user" and not is_instruction(site.text, words=8):
        raise Refused("it is an example of a question, not an instruction")
    return Found(sites=(site,), reads="message", kind=_kind(site), guard=_plain(site))


def _partial(site: Site) -> Found:
    if not is_instruction(site.text, words=4):
        raise Refused("it is a short value that fills a placeholder")
    return Found(sites=(site,), reads="partial", kind="partial", guard=_plain(site))


def _text(site: Site) -> Found:
    return Found(sites=(site,), reads="plain", kind="instructions", guard=_plain(site))


def _format(site: Site) -> Found:
    has_braces = "{" in site.text or "}" in site.text
    guard = TemplateGuard.of(site.text, "braces") if has_braces else _plain(site)
    kind = "instructions" if "system" in variable_name(site.hop) else "prompt"
    return Found(sites=(site,), reads="format", kind=kind, guard=guard)


def _tool(site: Site) -> Found:
    return Found(
        sites=(site,),
        reads="tool",
        kind="tool_description",
        guard=_plain(site),
        max_chars=max(MAX_TOOL_DESCRIPTION, len(site.text)),
    )


def _agent(site: Site) -> Found:
    return Found(sites=(site,), reads="agent", kind="tool_description", guard=_plain(site))


def _variable(site: Site) -> Found:
    filled = how_it_is_filled(site)
    if filled == "jinja2":
        guard = TemplateGuard.of(site.text, "jinja2")
    elif filled == "plain":
        guard = _plain(site)
    else:
        guard = TemplateGuard.of(site.text, "braces", escapes=filled == "str.format")
    kind = "instructions" if "system" in variable_name(site.hop).lower() else "prompt"
    return Found(sites=(site,), reads="variable", kind=kind, guard=guard)


_TEMPLATES = frozenset(("template", "rich", "chat"))
_FILLED_KNOWABLY = frozenset(("template", "chat", "message", "plain", "variable"))
_READERS: Mapping[SiteKind, Callable[[Site], Found]] = {
    "template": _template,
    "rich": _rich,
    "chat": _chat,
    "message": _message,
    "partial": _partial,
    "plain": _text,
    "format": _format,
    "tool": _tool,
    "agent": _agent,
    "variable": _variable,
}


def _plain(site: Site) -> TemplateGuard:
    return TemplateGuard.of(site.text, "plain")


def _kind(site: Site) -> str:
    return "instructions" if role_of(site.hop) in ("system", "developer") else "prompt"


def role_of(hop: Hop) -> str:
    """The role of the message that the string is a part of; empty when there is none."""
    at: Hop | None = hop
    while at is not None:
        if isinstance(at.owner, ChatMessage):
            return str(at.owner.role.value)
        at = at.before
    return ""


def _schemas(graph: Graph, policy: Policy) -> list[Found]:
    return [
        Found(
            sites=text.sites,
            reads="schema",
            kind="argument_description" if text.is_argument else "schema_description",
            guard=TemplateGuard.of(text.text, "plain"),
            schema=text,
        )
        for text in schema_texts(graph)
        if not any(copyable(graph, site, policy) for site in text.sites)
    ]


def values_at(changed: Mapping[str, str], found: Mapping[str, Found]) -> dict[Site, Any]:
    """What the app is to hold where, for the texts in ``changed`` (natural form, by component name).

    Raises:
        ConfigurationError: a template variable would be lost or added.
    """
    values: dict[Site, Any] = {}
    sections: dict[Site, dict[Section, str]] = {}
    schemas: dict[tuple[int, str], dict[Pointer, str]] = {}
    places: dict[tuple[int, str], SchemaPlace] = {}
    for name, text in changed.items():
        one = found[name]
        value = one.guard.to_template(text)
        if one.section is not None:
            sections.setdefault(one.site, {})[one.section] = value
        elif one.schema is None:
            values.update((site, value) for site in one.sites)
        for place in one.schema.places if one.schema is not None else ():
            key = (id(place.site.owner), str(place.site.hop.edge.key))
            places.setdefault(key, place)
            schemas.setdefault(key, {})[place.pointer] = value
    values.update((site, with_sections(site.text, texts)) for site, texts in sections.items())
    values.update((places[key].site, described(places[key].schema, texts)) for key, texts in schemas.items())
    return values
