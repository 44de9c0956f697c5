"""Components whose text is changed on its way to a model, since no object of the app holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import Template

import attrs

from gepa_core.appgraph.boundary import Change, Rewriting, canonical_role
from gepa_core.appgraph.constants import Constant
from gepa_core.appgraph.guard import TemplateGuard, Unguardable
from gepa_core.appgraph.naming import NameForms, slug
from gepa_core.appgraph.uses import Literal
from gepa_core.appgraph.walk import Site
from gepa_core.appgraph.written import Written, dollar_pieces
from gepa_core.errors import ConfigurationError
from gepa_core.protocols import LeftAlone
from gepa_core.types import Component


@attrs.frozen(kw_only=True)
class Sent:
    """A text that is changed on its way to a model.

    Attributes:
        text: as the app writes it.
        guard: turns a candidate's text into what is sent.
        kind: the component's kind.
        role: the role of the messages that hold it, in the words of chat APIs; empty when any may.
        names: the names that it could have, from the shortest to the most exact.
        what: what it is, for the reflection model.
        source: where it stands, for people.
        tool: the tool that it describes, and ``argument`` which of its arguments, if one.
    """

    text: Written
    guard: TemplateGuard
    kind: str = "prompt"
    role: str = ""
    names: NameForms
    what: str
    source: str
    tool: str = ""
    argument: str = ""

    def component(self, name: str, role: str) -> Component:
        """What is optimised of it.

        Args:
            role: the role of the messages that hold it, in the framework's words.
        """
        return Component(
            name=name,
            text=self.guard.natural,
            kind=self.kind,
            syntax=self.guard.syntax,
            role=role,
            purpose=self.what,
            source=self.source,
        )

    def change(self, name: str, text: str) -> Change:
        """What a candidate with ``text`` for the component ``name`` makes of it.

        Raises:
            ConfigurationError: a gap is missing or new.
        """
        new = self.guard.to_template(text)
        return Change(name=name, text=self.text, new=new, role=self.role, tool=self.tool)


def sent_as(text: Written, current: Mapping[Written, str]) -> TemplateGuard:
    """The guard of a text that is sent.

    Args:
        current: what an app that is a copy itself sends in place of texts in its code.

    Raises:
        Unguardable: its gaps cannot be told from the braces in it.
    """
    natural = current.get(text, text.natural)
    guard = TemplateGuard.of(natural, "braces" if text.has_gaps else "plain", escapes=False)
    if set(guard.placeholders) != {"{" + name + "}" for name in text.gaps}:
        raise Unguardable("what it fills in cannot be told from the braces in its text")
    return guard


def of_literal(literal: Literal, current: Mapping[Written, str]) -> Sent:
    """A text in a function.

    Raises:
        Unguardable: see `sent_as`.
    """
    role = canonical_role(literal.role)
    function = slug(literal.function) or "lambda"
    names = [f"{function}.{role or 'prompt'}"]
    if literal.tool:
        names = [".".join(filter(None, ("tool", slug(literal.tool), slug(literal.argument))))]
    return Sent(
        text=literal.text,
        guard=sent_as(literal.text, current),
        kind=literal.kind,
        role=role,
        names=names,
        what=f"{role + ' message' if role else 'text'} in the function {literal.function!r}",
        source=literal.source,
        tool=literal.tool,
        argument=literal.argument,
    )


def of_constant(constant: Constant, current: Mapping[Written, str]) -> Sent:
    """A text of an Enum or of a module that is not loaded yet.

    Raises:
        Unguardable: see `sent_as`.
    """
    text = Written.as_filled(constant.text)
    name, holder = slug(constant.name).lower(), slug(constant.holder).lower()
    return Sent(
        text=text,
        guard=sent_as(text, current),
        names=[name, f"{holder}.{name}"],
        what=f"text {constant.name!r} of {constant.holder!r}",
        source=constant.source,
    )


def as_app_fills(site: Site) -> Written:
    """A string, or the text of a `string.Template`, that the app fills in its own way."""
    if isinstance(site.owner, Template):
        return Written.of_pieces(list(dollar_pieces(site.text)))
    return Written.as_filled(site.text)


def as_guarded(guard: TemplateGuard) -> Written:
    """A text whose gaps a template's guard knows."""
    return Written.of(guard.natural) if guard.syntax == "braces" else Written((guard.natural,))


