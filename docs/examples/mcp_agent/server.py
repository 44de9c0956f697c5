"""The tools of a device shop as an MCP server on standard input and output: ``python server.py``."""

from __future__ import annotations

from mcp.server import MCPServer

server = MCPServer("shop")


@server.tool()
def find_order(order_id: str) -> str:
    """Looks up an order."""
    return f"Order {order_id} is on its way."


@server.tool()
def refund_payment(amount: str, currency: str) -> str:
    """Pays money back."""
    return f"{amount} {currency} will be paid back."


@server.tool()
def search_help(language: str) -> str:
    """Searches the help pages."""
    return f"The manual is available in {language}."


if __name__ == "__main__":
    server.run()
