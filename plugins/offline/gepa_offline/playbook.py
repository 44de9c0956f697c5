"""What there is to know about one component: the hidden rules of a domain, and ways to get them wrong.

A *fact* is something that an input can show and that decides one field of the output. An untrained
model gets a fact right when ordinary sense is enough, and wrong when the house has a *rule* for it,
until an instruction states that rule. A rule can also be stated too *broadly*: it then spoils other
facts. An *invention* is a rule that does not exist and only does harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal, TypeAlias

import attrs

Kind: TypeAlias = Literal["rule", "broad", "invented", "ordinary"]


@attrs.frozen(kw_only=True)
class Rule:
    """A house rule, and how instructions state it.

    Attributes:
        says: ways to state it, the plainest first.
        cues: it is recognised where a sentence holds all words of one of them.
        broad: a statement of it that reaches too far.
        broad_cue: the words by which that is recognised.
        spoils: ids of the facts on which the broad statement fires although it should not.
    """

    says: tuple[str, ...]
    cues: tuple[str, ...]
    broad: str
    broad_cue: str
    spoils: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Fact:
    """Something in an input that decides a field of the output.

    Attributes:
        id: unique in its playbook.
        right: the field's right value.
        wrong: the plausible wrong one: what ordinary sense says, or a slip where sense is enough.
        note: how feedback states what would have been right.
        note_cue: the words by which the note is recognised, for a fact without a rule.
        rule: the house rule that has to be known; None where ordinary sense is enough.
    """

    id: str
    right: str
    wrong: str
    note: str
    note_cue: str = ""
    rule: Rule | None = None


@attrs.frozen(kw_only=True)
class Invention:
    """A rule that does not exist: what it makes of the facts that it spoils."""

    id: str
    text: str
    cue: str
    value: str
    spoils: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Statement:
    """Something that a sentence can say: a rule, its broad form, an invention, or ordinary handling."""

    id: str
    kind: Kind
    cues: tuple[str, ...]
    value: str
    spoils: tuple[str, ...] = ()
    fact: Fact | None = None
    texts: tuple[str, ...]


@attrs.frozen(kw_only=True, eq=False)
class Playbook:
    """All there is to know for one component of a domain.

    Attributes:
        component: the component's name.
        facts: what inputs can show, with and without rules.
        inventions: rules that do not exist.
        about: cues by which an instruction is known to be for this component.
    """

    component: str
    facts: tuple[Fact, ...]
    inventions: tuple[Invention, ...]
    about: tuple[str, ...]

    @cached_property
    def by_id(self) -> dict[str, Fact]:
        """The facts by their id."""
        return {fact.id: fact for fact in self.facts}

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Everything that a sentence can say about this component."""
        return tuple(_statements(self))


def _statements(playbook: Playbook) -> Iterator[Statement]:
    for fact in playbook.facts:
        if fact.rule is None:
            yield Statement(
                id=fact.id,
                kind="ordinary",
                cues=(fact.note_cue,),
                value=fact.right,
                fact=fact,
                texts=(fact.note,),
            )
            continue
        rule = fact.rule
        yield Statement(id=fact.id, kind="rule", cues=rule.cues, value=fact.right, fact=fact, texts=rule.says)
        yield Statement(
            id=f"{fact.id}/broad",
            kind="broad",
            cues=(rule.broad_cue,),
            value=fact.right,
            spoils=rule.spoils,
            fact=fact,
            texts=(rule.broad,),
        )
    for made in playbook.inventions:
        yield Statement(
            id=made.id,
            kind="invented",
            cues=(made.cue,),
            value=made.value,
            spoils=made.spoils,
            texts=(made.text,),
        )
