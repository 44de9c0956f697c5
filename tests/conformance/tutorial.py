"""The framework and the adapter of the page "Write an adapter", imported as they stand there."""

from __future__ import annotations

import atexit
import importlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.conformance.pages import install

PAGE = "write-an-adapter.md"


def _imported() -> tuple[Any, Any]:
    directory = tempfile.mkdtemp(prefix="gepa-page-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    install(PAGE, Path(directory))
    shutil.rmtree(next(Path(directory).glob("*.dist-info")))  # nothing but the page's test is to find it
    sys.path.insert(0, directory)
    try:
        return importlib.import_module("tinychain"), importlib.import_module("gepa_tinychain")
    finally:
        sys.path.remove(directory)


tinychain, gepa_tinychain = _imported()
