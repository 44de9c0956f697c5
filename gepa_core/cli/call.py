"""From settings to the arguments of `optimize`: everything is loaded and checked, nothing is spent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core.api import new_run_dir
from gepa_core.cli.rows import read_rows
from gepa_core.cli.settings import Settings
from gepa_core.cli.targets import load, load_target
from gepa_core.errors import ConfigurationError


@attrs.frozen(kw_only=True)
class Call:
    """The arguments of a call of `gepa_core.optimize`.

    Attributes:
        target: the app.
        arguments: everything else but ``plugins`` and ``run_dir``.
        plugins: those that the settings name.
        run_dir: where the run is stored, or will be.
    """

    target: Any
    arguments: Mapping[str, Any]
    plugins: tuple[Any, ...]
    run_dir: Path


def prepare(settings: Settings, run_dir: Path | None = None, *, force_new: bool = False) -> Call:
    """Load what the settings name: data first, because that is quick.

    Args:
        run_dir: a stored run to go on with.
        force_new: whether to begin beside another run that is in the run directory.

    Raises:
        ConfigurationError: something is missing or wrong; names it and the remedy.
    """
    raw = settings.raw
    splits = {split: _rows(settings, split) for split in ("trainset", "valset", "testset")}
    plugins = tuple(map(_plugin, raw.get("plugins", ())))
    metric = load(raw["metric"], settings.directory, "metric")
    if not callable(metric) or isinstance(metric, type):
        raise ConfigurationError(
            f"metric {raw['metric']!r} is {_described(metric)}; it has to be a function (example, output) or"
            " (example, output, trajectory)"
        )
    arguments: dict[str, Any] = {
        **splits,
        "metric": metric,
        "reflection_lm": _model(raw["reflection_lm"], settings.directory),
        "budget": settings.budget,
        "execution": settings.execution,
        "preset": settings.preset,
        "force_new": force_new,
    }
    arguments |= {key: raw[key] for key in ("components", "seed") if key in raw}
    return Call(
        target=load_target(settings.target, settings.directory),
        arguments=arguments,
        plugins=plugins,
        run_dir=run_dir or settings.path("run_dir") or new_run_dir(),
    )


def _rows(settings: Settings, split: str) -> list[Any] | None:
    path = settings.path(split)
    return None if path is None else read_rows(path)


def _plugin(value: str | Mapping[str, Any]) -> Any:
    """A plugin's name, or where there are options the plugin made with them."""
    from gepa_core.manager import load_plugin

    if isinstance(value, str):
        return value
    options = {key: option for key, option in value.items() if key != "name"}
    return load_plugin(value["name"], options) if options else value["name"]


def _model(value: str | Mapping[str, Any], directory: Path) -> Any:
    """The reflection model: ``provider/model`` as it is, ``module:attribute`` loaded, a table called."""
    if isinstance(value, str):
        return value if "/" in value or ":" not in value else load(value, directory, "reflection_lm")
    options = dict(value)
    factory = options.pop("factory", "gepa_core.lm:LiteLLM")
    make = load(factory, directory, "reflection_lm")
    try:
        return make(**options)
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"[reflection_lm]: {factory!r} does not take {', '.join(map(repr, options)) or 'no arguments'}"
            f" ({type(error).__name__}: {error})"
        ) from error


def _described(value: Any) -> str:
    return f"the class {value.__name__!r}" if isinstance(value, type) else f"a {type(value).__name__}"
