"""The built-in `gepa_propose_texts`: asking, asking again, giving up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pluggy
import pytest

from gepa_core import hookspecs
from gepa_core.defaults.reflection import ReflectiveMutation
from gepa_core.errors import InfrastructureFault, ModelFault, ProposalDropped
from gepa_core.markers import PROJECT
from gepa_core.mutation import MutationRequest
from gepa_core.protocols import Completion, Message
from tests.reflection.builders import REPLY, ROUTE, Scripted, late_parcel, request

GOOD = "Answer the ticket in queue {queue}. Replace parcels that are over ten days late."


def fenced(text: str) -> str:
    return f"```\n{text}\n```"


def propose(wanted: MutationRequest, plugin: ReflectiveMutation | None = None) -> Mapping[str, str]:
    return asyncio.run((plugin or ReflectiveMutation()).gepa_propose_texts(wanted))


def dropped(wanted: MutationRequest, plugin: ReflectiveMutation | None = None) -> str:
    with pytest.raises(ProposalDropped) as caught:
        propose(wanted, plugin)
    return str(caught.value)


def test_gepa_propose_texts_returns_the_new_text_of_one_call() -> None:
    model = Scripted(fenced(GOOD))
    assert propose(request(model)) == {"reply": GOOD}
    (conversation,) = model.conversations
    assert [message.role for message in conversation] == ["user"]
    assert "## Current text" in conversation[0].content


def test_it_is_a_plugin_that_pluggy_accepts() -> None:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(ReflectiveMutation())
    manager.check_pending()
    assert asyncio.run(manager.hook.gepa_propose_texts(request=request(Scripted(fenced(GOOD))))) == {
        "reply": GOOD
    }


def test_a_text_that_cannot_be_used_is_asked_for_again_with_the_reason() -> None:
    model = Scripted(fenced("Answer the ticket."), fenced(GOOD))
    assert propose(request(model)) == {"reply": GOOD}
    first, second = model.conversations
    assert second[0] == first[0]
    assert second[1] == Message("assistant", fenced("Answer the ticket."))
    assert second[2].role == "user"
    assert "the placeholder {queue} is missing" in second[2].content


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ("I'm sorry, but I can't help with that.", "refusal"),
        ("", "empty"),
        ("The current prompt is already fine.", "no-text"),
        (Completion(text="```\nAnswer the", finish_reason="length"), "truncated"),
        (fenced(REPLY.text), "unchanged"),
        (fenced("Answer the ticket."), "placeholder"),
        (fenced(GOOD + " {made_up}"), "placeholder"),
        (fenced(GOOD + "x" * 1_200), "too-long"),
    ],
)
def test_a_proposal_is_dropped_after_the_second_time_and_says_why(
    answer: str | Completion, word: str
) -> None:
    model = Scripted(answer, answer)
    reason = dropped(request(model))
    assert reason.startswith(f"{word}: ")
    assert reason.endswith("(component 'reply')")
    assert len(model.conversations) == 2
    assert all(message.content.strip() for message in model.conversations[1])


def test_the_last_reason_counts() -> None:
    assert dropped(request(Scripted("", fenced("Answer the ticket.")))).startswith("placeholder: ")


@pytest.mark.parametrize("retries", [0, 3])
def test_how_often_it_asks_again_can_be_chosen(retries: int) -> None:
    model = Scripted(*[""] * 9)
    dropped(request(model), ReflectiveMutation(retries=retries))
    assert len(model.conversations) == 1 + retries


def test_a_problem_of_the_engines_own_is_a_reason_too() -> None:
    reason = dropped(
        request(Scripted(fenced(GOOD), fenced(GOOD)), problems=lambda _name, _text: ["banned: the word late"])
    )
    assert reason == "banned: the word late (component 'reply')"


class Parrot:
    """Answers each component's prompt with a text of its own, and counts who waits at the same time."""

    name = "parrot"

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0

    async def complete(self, messages: Sequence[Message]) -> Completion:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        about_reply = "The component is `reply`" in messages[0].content
        return Completion(text=fenced(GOOD if about_reply else "Name the queue. Parcels go to shipping."))


def test_several_components_are_asked_for_at_once() -> None:
    model = Parrot()
    texts = propose(request(model, components=[ROUTE, REPLY]))
    assert texts == {"route": "Name the queue. Parcels go to shipping.", "reply": GOOD}
    assert model.most == 2


def test_an_outage_weighs_more_than_a_text_that_could_not_be_had() -> None:
    class HalfDown(Parrot):
        async def complete(self, messages: Sequence[Message]) -> Completion:
            if "The component is `reply`" in messages[0].content:
                raise InfrastructureFault("the provider is down")
            return Completion(text="")

    with pytest.raises(InfrastructureFault):
        propose(request(HalfDown(), components=[ROUTE, REPLY]))


def test_a_fault_of_the_model_comes_out_as_it_is() -> None:
    fault = ModelFault("no such model")
    with pytest.raises(ModelFault) as caught:
        propose(request(Scripted(fault)))
    assert caught.value is fault


def test_calls_under_way_end_before_a_proposal_is_dropped() -> None:
    finished = []

    class Slow(Parrot):
        async def complete(self, messages: Sequence[Message]) -> Completion:
            if "The component is `reply`" not in messages[0].content:
                return Completion(text="")
            for _ in range(20):
                await asyncio.sleep(0)
            finished.append("reply")
            return Completion(text=fenced(GOOD))

    assert dropped(request(Slow(), components=[ROUTE, REPLY])).startswith("empty: ")
    assert finished == ["reply"]


def test_the_task_and_the_template_reach_the_model() -> None:
    model = Scripted(fenced(GOOD))
    plugin = ReflectiveMutation(
        task="An online shop.", template="Shop: {task}\n{current_text}\n{requirements}\n{examples}"
    )
    propose(request(model, minibatch=[late_parcel()]), plugin)
    assert model.conversations[0][0].content.startswith("Shop: An online shop.\n```\nAnswer the customer")
