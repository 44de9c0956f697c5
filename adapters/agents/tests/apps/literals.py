"""An agent whose texts stand in its code: a constant, a formatted string, a tool."""

from __future__ import annotations

from typing import Any

from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:9/v1", api_key="offline")


def agent(request: str, shop: str = "Lumen") -> Any:
    """Choose a tool: this sentence is documentation and goes to no model."""
    style = f"You serve the customers of the shop {shop}. Be as brief as {shop} is known to be."
    answer = client.chat.completions.create(
        model="simulated-task",
        messages=[
            {"role": "system", "content": style},
            {"role": "system", "content": "Call the one tool that helps."},
            {"role": "user", "content": request},
        ],
        tools=[
            {
                "type": "function",
                "function": {
                    "name": "find_order",
                    "description": "Finds an order.",
                    "parameters": {
                        "type": "object",
                        "properties": {"order_id": {"type": "string", "description": "Number of the order."}},
                    },
                },
            }
        ],
    )
    return answer.choices[0].message.tool_calls
