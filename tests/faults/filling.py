"""Run the toy in a process whose files may not grow beyond a size, and say how it ended.

Arguments: run directory, journal, the most bytes a file may have (0 for no limit). Each rollout that begins
is a line of the journal. Ends with 3 and the error on standard error when the run directory failed.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gepa_core.errors import StoreError
from tests.core.toys import Toy, search


def main(directory: str, journal: str, most: str) -> None:
    """Run."""

    def on_run(_texts: Mapping[str, str], inputs: Any) -> None:
        with Path(journal).open("a") as file:
            file.write(f"{inputs}\n")

    if int(most):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
    try:
        search(Toy(on_run=on_run), Path(directory))
    except StoreError as error:
        print(error, file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main(*sys.argv[1:])
