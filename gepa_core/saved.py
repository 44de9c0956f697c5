"""Texts on disk: JSON for programs, Markdown for people, and back into a freshly built app.

Nothing is loaded but texts: no code, no pickle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from gepa_core import private
from gepa_core.adapters import wrap
from gepa_core.errors import ConfigurationError, StoreError
from gepa_core.protocols import Adapter

if TYPE_CHECKING:
    from gepa_core.result import Result

JSON_FILE = "prompts.json"
MARKDOWN_FILE = "prompts.md"
_FORMAT = 1


@attrs.frozen(kw_only=True)
class SavedTexts:
    """What a run found, to be put into the app that it was found for.

    Attributes:
        texts: the new text of each component.
        seed: the text that each had when the run began.
    """

    texts: Mapping[str, str]
    seed: Mapping[str, str]

    @classmethod
    def of(cls, result: Result) -> SavedTexts:
        """The best candidate's texts."""
        return cls(texts=result.best.texts, seed=result.seed.texts)

    @classmethod
    def load(cls, path: str | Path) -> SavedTexts:
        """Read what `save` wrote.

        Args:
            path: the JSON file, or the directory that holds it.

        Raises:
            ConfigurationError: there is no such file, or it is something else.
        """
        file = Path(path) / JSON_FILE if Path(path).is_dir() else Path(path)
        try:
            plain = json.loads(file.read_text("utf-8"))
            components = plain["components"]
            return cls(
                texts={name: str(entry["text"]) for name, entry in components.items()},
                seed={name: str(entry["seed"]) for name, entry in components.items()},
            )
        except OSError as error:
            raise ConfigurationError(f"cannot read the saved texts in {str(file)!r}: {error}") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ConfigurationError(
                f"{str(file)!r} holds no saved texts ({type(error).__name__}: {error});"
                " result.save(…) writes them"
            ) from error

    def save(self, directory: str | Path) -> None:
        """Write ``prompts.json`` and ``prompts.md`` into ``directory``, making it if need be.

        New files and directories are their owner's alone; files that are replaced keep their permissions.

        Raises:
            StoreError: they cannot be written.
        """
        folder = Path(directory)
        entries = {name: {"text": text, "seed": self.seed[name]} for name, text in self.texts.items()}
        plain = {"format": _FORMAT, "components": entries}
        try:
            private.make_directory(folder)
            private.write(folder / JSON_FILE, json.dumps(plain, indent=2, ensure_ascii=True) + "\n")
            private.write(folder / MARKDOWN_FILE, self.as_markdown())
        except OSError as error:
            raise StoreError(f"the texts cannot be written to {str(folder)!r}: {error}") from error

    def as_markdown(self) -> str:
        """The texts under a heading each; those that did not change say so."""
        parts = ["# Prompts\n"]
        for name, text in self.texts.items():
            note = "" if text != self.seed[name] else "Unchanged.\n\n"
            fence = _fence(text)
            parts.append(f"## {name}\n\n{note}{fence}text\n{text}\n{fence}\n")
        return "\n".join(parts)


Applicable: TypeAlias = "SavedTexts | Result | str | Path"


def apply(target: Any, saved: Applicable, *, adapter: Adapter | None = None) -> Any:
    """Put saved texts into a freshly built app.

    Args:
        target: the app, as the run was given it.
        saved: a result, what `SavedTexts.load` returned, or where `Result.save` wrote.
        adapter: the adapter to use instead of the one that is found.

    Returns:
        A copy of the app with the texts: of its own type, not instrumented.

    Raises:
        ConfigurationError: the app's own texts are not those that the run began with, so that what was
            found need not be good for it; shows which differ.
    """
    texts = _as_saved(saved)
    system = wrap(target, adapter)
    own = {component.name: component.text for component in system.components}
    for name, seed in texts.seed.items():
        if name not in own:
            raise ConfigurationError(
                f"the app has no component {name!r}, which the texts were found for; it has"
                f" {', '.join(map(repr, own)) or 'none'}"
            )
        if own[name] != seed:
            raise ConfigurationError(
                f"component {name!r} is not what it was when the texts were found, so they may not fit."
                f"\n  then: {_short(seed)}\n  now:  {_short(own[name])}\n"
                "Optimise the app anew, or change its text back."
            )
    return system.build(texts.texts)


def _as_saved(value: Applicable) -> SavedTexts:
    if isinstance(value, SavedTexts):
        return value
    return SavedTexts.load(value) if isinstance(value, str | Path) else SavedTexts.of(value)


def _fence(text: str) -> str:
    """A fence longer than any run of backticks in ``text``."""
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0)
    return "`" * max(3, longest + 1)


def _short(text: str) -> str:
    return repr(text if len(text) <= 100 else f"{text[:97]}...")
