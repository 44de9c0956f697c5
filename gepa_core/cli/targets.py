"""Loading ``module:attribute``: the app, the metric, a model."""

from __future__ import annotations
import __future__

import functools
import importlib
import inspect
import re
import sys
import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from gepa_core.errors import ConfigurationError

_REFERENCE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def load(reference: str, directory: Path, what: str) -> Any:
    """The object that ``module:attribute`` names.

    Args:
        reference: such as ``"app:chain"`` or ``"package.module:object.attribute"``.
        directory: modules are looked for here first.
        what: what it is loaded as, for messages: ``"target"``, ``"metric"``.

    Raises:
        ConfigurationError: there is no such thing, or its module raised; says which and what to do.
    """
    if not _REFERENCE.fullmatch(reference) or reference.partition(":")[0].endswith(".py"):
        raise ConfigurationError(
            f"{what} {reference!r} names no object: write 'module:attribute', such as"
            f" {_suggestion(reference)!r} for an object in a file of that name"
        )
    module_name, _, attributes = reference.partition(":")
    module = _import(module_name, directory, what)
    value: Any = module
    for name in attributes.split("."):
        try:
            value = getattr(value, name)
        except AttributeError:
            raise _no_attribute(value, name, module, reference, what) from None
    return value


def load_target(reference: str, directory: Path) -> Any:
    """The app that ``module:attribute`` names.

    A function, a class or a ``functools.partial`` that can be called without arguments is a factory: it
    is called, and what it returns is the app. Anything else is the app itself.

    Raises:
        ConfigurationError: see `load`; or the factory raised.
    """
    value = load(reference, directory, "target")
    if not _is_factory(value):
        return value
    try:
        app = value()
    except Exception as error:
        raise ConfigurationError(
            f"target {reference!r} is called without arguments to make the app, and it raised"
            f" {_raised(error, directory)}. Mend it, or name the app itself"
        ) from error
    if inspect.iscoroutine(app):
        app.close()
        raise ConfigurationError(
            f"target {reference!r} is an async function: write a factory with 'def', or name the app itself"
        )
    return app


def _is_factory(value: Any) -> bool:
    if not (inspect.isroutine(value) or inspect.isclass(value) or isinstance(value, functools.partial)):
        return False
    try:
        inspect.signature(value).bind()
    except (TypeError, ValueError):
        return False
    return True


def _import(name: str, directory: Path, what: str) -> ModuleType:
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise _no_module(error.name, directory, what) from None
        raise _broken(name, error, directory, what, "Install it into this environment") from error
    except BaseException as error:  # SystemExit too: a script that was not meant to be imported
        raise _broken(name, error, directory, what, "Mend that") from error


def _broken(name: str, error: BaseException, directory: Path, what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(
        f"{what}: the module {name!r} cannot be imported. It raised {_raised(error, directory)}. {remedy},"
        f" and check it with: python -c 'import {name}'"
    )


def _no_module(name: str, directory: Path, what: str) -> ConfigurationError:
    local = sorted(path.stem for path in directory.glob("*.py"))
    local += sorted(path.parent.name for path in directory.glob("*/__init__.py"))
    return ConfigurationError(
        f"{what}: there is no module {name!r} in {str(directory)!r}, and none is installed."
        f"{_nearest(name, local)} Modules in that directory: {', '.join(local) or 'none'}"
    )


def _no_attribute(value: Any, name: str, module: ModuleType, reference: str, what: str) -> ConfigurationError:
    names = _made_in(module) if value is module else dir(value)
    public = [one for one in names if not one.startswith("_")]
    owner = f"module {module.__name__!r}" if value is module else f"a {type(value).__name__}"
    listed = f"{', '.join(public[:20])}{', …' if len(public) > 20 else ''}" or "nothing"
    return ConfigurationError(
        f"{what} {reference!r}: {owner} has no attribute {name!r}.{_nearest(name, public)} It has: {listed}"
    )


def _made_in(module: ModuleType) -> list[str]:
    """What a module defines or makes, without what it imports."""
    return [name for name, value in vars(module).items() if not _is_imported(value, module)]


def _is_imported(value: Any, module: ModuleType) -> bool:
    if isinstance(value, ModuleType) or type(value) is type(__future__.annotations):
        return True
    is_definition = inspect.isclass(value) or inspect.isroutine(value)
    return is_definition and getattr(value, "__module__", None) != module.__name__


def _nearest(name: str, known: Iterable[str]) -> str:
    matches = get_close_matches(name, list(known), n=3)
    return f" Did you mean {' or '.join(map(repr, matches))}?" if matches else ""


def _suggestion(reference: str) -> str:
    """The nearest well-formed reference: ``src/app.py:chain`` was meant as ``app:chain``."""
    module, _, attribute = reference.partition(":")
    stem = Path(module).stem
    good = f"{stem if stem.isidentifier() else 'app'}:{attribute if attribute.isidentifier() else 'chain'}"
    return good if good != reference else "app:chain"


def _raised(error: BaseException, directory: Path) -> str:
    """The error, with the last line of the user's own code that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SyntaxError) and error.filename:
        place = f" in {Path(error.filename).name}, line {error.lineno}"
        return f"{type(error).__name__}: {error.msg}{place}"
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(directory)]
    own = [frame for frame in own if "site-packages" not in frame.filename]
    place = f" in {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
    return f"{type(error).__name__}: {str(error).rstrip('.')}{place}"
