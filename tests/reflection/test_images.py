"""Images of trajectories and inputs, shown to a reflection model that sees."""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gepa_core import Component, Result, Rollout, Step, Trajectory, optimize
from gepa_core.defaults.reflection import ReflectiveMutation
from gepa_core.errors import ConfigurationError, ModelFault, PromptRefused, StoreError
from gepa_core.images import Image, Referring
from gepa_core.jsonable import to_jsonable
from gepa_core.mutation import Reflected
from gepa_core.protocols import Completion, LanguageModel, LeftAlone, Message
from gepa_core.recorded import prompt_id
from gepa_core.reflection import Gallery, render_prompt, with_images
from gepa_core.reflection.gallery import LARGEST
from gepa_core.store import Store
from gepa_core.types import Example, Feedback
from tests.reflection.builders import REPLY, Scripted, outcome, request
from tests.reflection.pictures import Seeing, message_of, picture, png, url

GOOD = "```\nAnswer the ticket in queue {queue}. Look at the photo first.\n```"


def seen_in(
    example: str, score: float, *numbers: int, inputs: object = "see", by: str = "reply"
) -> Reflected:
    """An example on which the app sent images to its model."""
    steps = [
        Step(
            kind="model", name="m", inputs=to_jsonable([message_of("What is it?", number)]), components=(by,)
        )
        for number in numbers
    ]
    return Reflected(
        example=Example(inputs=inputs, id=example), outcome=outcome(example, "a cat", Feedback(score), steps)
    )


def asked(minibatch: Sequence[Reflected], most: int = 9, kept: Sequence[Image] = ()) -> Message:
    prompt = render_prompt(REPLY, all_components=[REPLY], minibatch=minibatch)
    return with_images(prompt, minibatch, most, {image.digest: image for image in kept}.get)


PICTURES = [picture(number) for number in range(9)]


def test_a_prompt_calls_images_by_name_in_the_order_in_which_it_names_them() -> None:
    message = asked([seen_in("a", 0.0, 2, 1), seen_in("b", 1.0, 2)], kept=PICTURES)
    assert [image.name for image in message.images] == ["image-1", "image-2"]
    assert [image.data for image in message.images] == [png(2), png(1)]
    assert message.content.count("[image-1]") == 2
    assert message.content.count("[image-2]") == 1
    assert "sha256" not in message.content


def test_examples_take_turns_and_the_worst_come_first() -> None:
    minibatch = [seen_in("a", 0.9, 1, 2, 3), seen_in("b", 0.1, 4, 5), seen_in("c", 0.5, 6)]
    message = asked(minibatch, most=4, kept=PICTURES)
    assert [image.data for image in message.images] == [png(1), png(4), png(5), png(6)]
    assert picture(2).reference in message.content


def test_images_of_inputs_need_not_be_kept() -> None:
    message = asked([seen_in("a", 0.0, inputs={"photo": png(3)})])
    assert [image.data for image in message.images] == [png(3)]


@pytest.mark.parametrize("by", ["route", "reply"])
def test_only_the_steps_of_the_component_show_their_images(by: str) -> None:
    assert len(asked([seen_in("a", 0.0, 1, by=by)], kept=PICTURES).images) == (by == "reply")


def test_an_image_that_was_not_kept_stays_a_reference() -> None:
    message = asked([seen_in("a", 0.0, 1)])
    assert message.images == ()
    assert picture(1).reference in message.content


