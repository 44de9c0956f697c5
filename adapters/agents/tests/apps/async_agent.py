"""An async object with prompts by name in a mapping, async tools and two models one after the other."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from openai import AsyncOpenAI

from .shop import TOOLS

PROMPTS = {
    "choose": "You serve the customers of a shop for devices.\nCall the one tool that helps.",
    "summarise": "Tell the customer {name} in one sentence what was done: {result}",
}


async def find_order(order_id: str = "") -> str:
    await asyncio.sleep(0)
    return f"{order_id} is on its way."


async def anything(**arguments: str) -> str:
    await asyncio.sleep(0)
    return f"Done with {json.dumps(arguments)}."


class AsyncSupport:
    def __init__(self, client: AsyncOpenAI) -> None:
        self.client = client
        self.registry: dict[str, Any] = {tool["function"]["name"]: anything for tool in TOOLS}
        self.registry["find_order"] = find_order

    async def run(self, request: str, name: str = "Ada") -> str:
        messages: list[Any] = [
            {"role": "system", "content": PROMPTS["choose"]},
            {"role": "user", "content": request},
        ]
        message = await self._ask(messages, tools=TOOLS)
        calls = message.tool_calls or []
        results = await asyncio.gather(*(self._use(call) for call in calls))
        said = PROMPTS["summarise"].format(name=name, result="; ".join(results))
        last = await self._ask(
            [{"role": "user", "content": f"{said}\n"}, {"role": "user", "content": request}]
        )
        return str(last.content)

    async def _ask(self, messages: list[Any], **options: Any) -> Any:
        answer = await self.client.chat.completions.create(
            model="simulated-task", messages=messages, **options
        )
        return answer.choices[0].message

    async def _use(self, call: Any) -> str:
        return str(await self.registry[call.function.name](**json.loads(call.function.arguments)))
