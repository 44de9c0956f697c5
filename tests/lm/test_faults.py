"""Classification of errors by their looks: stand-ins named and shaped like other libraries' errors."""

from __future__ import annotations

import errno
import http.client
import json
import pickle
import socket
import ssl
from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.error import HTTPError

import pytest

from gepa_core.errors import ConfigurationError, InfrastructureFault, MetricError, ModelFault
from gepa_core.faults import as_model_error, classify, describe, portable, rejects_text, root_of
from gepa_core.faults.responses import retry_after_of


class Response:
    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.status_code = status
        self.headers = headers or {}


def foreign(name: str, message: str = "", *, module: str = "somewhere", **fields: Any) -> Exception:
    """An error whose class is called ``name`` and comes from ``module``."""
    error: Exception = type(name, (Exception,), {"__module__": module})(message)
    for field, value in fields.items():
        setattr(error, field, value)
    return error


def caused(outer: Exception, inner: Exception) -> Exception:
    """``outer`` raised from ``inner``."""
    outer.__cause__ = inner
    return outer


INFRASTRUCTURE = [
    TimeoutError(),
    ConnectionResetError(),
    BrokenPipeError(),
    socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
    OSError(errno.ENETUNREACH, "Network is unreachable"),
    OSError(errno.EMFILE, "Too many open files"),
    http.client.IncompleteRead(b""),
    http.client.BadStatusLine(""),
    http.client.CannotSendRequest("Request-sent"),
    http.client.RemoteDisconnected("closed"),
    *[foreign("APIStatusError", status_code=status) for status in (408, 409, 429, 500, 502, 503, 504, 529)],
    foreign("ClientResponseError", status=503, module="aiohttp.client_exceptions"),
    foreign("HTTPStatusError", response=Response(502), module="httpx"),
    foreign("ConnectTimeout", module="httpx"),
    foreign("ChunkedEncodingError", module="requests.exceptions"),
    foreign("ServiceUnavailable", code=503, module="google.api_core.exceptions"),
    foreign("ClientError", response={"Error": {"Code": "ThrottlingException"}}, module="botocore.exceptions"),
    foreign(
        "ClientError",
        response={"Error": {"Code": "Other"}, "ResponseMetadata": {"HTTPStatusCode": 503}},
        module="botocore.exceptions",
    ),
    foreign("APIError", "Overloaded", module="anthropic"),
    foreign("RateLimitError", "Too many tokens. Try again in 2s", status_code=429, module="openai"),
    foreign("APIError", "The server had an error while processing your request", module="openai"),
    foreign("RateLimitError", "You exceeded your current quota. Please retry in 21.5s", status_code=429),
    InfrastructureFault("slow down"),
]
MODEL = [
    foreign("AuthenticationError", status_code=401),
    foreign("HTTPStatusError", response=Response(401), module="httpx"),
    foreign("PermissionDeniedError", status_code=403, module="openai"),
    foreign("NotFoundError", "The model `x` does not exist", status_code=404, module="openai"),
    foreign("HTTPStatusError", "404 for url 'http://host/v1/chat/completions'", response=Response(404)),
    foreign("RateLimitError", "quota", status_code=429, code="insufficient_quota", module="openai"),
    foreign("BadRequestError", "Your credit balance is too low", status_code=400, module="anthropic"),
    foreign("BadRequestError", "LLM Provider NOT provided.", status_code=400, module="litellm.exceptions"),
    foreign("OpenAIError", "The api_key client option must be set", module="openai"),
    foreign("NoCredentialsError", module="botocore.exceptions"),
    foreign("ClientError", response={"Error": {"Code": "AccessDeniedException"}}, module="botocore"),
    ModelFault("no such model"),
    ConfigurationError("litellm is not installed"),
]
CANDIDATE = [
    KeyError("order"),
    ValueError("could not parse"),
    RecursionError("maximum recursion depth exceeded"),
    FileNotFoundError("x.txt"),
    foreign("OutputParserException", "Invalid json output", module="langchain_core.exceptions"),
    foreign("BadRequestError", "maximum context length is 8192 tokens", status_code=400, module="openai"),
    foreign("RateLimitError", "Request too large for gpt: Limit 30000", status_code=429, module="openai"),
    foreign("ContextWindowExceededError", status_code=400, module="litellm.exceptions"),
    foreign("HTTPStatusError", "403 for url 'http://shop/page'", response=Response(403), module="httpx"),
    foreign("HTTPStatusError", "404 for url 'http://shop/page'", response=Response(404), module="httpx"),
    foreign("UnsupportedProtocol", module="httpx"),
    foreign("TimeoutExpired", "Command 'python' timed out", module="subprocess"),
    foreign("ExpatError", "not well-formed", code=4, module="xml.parsers.expat"),
]


