"""Images for the tests of reflection, and models that are shown them."""

from __future__ import annotations

from collections.abc import Sequence

from gepa_core.images import Image
from gepa_core.lm.parts import as_dicts
from gepa_core.protocols import Completion, Message


def png(number: int, size: int = 64) -> bytes:
    """A file that begins as a PNG does, another one for each number."""
    return b"\x89PNG\r\n\x1a\n" + number.to_bytes(4, "big") * (size // 4)


def picture(number: int, size: int = 64) -> Image:
    return Image(media_type="image/png", data=png(number, size))


def url(number: int, size: int = 64) -> str:
    return picture(number, size).data_url


def message_of(question: str, *numbers: int) -> dict[str, object]:
    """A message in OpenAI's form with images in it."""
    parts = [{"type": "image_url", "image_url": {"url": url(number)}} for number in numbers]
    return {"role": "user", "content": [{"type": "text", "text": question}, *parts]}


class Seeing:
    """A model that sees, gives the answers of a script (the last for ever), and keeps what it is asked."""

    name = "seeing"

    def __init__(self, *answers: str | Exception, sees: bool = True) -> None:
        self.answers = list(answers)
        self.asked: list[Sequence[Message]] = []
        self.sees = sees

    async def sees_images(self) -> bool:
        return self.sees

    async def complete(self, messages: Sequence[Message]) -> Completion:
        self.asked.append(messages)
        as_dicts(messages)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Completion(text=answer, finish_reason="stop")
