"""A wrapped app together with the model that it is run on."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

from gepa_core import background
from gepa_core.marks import mark_of
from gepa_core.probe import runner
from gepa_core.protocols import System
from gepa_core.testing.models import ScriptedModel
from gepa_core.types import Candidate, Component, Rollout

Rewrite = Callable[[Component, str], str]


@attrs.frozen(kw_only=True, eq=False)
class Trial:
    """One fresh app, wrapped.

    Attributes:
        system: what the adapter made of it.
        model: what the app's model calls arrive at.
        app: the app itself; None where the system is tested without one.
        rewrite: adds to a component's text.
    """

    system: System
    model: ScriptedModel
    app: Any = None
    rewrite: Rewrite

    @property
    def components(self) -> tuple[Component, ...]:
        """The components, in their order."""
        return tuple(self.system.components)

    @property
    def seed(self) -> dict[str, str]:
        """The app's own texts."""
        return {one.name: one.text for one in self.components}

    def marked(self, word: str) -> dict[str, str]:
        """Texts for all components, each with a mark that no other component and no other word has."""
        return {one.name: self.rewrite(one, mark(word, one.name)) for one in self.components}

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the candidate with ``texts``, whether the system is sync or async."""
        return runner(self.system)(Candidate(texts=texts), inputs)

    def good(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """`run`, which must not fail."""
        rollout = self.run(texts, inputs)
        assert isinstance(rollout, Rollout), f"run returned {rollout!r}, which is no Rollout"
        if rollout.error is not None:
            raise AssertionError(f"the rollout failed with {rollout.error!r}") from rollout.error
        return rollout

    def sent(self, action: Callable[[], Any]) -> list[str]:
        """What the model is sent while ``action`` runs."""
        before = len(self.model.sent)
        action()
        return self.model.sent[before:]

    def sent_for(self, texts: Mapping[str, str], inputs: Any) -> list[str]:
        """What the model is sent by a rollout."""
        return self.sent(lambda: self.good(texts, inputs))


def mark(word: str, name: str) -> str:
    """The mark of a component in the candidate that is known by ``word``."""
    return mark_of(f"{word}/{name}")


def marks_in(text: str, trial: Trial, word: str) -> set[str]:
    """Names of the components whose mark is in ``text``."""
    return {one.name for one in trial.components if mark(word, one.name) in text}


def settled(value: Any) -> Any:
    """``value``, awaited on the process's one loop if it can be awaited."""
    if inspect.isawaitable(value):
        return background.run(_awaited(value), lambda: None)
    return value


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


def difference(expected: list[str], actual: list[str]) -> str:
    """How two lists differ as bags, in words; empty when they do not."""
    missing, added = Counter(expected) - Counter(actual), Counter(actual) - Counter(expected)
    parts = [f"{len(actual)} calls instead of {len(expected)}"] if len(actual) != len(expected) else []
    parts += [f"not sent: {_short(text)}" for text in list(missing)[:2]]
    parts += [f"sent instead: {_short(text)}" for text in list(added)[:2]]
    return "; ".join(parts)


def _short(text: str) -> str:
    return repr(text if len(text) <= 400 else f"{text[:200]} … {text[-200:]}")
