"""Finding the executor of a run by its name, its settings, or as an object."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from gepa_core.errors import ConfigurationError
from gepa_core.local import LocalExecutor
from gepa_core.protocols import Executor, Session

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

EXECUTOR_GROUP = "gepa_core.executors"
LOCAL = "local"
"""The name of the built-in executor."""

_EXTRAS = {"ray": "ray"}
"""The extras of gepa-core that bring an executor, by its name."""


def installed_executors() -> dict[str, EntryPoint]:
    """Installed executors by name. Imports none of them."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=EXECUTOR_GROUP)}


def as_executor(value: Any) -> Executor:
    """The executor that a name, a table of a name and options, or an object stands for.

    Raises:
        ConfigurationError: there is none of that name, it refuses the options, or the object is none.
    """
    if isinstance(value, str):
        return as_executor({"name": value})
    if not isinstance(value, Mapping):
        if isinstance(value, type) or not callable(getattr(value, "session", None)):
            raise ConfigurationError(
                f"execution: executor={value!r} is no executor: give a name such as {LOCAL!r}, or an object"
                " with the method session(target, system=…, adapter=…, concurrency=…)"
            )
        return value  # type: ignore[no-any-return]
    options = {key: option for key, option in value.items() if key != "name"}
    name = value.get("name")
    if not isinstance(name, str):
        raise ConfigurationError(
            f"execution: an executor is a name, or a table with its 'name' and its options, not {value!r}"
        )
    if name == LOCAL:
        if options:
            raise ConfigurationError(f"execution: the executor {LOCAL!r} has no options, not {options!r}")
        return LocalExecutor()
    return _loaded(name, options)


def _loaded(name: str, options: Mapping[str, Any]) -> Executor:
    from gepa_core.manager import load_named

    installed = installed_executors()
    if name in _EXTRAS and name not in installed:
        raise ConfigurationError(
            f"execution: the executor {name!r} is not installed;"
            f' run: pip install "gepa-core[{_EXTRAS[name]}]"'
        )
    executor: Executor = load_named("executor", name, installed, options, built_in=(LOCAL,))
    return executor


@asynccontextmanager
async def opened(session: Session) -> AsyncIterator[Session]:
    """``session``, open; closed however the block ends, and also where it could not be opened."""
    try:
        await session.open()
        yield session
    finally:
        await session.close()