def test_a_page_that_is_no_json_is_the_candidates_fault() -> None:
    """A tool fetched it, and not a provider's client; nor is what a model wrote a provider's answer."""
    import httpx

    page = httpx.Response(200, text="<html>")
    reads: list[Callable[[], object]] = [page.json, lambda: json.loads("Sure! {")]
    for read in reads:
        with pytest.raises(json.JSONDecodeError) as caught:
            read()
        assert classify(caught.value).kind == "candidate"


@pytest.mark.parametrize("error", INFRASTRUCTURE, ids=repr)
def test_what_passes_is_an_infrastructure_fault(error: Exception) -> None:
    assert classify(error).kind == "infrastructure"


@pytest.mark.parametrize("error", MODEL, ids=repr)
def test_what_no_retry_can_mend_is_the_models_fault(error: Exception) -> None:
    assert classify(error).kind == "model"


@pytest.mark.parametrize("error", CANDIDATE, ids=repr)
def test_everything_else_is_the_candidates_fault(error: Exception) -> None:
    assert classify(error).kind == "candidate"


@pytest.mark.parametrize("error", INFRASTRUCTURE + MODEL, ids=repr)
def test_an_apps_own_error_is_classified_by_its_cause(error: Exception) -> None:
    assert classify(caused(RuntimeError("the chain failed"), error)).kind == classify(error).kind


def test_an_error_raised_while_handling_another_is_classified_by_it() -> None:
    def app() -> None:
        try:
            raise ConnectionError("gone")
        except ConnectionError:
            raise KeyError("answer")  # noqa: B904 - this is the case under test

    with pytest.raises(KeyError) as caught:
        app()
    assert classify(caught.value).kind == "infrastructure"


def test_an_error_that_hides_its_context_is_classified_by_itself() -> None:
    def app() -> None:
        try:
            raise ConnectionError("gone")
        except ConnectionError:
            raise KeyError("answer") from None

    with pytest.raises(KeyError) as caught:
        app()
    assert classify(caught.value).kind == "candidate"


def test_the_outermost_error_that_says_something_decides() -> None:
    refused = foreign("BadRequestError", "prompt is too long", status_code=400, module="openai")
    assert classify(caused(refused, ConnectionError())).kind == "candidate"


def test_a_metric_that_met_an_outage_is_an_infrastructure_fault() -> None:
    error = caused(MetricError("the judge failed", example="e1"), foreign("RateLimitError", status_code=429))
    assert classify(error).kind == "infrastructure"


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ([ValueError("x"), TimeoutError()], "infrastructure"),
        ([TimeoutError(), ModelFault("x")], "model"),
        ([ValueError("x"), KeyError("y")], "candidate"),
        ([ExceptionGroup("inner", [ConnectionError()])], "infrastructure"),
    ],
)
def test_a_groups_gravest_member_decides(members: list[Exception], kind: str) -> None:
    assert classify(ExceptionGroup("tasks", members)).kind == kind


def test_a_cycle_of_causes_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert classify(first).kind == "candidate"


def test_a_certificate_that_cannot_be_checked_is_not_the_candidates_fault() -> None:
    error = foreign("ConnectError", module="httpx")
    assert classify(caused(error, ssl.SSLCertVerificationError("bad"))).kind == "infrastructure"


def test_type_and_message_are_of_the_error_that_was_raised() -> None:
    fault = classify(caused(RuntimeError("the chain failed"), TimeoutError("slow")))
    assert (fault.type, fault.message) == ("RuntimeError", "the chain failed")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:30 GMT"}, 30.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:27:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_from_the_responses_headers(headers: dict[str, str], seconds: float | None) -> None:
    error = foreign("RateLimitError", response=Response(429, headers))
    assert retry_after_of(error, "", now=1445412480.0) == seconds


