"""Functions as language models."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gepa_core.errors import ConfigurationError, InfrastructureFault, ModelFault
from gepa_core.lm import CallableModel
from gepa_core.protocols import Completion, Message
from gepa_core.types import Usage

HELLO = [Message("user", "hello")]
TALK = [Message("user", "write"), Message("assistant", "x"), Message("user", "again")]


def ask(function: Callable[..., Any], messages: Sequence[Message] = HELLO) -> Completion:
    return asyncio.run(CallableModel(function=function).complete(messages))


def takes_str(prompt: str) -> str:
    return f"<{prompt}>"


def takes_list(messages: list[dict[str, str]]) -> str:
    return "/".join(f"{message['role']}={message['content']}" for message in messages)


def takes_sequence(conversation: Sequence[Any]) -> str:
    return str(len(conversation))


def unannotated(prompt):  # type: ignore[no-untyped-def]
    return prompt.upper()


def unannotated_messages(messages):  # type: ignore[no-untyped-def]
    return str(len(messages))


async def takes_str_async(prompt: str) -> str:
    await asyncio.sleep(0)
    return f"<{prompt}>"


class Object:
    def __call__(self, messages: list[dict[str, str]]) -> str:
        return messages[-1]["content"]


class AsyncObject:
    async def __call__(self, prompt: str) -> str:
        return f"<{prompt}>"


class Method:
    def ask(self, prompt: str) -> str:
        return f"<{prompt}>"


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        (takes_str, "<hello>"),
        (takes_list, "user=hello"),
        (takes_sequence, "1"),
        (unannotated, "HELLO"),
        (unannotated_messages, "1"),
        (takes_str_async, "<hello>"),
        (Object(), "hello"),
        (AsyncObject(), "<hello>"),
        (Method().ask, "<hello>"),
        (functools.partial(takes_str), "<hello>"),
        (functools.partial(takes_str_async), "<hello>"),
        (lambda prompt: takes_str_async(prompt.strip()), "<hello>"),
        (str, "hello"),
    ],
)
def test_it_is_called_with_what_it_takes(function: Callable[..., Any], answer: str) -> None:
    assert ask(function).text == answer


def test_an_annotation_that_only_a_type_checker_knows_is_read_as_text() -> None:
    def function(chat: list[Unknown]) -> str:  # type: ignore[name-defined]  # noqa: F821
        return str(len(chat))

    assert ask(function, TALK).text == "3"


def test_a_conversation_reaches_a_text_function_with_its_roles() -> None:
    assert ask(takes_str, TALK).text == "<user:\nwrite\n\nassistant:\nx\n\nuser:\nagain>"


def test_what_it_used_is_unknown_and_not_nothing() -> None:
    assert ask(takes_str).usage == Usage(calls=1, unmetered=1, unpriced=1)


def test_it_may_report_what_it_used() -> None:
    completion = Completion(text="x", usage=Usage(calls=1, input_tokens=7), finish_reason="length")
    assert ask(lambda _: completion) is completion


def test_no_answer_is_an_empty_text() -> None:
    assert ask(lambda _: None).text == ""


def test_an_answer_that_is_no_text_is_refused() -> None:
    with pytest.raises(ModelFault, match="returned 'dict'"):
        ask(lambda _: {"content": "x"})


def test_a_function_without_a_parameter_is_refused_before_it_is_called() -> None:
    with pytest.raises(ConfigurationError, match="takes no positional argument"):
        CallableModel(function=lambda: "x")


def test_sync_functions_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=10)

    def function(prompt: str) -> str:
        both.wait()
        return prompt

    async def two() -> list[Completion]:
        model = CallableModel(function=function)
        return await asyncio.gather(*(model.complete([Message("user", text)]) for text in "ab"))

    assert [completion.text for completion in asyncio.run(two())] == ["a", "b"]


def test_a_passing_error_becomes_an_infrastructure_fault() -> None:
    def function(_prompt: str) -> str:
        raise ConnectionError("refused")

    with pytest.raises(InfrastructureFault, match="refused"):
        ask(function)


def test_a_bug_in_it_comes_out_unchanged() -> None:
    def function(_prompt: str) -> str:
        raise ZeroDivisionError("bug")

    with pytest.raises(ZeroDivisionError):
        ask(function)


def test_an_exhausted_iterator_is_an_error_and_not_a_hang() -> None:
    answers = iter(["one"])

    def function(_prompt: str) -> str:
        return next(answers)

    assert ask(function).text == "one"
    with pytest.raises(RuntimeError, match="StopIteration"):
        ask(function)


def test_it_is_called_by_its_name() -> None:
    assert CallableModel(function=takes_str).name == "takes_str"
    assert CallableModel(function=Object()).name == "Object"
    assert CallableModel(function=functools.partial(takes_str)).name == "partial"
