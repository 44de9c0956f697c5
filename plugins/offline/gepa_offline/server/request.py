"""Reading a chat request: what the protocol allows, what this server takes, and how it says no."""

from __future__ import annotations

import base64
import json
from typing import Any

import attrs

from gepa_offline.model import MODELS

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


class Refusal(Exception):
    """A request that is refused.

    Attributes:
        message: why, for people.
        status: the HTTP status.
        param: the field that is wrong.
        code: OpenAI's short word for it.
    """

    def __init__(
        self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code

    def body(self) -> dict[str, Any]:
        """The error in OpenAI's form."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {
            "message": self.message,
            "type": kind,
            "param": self.param,
            "code": self.code,
        }
        return {"error": error}


@attrs.frozen(kw_only=True)
class ChatRequest:
    """A chat request that can be answered."""

    model: str
    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...] = ()
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    user: str = ""
    images: int = 0


def parse_request(body: bytes) -> ChatRequest:
    """Read the body of ``POST /v1/chat/completions``.

    Fields that only steer sampling (temperature, top_p, seed, ...) are accepted and change nothing: an
    answer depends on the prompt and on the server's own seed.

    Raises:
        Refusal: the body is no chat request, names no known model, or wants what is not simulated.
    """
    try:
        data = json.loads(body)
    except ValueError as error:
        raise Refusal(f"We could not parse the JSON body of your request: {error}") from None
    if not isinstance(data, dict):
        raise Refusal("The body of a chat request has to be a JSON object.")
    _refuse_unsupported(data)
    stream = data.get("stream") or False
    options = data.get("stream_options") or {}
    return ChatRequest(
        model=_model(data),
        messages=_messages(data),
        tools=() if data.get("tool_choice") == "none" else _tools(data),
        stream=bool(stream),
        include_usage=isinstance(options, dict) and bool(options.get("include_usage")),
        max_tokens=_limit(data),
        user=str(data.get("user") or ""),
        images=_count_images(data["messages"]),
    )


def _refuse_unsupported(data: dict[str, Any]) -> None:
    if data.get("n") not in (None, 1):
        raise Refusal("The simulated models give one answer: 'n' has to be 1.", param="n")
    wanted = data.get("response_format")
    if isinstance(wanted, dict) and wanted.get("type", "text") != "text":
        raise Refusal(
            f"The simulated models do not support 'response_format' of type {wanted['type']!r}.",
            param="response_format",
        )


def _model(data: dict[str, Any]) -> str:
    model = data.get("model")
    if not isinstance(model, str):
        raise Refusal("You must provide a model parameter.", param="model")
    if model not in MODELS:
        message = f"The model {model!r} does not exist; the simulated models are {', '.join(MODELS)}."
        raise Refusal(message, status=404, param="model", code="model_not_found")
    return model


def _messages(data: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    messages = data.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refusal("'messages' has to be a list of at least one message.", param="messages")
    for position, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise Refusal(
                f"A message is an object whose 'role' is one of {', '.join(_ROLES)}.",
                param=f"messages[{position}].role",
            )
        if not isinstance(message.get("content"), str | list | None):
            raise Refusal(
                "A message's 'content' is a string or a list of parts.", param=f"messages[{position}].content"
            )
    return tuple(messages)


def _count_images(messages: list[dict[str, Any]]) -> int:
    """The image parts of all messages. They count, and are not looked at."""
    count = 0
    for position, message in enumerate(messages):
        content = message.get("content")
        for place, part in enumerate(content if isinstance(content, list) else ()):
            if isinstance(part, dict) and part.get("type") == "image_url":
                _check_image(part, f"messages[{position}].content[{place}].image_url")
                count += 1
    return count


def _check_image(part: dict[str, Any], param: str) -> None:
    held = part.get("image_url")
    url = held.get("url") if isinstance(held, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://", "data:image/")):
        raise Refusal("An image is {'url': ...}, which is an http URL or holds the image.", param=param)
    _, is_encoded, encoded = url.partition(";base64,")
    if url.startswith("data:"):
        try:
            whole = bool(is_encoded) and bool(base64.b64decode(encoded, validate=True))
        except ValueError:
            whole = False
        if not whole:
            raise Refusal("The image's URL holds no file in base64.", param=param, code="invalid_image_url")


def _tools(data: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    tools = data.get("tools") or []
    if not isinstance(tools, list):
        raise Refusal("'tools' has to be a list.", param="tools")
    for position, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise Refusal(
                "A tool is {'type': 'function', 'function': {'name': ...}}.", param=f"tools[{position}]"
            )
    return tuple(tools)


def _limit(data: dict[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        limit = data.get(name)
        if limit is None:
            continue
        if not isinstance(limit, int) or limit < 1:
            raise Refusal(f"{name!r} has to be an integer of at least 1.", param=name)
        return limit
    return None
