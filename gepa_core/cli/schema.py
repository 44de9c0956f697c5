"""What a run's settings may hold, whether they come from a file or from the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

import attrs

from gepa_core.errors import ConfigurationError

Raw: TypeAlias = dict[str, Any]
"""Settings as TOML holds them."""

KEYS: Mapping[str, tuple[type, ...]] = {
    "target": (str,),
    "metric": (str,),
    "trainset": (str,),
    "valset": (str,),
    "testset": (str,),
    "reflection_lm": (str, dict),
    "budget": (int, dict),
    "plugins": (list,),
    "components": (str, list),
    "run_dir": (str,),
    "seed": (int,),
    "preset": (str, dict),
    "execution": (dict,),
    "offline": (dict,),
    "directory": (str,),
}
"""The arguments of `gepa_core.optimize`, and two of the command line's own."""

OFFLINE_KEYS = ("seed", "task_latency", "reflection_latency", "faults")
REQUIRED = ("target", "metric", "trainset", "reflection_lm", "budget")

_WORDS = {str: "a text", int: "a whole number", dict: "a table", list: "a list"}
_SECRET = re.compile(r"(^|_)(api_?key|secret|password|token)$", re.IGNORECASE)


def check(raw: Mapping[str, Any], source: str) -> None:
    """Check keys and kinds of values.

    Args:
        source: where they come from, for messages.

    Raises:
        ConfigurationError: a key is unknown, or a value is of the wrong kind.
    """
    _check_keys(raw, tuple(KEYS), source)
    for key, value in raw.items():
        if isinstance(value, bool) or not isinstance(value, KEYS[key]):
            kinds = " or ".join(_WORDS[kind] for kind in KEYS[key])
            raise ConfigurationError(f"{source}: {key!r} has to be {kinds}, not {value!r}")
    for key, known in _tables().items():
        if isinstance(raw.get(key), dict):
            _check_keys(raw[key], known, f"{source}, [{key}]")
    _check_plugins(raw.get("plugins", []), source)
    executor = raw.get("execution", {}).get("executor")
    if isinstance(executor, dict):
        _check_secrets(executor, f"{source}, [execution.executor]")
    if isinstance(raw.get("reflection_lm"), dict):
        _check_model(raw["reflection_lm"], source)


def _tables() -> Mapping[str, tuple[str, ...]]:
    """The keys of each table."""
    return {
        "budget": _fields("Budget"),
        "execution": _fields("Execution"),
        "preset": tuple(name for name in _fields("Preset") if name != "plugins"),
        "offline": OFFLINE_KEYS,
    }


def _fields(name: str) -> tuple[str, ...]:
    import gepa_core

    return tuple(field.name for field in attrs.fields(getattr(gepa_core, name)))


def _check_keys(table: Mapping[str, Any], known: Sequence[str], source: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigurationError(
                f"{source}: unknown key {key!r}; {_hint(key, known)} keys are {', '.join(known)}"
            )


def _hint(key: str, known: Sequence[str]) -> str:
    """Where ``key`` belongs, or what it may have been meant to be; then the beginning of a list of keys."""
    for table, keys in _tables().items():
        if key in keys and key not in KEYS:
            return f"it belongs into [{table}]. Here the"
    if key in KEYS:
        return "it belongs before the first table of the file. Here the"
    nearest = get_close_matches(key, known, n=1, cutoff=0.5)
    return f"did you mean {nearest[0]!r}? The" if nearest else "the"


def _check_plugins(plugins: Sequence[Any], source: str) -> None:
    for plugin in plugins:
        if isinstance(plugin, str):
            continue
        if not isinstance(plugin, dict) or not isinstance(plugin.get("name"), str):
            raise ConfigurationError(
                f"{source}: a plugin is a name, or a table with its 'name' and its options, not {plugin!r}"
            )
        _check_secrets(plugin, f"{source}, plugin {plugin['name']!r}")


def _check_model(table: Mapping[str, Any], source: str) -> None:
    if not isinstance(table.get("factory", table.get("model")), str):
        raise ConfigurationError(
            f"{source}, [reflection_lm]: there is no 'model'; write model = \"provider/model\" and beside it"
            ' further options of gepa_core.lm.LiteLLM, or factory = "module:class" and its arguments'
        )
    _check_secrets(table, f"{source}, [reflection_lm]")


def _check_secrets(table: Mapping[str, Any], source: str) -> None:
    """Settings are kept in the run directory, so no secret may be among them."""
    for key in table:
        if _SECRET.search(key):
            raise ConfigurationError(
                f"{source}: {key!r} looks like a secret, and settings are stored with the run; leave it out"
                " and set the environment variable that the provider or plugin reads"
            )
