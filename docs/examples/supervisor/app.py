"""A shop's service: a supervisor hands each request on to the desk that can serve it."""

from __future__ import annotations

import os
from typing import Any, Literal

from langchain.agents import create_agent
from langchain.tools import tool
from langchain_core.messages import SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command

model = ChatOpenAI(model=os.environ.get("MODEL", "gpt-4.1-mini"), temperature=0)


@tool
def find_order(order_id: str) -> str:
    """Looks up an order."""
    return f"Order {order_id} is on its way."


@tool
def refund_payment(amount: str, currency: str) -> str:
    """Pays money back."""
    return f"{amount} {currency} will be paid back."


@tool
def book_visit(date: str, time: str) -> str:
    """Books a technician."""
    return f"A technician comes on {date} at {time}."


@tool
def search_help(language: str) -> str:
    """Searches the help pages."""
    return f"The manual is available in {language}."


orders = create_agent(
    model,
    tools=[find_order, refund_payment],
    system_prompt="You serve the customers of a shop at the desk for orders.\nCall the one tool that helps.",
)
repairs = create_agent(
    model,
    tools=[book_visit, search_help],
    system_prompt="You serve the customers of a shop at the desk for repairs.\nCall the one tool that helps.",
)


@tool
def ask_orders(request: str) -> str:
    """Hands over to the desk for orders, which has find_order and refund_payment."""
    return request


@tool
def ask_repairs(request: str) -> str:
    """Hands over to the desk for repairs, which has book_visit and search_help."""
    return request


SUPERVISOR_PROMPT = (
    "You lead the service of a shop.\nHand each customer over to the desk with the tool that helps."
)


def supervisor(state: MessagesState) -> Command[Literal["orders", "repairs", "__end__"]]:
    asked = [SystemMessage(SUPERVISOR_PROMPT), *state["messages"]]
    message: Any = model.bind_tools([ask_orders, ask_repairs]).invoke(asked)
    if not message.tool_calls:
        return Command(goto="__end__", update={"messages": [message]})
    desk: Any = message.tool_calls[0]["name"].removeprefix("ask_")
    return Command(goto=desk, update={"messages": [message]})


def serve(desk: Any, state: MessagesState) -> dict[str, Any]:
    """Let a desk serve what the supervisor handed on, and report back."""
    [call] = state["messages"][-1].tool_calls  # type: ignore[union-attr]
    served = desk.invoke({"messages": [{"role": "user", "content": call["args"]["request"]}]})
    return {"messages": [ToolMessage(served["messages"][-1].text, tool_call_id=call["id"])]}


def ask_orders_desk(state: MessagesState) -> dict[str, Any]:
    return serve(orders, state)


def ask_repairs_desk(state: MessagesState) -> dict[str, Any]:
    return serve(repairs, state)


builder = StateGraph(MessagesState)
builder.add_node("supervisor", supervisor)
builder.add_node("orders", ask_orders_desk)
builder.add_node("repairs", ask_repairs_desk)
builder.add_edge(START, "supervisor")
builder.add_edge("orders", "supervisor")
builder.add_edge("repairs", "supervisor")
graph = builder.compile()
