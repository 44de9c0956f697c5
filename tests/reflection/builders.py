"""A small support desk to reflect on, shared by the tests of reflection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from gepa_core.guard import text_problems
from gepa_core.mutation import MutationRequest, Reflected
from gepa_core.protocols import Completion, LanguageModel, Message
from gepa_core.types import (
    Candidate,
    Component,
    Example,
    Failure,
    Feedback,
    Json,
    Outcome,
    Step,
    Trajectory,
)

ROUTE = Component(
    name="route",
    text="Name the queue of the ticket: billing, shipping or other.",
    role="system",
    purpose="Chooses the queue that a ticket goes to.",
)
REPLY = Component(
    name="reply",
    text="Answer the customer's ticket, which is in the queue {queue}.",
    syntax="braces",
    role="system",
    purpose="Writes the reply that the customer reads.",
    max_chars=1_200,
)


def messages(system: str, user: str) -> Json:
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def late_parcel() -> Reflected:
    ticket = "Where is my parcel? I ordered two weeks ago."
    steps = (
        Step(
            kind="model",
            name="gpt-4.1-mini",
            inputs=messages(ROUTE.text, ticket),
            output="shipping",
            components=("route",),
            seconds=0.4,
        ),
        Step(kind="tool", name="find_order", inputs={"order": None}, error="no order number was given"),
        Step(
            kind="model",
            name="gpt-4.1-mini",
            inputs=messages("Answer the customer's ticket, which is in the queue shipping.", ticket),
            output="It will arrive soon.",
            components=("reply",),
            seconds=1.3,
        ),
    )
    feedback = Feedback(
        0.25,
        "Parcels that are over ten days late are replaced, and this one is.",
        objectives={"correct": 0.0, "polite": 0.5},
        by_component={"reply": "Ask for the order number before anything is promised."},
    )
    return Reflected(
        example=Example(inputs={"ticket": ticket}, expected="Ask for the order number.", id="e1"),
        outcome=outcome("e1", "It will arrive soon.", feedback, steps),
    )


def failed() -> Reflected:
    failure = Failure(type="KeyError", message="'queue'")
    return Reflected(
        example=Example(inputs={"ticket": "Refund me."}, id="e2"),
        outcome=outcome("e2", None, Feedback(0.0, "KeyError: 'queue'"), failure=failure),
    )


def number_only() -> Reflected:
    return Reflected(
        example=Example(inputs="Cancel my plan.", expected="Confirm, and say until when it runs.", id="e3"),
        outcome=outcome("e3", "Done.", Feedback(0.5)),
    )


def outcome(
    example: str,
    output: Json,
    feedback: Feedback,
    steps: Sequence[Step] = (),
    *,
    failure: Failure | None = None,
) -> Outcome:
    return Outcome(
        candidate="c",
        example=example,
        split="train",
        output=output,
        feedback=feedback,
        trajectory=Trajectory(steps=tuple(steps)),
        failure=failure,
        seconds=1.7,
    )


class Scripted:
    """A model that gives the answers of a script and keeps the conversations that it was shown."""

    name = "scripted"

    def __init__(self, *answers: str | Completion | Exception) -> None:
        self.answers = list(answers)
        self.conversations: list[list[Message]] = []

    async def complete(self, messages: Sequence[Message]) -> Completion:
        self.conversations.append(list(messages))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Completion) else Completion(text=answer, finish_reason="stop")


def request(
    model: LanguageModel,
    components: Sequence[Component] = (REPLY,),
    minibatch: Sequence[Reflected] | None = None,
    problems: Callable[[str, str], Sequence[str]] | None = None,
) -> MutationRequest:
    known = {component.name: component for component in (ROUTE, REPLY)}
    return MutationRequest(
        number=3,
        parent=Candidate(texts={name: component.text for name, component in known.items()}),
        components=components,
        all_components=list(known.values()),
        minibatch=[late_parcel(), failed(), number_only()] if minibatch is None else minibatch,
        model=model,
        problems=problems or (lambda name, text: text_problems(known[name], known[name].text, text)),
        rng=Random(0),
    )
