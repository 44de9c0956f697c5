"""The simulated model of gepa-offline, for a run that asks for it."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from gepa_core.errors import ConfigurationError


def load_offline(extra: str = "offline") -> ModuleType:
    """The package gepa_offline, imported by name: the core does not depend on it.

    Args:
        extra: the extra of gepa-core to name when it is missing.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        return importlib.import_module("gepa_offline")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the simulated model needs {error.name!r}, which is not installed; run: pip install"
            f' "gepa-core[{extra}]"'
        ) from None


@contextlib.contextmanager
def offline_model(options: Mapping[str, Any] | None) -> Iterator[None]:
    """Serve the simulated models on a free port, and let OpenAI clients that are made meanwhile find them.

    Args:
        options: ``seed``, ``task_latency`` and ``reflection_latency`` (seconds), ``faults`` (a list of
            what goes wrong, such as ``"503,rate=0.1"``); None to do nothing.

    Raises:
        ConfigurationError: gepa-offline is not installed, or refuses the options.
    """
    if options is None:
        yield
        return
    server = load_offline().serve(**options)
    try:
        running = server.__enter__()
    except (ValueError, TypeError, OSError) as error:
        raise ConfigurationError(f"[offline]: {error}") from None
    with contextlib.ExitStack() as stack:
        stack.push(server)
        # The clients read these when they are made. The key only has to be there.
        stack.enter_context(_environment(OPENAI_BASE_URL=running.base_url, OPENAI_API_KEY="offline"))
        yield


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
