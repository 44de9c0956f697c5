"""What a mutation is given to work with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import attrs

from gepa_core.protocols import LanguageModel
from gepa_core.types import Candidate, Component, Example, Outcome


@attrs.frozen(kw_only=True)
class Reflected:
    """One example of the minibatch and how the parent did on it."""

    example: Example
    outcome: Outcome


@attrs.frozen(kw_only=True)
class MutationRequest:
    """Everything that `gepa_propose_texts` needs for one proposal.

    Attributes:
        number: the proposal's number.
        parent: the candidate to improve.
        components: the components to rewrite, with the *parent's* texts.
        all_components: every component of the system, with the parent's texts.
        minibatch: the examples with the parent's outcomes, in order.
        model: the reflection model; its calls are stored before they are used, counted and retried.
        problems: what is wrong with a text for a component, given the component's name: a dropped
            placeholder, a broken limit, a text equal to the parent's. Empty when it can be used. The
            engine applies it to whatever is returned, so that no plugin can lose a variable.
        rng: generator seeded by (run seed, "mutation", number).
    """

    number: int
    parent: Candidate
    components: Sequence[Component]
    all_components: Sequence[Component]
    minibatch: Sequence[Reflected]
    model: LanguageModel
    problems: Callable[[str, str], Sequence[str]]
    rng: Random
