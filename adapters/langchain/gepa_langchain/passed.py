"""Texts that the app is given by whoever calls it: in a graph's runtime context or in ``configurable``."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Literal, TypeAlias

import attrs
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.config import merge_configs
from pydantic import BaseModel

from gepa_core.appgraph import Change, TemplateGuard, Unguardable, Written
from gepa_core.errors import ConfigurationError
from gepa_core.templates import find_placeholders
from gepa_langchain.graphs import is_graph

Where: TypeAlias = Literal["context", "configurable"]
Texts: TypeAlias = Mapping[str, "str | Texts"]
"""Texts by key, or mappings of them."""

_GRAPH = "_gepa_graph"


@attrs.frozen(kw_only=True)
class Passed:
    """A text that the app is given.

    Attributes:
        where: how it gets there.
        keys: the keys that lead to it.
        guard: turns a candidate's text into what is passed.
    """

    where: Where
    keys: tuple[str, ...]
    guard: TemplateGuard

    @property
    def names(self) -> list[str]:
        """The names that it could have, from the shortest to the most exact."""
        return list(dict.fromkeys((self.keys[-1], ".".join(self.keys), ".".join((self.where, *self.keys)))))

    @property
    def source(self) -> str:
        """Where it stands, for people."""
        return self.where + "".join(f"[{key!r}]" for key in self.keys)

    def known(self, name: str, text: str) -> Change:
        """What recognises it in a message; nothing has to be replaced there."""
        return Change(
            name=name, text=Written.of(text) if self.guard.placeholders else Written((text,)), new=text
        )


def texts_passed(texts: Texts, where: Where, keys: tuple[str, ...] = ()) -> list[Passed]:
    """Every text of a mapping.

    Raises:
        ConfigurationError: there is something else in it.
    """
    found: list[Passed] = []
    for key, held in texts.items():
        if isinstance(held, Mapping):
            found += texts_passed(held, where, (*keys, key))
        elif isinstance(held, str):
            found.append(Passed(where=where, keys=(*keys, key), guard=_guard(held)))
        else:
            other = "arguments={'context': …}" if where == "context" else "config={'configurable': …}"
            raise ConfigurationError(
                f"LangChainAdapter({where}=…) holds texts, and mappings of them: {key!r} is a"
                f" {type(held).__name__}. Pass other values in {other}"
            )
    return found


def _guard(text: str) -> TemplateGuard:
    if not find_placeholders(text, "braces"):
        return TemplateGuard.of(text, "plain")
    try:
        return TemplateGuard.of(text, "braces", escapes=False)
    except Unguardable:
        return TemplateGuard.of(text, "plain")


def check_passable(app: Any, texts: Mapping[Where, Texts]) -> None:
    """Check that an app can be given ``texts``.

    Raises:
        ConfigurationError: it takes no context.
    """
    if texts["context"] and not (is_graph(app) or isinstance(app, RunnableBindingBase)):
        raise ConfigurationError(
            f"LangChainAdapter(context=…) is for graphs, and the app is a {type(app).__qualname__}: pass the"
            " texts by configurable=, and read them from config['configurable']"
        )


def nested(texts: Mapping[tuple[str, ...], str]) -> dict[str, Any]:
    """Texts by their keys as mappings in mappings."""
    made: dict[str, Any] = {}
    for keys, text in texts.items():
        at = made
        for key in keys[:-1]:
            at = at.setdefault(key, {})
        at[keys[-1]] = text
    return made


def put(held: Any, new: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> Any:
    """A mapping, dataclass or pydantic object with ``new`` texts; a mapping where there is none.

    Args:
        old: if given, only a text that is missing or that is still the old one is replaced.

    Raises:
        ConfigurationError: it is something else.
    """
    values = {
        key: _value(_read(held, key), text, None if old is None else old[key]) for key, text in new.items()
    }
    if held is None:
        return values
    if isinstance(held, Mapping):
        return {**held, **values}
    if isinstance(held, BaseModel):
        return held.model_copy(update=values)
    if dataclasses.is_dataclass(held) and not isinstance(held, type):
        return dataclasses.replace(held, **values)
    raise ConfigurationError(
        f"texts cannot be put into a context of type {type(held).__qualname__}: make it a mapping, a"
        " dataclass or a pydantic model"
    )


def _read(held: Any, key: str) -> Any:
    return held.get(key) if isinstance(held, Mapping) else getattr(held, key, None)


def _value(current: Any, new: Any, old: Any) -> Any:
    if isinstance(new, Mapping):
        return put(current, new, old)
    return new if old is None or current is None or current == old else current


def bound(app: Any, where: Where, new: Mapping[str, Any], old: Mapping[str, Any]) -> Any:
    """``app``, a copy, with texts that hold where its caller passes none, or still the old ones."""
    if where == "configurable":
        return _configured(app, {"configurable": dict(new)})
    if not is_graph(app):
        return app.bind(context=new)
    object.__setattr__(app, "__class__", _graph_class(type(app), new, old))
    return app


def _configured(app: Runnable[Any, Any], config: RunnableConfig) -> Any:
    if not is_graph(app):
        return app.with_config(config)
    vars(app)["config"] = merge_configs(vars(app).get("config"), config)
    return app


def unbind(app: Any) -> None:
    """Let a copy of what `bound` made be of its own class again."""
    original = vars(type(app)).get(_GRAPH)
    if original is not None:
        object.__setattr__(app, "__class__", original)


def _graph_class(kind: Any, new: Mapping[str, Any], old: Mapping[str, Any]) -> Any:
    """A class of graphs, of the same name, to whose context texts are added."""

    class Graph(kind):  # type: ignore[misc]
        def stream(self, input: Any, *args: Any, context: Any = None, **kwargs: Any) -> Iterator[Any]:
            yield from super().stream(input, *args, context=put(context, new, old), **kwargs)

        async def astream(
            self, input: Any, *args: Any, context: Any = None, **kwargs: Any
        ) -> AsyncIterator[Any]:
            stream = super().astream(input, *args, context=put(context, new, old), **kwargs)
            async for chunk in stream:
                yield chunk

    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(Graph, name, getattr(kind, name))
    setattr(Graph, _GRAPH, vars(kind).get(_GRAPH, kind))
    return Graph
