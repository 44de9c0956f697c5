"""A model whose answers are known beforehand, and that remembers what it was sent."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeAlias

import attrs

from gepa_core.jsonable import to_jsonable
from gepa_core.marks import texts_in
from gepa_core.protocols import Completion, Message
from gepa_core.types import Usage

Script: TypeAlias = Callable[[str], str] | Sequence[str]


def digest_answer(sent: str) -> str:
    """An answer that says nothing and is different for everything that is sent."""
    return f"answer {hashlib.sha256(sent.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


@attrs.define(eq=False)
class ScriptedModel:
    """Answers from a script, and writes down everything that it is sent.

    It is a `LanguageModel`. Put it behind a framework's own class of models with `answer` or `aanswer`. It
    stands for a client, so it refuses to be copied. It may be used from any number of threads.

    Attributes:
        script: a function from everything that was sent to the answer, or the answers in their order.
        name: the model's name.
        delay: seconds that each answer takes.
        sent: what it was sent, one text for each call, in order of arrival.
    """

    script: Script = digest_answer
    name: str = "scripted"
    delay: float = attrs.field(default=0.0, kw_only=True)
    sent: list[str] = attrs.field(factory=list, init=False)
    _failures: dict[int, Exception] = attrs.field(factory=dict, init=False, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def answer(self, said: object) -> str:
        """Answer ``said``: a text, messages of any framework, or several things in a list, tools included.

        Raises:
            AssertionError: a script that is a list has come to its end.
            Exception: what `fail` said.
        """
        number, text = self._note(said)
        if self.delay:
            time.sleep(self.delay)
        return self._answer_to(number, text)

    async def aanswer(self, said: object) -> str:
        """The same for async apps: waits on the event loop."""
        number, text = self._note(said)
        if self.delay:
            await asyncio.sleep(self.delay)
        return self._answer_to(number, text)

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """Answer a conversation. Tokens are words, and cost nothing."""
        text = await self.aanswer([message.content for message in messages])
        words = sum(len(message.content.split()) for message in messages)
        usage = Usage(calls=1, input_tokens=words, output_tokens=len(text.split()))
        return Completion(text=text, usage=usage, finish_reason="stop")

    def fail(self, error: Exception, *, at: int = 0) -> None:
        """Raise ``error`` at the call with number ``at``, counted from 0 since the last `clear`."""
        self._failures[at] = error

    def clear(self) -> None:
        """Forget what was sent and what is to fail."""
        with self._lock:
            self.sent.clear()
            self._failures.clear()

    def _note(self, said: object) -> tuple[int, str]:
        text = said if isinstance(said, str) else "\n".join(texts_in(to_jsonable(said)))
        with self._lock:
            self.sent.append(text)
            return len(self.sent) - 1, text

    def _answer_to(self, number: int, text: str) -> str:
        if number in self._failures:
            raise self._failures[number]
        if callable(self.script):
            return self.script(text)
        if number >= len(self.script):
            raise AssertionError(
                f"the script has {len(self.script)} answers, and this is call {number + 1}: {text[:200]!r}"
            )
        return self.script[number]

    def __copy__(self) -> NoReturn:
        raise AssertionError("a model was copied: share models and clients between all candidates")

    def __deepcopy__(self, memo: Any) -> NoReturn:
        self.__copy__()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        self.__copy__()
