"""Stand-ins for sessions with an MCP server: calls of tools are written down, descriptions replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gepa_agents.reading import read, texts_of
from gepa_agents.standins import Delegate, calls_of, inner_of
from gepa_core.appgraph import Literal, Written, described
from gepa_core.jsonable import to_jsonable
from gepa_core.types import Json

_SCHEMAS = ("inputSchema", "input_schema")
"""What the schema of a tool's arguments is called, before and from version 2 of the ``mcp`` package."""


class Session(Delegate):
    """Stands for a session with an MCP server, or for a client that has its methods."""

    __slots__ = ()

    async def call_tool(self, name: str, *args: Any, **options: Any) -> Any:
        """Call a tool of the server and write it down."""
        calls = calls_of(self)
        inner = inner_of(self)
        if calls.recorder is None:
            return await inner.call_tool(name, *args, **options)
        arguments = options.get("arguments", args[0] if args else None)
        entry = calls.recorder.begin_tool(name, arguments or {})
        with entry.inside():
            try:
                result = await inner.call_tool(name, *args, **options)
            except BaseException as error:
                entry.fail(error)
                raise
        entry.finish(_said(result))
        if read(result, "is_error") or read(result, "isError"):
            entry.error = str(entry.output)
        return result

    async def list_tools(self, *args: Any, **options: Any) -> Any:
        """The server's tools, with the candidate's descriptions."""
        calls = calls_of(self)
        listed = await inner_of(self).list_tools(*args, **options)
        if calls.rewriting.is_idle:
            return listed
        tools = [_rewritten(tool, calls.rewriting.descriptions(tool.name)) for tool in tools_of(listed)]
        return tools if isinstance(listed, list) else listed.model_copy(update={"tools": tools})


def _said(result: Any) -> Json:
    """The text of a tool's result; where it has none all of it."""
    texts = list(texts_of(read(result, "content")))
    return to_jsonable("\n".join(texts) if texts else result)


def _rewritten(tool: Any, new: Mapping[str, str]) -> Any:
    if not new:
        return tool
    update = {"description": new.get(tool.description or "", tool.description)}
    schemas = {
        name: described(getattr(tool, name), new) for name in _SCHEMAS if name in type(tool).model_fields
    }
    return tool.model_copy(update={**update, **schemas})


def tools_of(listed: Any) -> Iterable[Any]:
    """The tools in what ``list_tools`` returns."""
    tools: Iterable[Any] = listed if isinstance(listed, list | tuple) else listed.tools
    return tools


def descriptions_of(tool: Any) -> Iterator[Literal]:
    """The texts of a tool that an MCP server announces, as an object of its client or a mapping."""
    name, source = str(read(tool, "name")), f"tool {read(tool, 'name')!r} of an MCP server"
    if isinstance(read(tool, "description"), str):
        yield _literal(read(tool, "description"), name, "", source)
    schema = next((held for key in _SCHEMAS if isinstance(held := read(tool, key), Mapping)), {})
    for argument, about in (schema.get("properties") or {}).items():
        if isinstance(about, Mapping) and isinstance(about.get("description"), str):
            yield _literal(about["description"], name, str(argument), f"{source}, argument {argument!r}")


def _literal(text: str, tool: str, argument: str, source: str) -> Literal:
    kind = "argument_description" if argument else "tool_description"
    return Literal(text=Written((text,)), kind=kind, tool=tool, argument=argument, function="", source=source)
