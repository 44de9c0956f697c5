"""What the agents of the shop share: tools as the OpenAI protocol describes them, and what they do."""

from __future__ import annotations

from typing import Any


def tool(name: str, description: str, **arguments: str) -> dict[str, Any]:
    properties = {argument: {"type": "string", "description": about} for argument, about in arguments.items()}
    parameters = {"type": "object", "properties": properties, "required": list(arguments)}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


TOOLS = [
    tool("find_order", "Finds an order.", order_id="Number of the order."),
    tool("search_help", "Searches the manuals.", language="Language of the manual."),
    tool("book_visit", "Books a visit of a technician.", date="Day of the visit.", time="Hour of the visit."),
    tool("refund_payment", "Pays money back.", amount="Sum to pay back.", currency="Currency of the sum."),
    tool("open_case", "Opens a case for a colleague.", reference="What the case is about."),
]
TOOL_NAMES = [
    name
    for one in TOOLS
    for name in (
        f"tool.{one['function']['name']}",
        *(
            f"tool.{one['function']['name']}.{argument}"
            for argument in one["function"]["parameters"]["properties"]
        ),
    )
]
