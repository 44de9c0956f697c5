"""What is made of each text that was found: a component, a text that is left alone, or nothing."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence

import attrs

from gepa_agents.guards import guard_of
from gepa_agents.places import Place, holders, place_of
from gepa_agents.policy import AgentsPolicy
from gepa_agents.wording import names_a_prompt, reads_like_a_text
from gepa_core.appgraph import (
    Change,
    Graph,
    Literal,
    Sent,
    Site,
    TemplateGuard,
    Unguardable,
    Uses,
    copyable,
    of_named,
)
from gepa_core.appgraph.constants import Constant
from gepa_core.appgraph.sent import guarded, sent_as
from gepa_core.protocols import LeftAlone

_KINDS = {"argument": "argument_description", "schema": "schema_description"}


@attrs.frozen(eq=False, kw_only=True)
class Found:
    """A text of the agent that may change.

    Attributes:
        kind: the component's kind.
        guard: turns texts into what the agent holds.
        place: what the way to it says.
        sites: where it stands; several where the same text is read in more than one place.
        literal: where it stands in the code, when no object holds it.
    """

    kind: str
    guard: TemplateGuard
    place: Place
    sites: list[Site] = attrs.field(factory=list)
    literal: Literal | None = None

    @property
    def source(self) -> str:
        """Where it was found, for people."""
        if self.literal is not None:
            return self.literal.source
        return self.sites[0].source if self.sites else f"prompts[{self.place.variable!r}]"


class _Refused(Exception):
    """A text is left alone; the message says why."""


class _Nothing(Exception):
    """A text says nothing about being a prompt: it is data like any other."""


def sort_texts(
    graph: Graph,
    policy: AgentsPolicy,
    uses: Uses,
    changes: Sequence[Change] = (),
    constants: Sequence[Constant] = (),
) -> tuple[list[Found], list[LeftAlone]]:
    """Divide the texts of ``graph`` and of the code into those that may change and those that may not.

    Args:
        changes: texts of the code that a copy, which the app is itself, replaces already.
        constants: texts of Enums, and of modules that are not loaded yet.
    """
    current = {(one.text, one.tool): one.new for one in changes}
    found: list[Found] = []
    left: list[LeftAlone] = []
    for site in graph.sites:
        try:
            one = _examine(site, uses)
            obstacle = copyable(graph, site, policy)
            if obstacle:
                raise _Refused(obstacle)
        except _Nothing:
            continue
        except (_Refused, Unguardable) as reason:
            left.append(LeftAlone(source=site.source, reason=str(reason), text=site.text))
        else:
            _add(found, one)
    for literal in uses.literals:
        try:
            _add(found, _of_literal(literal, current.get((literal.text, literal.tool))))
        except Unguardable as reason:
            left.append(LeftAlone(source=literal.source, reason=str(reason), text=literal.text.natural))
    of_constants, left_too = _of_constants(constants, found, changes)
    return [*found, *of_constants], [*left, *left_too, *_unread(uses)]


def _of_constants(
    constants: Sequence[Constant], found: Sequence[Found], changes: Sequence[Change]
) -> tuple[list[Found], list[LeftAlone]]:
    """The prompts among ``constants``, without those that an object holds as well."""
    held = {site.text for one in found for site in one.sites}
    prompts = [
        one
        for one in constants
        if one.text not in held and reads_like_a_text(one.text) and any(map(names_a_prompt, one.words))
    ]
    sent, left = guarded([], prompts, {one.text: one.new for one in changes})
    return [_of_sent(one, [*one.names[-1].split(".")]) for one in sent], left


def named_texts(texts: Mapping[str, str], changes: Sequence[Change]) -> list[Found]:
    """The texts that the user names as they are sent.

    Raises:
        ConfigurationError: one cannot be recognised.
    """
    return [_of_sent(one, one.names) for one in of_named(texts, {one.text: one.new for one in changes})]


def _of_sent(one: Sent, names: Sequence[str]) -> Found:
    return Found(
        kind=one.kind,
        guard=one.guard,
        place=Place(form="variable", names=names, variable=names[-1]),
        literal=Literal(text=one.text, function=names[-1], source=one.source),
    )


def without_named(found: Sequence[Found], named: Sequence[Found]) -> list[Found]:
    """The texts found that are none of those that the user names."""
    texts = {one.literal.text for one in named if one.literal is not None}
    return [one for one in found if one.literal is None or one.literal.text not in texts]


def _add(found: list[Found], one: Found) -> None:
    """Add a text; one that is there already, word for word, is the same prompt in another place."""
    for other in found:
        if _is_same(other, one):
            other.sites.extend(one.sites)
            return
    found.append(one)


def _is_same(other: Found, one: Found) -> bool:
    if (other.literal is None) != (one.literal is None) or other.guard != one.guard:
        return False
    same_tool = (other.place.tool, other.place.argument) == (one.place.tool, one.place.argument)
    return same_tool and _is_description(other) == _is_description(one)


def _is_description(one: Found) -> bool:
    return one.kind.endswith("_description")


def _examine(site: Site, uses: Uses) -> Found:
    place = place_of(site.hop)
    if place.form in ("tool", "tool_object", "argument", "schema"):
        kind = _KINDS.get(place.form, "tool_description")
        return Found(kind=kind, guard=TemplateGuard.of(site.text, "plain"), place=place, sites=[site])
    if place.form == "message":
        return _message(site, place)
    return _variable(site, place, uses)


def _message(site: Site, place: Place) -> Found:
    if place.role in ("assistant", "tool", "function"):
        raise _Refused(f"it is a message of role {place.role!r}: an example or history, not an instruction")
    if place.role == "user" and _is_answered(site):
        raise _Refused("it is the question of an example turn, not an instruction")
    if not reads_like_a_text(site.text, words=2):
        raise _Nothing
    kind = "instructions" if place.role in ("system", "developer") else "prompt"
    return Found(kind=kind, guard=TemplateGuard.of(site.text, "plain"), place=place, sites=[site])


def _is_answered(site: Site) -> bool:
    """Whether an answer of the assistant follows in the same list."""
    before = site.hop.before
    if before is None or not isinstance(before.owner, list) or before.edge.kind != "index":
        return False
    following = before.owner[int(str(before.edge.key)) + 1 :][:1]
    return any(isinstance(message, dict) and message.get("role") == "assistant" for message in following)


def _variable(site: Site, place: Place, uses: Uses) -> Found:
    names = holders(site.hop)
    used = next((name for name in names if name in uses.prompts), None)
    if used is None and not any(map(names_a_prompt, names)):
        raise _Nothing
    if not reads_like_a_text(site.text, words=3) or site.hop.edge.key == "__doc__":
        raise _Nothing
    role = uses.prompts.get(used or "", "")
    kind = "instructions" if role in ("system", "developer") else "prompt"
    guard = guard_of(site.text, names, uses)
    return Found(kind=kind, guard=guard, place=attrs.evolve(place, role=role), sites=[site])


def _of_literal(literal: Literal, current: str | None) -> Found:
    guard = sent_as(literal.text, {} if current is None else {literal.text: current})
    names = [literal.function]
    place = Place(
        form="argument" if literal.argument else "tool" if literal.tool else "message",
        names=names,
        variable="",
        role=literal.role,
        tool=literal.tool,
        argument=literal.argument,
    )
    return Found(kind=literal.kind, guard=guard, place=place, literal=literal)


def _unread(uses: Uses) -> list[LeftAlone]:
    """Texts in the code of functions whose source is not there."""
    return [
        LeftAlone(
            source=f"literal in {function.__module__}:{function.__qualname__}",
            reason="it stands in the code of a function whose source cannot be read; give it a name",
            text=text,
        )
        for function in uses.unread
        for text in _long_constants(function.__code__)
        if text != function.__doc__
    ]


def _long_constants(code: types.CodeType) -> list[str]:
    inner = [
        text for one in code.co_consts if isinstance(one, types.CodeType) for text in _long_constants(one)
    ]
    return [one for one in code.co_consts if isinstance(one, str) and reads_like_a_text(one, words=6)] + inner
