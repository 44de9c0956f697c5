"""A server of the Model Context Protocol with one tool, spoken over its standard input and output."""

from __future__ import annotations

import json
import sys
from typing import Any

TOOL = {
    "name": "opening_hours",
    "description": "Looks up something.",
    "inputSchema": {"type": "object", "properties": {"shop": {"type": "string"}}},
}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    if method == "initialize":
        return {"protocolVersion": "2024-11-05", "capabilities": {}, "serverInfo": {"name": "shops"}}
    if method == "tools/list":
        return {"tools": [TOOL]}
    return {"content": [{"type": "text", "text": f"{params['arguments']['shop']} opens at nine"}]}


for line in sys.stdin:
    request = json.loads(line)
    if "id" in request:
        result = answer(request["method"], request.get("params") or {})
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
