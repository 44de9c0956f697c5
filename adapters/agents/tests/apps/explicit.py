"""Agents that are given their texts, and one that says itself what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:9/v1", api_key="offline")

DEFAULTS = {
    "system": "You serve the customers of a shop for devices.\nCall the one tool that helps.",
    "ask": "Help with this request: {request}",
}


def with_mapping(request: str, prompts: Mapping[str, str]) -> str:
    answer = client.chat.completions.create(
        model="simulated-task",
        messages=[
            {"role": "system", "content": prompts["system"]},
            {"role": "user", "content": prompts["ask"].format(request=request)},
        ],
    )
    return str(answer.choices[0].message.content)


def with_default(request: str, prompts: Mapping[str, str] = DEFAULTS) -> str:
    return with_mapping(request, prompts)


async def with_recorder(request: str, prompts: Mapping[str, str], recorder: Any) -> str:
    messages = [{"role": "system", "content": prompts["system"]}, {"role": "user", "content": request}]
    recorder.model_call(
        "own-model", messages, "call find_order", input_tokens=7, output_tokens=3, dollars=0.5
    )
    recorder.tool_call("find_order", {"order_id": "1"}, "on its way", seconds=0.25)
    recorder.step("store", {"key": 1}, "kept", components=("system",))
    recorder.step("archive", request, ["a"], kind="retrieval", error="it is slow")
    return "done"
