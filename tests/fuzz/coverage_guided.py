"""Lets atheris look for inputs that break a target, as long as one likes. Not a test: run it by hand.

    uv run --with atheris python -m tests.fuzz.coverage_guided answer -max_total_time=300

The first argument is a function of `tests.fuzz.targets`; the others go to libFuzzer. An input that breaks it
is written to ``crash-…`` in the working directory, and given as the last argument it is tried again.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

with atheris.instrument_imports(include=["gepa_core"]):
    from tests.fuzz import targets


def main(name: str) -> None:
    """Fuzz the target called ``name``."""

    def run(data: bytes) -> None:
        provider = atheris.FuzzedDataProvider(data)
        if name in ("data_files", "saved_texts", "store_file"):
            getattr(targets, name)(data)
        elif name == "templates":
            original = provider.ConsumeUnicode(provider.ConsumeIntInRange(0, 200))
            targets.templates(original, provider.ConsumeUnicode(provider.remaining_bytes()))
        else:
            getattr(targets, name)(provider.ConsumeUnicode(len(data)))

    atheris.Setup([sys.argv[0], *sys.argv[2:]], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1])
