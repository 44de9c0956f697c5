"""The clerk of a device shop: a LangChain agent with three tools."""

from __future__ import annotations

import os

from langchain.agents import create_agent
from langchain.tools import tool
from langchain_openai import ChatOpenAI


@tool
def find_order(order_id: str) -> str:
    """Looks up an order."""
    return f"Order {order_id} is on its way."


@tool
def search_help(language: str) -> str:
    """Searches the help pages."""
    return f"The manual is available in {language}."


@tool
def open_case(reference: str) -> str:
    """Opens a case for a colleague."""
    return f"Case {reference} is open."


agent = create_agent(
    ChatOpenAI(model=os.environ.get("MODEL", "gpt-4.1-mini"), temperature=0),
    tools=[find_order, search_help, open_case],
    system_prompt="You serve the customers of a shop for devices.\nCall the one tool that helps.",
)
