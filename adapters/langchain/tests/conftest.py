"""A chat model that says what it was asked, and remembers it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr


class RecordingModel(BaseChatModel):
    """Answers with ``answer``; every message it was sent is kept in ``seen``, in order of arrival."""

    answer: str = "fine"
    delay: float = 0.0
    fails: int = 0
    metered: bool = True
    _seen: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @property
    def seen(self) -> list[list[BaseMessage]]:
        return self._seen

    @property
    def text_seen(self) -> str:
        """Everything it was sent, as one text."""
        return "\n".join(str(message.content) for call in self._seen for message in call)

    @property
    def _llm_type(self) -> str:
        return "recording"

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        del stop, run_manager, kwargs
        with self._lock:
            self._seen.append(messages)
            failing = len(self._seen) <= self.fails
        time.sleep(self.delay)
        if failing:
            raise ConnectionError("the model is away")
        usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10} if self.metered else None
        message = AIMessage(self.answer, usage_metadata=usage)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def __copy__(self) -> RecordingModel:
        raise AssertionError("a model was copied")

    def __deepcopy__(self, memo: Any = None) -> RecordingModel:
        raise AssertionError("a model was copied")


@pytest.fixture
def model() -> RecordingModel:
    return RecordingModel()
