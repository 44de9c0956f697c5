"""A loop over litellm, whose prompts are in another module, without tool functions of its own."""

from __future__ import annotations

from typing import Any

import litellm

from . import wording

BASE_URL = "http://127.0.0.1:9/v1"


def agent(request: str) -> str:
    messages = [{"role": "system", "content": wording.SYSTEM}, {"role": "user", "content": request}]
    reply: Any = litellm.completion(
        model="openai/simulated-task", messages=messages, api_base=BASE_URL, api_key="offline"
    )
    messages.append({"role": "assistant", "content": reply.choices[0].message.content})
    messages.append({"role": "user", "content": wording.follow_up(request)})
    return str(reply.choices[0].message.content)


async def async_agent(request: str) -> str:
    reply: Any = await litellm.acompletion(
        model="openai/simulated-task",
        messages=[{"role": "system", "content": wording.SYSTEM}, {"role": "user", "content": request}],
        api_base=BASE_URL,
        api_key="offline",
    )
    return str(reply.choices[0].message.content)
