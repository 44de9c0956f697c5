"""Messages in the forms that clients of models take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gepa_core.images import Image
from gepa_core.protocols import Message

_INTRODUCTION = "Images, which the text after them refers to by name:"


def as_parts(message: Message) -> list[str | Image]:
    """What a model is given of ``message``, in order: each image under its name, and the text after them.

    The text stands last, where a model looks for what it is to do.
    """
    parts: list[str | Image] = [_INTRODUCTION] if message.images else []
    for image in message.images:
        parts += [f"[{image.name}]", image]
    return [*parts, message.content]


def as_dicts(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages in OpenAI's form: ``{"role": …, "content": …}`` each.

    A content is a string. Only where there are images is it a list of parts of the types ``"text"`` and
    ``"image_url"``, the images as data URLs.
    """
    return [{"role": message.role, "content": content_of(message)} for message in messages]


def content_of(message: Message) -> str | list[str | dict[str, Any]]:
    """A message's content in OpenAI's form: its text, or a list of parts where it has images."""
    if not message.images:
        return message.content
    return [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": part.data_url}}
        for part in as_parts(message)
    ]


def as_text(messages: Sequence[Message]) -> str:
    """Messages as one text: a single message's content as it is, several with their roles before them."""
    if len(messages) == 1:
        return messages[0].content
    return "\n\n".join(f"{message.role}:\n{message.content}" for message in messages)
