"""The clerk of a device shop: a loop over a chat API whose tools come from an MCP server."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import ClientSession, StdioServerParameters, stdio_client
from openai import AsyncOpenAI

MODEL = os.environ.get("MODEL", "gpt-4.1-mini")
SERVER = StdioServerParameters(command=sys.executable, args=[str(Path(__file__).with_name("server.py"))])
SYSTEM_PROMPT = "You serve the customers of a shop for devices.\nCall the one tool that helps."


class Clerk:
    """Serves customers with the tools of an MCP session."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session
        self.client = AsyncOpenAI()  # reads OPENAI_API_KEY and OPENAI_BASE_URL

    async def run(self, request: str) -> str:
        """Serve one customer; returns what the customer is told."""
        tools = await self.tools()
        messages: list[Any] = [
            {"role": "system", "content": SYSTEM_PROMPT},
            {"role": "user", "content": request},
        ]
        for _ in range(5):
            answer = await self.client.chat.completions.create(model=MODEL, messages=messages, tools=tools)
            message: Any = answer.choices[0].message
            messages.append(message)
            for call in message.tool_calls or []:
                arguments = json.loads(call.function.arguments)
                result: Any = await self.session.call_tool(call.function.name, arguments)
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result.content[0].text})
            if not message.tool_calls:
                return message.content or ""
        return "Please call us."

    async def tools(self) -> list[Any]:
        """The server's tools as the chat API wants them."""
        listed = await self.session.list_tools()
        return [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.input_schema,
                },
            }
            for tool in listed.tools
        ]


@asynccontextmanager
async def open_shop() -> AsyncIterator[Clerk]:
    """Start the server and a clerk who uses it."""
    async with stdio_client(SERVER) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield Clerk(session)