def test_a_wait_is_read_from_headers_of_the_standard_library() -> None:
    headers = Message()
    headers["Retry-After"] = "7"
    error = HTTPError("http://127.0.0.1/", 429, "Too Many Requests", headers, None)
    assert (classify(error).kind, classify(error).retry_after) == ("infrastructure", 7.0)
    error.close()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 1.5s.", 1.5),
        ("Please try again in 20ms.", 0.02),
        ("try again in 6m0s", 360.0),
        ("Please retry in 21.5s.", 21.5),
        ("Please retry in a while.", None),
    ],
)
def test_the_wait_is_read_from_the_words_where_no_header_has_it(text: str, seconds: float | None) -> None:
    assert retry_after_of(foreign("RateLimitError"), text) == seconds


def test_the_wait_is_found_behind_an_apps_own_error() -> None:
    inner = foreign("RateLimitError", response=Response(429, {"Retry-After": "3"}))
    assert classify(caused(RuntimeError("failed"), inner)).retry_after == 3.0


def test_a_candidates_fault_has_no_wait() -> None:
    assert classify(ValueError("try again in 5s")).retry_after is None


def test_a_property_that_raises_is_passed_over() -> None:
    class Awkward(Exception):
        @property
        def response(self) -> object:
            raise RuntimeError("no response was set")

    assert classify(Awkward("x")).kind == "candidate"


@pytest.mark.parametrize(
    ("error", "rejected"),
    [
        (foreign("BadRequestError", "prompt is too long", status_code=400, module="anthropic"), True),
        (foreign("ContentPolicyViolationError", status_code=400, module="litellm.exceptions"), True),
        (foreign("BadRequestError", "unknown parameter 'foo'", status_code=400, module="openai"), False),
        (foreign("RateLimitError", "Request too large for gpt", status_code=429, module="openai"), True),
        (
            foreign("RateLimitError", "Too many tokens, try again in 2s", status_code=429, module="openai"),
            False,
        ),
        (ValueError("the context length is wrong"), False),
    ],
)
def test_a_refused_text_is_told_from_a_refused_request(error: Exception, rejected: bool) -> None:
    assert rejects_text(error) is rejected


def test_a_model_error_is_one_of_ours_or_the_original() -> None:
    unknown_parameter = foreign("BadRequestError", "unknown parameter", status_code=400, module="openai")
    too_long = foreign("BadRequestError", "prompt is too long", status_code=400, module="openai")
    bug = TypeError("in the user's function")
    assert isinstance(as_model_error(unknown_parameter), ModelFault)
    assert as_model_error(too_long) is too_long
    assert as_model_error(bug) is bug
    limited = as_model_error(foreign("RateLimitError", response=Response(429, {"Retry-After": "3"})))
    assert isinstance(limited, InfrastructureFault)
    assert limited.retry_after == 3.0


@pytest.mark.parametrize(
    "error",
    [
        *INFRASTRUCTURE,
        *MODEL,
        *CANDIDATE,
        caused(foreign("AppError", "it failed"), foreign("APIError", "slow down", status_code=429)),
        foreign("RateLimitError", "wait", response=Response(429, {"retry-after": "7"})),
        foreign("RateLimitError", "the prompt is too long", status_code=429),
        ExceptionGroup("one", [foreign("AuthenticationError", "no key")]),
        ExceptionGroup("several", [ValueError("a"), ConnectionError("b")]),
        InfrastructureFault("down", retry_after=3.0),
        KeyError("plan"),
    ],
    ids=repr,
)
def test_an_error_is_the_same_in_another_process(error: Exception) -> None:
    """Whose fault it was, how it is told, and what it goes back to."""
    carried = pickle.loads(pickle.dumps(portable(error)))
    assert classify(carried) == classify(error)
    assert describe(carried) == describe(error)
    assert describe(root_of(carried)) == describe(root_of(error))
    assert type(carried).__name__ == type(error).__name__
    again = pickle.loads(pickle.dumps(portable(carried)))
    assert (classify(again), describe(again)) == (classify(error), describe(error))