def test_an_image_that_is_too_large_for_a_provider_is_not_shown(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    large = picture(1, LARGEST + 4)
    gallery.keep([large])
    assert gallery.find(large.digest) is None
    assert asked([seen_in("a", 0.0, inputs=large.data)]).images == ()


def test_a_gallery_keeps_each_image_once_for_its_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "images"
    Gallery(directory).keep([picture(1), picture(1), picture(2)])
    first = directory / f"{picture(1).digest}.png"
    written = first.stat().st_mtime_ns
    Gallery(directory).keep([picture(1)])
    assert first.stat().st_mtime_ns == written
    assert len(list(directory.iterdir())) == 2
    assert [stat.S_IMODE(path.stat().st_mode) for path in (directory, first)] == [0o700, 0o600]
    assert Gallery(directory).find(picture(2).digest) == picture(2)


def test_an_image_that_was_changed_on_disk_is_an_error_that_names_it(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    gallery.keep([picture(1)])
    (tmp_path / f"{picture(1).digest}.png").write_bytes(png(2))
    with pytest.raises(StoreError, match=picture(1).digest):
        gallery.find(picture(1).digest)


def test_a_gallery_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "images").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        Gallery(tmp_path / "images").keep([picture(1)])


# the plugin --------------------------------------------------------------------


def plugin_in(directory: Path, images: int = 4, retries: int = 1) -> ReflectiveMutation:
    plugin = ReflectiveMutation(images=images, retries=retries)
    plugin.gepa_configure(run_dir=str(directory))
    return plugin


def propose(model: LanguageModel, plugin: ReflectiveMutation, *minibatch: Reflected) -> Mapping[str, str]:
    return asyncio.run(plugin.gepa_propose_texts(request(model, minibatch=minibatch)))


PHOTO = seen_in("a", 0.0, inputs=[png(1)])


def test_a_model_that_sees_is_shown_images_also_when_it_is_asked_again(tmp_path: Path) -> None:
    model = Seeing("", GOOD)
    propose(model, plugin_in(tmp_path), PHOTO)
    assert [[len(message.images) for message in messages] for messages in model.asked] == [[1], [1, 0, 0]]


@pytest.mark.parametrize("images", [0, 4])
def test_a_text_model_is_asked_what_it_always_was(
    images: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain, blind = Scripted(GOOD), Seeing(GOOD, sees=False)
    plugin = plugin_in(tmp_path, images)
    with caplog.at_level(logging.WARNING, "gepa_core.reflection"):
        propose(plain, plugin, PHOTO)
        propose(blind, plugin, PHOTO)
    prompt = render_prompt(
        REPLY, all_components=request(plain).all_components, minibatch=[PHOTO], task=plugin.task
    )
    assert [list(plain.conversations[0]), list(blind.asked[0])] == [[Message("user", prompt)]] * 2
    assert len(caplog.records) == (1 if images else 0)


def test_a_model_that_refuses_images_is_asked_in_words(tmp_path: Path) -> None:
    model = Seeing(PromptRefused("prompt-refused: image_url is not supported"), GOOD)
    assert propose(model, plugin_in(tmp_path, retries=0), PHOTO)
    assert [len(messages[0].images) for messages in model.asked] == [1, 0]
    assert picture(1).reference in model.asked[1][0].content


def test_a_refusal_without_images_drops_the_proposal(tmp_path: Path) -> None:
    model = Seeing(PromptRefused("prompt-refused: too long"))
    with pytest.raises(PromptRefused):
        propose(model, plugin_in(tmp_path), PHOTO)
    assert len(model.asked) == 2


def test_a_number_below_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="images=-1"):
        ReflectiveMutation(images=-1)


# whole runs -----------------------------------------------------------------------


class Viewer:
    """An app that shows its model a picture for each number; its answers get longer with its prompt."""

    components: tuple[Component, ...] = (Component(name="look", text="Look."),)
    left_alone: tuple[LeftAlone, ...] = ()

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        sent = [{"role": "system", "content": texts["look"]}, message_of("What is it?", inputs)]
        step = Step(kind="model", name="eyes", inputs=to_jsonable(sent), components=("look",))
        return Rollout(output=len(texts["look"]), trajectory=Trajectory(steps=(step,)))

    def build(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        return texts


class Improving(Seeing):
    """Adds a word to the text that it is shown, and fails in the way that it is told to."""

    def __init__(self, fault: Exception | None = None) -> None:
        super().__init__("")
        self.fault = fault

    async def complete(self, messages: Sequence[Message]) -> Completion:
        self.asked.append(messages)
        if self.fault is not None and messages[0].images:
            raise self.fault
        current = messages[0].content.split("## Current text\n```\n")[1].split("\n```")[0]
        return Completion(text=f"```\n{current} Closely.\n```", finish_reason="stop")


def metric(_example: Any, output: int) -> float:
    return output / 1000


def optimized(model: Any, run_dir: Path, budget: int = 60, images: int = 2) -> Result:
    return optimize(
        Viewer(),
        trainset=[*range(4)],
        valset=[*range(100, 104)],
        metric=metric,
        reflection_lm=model,
        budget=budget,
        run_dir=run_dir,
        plugins=[ReflectiveMutation(images=images)],
    )


def test_a_run_shows_images_of_training_examples_and_of_no_others(tmp_path: Path) -> None:
    model = Improving()
    optimized(model, tmp_path)
    shown = {image.digest for messages in model.asked for image in messages[0].images}
    assert shown == {picture(number).digest for number in range(4)}
    assert {len(messages[0].images) for messages in model.asked} == {2}
    kept = {path.stem for path in (tmp_path / "images").iterdir()}
    assert kept == shown


def test_no_image_is_kept_where_none_is_shown(tmp_path: Path) -> None:
    optimized(Improving(), tmp_path, images=0)
    assert not (tmp_path / "images").exists()


def test_a_resumed_run_asks_what_the_unbroken_one_asks(tmp_path: Path) -> None:
    unbroken, first, second = Improving(), Improving(), Improving()
    expected = optimized(unbroken, tmp_path / "unbroken")
    optimized(first, tmp_path / "broken", budget=30)
    found = optimized(second, tmp_path / "broken")
    assert found.proposals == expected.proposals
    assert [*first.asked, *second.asked] == unbroken.asked
    assert second.asked


def test_the_answer_to_other_images_is_another() -> None:
    """The key of a stored answer covers what was shown, not only the words around it."""
    one, other = (Message("user", "[image-1]", (picture(number),)) for number in (1, 2))
    words = Message("user", "[image-1]")
    assert len({prompt_id([message]) for message in (one, other, words)}) == 3


def test_a_provider_that_refuses_images_costs_no_proposal(tmp_path: Path) -> None:
    model = Improving(ModelFault("400: image_url is only supported by certain models"))
    found = optimized(model, tmp_path)
    assert found.complete
    assert len(found.best.texts["look"]) > len("Look.")
    assert [len(messages[0].images) for messages in model.asked[:2]] == [2, 0]


def test_a_refused_key_still_ends_the_run(tmp_path: Path) -> None:
    class Locked(Improving):
        async def complete(self, messages: Sequence[Message]) -> Completion:
            self.asked.append(messages)
            raise ModelFault("401: no such key")

    model = Locked()
    with pytest.raises(ModelFault, match="no such key"):
        optimized(model, tmp_path)
    assert [len(messages[0].images) for messages in model.asked] == [2, 0]


def test_what_is_stored_of_a_trajectory_has_references_only(tmp_path: Path) -> None:
    optimized(Improving(), tmp_path)
    store = Store.read(tmp_path)
    inputs = [outcome.trajectory.steps[0].inputs for outcome in store.outcomes(purpose="parent")]
    store.close()
    texts = str(inputs)
    assert picture(0).reference in texts
    assert url(0) not in texts
    assert not isinstance(inputs[0], Referring)
