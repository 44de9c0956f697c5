"""Showing images to the reflection model: which ones, and by what names its prompt calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

import attrs

from gepa_core.images import Image, images_in, references_in, replace_references
from gepa_core.jsonable import to_jsonable
from gepa_core.mutation import Reflected
from gepa_core.protocols import Message
from gepa_core.reflection.gallery import LARGEST
from gepa_core.reflection.layout import show
from gepa_core.types import Outcome


def with_images(
    prompt: str,
    minibatch: Sequence[Reflected],
    most: int,
    find: Callable[[str], Image | None],
) -> Message:
    """``prompt`` as a message with at most ``most`` of the images that it refers to.

    References become names, ``[image-1]`` for the first. Examples take turns, those with the lowest scores
    first, so that none goes without while another has several. What is not shown stays a reference.

    Args:
        prompt: what `render_prompt` made of ``minibatch``.
        find: gives an image of a trajectory by its digest; None when it was not kept.
    """
    given = {image.digest: image for each in minibatch for image in images_of_example(each)}
    wanted = references_in(prompt)
    chosen: dict[str, Image] = {}
    for digest in _in_turns(minibatch):
        if len(chosen) < most and digest in wanted and digest not in chosen:
            image = given.get(digest) or find(digest)
            if image is not None and len(image.data) <= LARGEST:
                chosen[digest] = image
    names = {
        digest: f"image-{number}" for number, digest in enumerate((one for one in wanted if one in chosen), 1)
    }
    text = replace_references(prompt, lambda digest: f"[{names[digest]}]" if digest in names else None)
    images = tuple(attrs.evolve(chosen[digest], name=name) for digest, name in names.items())
    return Message("user", text, images)


def images_of_example(reflected: Reflected) -> Iterator[Image]:
    """The images in an example's inputs and in what is expected: they need not be kept, the data has them."""
    return images_in(to_jsonable([reflected.example.inputs, reflected.example.expected]))


def _in_turns(minibatch: Sequence[Reflected]) -> Iterator[str]:
    """The digests that each example refers to, one of each example at a time."""
    by_score = sorted(minibatch, key=lambda each: each.outcome.score)
    for turn in zip_longest(*map(_digests, by_score)):
        yield from (digest for digest in turn if digest is not None)


def _digests(reflected: Reflected) -> list[str]:
    example = show([reflected.example.inputs, reflected.example.expected])
    return references_in(f"{example}\n{show(_captured(reflected.outcome))}")


def _captured(outcome: Outcome) -> object:
    return [[step.inputs, step.output] for step in outcome.trajectory.steps] + [[outcome.output]]
