"""The app on its way to a worker: by import path, or by cloudpickle."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import attrs

from gepa_core.adapters import wrap
from gepa_core.errors import ConfigurationError, GepaError
from gepa_core.faults import describe
from gepa_core.protocols import Adapter, System
from gepa_ray.pickling import dumps, loads
from gepa_ray.unpicklable import explained, is_picklable


@attrs.frozen(kw_only=True)
class Parcel:
    """What a worker makes the app of. Plain values only: it is opened before the app's modules are found.

    Attributes:
        app: an import path; empty when ``body`` holds the app.
        body: the pickled app, None where it is imported, and the adapter that the user chose to wrap it.
        texts: of the components here, by name.
        paths: where modules are imported from here.
    """

    app: str
    body: bytes
    texts: dict[str, str]
    paths: list[str]


def packed(target: Any, system: System, adapter: Adapter | None, app: str | None) -> bytes:
    """An app for workers, as a pickled `Parcel`.

    Args:
        target: the app as it is, which is sent unless ``app`` says where to import it from.
        system: the app, wrapped, whose components it is to have there.

    Raises:
        ConfigurationError: it cannot be pickled; names the part that cannot, and the remedy.
    """
    sent = None if app else target
    try:
        body = dumps((sent, adapter))
    except Exception as error:
        raise _cannot_be_sent(sent, adapter, error) from error
    parcel = Parcel(app=app or "", body=body, texts=_texts(system), paths=[path for path in sys.path if path])
    return dumps(parcel)


def unpacked(sent: bytes) -> System:
    """The system that `packed` packed, on a worker.

    Raises:
        ConfigurationError: it cannot be made here, or has other components.
    """
    parcel: Parcel = loads(sent)
    # What only the other side can import from comes last: a worker's own packages go first.
    sys.path += [path for path in parcel.paths if path not in sys.path and Path(path).exists()]
    try:
        target, adapter = loads(parcel.body)
        system = wrap(_imported(parcel.app) if parcel.app else target, adapter)
        found = _texts(system)
    except GepaError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"the app cannot be made there: {describe(error)}. Workers need the same packages as this"
            " process, and the app's own files: install them on every machine, or bring them with"
            " RayExecutor(runtime_env={'working_dir': '.'})"
        ) from error
    differing = [name for name in {**parcel.texts, **found} if parcel.texts.get(name) != found.get(name)]
    if differing:
        raise ConfigurationError(
            f"the app there is another one: {', '.join(map(repr, differing[:5]))} have other texts, or are"
            " components on one side only. Bring the same version of it to every machine"
        )
    return system


def _cannot_be_sent(target: Any, adapter: Adapter | None, error: Exception) -> ConfigurationError:
    said = "cannot be sent to Ray's workers"
    if is_picklable(target):
        return ConfigurationError(f"the adapter {said}: {explained(adapter, error)}")
    return ConfigurationError(
        f"the app {said}: {explained(target, error)}. Let the workers import the app instead:"
        " RayExecutor(app='module:attribute'), which is"
        " app = 'module:attribute' in [execution.executor] of a file"
    )


def _imported(path: str) -> Any:
    from gepa_core.cli.targets import load_target

    return load_target(path, Path.cwd())


def _texts(system: System) -> dict[str, str]:
    return {component.name: component.text for component in system.components}
