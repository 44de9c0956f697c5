"""The loop of the OpenAI documentation: a function, a prompt in a variable, a table of functions."""

from __future__ import annotations

import json
from typing import Any

from openai import OpenAI

from .shop import TOOLS

client = OpenAI(base_url="http://127.0.0.1:9/v1", api_key="offline")

SYSTEM_PROMPT = "You serve the customers of a shop for devices.\nCall the one tool that helps."


def find_order(order_id: str = "") -> dict[str, str]:
    return {"order": order_id, "state": "on its way"}


def search_help(language: str = "") -> str:
    return f"Nothing was found in {language or 'any language'}."


def book_visit(date: str = "", time: str = "") -> str:
    return f"Booked for {date} {time}."


def refund_payment(amount: str = "", currency: str = "") -> str:
    return f"Paid back: {amount} {currency}."


def open_case(reference: str = "") -> str:
    return f"Opened {reference}."


FUNCTIONS = {
    "find_order": find_order,
    "search_help": search_help,
    "book_visit": book_visit,
    "refund_payment": refund_payment,
    "open_case": open_case,
}


def agent(request: str) -> dict[str, Any]:
    messages: list[Any] = [
        {"role": "system", "content": SYSTEM_PROMPT},
        {"role": "user", "content": request},
    ]
    called: list[dict[str, Any]] = []
    for _ in range(4):
        message = ask(messages)
        messages.append(message)
        if not message.tool_calls:
            break
        for call in message.tool_calls:
            arguments = json.loads(call.function.arguments)
            result = FUNCTIONS[call.function.name](**arguments)
            called.append({"tool": call.function.name, "arguments": arguments})
            messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
    return called[0] if called else {"tool": "", "arguments": {}}


def ask(messages: list[Any]) -> Any:
    answer = client.chat.completions.create(model="simulated-task", messages=messages, tools=TOOLS)  # type: ignore[arg-type]
    return answer.choices[0].message
