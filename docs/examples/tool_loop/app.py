"""The clerk of a device shop: a loop over a chat API with five tools."""

from __future__ import annotations

import json
import os
from typing import Any

from openai import OpenAI

client = OpenAI()  # reads OPENAI_API_KEY and OPENAI_BASE_URL
MODEL = os.environ.get("MODEL", "gpt-4.1-mini")

SYSTEM_PROMPT = "You serve the customers of a shop for devices.\nCall the one tool that helps."


def find_order(order_id: str) -> str:
    return f"Order {order_id} is on its way."


def refund_payment(amount: str, currency: str) -> str:
    return f"{amount} {currency} will be paid back."


def book_visit(date: str, time: str) -> str:
    return f"A technician comes on {date} at {time}."


def search_help(language: str) -> str:
    return f"The manual is available in {language}."


def open_case(reference: str) -> str:
    return f"Case {reference} is open."


FUNCTIONS = {tool.__name__: tool for tool in (find_order, refund_payment, book_visit, search_help, open_case)}


def describe(name: str, description: str, *arguments: str) -> dict[str, Any]:
    properties = {argument: {"type": "string"} for argument in arguments}
    parameters = {"type": "object", "properties": properties, "required": list(arguments)}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


TOOLS: list[Any] = [
    describe("find_order", "Looks up an order.", "order_id"),
    describe("refund_payment", "Pays money back.", "amount", "currency"),
    describe("book_visit", "Books a technician.", "date", "time"),
    describe("search_help", "Searches the help pages.", "language"),
    describe("open_case", "Opens a case for a colleague.", "reference"),
]


def agent(request: str) -> str:
    """Serve one customer; returns what the customer is told."""
    messages: list[Any] = [
        {"role": "system", "content": SYSTEM_PROMPT},
        {"role": "user", "content": request},
    ]
    for _ in range(5):
        answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
        message: Any = answer.choices[0].message
        messages.append(message)
        if not message.tool_calls:
            return message.content or ""
        for call in message.tool_calls:
            result = FUNCTIONS[call.function.name](**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    return "Please call us."