def of_held(
    text: Written, current: Mapping[Written, str], *, names: NameForms, role: str, source: str
) -> Sent:
    """A text that an object holds, and that is changed in messages all the same.

    Raises:
        Unguardable: see `sent_as`.
    """
    return Sent(
        text=text,
        guard=sent_as(text, current),
        kind="instructions" if role == "system" else "prompt",
        role=role,
        names=names,
        what=f"{role + ' message' if role else 'text'} {names[0]!r}",
        source=source,
    )


def replaced_by(rewritings: Iterable[Rewriting]) -> dict[Written, str]:
    """What models of an app that is a copy itself send in place of texts in its code."""
    return {one.text: one.new for rewriting in rewritings for one in rewriting.changes if one.name}


def of_named(texts: Mapping[str, str], current: Mapping[Written, str]) -> list[Sent]:
    """Texts that the user names. White space around one is not part of it.

    Raises:
        ConfigurationError: one has no words, or nothing between two gaps.
    """
    found = []
    for name, natural in texts.items():
        text = Written.of(natural.strip())
        if not text.words.strip() or "" in text.pieces[2:-1:2]:
            raise ConfigurationError(
                f"sent={{{name!r}: …}}: a text that is recognised in messages needs words of its own, and"
                f" something between any two gaps, not {natural!r}"
            )
        found.append(
            Sent(
                text=text,
                guard=sent_as(text, current),
                names=[name],
                what=f"text {name!r}, as it is sent",
                source=f"sent[{name!r}]",
            )
        )
    return found


def without_known(texts: Iterable[Sent], known: Iterable[Sent]) -> list[Sent]:
    """Those of ``texts`` that are not among ``known``, each once: the same words for a role are one text."""
    seen = {(one.text, role) for one in known for role in (one.role, "", "system", "user")}
    found = []
    for one in texts:
        if (one.text, one.role) not in seen or one.tool:
            seen.add((one.text, one.role))
            found.append(one)
    return found


def all_sent(
    named: Mapping[str, str], found: Iterable[Sent], current: Mapping[Written, str], held: Mapping[str, str]
) -> list[Sent]:
    """The named texts, and those that were found and are none of them.

    Args:
        held: source by text of what objects of the app hold.

    Raises:
        ConfigurationError: a named text is held by an object, or cannot be recognised in a message.
    """
    for name, text in named.items():
        if text.strip() in held:
            raise ConfigurationError(
                f"sent={{{name!r}: …}}: this text is found in the app, at {held[text.strip()]}; leave it out"
            )
    wanted = of_named(named, current)
    return [*wanted, *without_known(found, wanted)]


def unreachable(sent: Iterable[Sent]) -> list[LeftAlone]:
    """Texts of an app whose models are not seen."""
    reason = (
        "it would be replaced on its way to a model, and the app holds none: make the model outside of the"
        " function that calls it"
    )
    return [LeftAlone(source=one.source, reason=reason, text=one.text.natural) for one in sent]


def guarded(
    literals: Sequence[Literal], constants: Sequence[Constant], current: Mapping[Written, str]
) -> tuple[list[Sent], list[LeftAlone]]:
    """What can be made of texts that were read in code, and what cannot."""
    found: list[Sent] = []
    left: list[LeftAlone] = []
    for literal in literals:
        try:
            found.append(of_literal(literal, current))
        except Unguardable as reason:
            left.append(LeftAlone(source=literal.source, reason=str(reason), text=literal.text.natural))
    for constant in constants:
        try:
            found.append(of_constant(constant, current))
        except Unguardable as reason:
            left.append(LeftAlone(source=constant.source, reason=str(reason), text=constant.text))
    return found, left
