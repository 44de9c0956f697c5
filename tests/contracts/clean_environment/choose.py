"""Run where gepa-core and softmax-selection are installed: say what is there and who was chosen."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gepa_core import Component, Rollout, optimize
from gepa_core.manager import describe_distribution, installed_plugins

GOAL = "abcdefgh"


class Letters:
    """An app that knows the letters that its only text has."""

    components = (Component(name="letters", text="-"),)
    left_alone = ()

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        return Rollout(output=inputs in texts["letters"])

    def build(self, texts: Mapping[str, str]) -> dict[str, str]:
        return dict(texts)


def add_a_letter(prompt: str) -> str:
    current = prompt.partition("## Current text\n```\n")[2].partition("\n```")[0]
    missing = [letter for letter in GOAL if letter not in current]
    return f"```\n{current}{missing[len(prompt) % len(missing)]}\n```"


def choose(plugins: list[str], run_dir: Path) -> list[dict[str, Any]]:
    """The proposals of a run with ``plugins``: which parent each had, and what it was chosen from."""
    result = optimize(
        Letters(),
        trainset=list(GOAL),
        metric=lambda _letter, output: output,
        reflection_lm=add_a_letter,
        budget=200,
        plugins=plugins,
        run_dir=run_dir,
        seed=5,
    )
    return [
        {
            "number": proposal.number,
            "kind": proposal.kind,
            "seen": proposal.seen,
            "parents": proposal.parents,
            "mean": sum(proposal.scores.values()) / len(GOAL) if proposal.status == "accepted" else None,
        }
        for proposal in result.proposals
    ]


if __name__ == "__main__":
    report = {
        "plugins": {name: describe_distribution(point) for name, point in installed_plugins().items()},
        "imported": sorted(name for name in sys.modules if name.startswith("softmax")),
        "with": choose(["softmax"], Path("with")),
        "without": choose([], Path("without")),
        "prefix": sys.prefix,
    }
    print(json.dumps(report))
