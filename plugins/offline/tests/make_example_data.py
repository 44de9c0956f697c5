"""Writes the data of docs/examples/support_desk: ``python plugins/offline/tests/make_example_data.py``."""

from __future__ import annotations

import json
from pathlib import Path

from gepa_offline import domain
from gepa_offline.domain import SPLITS, Split

FOLDER = Path(__file__).parents[3] / "docs" / "examples" / "support_desk"


def lines(split: Split) -> str:
    """The rows of a split, one JSON object a line."""
    rows = domain("support_desk").rows(split)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


if __name__ == "__main__":
    for each in SPLITS:
        (FOLDER / f"{each}.jsonl").write_text(lines(each), encoding="utf-8")
