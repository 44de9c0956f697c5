"""The clerk of a device shop: a LlamaIndex agent with three tools."""

from __future__ import annotations

import os

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.llms.openai_like import OpenAILike


def find_order(order_id: str) -> str:
    """Looks up an order."""
    return f"Order {order_id} is on its way."


def refund_payment(amount: str, currency: str) -> str:
    """Pays money back."""
    return f"{amount} {currency} will be paid back."


async def book_visit(date: str, time: str) -> str:
    """Books a technician."""
    return f"A technician comes on {date} at {time}."


agent = FunctionAgent(
    tools=[find_order, refund_payment, book_visit],
    llm=OpenAILike(
        model=os.environ.get("MODEL", "gpt-4.1-mini"),
        api_base=os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1"),
        api_key=os.environ.get("OPENAI_API_KEY"),
        is_chat_model=True,
        is_function_calling_model=True,
    ),
    system_prompt="You serve the customers of a shop for devices.\nCall the one tool that helps.",
)
