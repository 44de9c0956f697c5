"""Recognising what an agent reaches models and tools with, without importing any client."""

from __future__ import annotations

import types
from typing import Any, Literal, TypeAlias

import attrs

from gepa_core.appgraph.children import UNSET, instance_dict, read_slot, slots
from gepa_core.appgraph.policy import root_package

Api: TypeAlias = Literal["chat", "responses", "messages", "text"]
"""Which protocol a call speaks: OpenAI's chat, its responses, Anthropic's messages, plain completion."""

CALLS: dict[tuple[str, ...], Api] = {
    ("chat", "completions", "create"): "chat",
    ("chat", "completions", "parse"): "chat",
    ("beta", "chat", "completions", "create"): "chat",
    ("beta", "chat", "completions", "parse"): "chat",
    ("responses", "create"): "responses",
    ("responses", "parse"): "responses",
    ("beta", "responses", "create"): "responses",
    ("beta", "responses", "parse"): "responses",
    ("messages", "create"): "messages",
    ("messages", "parse"): "messages",
    ("beta", "messages", "create"): "messages",
    ("beta", "messages", "parse"): "messages",
    ("completions", "create"): "text",
    ("completion",): "chat",
    ("acompletion",): "chat",
}
"""Where a client's methods that call a model are, by the attributes that lead to them."""

HELPERS = frozenset(
    (
        ("chat", "completions", "stream"),
        ("beta", "chat", "completions", "stream"),
        ("responses", "stream"),
        ("beta", "responses", "stream"),
        ("messages", "stream"),
        ("beta", "messages", "stream"),
    )
)
"""Methods that call one of `CALLS` or `REQUESTS` of the same resource, and give what comes another form."""

REQUESTS: dict[tuple[str, ...], Api] = {
    ("messages", "_post"): "messages",
    ("beta", "messages", "_post"): "messages",
}
"""By what helpers send a request themselves, as Anthropic's do."""

_LITELLM: dict[str, Api] = {
    "completion": "chat",
    "acompletion": "chat",
    "responses": "responses",
    "aresponses": "responses",
    "text_completion": "text",
    "atext_completion": "text",
}
_SDKS = frozenset(("openai", "groq", "together", "cerebras", "anthropic"))
"""Packages whose clients are laid out as the ``openai`` package's is, or as ``anthropic``'s."""

_MCP = frozenset(("mcp", "mcp_types", "fastmcp"))

_RESOURCES: dict[str, tuple[str, ...]] = {
    "Chat": ("chat",),
    "ChatProxy": ("chat",),
    "Completions": ("chat", "completions"),
    "Messages": ("messages",),
    "Responses": ("responses",),
    "ResponsesProxy": ("responses",),
}


@attrs.frozen
class Leaf:
    """A part of the app that is not looked into and has a stand-in for each rollout.

    Attributes:
        kind: a ``client`` or a resource of one; a ``call``: a function or bound method that calls a model;
            a ``factory``: a class that makes clients or sessions; a ``session`` with an MCP server; a tool
            that such a server ``listed``; the ``responses`` of a client as they come, which is what its
            ``with_raw_response`` is, or that of a resource.
        path: for a resource, the attributes that lead to it from the client.
        api: for a call, what it speaks.
    """

    kind: Literal["client", "call", "factory", "session", "listed", "responses"]
    path: tuple[str, ...] = ()
    api: Api = "chat"


class StandIn:
    """What takes the place of a client or session in a copy of an app, see `gepa_agents.standins`."""

    __slots__ = ()


def leaf_of(value: Any) -> Leaf | None:
    """What ``value`` is to the capture; None for everything that is an ordinary part of an app."""
    if isinstance(value, StandIn):
        leaf: Leaf = object.__getattribute__(value, "_gepa_leaf")
        return leaf
    if isinstance(value, types.FunctionType | types.MethodType):
        return _function_leaf(value) if isinstance(value, types.FunctionType) else _method_leaf(value)
    if isinstance(value, type):
        is_client = _is_sdk(value) and _is_client_class(value)
        return Leaf("factory") if is_client or _is_session_class(value) else None
    if isinstance(value, str | int | float | list | dict | tuple | set | frozenset | types.ModuleType):
        return None
    return _object_leaf(value)


def _method_leaf(method: types.MethodType) -> Leaf | None:
    owner = leaf_of(method.__self__)
    api = CALLS.get((*owner.path, method.__name__)) if owner and owner.kind == "client" else None
    return Leaf("call", api=api) if api else None


def _function_leaf(function: types.FunctionType) -> Leaf | None:
    if (function.__module__ or "").partition(".")[0] != "litellm" or function.__name__ not in _LITELLM:
        return None
    return Leaf("call", api=_LITELLM[function.__name__])


def _object_leaf(value: Any) -> Leaf | None:
    kind = type(value)
    if _is_sdk(kind):
        return _sdk_leaf(value, kind)
    if root_package(kind) == "litellm" and kind.__name__ == "Router":
        return Leaf("client")
    if _is_session_class(kind):
        return Leaf("session")
    if root_package(kind) in _MCP:
        return Leaf("listed") if kind.__name__ == "Tool" else None
    return Leaf("client") if _is_laid_out_like_one(value) else None


def _is_laid_out_like_one(value: object) -> bool:
    ways = (("chat", "completions", "create"), ("responses", "create"))
    if any((found := _at(value, *way)) is not UNSET and callable(found) for way in ways):
        return True
    create = _at(value, "messages", "create")  # which clients of other services have as well
    return isinstance(create, types.FunctionType) and {"messages", "max_tokens"} <= set(_parameters(create))


def _parameters(function: types.FunctionType) -> tuple[str, ...]:
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _sdk_leaf(value: Any, kind: type) -> Leaf | None:
    if _is_client_class(kind):
        return Leaf("client")
    if kind.__name__.endswith(("WithRawResponse", "WithStreamingResponse")):
        return Leaf("responses") if behind(value) is not None else None
    path = _RESOURCES.get(kind.__name__.removeprefix("Async"))
    return Leaf("client", path) if path else None


def behind(responses: object) -> object:
    """The client or resource that a ``with_raw_response`` was asked of; None when it cannot be told."""
    held = (instance_dict(responses) or {}).values()
    found = ((one, leaf_of(one)) for one in held)
    return next((one for one, leaf in found if leaf is not None and leaf.kind == "client"), None)


def _is_sdk(kind: type) -> bool:
    return any(root_package(base) in _SDKS for base in kind.__mro__)


def _is_client_class(kind: type) -> bool:
    return _in_class(kind, "with_options") and (_in_class(kind, "chat") or _in_class(kind, "messages"))


def _is_session_class(kind: type) -> bool:
    return root_package(kind) in _MCP and _in_class(kind, "call_tool") and _in_class(kind, "list_tools")


def _in_class(kind: type, name: str) -> bool:
    return any(name in vars(base) for base in kind.__mro__)


def _at(value: object, *names: str) -> object:
    """What attributes that are there already lead to, without running any code; ``UNSET`` for nothing."""
    for name in names:
        value = _static(value, name)
        if value is UNSET:
            break
    return value


def _static(value: object, name: str) -> object:
    own = instance_dict(value)
    if own is not None and name in own:
        return own[name]
    slot = slots(type(value)).get(name)
    if slot is not None:
        return read_slot(slot, value)
    return next((vars(base)[name] for base in type(value).__mro__ if name in vars(base)), UNSET)
