"""An object that remembers its conversation, whose tools are its methods."""

from __future__ import annotations

import json
import threading
from typing import Any

from openai import OpenAI

from .shop import tool

GREETING = "Greet the customer by name if you know it, and thank them for writing."


class Memory:
    """The turns so far, in an object of its own."""

    def __init__(self) -> None:
        self.turns = 0
        self.messages: list[Any] = []


class SupportAgent:
    persona = "You serve the customers of a shop for devices."

    def __init__(
        self, client: OpenAI, rules: str = "Call the one tool that helps. Never call two of them."
    ) -> None:
        self.client = client
        self.instructions = rules
        self.memory = Memory()
        self.cache: dict[str, str] = {}
        self.lock = threading.Lock()
        self.tools = [
            tool("find_order", "Finds an order.", order_id="Number of the order."),
            tool("open_case", "Opens a case for a colleague.", reference="What the case is about."),
        ]

    def find_order(self, order_id: str = "") -> str:
        self.cache[order_id] = "seen"
        return f"{order_id} is on its way."

    def open_case(self, reference: str = "") -> str:
        return f"Opened {reference}."

    @property
    def system_message(self) -> str:
        return f"{self.persona}\n{self.instructions}\n{GREETING}"

    def __call__(self, request: str) -> str:
        with self.lock:
            self.memory.turns += 1
        if not self.memory.messages:
            self.memory.messages.append({"role": "system", "content": self.system_message})
        self.memory.messages.append({"role": "user", "content": request})
        while True:
            answer = self.client.chat.completions.create(
                model="simulated-task",
                messages=self.memory.messages,
                tools=self.tools,  # type: ignore[arg-type]
            )
            message: Any = answer.choices[0].message
            self.memory.messages.append(message.model_dump(exclude_none=True))
            if not message.tool_calls:
                return str(message.content)
            for call in message.tool_calls:
                result = getattr(self, call.function.name)(**json.loads(call.function.arguments))
                self.memory.messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
