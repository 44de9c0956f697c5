"""How the simulated task model chooses a tool and writes its arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from gepa_offline.choosing import choose
from gepa_offline.domains.tool_use.requests import REQUEST, Details, Wish, read_request
from gepa_offline.domains.tool_use.rules import AGENT, TOOL_PLAYBOOKS, TOOLS
from gepa_offline.judge import Judge
from gepa_offline.prompt import Answer, Prompt, ToolCall


@lru_cache(maxsize=8192)
def take_apart(text: str) -> tuple[str, tuple[Wish, Details, str] | None]:
    """What a message instructs, and the last request in it. Cached: both come back in many prompts."""
    found = list(REQUEST.finditer(text)) if ", and I speak " in text else []
    return (REQUEST.sub("", text), (*read_request(found[-1]), found[-1][0])) if found else (text, None)


def answer(prompt: Prompt, judge: Judge) -> Answer | None:
    """Call one of the tools for the last request; None when the prompt holds no request.

    Tools are called in the protocol's way where they were offered so, else as JSON in the text. Where none
    of the shop's tools is offered, but others to hand the request on with, the one whose description names
    the right tool is called with the request. After a tool has answered, its result is passed on in words.
    """
    parts = [take_apart(text) for role, text in prompt.turns if role in ("system", "user")]
    requests = [request for _, request in parts if request]
    if not requests:
        return None
    last_role, last_text = prompt.turns[-1]
    if last_role == "tool":
        return Answer(text=f"It is done. {last_text}")
    wish, details, asked = requests[-1]
    instruction = "\n".join(rest for rest, _ in parts)
    offered = {tool["function"]["name"]: tool["function"] for tool in prompt.tools}
    name = judge.value(AGENT, f"agent.{wish.id}", instruction)
    if offered and name not in offered:
        known = next((known for known in TOOLS if known in offered), "")
        if not known:
            return _handed_on(list(offered.values()), name, asked)
        name = known
    manual = f"{instruction}\n{offered.get(name, {}).get('description', '')}"
    arguments = {}
    for argument in TOOLS[name][1]:
        style = judge.value(TOOL_PLAYBOOKS[name], f"{name}.{argument}", manual)
        value = details.written(f"{name}.{argument}", style)
        if value is not None:
            arguments[argument] = value
    if offered:
        return Answer(tool_calls=(ToolCall(name=name, arguments=arguments),))
    return Answer(text=json.dumps({"tool": name, "arguments": arguments}))


def _handed_on(tools: Sequence[Mapping[str, Any]], needed: str, asked: str) -> Answer:
    """Call the tool that names ``needed`` or comes nearest, with the request as each required argument."""
    tool = tools[choose([str(tool.get("description", "")) for tool in tools], needed, asked)]
    required = (tool.get("parameters") or {}).get("required", ())
    call = ToolCall(name=tool["name"], arguments=dict.fromkeys(required, asked))
    return Answer(tool_calls=(call,))
