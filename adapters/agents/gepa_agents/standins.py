"""Stand-ins for clients: they pass everything on, and have something done around each model call."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any

from gepa_agents.calls import Calls, calls_around, original_of
from gepa_agents.clients import CALLS, HELPERS, REQUESTS, Leaf, StandIn, behind, leaf_of
from gepa_core.appgraph import Change

_GIVE_CLIENTS = frozenset(("with_options", "copy"))
_GIVE_RESPONSES = frozenset(("with_raw_response", "with_streaming_response"))


class Delegate(StandIn):
    """Passes everything on to another object, and says that it is of that object's class."""

    __slots__ = ("_gepa_calls", "_gepa_inner", "_gepa_leaf")

    def __init__(self, inner: Any, leaf: Leaf, calls: Calls) -> None:
        for name, value in (("inner", inner), ("leaf", leaf), ("calls", calls)):
            object.__setattr__(self, f"_gepa_{name}", value)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(inner_of(self))

    def __getattr__(self, name: str) -> Any:
        return getattr(inner_of(self), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(inner_of(self), name, value)

    def __repr__(self) -> str:
        return repr(inner_of(self))

    def __enter__(self) -> Any:
        inner_of(self).__enter__()
        return self

    def __exit__(self, *raised: Any) -> Any:
        return inner_of(self).__exit__(*raised)

    async def __aenter__(self) -> Any:
        await inner_of(self).__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> Any:
        return await inner_of(self).__aexit__(*raised)


def inner_of(delegate: Any) -> Any:
    """What a delegate stands for."""
    return object.__getattribute__(delegate, "_gepa_inner")


def calls_of(delegate: Any) -> Calls:
    """What a delegate does around calls."""
    calls: Calls = object.__getattribute__(delegate, "_gepa_calls")
    return calls


class Client(Delegate):
    """Stands for a client, or for a resource of one such as ``client.chat``."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        held = getattr(inner_of(self), name)
        leaf: Leaf = object.__getattribute__(self, "_gepa_leaf")
        path = (*leaf.path, name)
        if callable(held) and (made := _around(held, path, self)) is not None:
            return made
        if name in _GIVE_RESPONSES:
            return _property_of(self, name, held)
        if any(call[: len(path)] == path for call in CALLS):
            return Client(held, Leaf("client", path), calls_of(self))
        if name in _GIVE_CLIENTS and not leaf.path and callable(held):
            return lambda *args, **options: Client(held(*args, **options), leaf, calls_of(self))
        return held


def _around(method: Any, path: tuple[str, ...], client: Client) -> Any:
    """What takes the place of a client's method that calls a model; None for any other one."""
    if path in CALLS:
        return calls_of(client).around(method, CALLS[path])
    if path in REQUESTS:
        return calls_of(client).around_request(method, REQUESTS[path])
    if path in HELPERS and isinstance(method, types.MethodType):
        return types.MethodType(method.__func__, client)  # it calls a method of what it is bound to
    return None


def _property_of(client: Client, name: str, held: Any) -> Any:
    """What the property ``name`` is for a stand-in: an object that calls the stand-in's methods."""
    found = next((vars(kind)[name] for kind in type(inner_of(client)).__mro__ if name in vars(kind)), None)
    function = getattr(found, "func", None) or getattr(found, "fget", None)
    return function(client) if callable(function) else held


class Factory(Delegate):
    """Stands for a class of clients: what it makes has a stand-in as well."""

    __slots__ = ()

    def __call__(self, *args: Any, **options: Any) -> Any:
        made = inner_of(self)(*args, **options)
        leaf = leaf_of(made)
        return made if leaf is None else stand_in(made, leaf, calls_of(self))

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, inner_of(self))


def stand_in(value: Any, leaf: Leaf, calls: Calls) -> Any:
    """What takes the place of a client, session, call or factory in a copy of the app.

    A stand-in, in an app that is a copy itself, gives way to the new one.
    """
    if isinstance(value, StandIn):
        value = inner_of(value)
    match leaf.kind:
        case "call":
            return calls.around(original_of(value), leaf.api)
        case "factory":
            return Factory(value, leaf, calls)
        case "session":
            from gepa_agents.sessions import Session

            return Session(value, leaf, calls)
        case "responses":
            inner = behind(value)
            held = leaf_of(inner)
            return value if held is None else type(value)(stand_in(inner, held, calls))
        case _:
            return Client(value, leaf, calls)


def changes_in(value: Any) -> Sequence[Change]:
    """The texts that a stand-in replaces; none for what is no stand-in."""
    if not isinstance(value, StandIn) and (leaf := leaf_of(value)) is not None and leaf.kind == "responses":
        value = behind(value)
    calls = calls_of(value) if isinstance(value, StandIn) else calls_around(value)
    return calls.rewriting.changes if calls is not None else ()
