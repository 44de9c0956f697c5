"""Finding components in another process. Run as a program, it prints those of all suites in a module."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import json
import os
import subprocess
import sys
from typing import Any


def components_elsewhere(suite: type, hash_seed: str) -> list[list[str]]:
    """Names and texts that ``suite`` finds in another process, where PYTHONHASHSEED is ``hash_seed``."""
    found = _asked(suite.__module__, inspect.getfile(suite), hash_seed)
    if suite.__qualname__ not in found:
        raise AssertionError(
            f"another process finds no {suite.__qualname__!r} at the top level of {suite.__module__!r}; it"
            f" finds {', '.join(found) or 'no suite'}"
        )
    answer = found[suite.__qualname__]
    if isinstance(answer, str):
        raise AssertionError(f"in another process the app cannot be wrapped: {answer}")
    names_and_texts: list[list[str]] = answer
    return names_and_texts


@functools.lru_cache(maxsize=64)
def _asked(module: str, file: str, hash_seed: str) -> dict[str, Any]:
    """All suites of a module are asked for at once: to import a framework takes seconds."""
    path = os.pathsep.join(filter(None, [os.getcwd(), *sys.path]))
    process = subprocess.run(
        [sys.executable, "-m", __name__, module, file],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    if process.returncode:
        raise AssertionError(f"another process cannot import {module!r}:\n{process.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return answer


def _main(name: str, file: str) -> None:
    from gepa_core.testing.suites.case import SystemCase

    module = _imported(name, file)
    suites = [
        held
        for held in vars(module).values()
        if inspect.isclass(held) and issubclass(held, SystemCase) and held.__module__ == name
    ]
    found = {suite.__qualname__: _components(suite) for suite in suites if not inspect.isabstract(suite)}
    print(f"\n{json.dumps(found)}")


def _components(suite: type[Any]) -> list[list[str]] | str:
    try:
        return [[one.name, one.text] for one in suite().trial().components]
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _imported(name: str, file: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module


if __name__ == "__main__":
    _main(*sys.argv[1:])
