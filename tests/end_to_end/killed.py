"""Run the toy in a process that ends itself without a word after so many rollouts or reflections.

Arguments: run directory, journal, lookahead, how the process counts (``run`` or ``reflect``), at which count
it ends (0 for never). Each rollout that begins is written to the journal first.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.core.toys import Toy, ToyModel, preset, reflect, search


def main(directory: str, journal: str, lookahead: str, what: str, last: str) -> None:
    """Run, and be killed."""
    counts = {name: itertools.count(1) for name in ("run", "reflect")}

    def note(name: str) -> None:
        if next(counts[name]) == int(last) and what == name:
            os._exit(9)

    def on_run(texts: Mapping[str, str], inputs: Any) -> None:
        with Path(journal).open("a") as file:
            file.write(json.dumps([dict(texts), inputs]) + "\n")
        note("run")

    def write(prompt: str) -> str:
        note("reflect")
        return reflect(prompt)

    search(
        Toy(on_run=on_run, jitter=0.001),
        Path(directory),
        reflection_lm=ToyModel(write=write, jitter=0.001),
        preset=preset(lookahead=int(lookahead)),
        testset=range(40, 43),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
