"""Errors in one line, without secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.faults import describe, scrub_addresses
from gepa_core.redaction import redact

SECRET = "abcDEF0123456789abcDEF0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: sk-proj-{SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"{{'Authorization': 'Bearer {SECRET}'}}",
        f"headers: x-api-key={SECRET}",
        f'"api_key": "{SECRET}"',
        f"OPENAI_API_KEY={SECRET}",
        f"GET https://host/v1/models?key={SECRET}&alt=json",
        f"postgres://user:{SECRET}@host/db",
        f"password: {SECRET}",
        f"AIza{SECRET}",
        f"eyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET}",
        f"ghp_{SECRET}",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    assert SECRET not in redact(text)
    assert "[hidden]" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "the task-manager skipped 3 steps",
        "Basic usage of the tool is wrong",
        "WWW-Authenticate: Bearer realm",
        "a token was expected at position 7",
        "https://host/page?id=5",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redact(text) == text


def test_hiding_twice_changes_nothing() -> None:
    once = redact(f"Authorization: Bearer {SECRET}; api_key={SECRET}")
    assert redact(once) == once


def test_a_description_is_one_line() -> None:
    assert describe(ValueError("first\n  second\tthird")) == "ValueError: first second third"


def test_a_type_that_the_message_repeats_is_said_once() -> None:
    error = TimeoutError("client.TimeoutError: TimeoutError: no answer")
    assert describe(error) == "TimeoutError: no answer"


def test_an_error_without_a_message_is_its_type() -> None:
    assert describe(TimeoutError()) == "TimeoutError"


def test_a_group_of_one_is_described_as_its_member() -> None:
    assert describe(ExceptionGroup("tasks", [ExceptionGroup("more", [KeyError("x")])])) == "KeyError: 'x'"


def test_memory_addresses_are_scrubbed() -> None:
    assert scrub_addresses("<Client object at 0x7f3a2b1c4d5e>") == "<Client object at 0x…>"


def test_a_broken_str_does_not_hide_the_error() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert describe(Broken()) == "Broken: (its message cannot be shown)"


@given(st.text(), st.integers(min_value=20, max_value=200))
def test_a_description_is_short(message: str, limit: int) -> None:
    described = describe(ValueError(message), limit=limit)
    assert len(described) <= limit + len("ValueError: ")
    assert "\n" not in described


def test_a_long_message_keeps_both_ends() -> None:
    described = describe(ValueError("begin " + "x" * 2000 + " end"))
    assert described.startswith("ValueError: begin")
    assert described.endswith("end")
