"""Which functions of an agent are its tools, and writing down their calls."""

from __future__ import annotations

import functools
import inspect
import re
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gepa_agents.places import holders, is_tool, tool_of_object
from gepa_agents.policy import AgentsPolicy
from gepa_agents.recorder import Entry, Recorder
from gepa_core.appgraph import Edge, Graph
from gepa_core.appgraph.walk import Node
from gepa_core.jsonable import to_jsonable

_TABLE = re.compile(r"(?:^|_)(?:tools?|functions?|handlers?|dispatch|registry)(?:_|$)", re.I)
_READING_EDGES = ("global", "module_attr", "method", "special", "contents", "attr")


def tool_functions(
    graph: Graph, policy: AgentsPolicy, described: Collection[str], extra: Iterable[Callable[..., Any]]
) -> dict[int, str]:
    """The functions that are tools, by the ``id`` of the function, with the tools' names.

    These are entries of a table whose keys are names of tools, functions called like a tool, what a tool
    object calls, and ``extra``.

    Args:
        described: names of tools whose descriptions stand in the code.
    """
    names = {str(node.value["name"]) for node in graph.nodes.values() if is_tool(node.value)}  # type: ignore[index]
    names.update(described)
    found: dict[int, str] = {}
    for node in graph.nodes.values():
        for edge, held_id in node.edges:
            held = graph.nodes[held_id].value
            name = _tool_name(node, edge, held, names)
            function = _function(held)
            if name and function is not None and policy.is_apps_own(function.__module__):
                found.setdefault(id(function), name)
    for given in extra:
        function = _function(given)
        if function is not None and id(function) in graph.nodes:
            found.setdefault(id(function), function.__name__)
    found.pop(id(_function(graph.root)), None)
    return found


def _function(value: object) -> types.FunctionType | None:
    inner = value.__func__ if isinstance(value, types.MethodType) else value
    return inner if isinstance(inner, types.FunctionType) else None


def _tool_name(node: Node, edge: Edge, held: object, names: Collection[str]) -> str:
    """The name of the tool that ``held`` is to what holds it; empty when it is none."""
    owner = node.value
    if not callable(held):
        return ""
    if edge.kind == "item" and isinstance(owner, dict) and isinstance(edge.key, str):
        is_table = edge.key in names or _is_table(node, owner, names)
        return edge.key if is_table else ""
    if edge.kind == "attr" and tool_of_object(owner):
        return tool_of_object(owner)
    name = getattr(held, "__name__", "")
    if edge.kind in _READING_EDGES or edge.kind == "index":
        return name if name in names else ""
    return ""


def _is_table(node: Node, owner: Mapping[Any, Any], names: Collection[str]) -> bool:
    """Whether a dict leads from names of tools to what they do: one known name tells, or its own name."""
    called = node.hop is not None and any(map(_TABLE.search, holders(node.hop)))
    return all(map(callable, owner.values())) and (called or any(key in names for key in owner))


def recorded_tool(function: Any, name: str, recorder: Recorder) -> Any:
    """``function`` with its calls written down, sync or async."""
    signature = _signature(function)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call_async(*args: Any, **arguments: Any) -> Any:
            entry = recorder.begin_tool(name, _arguments(signature, args, arguments))
            with _outcome(entry):
                result = await function(*args, **arguments)
                entry.finish(to_jsonable(result))
            return result

        return call_async

    @functools.wraps(function)
    def call(*args: Any, **arguments: Any) -> Any:
        entry = recorder.begin_tool(name, _arguments(signature, args, arguments))
        with _outcome(entry):
            result = function(*args, **arguments)
            if not inspect.isawaitable(result):
                entry.finish(to_jsonable(result))
        return _awaited(result, entry) if inspect.isawaitable(result) else result

    return call


async def _awaited(result: Any, entry: Entry) -> Any:
    with _outcome(entry):
        value = await result
        entry.finish(to_jsonable(value))
    return value


@contextmanager
def _outcome(entry: Entry) -> Iterator[None]:
    """What is called inside belongs to the tool; an error is written down and goes on."""
    with entry.inside():
        try:
            yield
        except BaseException as error:
            entry.fail(error)
            raise


def _signature(function: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _arguments(signature: inspect.Signature | None, args: Any, arguments: Any) -> dict[str, Any]:
    """Arguments by their names, without the object of a method."""
    try:
        bound = signature.bind(*args, **arguments) if signature is not None else None
    except TypeError:
        bound = None
    if bound is None:
        return {**{str(number): value for number, value in enumerate(args)}, **arguments}
    named = dict(bound.arguments)
    for parameter in bound.signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            named.update(named.pop(parameter.name, {}))
    named.pop("self", None)
    return named
