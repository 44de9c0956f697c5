"""An agent whose tools are those of an MCP server, asked for anew in every run."""

from __future__ import annotations

import json
from typing import Any

from openai import AsyncOpenAI

SYSTEM_PROMPT = "You serve the customers of a shop for devices.\nCall the one tool that helps."


class McpAgent:
    def __init__(self, client: AsyncOpenAI, session: Any) -> None:
        self.client = client
        self.session = session

    async def run(self, request: str) -> dict[str, Any]:
        listed = await self.session.list_tools()
        tools: list[Any] = [
            {
                "type": "function",
                "function": {"name": one.name, "description": one.description, "parameters": schema_of(one)},
            }
            for one in listed.tools
        ]
        messages: list[Any] = [
            {"role": "system", "content": SYSTEM_PROMPT},
            {"role": "user", "content": request},
        ]
        answer = await self.client.chat.completions.create(
            model="simulated-task", messages=messages, tools=tools
        )
        message: Any = answer.choices[0].message
        if not message.tool_calls:
            return {"tool": "", "arguments": {}}
        call = message.tool_calls[0].function
        arguments = json.loads(call.arguments)
        result = await self.session.call_tool(call.name, arguments)
        return {"tool": call.name, "arguments": arguments, "result": result.content[0].text}


def schema_of(tool: Any) -> Any:
    """Both versions of the ``mcp`` package."""
    return getattr(tool, "input_schema", None) or tool.inputSchema
