"""A run's settings: from a TOML file, from options, or from a stored run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core.budget import Budget
from gepa_core.cli import schema
from gepa_core.cli.schema import Raw
from gepa_core.cli.toml import to_toml
from gepa_core.errors import ConfigurationError
from gepa_core.execution import Execution
from gepa_core.presets import Preset, as_preset

FILE = "gepa.toml"
"""What the command line keeps in a run directory, so that `resume` knows what to run."""

_HEADING = "# Written by gepa-core, so that `gepa-core resume` can go on with this run.\n"


@attrs.frozen(kw_only=True)
class Settings:
    """Settings that were checked.

    Attributes:
        raw: as they stand in TOML; keys are the arguments of `gepa_core.optimize`.
        directory: absolute; modules are imported from it, and paths are relative to it.
    """

    raw: Raw
    directory: Path

    @property
    def target(self) -> str:
        """``module:attribute``."""
        return str(self.raw["target"])

    @property
    def budget(self) -> Budget:
        """The limits.

        Raises:
            ConfigurationError: one of them is not positive.
        """
        return Budget(**_budget_table(self.raw["budget"]))

    @property
    def execution(self) -> Execution:
        """Concurrency, timeout, retries, and where rollouts run.

        Raises:
            ConfigurationError: one of them makes no sense.
        """
        try:
            return Execution(**self.raw.get("execution", {}))
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"execution: {error}") from None

    @property
    def preset(self) -> Preset:
        """The preset of a name, or of a table of a name and further settings.

        Raises:
            ConfigurationError: there is none of that name, or a setting makes no sense.
        """
        settings = _preset_table(self.raw.get("preset", "default"))
        try:
            return attrs.evolve(as_preset(settings.pop("name", "default")), **settings)
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"preset: {error}") from None

    def path(self, key: str) -> Path | None:
        """A path among the settings, absolute; None when it is not set."""
        value = self.raw.get(key)
        return None if value is None else self.directory / Path(value).expanduser()

    def as_toml(self) -> str:
        """The settings as a TOML document that means the same wherever it lies."""
        kept = {key: value for key, value in self.raw.items() if key != "run_dir"}
        return _HEADING + to_toml({**kept, "directory": str(self.directory)})


def make(raw: Mapping[str, Any], directory: Path, source: str) -> Settings:
    """Settings from what was read.

    Args:
        directory: what a relative ``directory`` among them is relative to.
        source: where they come from, for messages.

    Raises:
        ConfigurationError: they are incomplete or wrong.
    """
    schema.check(raw, source)
    missing = [key for key in schema.REQUIRED if key not in raw]
    if missing:
        options = ", ".join(f"{_option(key)} ({key!r} in a file)" for key in missing)
        raise ConfigurationError(
            f"{source}: there is no {options}; give {'it' if len(missing) == 1 else 'them'}"
        )
    root = (directory / raw.get("directory", ".")).absolute()
    settings = Settings(raw={key: one for key, one in raw.items() if key != "directory"}, directory=root)
    if not root.is_dir():
        raise ConfigurationError(
            f"{source}: the directory {str(root)!r}, where modules and data are looked for, does not exist;"
            " correct 'directory'"
        )
    _ = settings.budget, settings.execution, settings.preset
    return settings


def read(path: Path) -> Raw:
    """What a TOML file holds.

    Raises:
        ConfigurationError: it cannot be read, or is no TOML.
    """
    import tomllib

    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{str(path)!r} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise ConfigurationError(f"{str(path)!r} is not valid TOML: {error}") from None
    schema.check(raw, str(path))
    return raw


def merge(raw: Mapping[str, Any], given: Mapping[str, Any]) -> Raw:
    """``raw`` with what was ``given`` on the command line; single settings replace single ones."""
    merged = {**raw, **given}
    if "budget" in raw and "budget" in given:
        merged["budget"] = {**_budget_table(raw["budget"]), **_budget_table(given["budget"])}
    if "execution" in raw and "execution" in given:
        merged["execution"] = {**raw["execution"], **given["execution"]}
    if "preset" in raw and "preset" in given:
        merged["preset"] = {**_preset_table(raw["preset"]), **_preset_table(given["preset"])}
    return merged


def _budget_table(value: int | Mapping[str, Any]) -> dict[str, Any]:
    return {"rollouts": value} if isinstance(value, int) else dict(value)


def _preset_table(value: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"name": value} if isinstance(value, str) else dict(value)


def _option(key: str) -> str:
    return "TARGET" if key == "target" else f"--{key.removesuffix('set').replace('_', '-')}"
