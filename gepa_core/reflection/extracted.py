"""What a reflection model's answer turned out to be."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

import attrs


@attrs.frozen
class NewText:
    """The answer holds a new text."""

    text: str


@attrs.frozen
class Unusable:
    """The answer holds no text that could be used.

    Attributes:
        detail: what was wrong with it, a phrase for people and for the model when it is asked again.
        word: the fixed word that this kind is counted by.
    """

    detail: str
    word: ClassVar[str]

    @property
    def reason(self) -> str:
        """``"word: detail"``."""
        return f"{self.word}: {self.detail}"


@attrs.frozen
class Refused(Unusable):
    """The model declined."""

    word: ClassVar[str] = "refusal"


@attrs.frozen
class Empty(Unusable):
    """There was no answer at all."""

    word: ClassVar[str] = "empty"


@attrs.frozen
class NoText(Unusable):
    """The model answered, but with something that is no text of the component."""

    word: ClassVar[str] = "no-text"


@attrs.frozen
class TooLong(Unusable):
    """The answer is far too long to be a text of the component."""

    word: ClassVar[str] = "too-long"


@attrs.frozen
class Truncated(Unusable):
    """The answer ended before it was complete."""

    word: ClassVar[str] = "truncated"


@attrs.frozen
class Unchanged(Unusable):
    """The text is the current one, white space aside."""

    word: ClassVar[str] = "unchanged"


Extracted: TypeAlias = NewText | Refused | Empty | NoText | TooLong | Truncated | Unchanged
