"""What is made in the folders of the examples, data and code on pages: ``python tests/examples/made.py``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gepa_offline import domain
from gepa_offline.domain import SPLITS, Row, Split

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FILES = ("app.py", "metric.py", "optimise.py")
SIZES = {"train": 30, "val": 15, "test": 30}


def requests(split: Split) -> list[Row]:
    """Requests of customers, each with the call of a tool that serves it."""
    rows = domain("tool_use").rows(split, SIZES[split])
    return [{"inputs": row["inputs"]["request"], "expected": row["expected"]} for row in rows]


def messages(split: Split, tools: tuple[str, ...]) -> list[Row]:
    """Requests that some of the tools serve, as a conversation that begins."""
    rows = [row for row in domain("tool_use").rows(split, 200) if row["expected"]["tool"] in tools]
    return [
        {
            "inputs": {"messages": [{"role": "user", "content": row["inputs"]["request"]}]},
            "expected": row["expected"],
        }
        for row in rows[: SIZES[split]]
    ]


DATA: dict[str, Callable[[Split], list[dict[str, Any]]]] = {
    "tool_loop": requests,
    "tool_agent": lambda split: messages(split, ("find_order", "search_help", "open_case")),
}


def lines(example: str, split: Split) -> str:
    """The rows of an example's split, one JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in DATA[example](split))


def page(example: str) -> str:
    """The page of an example with its files in it, as they are now."""
    text = (EXAMPLES / example / "index.md").read_text(encoding="utf-8")
    for file in FILES:
        opening, code = f'```python title="{file}"\n', (EXAMPLES / example / file).read_text(encoding="utf-8")
        before, found, after = text.partition(opening)
        if found:
            text = before + opening + code + after[re.search("^```$", after, re.MULTILINE).start() :]  # type: ignore[union-attr]
    return text


if __name__ == "__main__":
    for name in DATA:
        for each in SPLITS:
            (EXAMPLES / name / f"{each}.jsonl").write_text(lines(name, each), encoding="utf-8")
        (EXAMPLES / name / "index.md").write_text(page(name), encoding="utf-8")
