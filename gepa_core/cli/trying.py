"""Running an app on a few rows, to see which of its texts reach a model."""

from __future__ import annotations

from inspect import signature
from pathlib import Path

from gepa_core.adapters import adapter_for
from gepa_core.cli.rows import read_rows
from gepa_core.data import as_examples
from gepa_core.probe import Probe, probe, runner
from gepa_core.protocols import System


def adapter_with_sent(app: object) -> str:
    """The class of the adapter that takes ``app`` and can be told of texts by ``sent=``; empty for none."""
    adapter = None if isinstance(app, System) else adapter_for(app)
    takes_sent = adapter is not None and "sent" in signature(type(adapter)).parameters
    return type(adapter).__name__ if takes_sent else ""


def try_out(system: System, file: Path, count: int) -> Probe:
    """Probe ``system`` on the first ``count`` rows of ``file``.

    Raises:
        DataError: the file cannot be read as data.
    """
    examples = as_examples(read_rows(file)[:count], "train")
    return probe(system.components, [example.inputs for example in examples], runner(system))
