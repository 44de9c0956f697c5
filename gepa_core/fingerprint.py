"""What a run depends on, so that a changed run is not taken for the one that is stored."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import attrs

from gepa_core.data import content_of
from gepa_core.errors import RunMismatch, StoreError
from gepa_core.identity import identity, options_of, qualified
from gepa_core.jsonable import to_jsonable
from gepa_core.manager import describe_distribution, installed_plugins
from gepa_core.presets import Preset
from gepa_core.redaction import redacted
from gepa_core.store import FILE, Store
from gepa_core.store.explaining import damaged
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
    facts: dict[str, Json] = {"seed": seed, "metric": identity(metric), "reflection model": model}
    facts |= {f"component {component.name!r}": component.text for component in components}
    facts |= {
        f"{split} examples": f"{len(examples)}, content {_content(examples)}"
        for split, examples in splits.items()
    }
    settings = attrs.asdict(preset, recurse=False, filter=lambda attribute, _: attribute.name != "plugins")
    facts |= {f"preset {name}": to_jsonable(value) for name, value in settings.items()}
    points = installed_plugins().values()
    return facts | {f"plugin {name!r}": _described(plugin, points) for name, plugin in plugins}


def check(store: Store, facts: Mapping[str, Json]) -> None:
    """Compare ``facts`` with those that ``store`` was begun with, or write them if nothing was paid yet.

    Raises:
        RunMismatch: they differ; shows how.
    """
    if compare(store, facts):
        store.set_meta({KEY: json.dumps(facts, sort_keys=True)})


def compare(store: Store, facts: Mapping[str, Json]) -> bool:
    """Compare ``facts`` with those that ``store`` was begun with.

    Returns:
        Whether nothing was paid yet, so that there is nothing to compare.

    Raises:
        RunMismatch: they differ; shows how.
    """
    differences = _differences(store, facts)
    if differences:
        lines = "\n".join(f"  {name}: {_both(old, new)}" for name, (old, new) in differences.items())
        raise RunMismatch(
            f"the run in {str(store.directory)!r} was begun with something else:\n{lines}\n"
            "Give it what it was begun with to go on. To begin anew, give another run_dir, or force_new=True"
            " (--force-new) for one beside it.",
            differences=differences,
        )
    return differences is None


def beside(directory: Path, facts: Mapping[str, Json]) -> Path:
    """Where a run with these ``facts`` belongs: ``directory``, or if it holds another run, the first of
    ``directory-2``, ``directory-3``, … that does not. No file is changed.
    """
    for number in itertools.count(1):
        place = directory if number == 1 else directory.with_name(f"{directory.name}-{number}")
        if not _holds_another(place, facts):
            return place
    raise AssertionError("there is always another number")


def _holds_another(directory: Path, facts: Mapping[str, Json]) -> bool:
    """Whether there is a run that these facts do not go on with, or something that cannot be read."""
    path = directory / FILE
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return False
    try:
        store = Store.read(directory)
        try:
            return bool(_differences(store, facts))
        finally:
            store.close()
    except StoreError:
        return True


def _differences(store: Store, facts: Mapping[str, Json]) -> dict[str, tuple[object, object]] | None:
    """What was stored and what is now, by name, where they differ; None when nothing was paid for yet."""
    stored = store.meta().get(KEY)
    if stored is None or store.holds_nothing_paid:
        return None
    before = _as_mapping(store, stored)
    now: dict[str, Json] = json.loads(json.dumps(facts))
    return {
        name: (before.get(name, "nothing"), now.get(name, "nothing"))
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    }


def _as_mapping(store: Store, stored: str) -> dict[str, Json]:
    try:
        before: dict[str, Json] = dict(json.loads(stored))
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged(store.directory, f"what it was begun with cannot be read ({error})") from error
    return before


def _content(examples: Sequence[Example]) -> str:
    """Ids, and whatever the app and the metric are given: an id of the user's own says nothing of that."""
    return content_id([[one.id, content_of([one.inputs, one.expected, one.data])] for one in examples])


def _described(plugin: Any, points: Iterable[EntryPoint]) -> Json:
    """Class and options of a plugin, and the distribution that it was installed with."""
    kind = type(plugin)
    package = kind.__module__.partition(".")[0]
    origins = [describe_distribution(point) for point in points if _package(point) == package]
    origin = f"{origins[0]}, " if origins else ""
    options = redacted(to_jsonable(options_of(plugin))) if attrs.has(kind) else {}
    return f"{origin}{qualified(kind)} {json.dumps(options, sort_keys=True)}"


def _package(point: EntryPoint) -> str:
    return point.value.partition(":")[0].partition(".")[0]


def _both(old: object, new: object) -> str:
    """The two values, long ones cut so that where they begin to differ is seen."""
    texts = repr(old), repr(new)
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    was, now = (_cut(text, same) for text in texts)
    return f"was {was}, is {now}"


def _cut(text: str, same: int) -> str:
    if len(text) <= 120:
        return text
    begin = max(0, min(same - 30, len(text) - 80))
    cut = f"{'…' if begin else ''}{text[begin : begin + 80]}{'…' if begin + 80 < len(text) else ''}"
    return f"{cut} ({len(text)} characters)"
