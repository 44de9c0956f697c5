"""What is made in the folders of the examples, data and code on pages: ``python tests/examples/made.py``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gepa_offline import domain
from gepa_offline.domain import SPLITS, Row, Split
from gepa_offline.domains.multi_hop import corpus
from gepa_offline.domains.multi_hop.reading import FOLLOW_UP

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SIZES = {"train": 30, "val": 15, "test": 30}


def requests(split: Split, *tools: str) -> list[Row]:
    """Requests of customers that one of the tools serves, or any tool, each with the call to be made."""
    rows = domain("tool_use").rows(split, 200)
    wanted = [row for row in rows if not tools or row["expected"]["tool"] in tools][: SIZES[split]]
    return [{"inputs": row["inputs"]["request"], "expected": row["expected"]} for row in wanted]


def messages(split: Split, *tools: str) -> list[Row]:
    """Requests that some of the tools serve, as a conversation that begins."""
    return [
        {**row, "inputs": {"messages": [{"role": "user", "content": row["inputs"]}]}}
        for row in requests(split, *tools)
    ]


def questions(split: Split) -> list[Row]:
    """Questions about the maker of a work, each as one text."""
    rows = domain("multi_hop").rows(split, SIZES[split])
    return [{"inputs": row["inputs"]["question"], "expected": row["expected"]} for row in rows]


def conversations(split: Split) -> list[Row]:
    """Questions that follow on an exchange about the same work, every other one without naming it."""
    return [_conversation(row, number) for number, row in enumerate(questions(split))]


def _conversation(row: Row, number: int) -> Row:
    [work] = re.findall(r"The [A-Z]\w+ [A-Z]\w+", row["inputs"])
    asked = row["inputs"].replace(work, FOLLOW_UP) if number % 2 else row["inputs"]
    history = [
        {"role": "user", "content": f"Do you know {work}?"},
        {"role": "assistant", "content": f"Yes, {work} is in the collection. What would you like to know?"},
    ]
    return {**row, "inputs": {"question": asked, "history": history}}


def compound_questions(split: Split) -> list[Row]:
    """Pairs of questions, each pair as one text."""
    rows = domain("multi_hop").rows(split, 2 * SIZES[split])
    return [
        {
            "inputs": f"{one['inputs']['question']} {other['inputs']['question'].partition(': ')[2]}",
            "expected": [one["expected"], other["expected"]],
        }
        for one, other in zip(rows[::2], rows[1::2], strict=True)
    ]


def passages(*sections: str) -> list[dict[str, str]]:
    """The passages of the corpus that are filed under one of the sections."""
    return [{"text": str(one)} for one in corpus.passages() if one.title.endswith(sections)]


DATA: dict[str, Callable[[Split], list[dict[str, Any]]]] = {
    "tool_loop": requests,
    "router": questions,
    "mcp_agent": lambda split: requests(split, "find_order", "refund_payment", "search_help"),
    "tool_agent": lambda split: messages(split, "find_order", "search_help", "open_case"),
    "rag_chat": conversations,
    "supervisor": lambda split: messages(split, "find_order", "refund_payment", "book_visit", "search_help"),
    "sub_questions": compound_questions,
    "function_agent": lambda split: requests(split, "find_order", "refund_payment", "book_visit"),
}
LIVES = ("(biography)", "(family)", "(letters)", "(training)", "(voyages)")
WORKS = ("(career)", "(estate)", "(honours)", "(memorials)", "(school)")
CORPORA = {
    "router/lives": LIVES,
    "router/works": WORKS,
    "sub_questions/lives": LIVES,
    "sub_questions/works": WORKS,
    "rag_chat/corpus": ("(overview)", *LIVES, *WORKS),
}


def lines(rows: Iterable[dict[str, Any]]) -> str:
    """Rows, one JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def data() -> dict[Path, str]:
    """What every data file of the examples has to hold."""
    rows = {EXAMPLES / name / f"{split}.jsonl": lines(DATA[name](split)) for name in DATA for split in SPLITS}
    texts = {EXAMPLES / f"{name}.jsonl": lines(passages(*CORPORA[name])) for name in CORPORA}
    return rows | texts


def files(example: str) -> list[str]:
    """The names of an example's programs."""
    return sorted(path.name for path in (EXAMPLES / example).glob("*.py"))


def page(example: str) -> str:
    """The page of an example with its files in it, as they are now."""
    text = (EXAMPLES / example / "index.md").read_text(encoding="utf-8")
    for file in files(example):
        opening, code = f'```python title="{file}"\n', (EXAMPLES / example / file).read_text(encoding="utf-8")
        before, found, after = text.partition(opening)
        if found:
            text = before + opening + code + after[re.search("^```$", after, re.MULTILINE).start() :]  # type: ignore[union-attr]
    return text


if __name__ == "__main__":
    for path, text in data().items():
        path.write_text(text, encoding="utf-8")
    for name in DATA:
        (EXAMPLES / name / "index.md").write_text(page(name), encoding="utf-8")
