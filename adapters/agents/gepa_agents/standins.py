"""Stand-ins for clients: they pass everything on, and have something done around each model call."""

from __future__ import annotations

from typing import Any

from gepa_agents.calls import Calls
from gepa_agents.clients import CALLS, Leaf, leaf_of

_GIVE_CLIENTS = frozenset(("with_options", "copy", "with_streaming_response"))


class Delegate:
    """Passes everything on to another object, and says that it is of that object's class."""

    __slots__ = ("_gepa_inner",)

    def __init__(self, inner: Any) -> None:
        object.__setattr__(self, "_gepa_inner", inner)

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


class Client(Delegate):
    """Stands for a client, or for a resource of one such as ``client.chat``."""

    __slots__ = ("_gepa_calls", "_gepa_path")

    def __init__(self, inner: Any, path: tuple[str, ...], calls: Calls) -> None:
        super().__init__(inner)
        object.__setattr__(self, "_gepa_path", path)
        object.__setattr__(self, "_gepa_calls", calls)

    def __getattr__(self, name: str) -> Any:
        held = getattr(inner_of(self), name)
        calls: Calls = object.__getattribute__(self, "_gepa_calls")
        path = (*object.__getattribute__(self, "_gepa_path"), name)
        if path in CALLS and callable(held):
            return calls.around(held, CALLS[path])
        if any(call[: len(path)] == path for call in CALLS):
            return Client(held, path, calls)
        if name in _GIVE_CLIENTS and len(path) == 1 and callable(held):
            return lambda *args, **options: Client(held(*args, **options), (), calls)
        return held


class Factory(Delegate):
    """Stands for a class of clients: what it makes has a stand-in as well."""

    __slots__ = ("_gepa_calls",)

    def __init__(self, inner: Any, calls: Calls) -> None:
        super().__init__(inner)
        object.__setattr__(self, "_gepa_calls", calls)

    def __call__(self, *args: Any, **options: Any) -> Any:
        calls: Calls = object.__getattribute__(self, "_gepa_calls")
        made = inner_of(self)(*args, **options)
        leaf = leaf_of(made)
        return made if leaf is None else stand_in(made, leaf, calls)

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, inner_of(self))


def stand_in(value: Any, leaf: Leaf, calls: Calls) -> Any:
    """What takes the place of a client, call or factory in a copy of the app."""
    match leaf.kind:
        case "call":
            return calls.around(value, leaf.api)
        case "factory":
            return Factory(value, calls)
        case "session":
            from gepa_agents.sessions import Session

            return Session(value, calls)
        case _:
            return Client(value, leaf.path, calls)
