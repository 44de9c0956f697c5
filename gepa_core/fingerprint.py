"""What a run depends on, so that a changed run is not taken for the one that is stored."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint
from typing import Any

import attrs

from gepa_core.data import content_of
from gepa_core.errors import RunMismatch
from gepa_core.jsonable import to_jsonable
from gepa_core.manager import describe_distribution, installed_plugins
from gepa_core.presets import Preset
from gepa_core.store import Store
from gepa_core.types import Component, Example, Json, Split, content_id

KEY = "fingerprint"


def fingerprint(
    *,
    components: Sequence[Component],
    splits: Mapping[Split, Sequence[Example]],
    metric: Any,
    model: str,
    plugins: Iterable[tuple[str, Any]],
    preset: Preset,
    seed: int,
) -> dict[str, Json]:
    """Everything that decides what a run finds, by name, as JSON.

    Limits, concurrency and timeouts are not in it: they may change from one call to the next.
    """
    facts: dict[str, Json] = {"seed": seed, "metric": _qualified(metric), "reflection model": model}
    facts |= {f"component {component.name!r}": component.text for component in components}
    facts |= {
        f"{split} examples": f"{len(examples)}, content {_content(examples)}"
        for split, examples in splits.items()
    }
    settings = attrs.asdict(preset, recurse=False, filter=lambda attribute, _: attribute.name != "plugins")
    facts |= {f"preset {name}": to_jsonable(value) for name, value in settings.items()}
    points = installed_plugins()
    return facts | {f"plugin {name!r}": _described(plugin, points.get(name)) for name, plugin in plugins}


def check(store: Store, facts: Mapping[str, Json]) -> None:
    """Compare ``facts`` with those that ``store`` was begun with, or write them if nothing was paid yet.

    Raises:
        RunMismatch: they differ; shows how.
    """
    stored = store.meta().get(KEY)
    if stored is None or store.holds_nothing_paid:
        store.set_meta({KEY: json.dumps(facts, sort_keys=True)})
        return
    before: dict[str, Json] = json.loads(stored)
    now: dict[str, Json] = json.loads(json.dumps(facts))
    names = [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
    if not names:
        return
    differences: dict[str, tuple[object, object]] = {
        name: (before.get(name, "nothing"), now.get(name, "nothing")) for name in names
    }
    lines = "\n".join(
        f"  {name}: was {_short(old)}, is {_short(new)}" for name, (old, new) in differences.items()
    )
    raise RunMismatch(
        f"the run in {str(store.directory)!r} was begun with something else:\n{lines}\n"
        "Give it what it was begun with to go on, or another run_dir to begin anew.",
        differences=differences,
    )


def _content(examples: Sequence[Example]) -> str:
    """Ids, and whatever the app and the metric are given: an id of the user's own says nothing of that."""
    return content_id([[one.id, content_of([one.inputs, one.expected, one.data])] for one in examples])


def _qualified(function: Any) -> str:
    if isinstance(function, functools.partial):
        bound = to_jsonable([function.args, function.keywords])
        return f"{_qualified(function.func)} with {json.dumps(bound, sort_keys=True)}"
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{getattr(named, '__module__', None) or 'builtins'}:{named.__qualname__}"


def _described(plugin: Any, point: EntryPoint | None) -> Json:
    """Class and options of a plugin, and the distribution that an installed one comes from."""
    origin = f"{describe_distribution(point)}, " if point else ""
    options = to_jsonable(_options(plugin)) if attrs.has(type(plugin)) else {}
    return f"{origin}{_qualified(type(plugin))} {json.dumps(options, sort_keys=True)}"


def _options(plugin: Any) -> dict[str, Any]:
    """The fields that a caller can set. Others are what the plugin has gathered while it ran."""
    return attrs.asdict(plugin, recurse=False, filter=lambda attribute, _: bool(attribute.init))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:80]}… ({len(text)} characters)"
