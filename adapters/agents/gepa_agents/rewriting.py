"""Texts that no object holds: put in place of the old ones in the arguments of a model call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gepa_agents.reading import INSTRUCTIONS, MESSAGES
from gepa_core.appgraph import Rewriting, described


def rewritten(arguments: Mapping[str, Any], rewriting: Rewriting) -> Mapping[str, Any]:
    """A model call's arguments with the new texts; those of the caller stay as they are."""
    if rewriting.is_idle:
        return arguments
    new = dict(arguments)
    for name in INSTRUCTIONS:
        if name in new:
            new[name] = _content(new[name], "system", rewriting)
    for name in MESSAGES:
        held = new.get(name)
        if isinstance(held, str):
            new[name] = _content(held, "user" if name == "input" else "", rewriting)
        elif isinstance(held, list | tuple):
            new[name] = [_message(message, rewriting) for message in held]
    for name in ("tools", "functions"):
        if isinstance(new.get(name), list | tuple):
            new[name] = [_tool(tool, rewriting) for tool in new[name]]
    return new


def _message(message: Any, rewriting: Rewriting) -> Any:
    if not isinstance(message, Mapping):
        return message
    content = _content(message.get("content"), str(message.get("role") or ""), rewriting)
    return message if content is message.get("content") else {**message, "content": content}


def _content(content: Any, role: str, rewriting: Rewriting) -> Any:
    if isinstance(content, str):
        return rewriting.text(role, content)
    if not isinstance(content, list):
        return content
    return [
        {**part, "text": rewriting.text(role, part["text"])}
        if isinstance(part, Mapping) and isinstance(part.get("text"), str)
        else part
        for part in content
    ]


def _tool(tool: Any, rewriting: Rewriting) -> Any:
    inner = tool.get("function") if isinstance(tool, Mapping) else None
    function = inner if isinstance(inner, Mapping) else tool
    if not isinstance(function, Mapping):
        return tool
    new = rewriting.descriptions(str(function.get("name")))
    if not new:
        return tool
    changed = described(function, new)
    return {**tool, "function": changed} if function is inner else changed
