"""The reflection prompt: what is known of a component and of its examples, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from gepa_core.mutation import Reflected
from gepa_core.reflection.component import show_component, show_requirements
from gepa_core.reflection.cutting import CHARS_PER_TOKEN
from gepa_core.reflection.examples import show_examples
from gepa_core.reflection.fences import fenced
from gepa_core.reflection.pieces import Draft
from gepa_core.reflection.template import DEFAULT_TEMPLATE, fill_template, fixed_length
from gepa_core.types import Component

_COMFORTABLE = 400
"""Characters that a text should keep when it is cut; fewer texts are shown before it gets less."""


@attrs.frozen(kw_only=True)
class _Detail:
    """How many texts are shown: examples, steps of each, and other components."""

    examples: int
    steps: int
    others: int


def render_prompt(
    component: Component,
    *,
    all_components: Sequence[Component],
    minibatch: Sequence[Reflected],
    task: str = "",
    template: str = DEFAULT_TEMPLATE,
    max_tokens: int = 16_000,
) -> str:
    """The prompt that asks for a new text of ``component``. The same for the same arguments, always.

    Everything but the current text, the requirements and the task may be cut to the budget: the longest
    texts first, feedback and errors least. What was cut is said in place. Only when the current text
    itself is larger than the budget does the prompt exceed it: a text that is not seen whole cannot be
    rewritten.

    Args:
        component: the one to rewrite, with its current text.
        all_components: every component of the system, for its place among them.
        minibatch: training examples with the outcomes of the current text.
        task: what the whole system is for, in the user's words.
        template: see `gepa_core.reflection.template`.
        max_tokens: the budget, at four characters a token.
    """
    budget = max_tokens * CHARS_PER_TOKEN - fixed_length(template)
    draft = Draft({})
    for detail in _details(len(minibatch)):
        draft = _draft(component, all_components, minibatch, task, detail)
        if draft.least(_COMFORTABLE) <= budget:
            break
    return _writable(fill_template(template, draft.fill(budget)))


def _details(examples: int) -> Iterator[_Detail]:
    """From everything to next to nothing: fewer steps and other texts first, then fewer examples."""
    for steps, others in ((200, 100), (60, 30), (20, 10), (8, 3), (4, 0), (2, 0)):
        yield _Detail(examples=examples, steps=steps, others=others)
    while examples > 1:
        examples = (examples + 1) // 2
        yield _Detail(examples=examples, steps=2, others=0)
    yield _Detail(examples=1, steps=0, others=0)


def _draft(
    component: Component,
    all_components: Sequence[Component],
    minibatch: Sequence[Reflected],
    task: str,
    detail: _Detail,
) -> Draft:
    examples = show_examples(minibatch, component, examples=detail.examples, steps=detail.steps)
    return Draft(
        {
            "task": (task.strip() or "Nothing is said about it beyond what follows.",),
            "component": tuple(show_component(component, all_components, detail.others)),
            "current_text": (fenced(component.text),),
            "requirements": (show_requirements(component),),
            "examples": tuple(examples) or ("(none)",),
        }
    )


def _writable(prompt: str) -> str:
    """``prompt`` without characters that no provider accepts: NUL and lone surrogates, escaped."""
    return prompt.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")
