"""What the adapter makes of each text that the walk found: a component, or a text that is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from string import Template

import attrs
from langchain_core.messages import BaseMessage
from langchain_core.prompts import (
    BasePromptTemplate,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    PromptTemplate,
)
from langchain_core.prompts.dict import DictPromptTemplate
from langchain_core.prompts.message import BaseMessagePromptTemplate

from gepa_core.appgraph import (
    LABELS,
    Graph,
    Sent,
    Site,
    TemplateGuard,
    Unguardable,
    Written,
    copyable,
    is_instruction,
    path_copy,
    why_no_instruction,
)
from gepa_core.appgraph.sent import as_app_fills, as_guarded
from gepa_core.protocols import LeftAlone
from gepa_core.templates import Syntax
from gepa_langchain.descriptions import Description, descriptions_in
from gepa_langchain.found import FORMATTING, Fit, Found, is_plain_format, values_at
from gepa_langchain.literals import texts_in_code
from gepa_langchain.places import Place, source_of
from gepa_langchain.policy import LangChainPolicy, site_kind
from gepa_langchain.sending import at_place

_SYNTAX: dict[str, Syntax] = {"f-string": "braces", "mustache": "mustache", "jinja2": "jinja2"}
FEW_SHOT_EDGES = ("prefix", "example_prompt", "suffix")
_FITS: dict[str, Fit] = {"prefix": "start", "suffix": "end"}
_LABELS = LABELS | {"ticket"}


class _Refused(Exception):
    """A text is left alone; the message says why."""


@attrs.frozen(kw_only=True)
class Sorted:
    """The texts of an app.

    Attributes:
        found: those that its objects hold and that may change.
        sent: those that are replaced in messages.
        left: those that are left alone.
    """

    found: list[Found]
    sent: list[Sent]
    left: list[LeftAlone]


def sort_texts(
    graph: Graph, policy: LangChainPolicy, *, everything: bool, current: Mapping[Written, str]
) -> Sorted:
    """Divide the texts of ``graph`` and of its code.

    Args:
        everything: take also texts that do not read like instructions.
        current: what an app that is a copy itself sends in place of texts in its code.
    """
    found: list[Found] = []
    sent: list[Sent] = []
    in_code, not_in_code = texts_in_code(graph, policy, current)
    left = [*_examples_left(graph), *not_in_code]
    for site in graph.sites:
        if site_kind(site.hop) == "description":
            continue
        place = Place.of(site)
        try:
            if _is_filled_otherwise(site):
                sent.append(at_place(site, place, as_app_fills(site), current))
                continue
            one = _examine(site, place, everything=everything)
            if not copyable(graph, site, policy):
                found.append(one)
            elif one.fit == "whole" and one.guard.syntax in ("plain", "braces"):
                sent.append(at_place(site, place, as_guarded(one.guard), current))
            else:
                raise _Refused(copyable(graph, site, policy))
        except (_Refused, Unguardable) as reason:
            left.append(LeftAlone(source=place.source, reason=str(reason), text=site.text))
    descriptions = [_described(one) for one in descriptions_in(graph, policy)]
    every = [*_in_reading_order(found), *(_able(graph, policy, descriptions, left))]
    return Sorted(found=every, sent=[*sent, *in_code], left=left)


def _is_filled_otherwise(site: Site) -> bool:
    """Whether a string is filled in by the app in a way that cannot be told from it."""
    if isinstance(site.owner, Template):
        return True
    has_marks = any(mark in site.text for mark in FORMATTING)
    return site_kind(site.hop) is None and has_marks and not is_plain_format(site.text)


def _described(one: Description) -> Found:
    return Found(
        site=one.site,
        place=Place.of(one.site),
        kind=one.kind,
        guard=TemplateGuard.of(one.text, "plain"),
        fit="schema",
        description=one,
    )


def _able(
    graph: Graph, policy: LangChainPolicy, descriptions: Iterable[Found], left: list[LeftAlone]
) -> Iterator[Found]:
    """Those descriptions that can be replaced; the others are added to ``left``."""
    for one in descriptions:
        text = one.guard.natural
        try:
            path_copy(graph, values_at({"": text}, {"": one}), policy)
        except Exception as error:  # the app's classes may do anything when they are made
            reason = f"what holds it cannot be copied ({type(error).__name__}: {error})"
            left.append(LeftAlone(source=one.place.source, reason=reason, text=text))
        else:
            yield one


def _in_reading_order(found: Sequence[Found]) -> list[Found]:
    """Prompts in the order of the walk, and the texts of each in the order in which a model reads them."""
    prompts = list(dict.fromkeys(id(one.place.prompt) for one in found))
    return sorted(found, key=lambda one: (prompts.index(id(one.place.prompt)), _rank(one)))


def _rank(one: Found) -> int:
    if one.kind == "partial":
        return len(FEW_SHOT_EDGES)
    edge = few_shot_edge(one.place)
    return FEW_SHOT_EDGES.index(edge) if edge else 0


def _examine(site: Site, place: Place, *, everything: bool) -> Found:
    kind = site_kind(site.hop)
    found = _READERS.get(kind or "", _variable)(site, place)
    if everything or kind is None:
        return found
    if place.role in ("ai", "tool"):
        raise _Refused(f"it is an example of an answer (role {place.role!r}), not an instruction")
    if _is_example_question(place):
        raise _Refused("it is the question of an example turn, not an instruction")
    reason = why_no_instruction(found.guard.natural, found.guard.syntax, labels=_LABELS, by_line=True)
    if reason:
        raise _Refused(reason)
    return found


def _template(site: Site, place: Place) -> Found:
    owner = site.owner
    template_format = owner.template_format if isinstance(owner, PromptTemplate | DictPromptTemplate) else ""
    few_shot = few_shot_edge(place)
    inside = _FITS.get(few_shot, "inside")
    return Found(
        site=site,
        place=place,
        kind="few_shot" if few_shot else "instructions" if place.role == "system" else "prompt",
        guard=TemplateGuard.of(site.text, _SYNTAX[template_format]),
        format=template_format,
        fit="whole" if _is_whole(site, place) else inside,
    )


def _block_template(site: Site, place: Place) -> Found:
    template = site.hop.before.owner if site.hop.before else None
    assert isinstance(template, DictPromptTemplate)
    return Found(
        site=site,
        place=place,
        kind="instructions" if place.role == "system" else "prompt",
        guard=TemplateGuard.of(site.text, _SYNTAX[template.template_format]),
        format=template.template_format,
    )


def _few_shot_end(site: Site, place: Place) -> Found:
    owner = site.owner
    assert isinstance(owner, FewShotPromptTemplate)
    return Found(
        site=site,
        place=place,
        kind="few_shot",
        guard=TemplateGuard.of(site.text, _SYNTAX[owner.template_format]),
        format=owner.template_format,
        fit=_FITS[str(site.hop.edge.key)],
    )


def _message(site: Site, place: Place) -> Found:
    guard = TemplateGuard.of(site.text, "plain")
    kind = "instructions" if place.role == "system" else "prompt"
    return Found(site=site, place=place, kind=kind, guard=guard)


def _partial(site: Site, place: Place) -> Found:
    if not is_instruction(site.text, words=4):
        raise _Refused("it is a short value that fills a placeholder")
    guard = TemplateGuard.of(site.text, "plain")
    return Found(site=site, place=place, kind="partial", guard=guard, fit="inside")


def _variable(site: Site, place: Place) -> Found:
    is_format = is_plain_format(site.text)
    guard = TemplateGuard.of(site.text, "braces" if is_format else "plain", escapes=False)
    return Found(
        site=site,
        place=place,
        kind="prompt",
        guard=guard,
        fit="inside",
        format="unknown" if is_format else "",
    )


_READERS: dict[str, Callable[[Site, Place], Found]] = {
    "template": _template,
    "block_template": _block_template,
    "prefix": _few_shot_end,
    "suffix": _few_shot_end,
    "message": _message,
    "block": _message,
    "partial": _partial,
}


def few_shot_edge(place: Place) -> str:
    """Which part of a few-shot prompt a text is: prefix, example_prompt or suffix; empty for none."""
    for hop in place.hops:
        is_prompt = isinstance(hop.owner, BasePromptTemplate | FewShotChatMessagePromptTemplate)
        if is_prompt and hop.edge.key in FEW_SHOT_EDGES:
            return str(hop.edge.key)
    return ""


def _is_whole(site: Site, place: Place) -> bool:
    """Whether a template makes a whole message: it is the prompt itself or a message's only template."""
    if site.owner is place.prompt:
        return True
    before = site.hop.before
    if before is not None and isinstance(before.owner, list):
        before = before.before
    return before is not None and isinstance(before.owner, BaseMessagePromptTemplate)


def _is_example_question(place: Place) -> bool:
    """Whether the text is a human turn that an answer and a further turn follow."""
    if place.role != "human":
        return False
    for hop in place.hops:
        if isinstance(hop.owner, list) and hop.edge.kind == "index" and isinstance(hop.edge.key, int):
            following = hop.owner[hop.edge.key + 1 : hop.edge.key + 3]
            if len(following) == 2 and _is_answer(following[0]):
                return True
    return False


def _is_answer(message: object) -> bool:
    if isinstance(message, BaseMessage):
        return message.type == "ai"
    return type(message).__name__ == "AIMessagePromptTemplate"


def _examples_left(graph: Graph) -> list[LeftAlone]:
    """Static few-shot examples, one entry for each prompt that has them."""
    left = []
    for node in graph.nodes.values():
        prompt = node.value
        if isinstance(prompt, FewShotPromptTemplate | FewShotChatMessagePromptTemplate) and prompt.examples:
            left.append(
                LeftAlone(
                    source=f"{source_of(node.hop.path if node.hop else ())}.examples".removeprefix("."),
                    reason=f"{len(prompt.examples)} static few-shot examples: data, not instructions",
                    text=str(prompt.examples[0]),
                )
            )
    return left
