"""Finding: which texts a system has, and what it says about them."""

from __future__ import annotations

import os

from gepa_core.errors import ConfigurationError
from gepa_core.guard import text_problems
from gepa_core.protocols import System
from gepa_core.testing.suites.case import SystemCase
from gepa_core.testing.suites.processes import components_elsewhere


class ComponentTests(SystemCase):
    """Tests of `System.components` and `System.left_alone`."""

    def test_the_components_are_found(self) -> None:
        """Required: there is a component, and where `names` is set, exactly those are found.

        To mend: make the walk follow the edges that lead to a missing text; leave out what is no
        instruction, and say why in `left_alone`. If the app has other texts than `names` says, correct it.
        """
        trial = self.trial()
        assert isinstance(trial.system, System), f"{trial.system!r} lacks a part of the System protocol"
        found = sorted(one.name for one in trial.components)
        assert found, "no component was found"
        if self.names is not None:
            assert found == sorted(self.names)

    def test_names_are_unique_and_readable(self) -> None:
        """Required: no two components share a name; a name is one line without space at its ends.

        To mend: use `gepa_core.appgraph.unique_names`, which moves all that clash on to a longer form.
        """
        names = [one.name for one in self.trial().components]
        assert len(set(names)) == len(names), f"a name is there twice: {sorted(names)}"
        odd = [name for name in names if not name or name != " ".join(name.split())]
        assert not odd, f"names that people cannot read or type: {odd}"

    def test_components_are_the_same_whenever_an_app_is_wrapped(self) -> None:
        """Required: two apps made alike have equal components in the same order.

        To mend: keep counters, ids and memory addresses out of names and sources.
        """
        assert self.trial().components == self.trial().components

    def test_components_are_the_same_in_every_process(self) -> None:
        """Required: names and texts do not depend on the process; a stored run is resumed in another one.

        To mend: iterate over no set, and use neither `id` nor `hash`. The other process has another
        PYTHONHASHSEED. It imports this test module, so what stands at its top level must allow that.
        """
        here = [[one.name, one.text] for one in self.trial().components]
        seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
        assert components_elsewhere(type(self), seed) == here

    def test_texts_are_natural_and_keep_their_own_rules(self) -> None:
        """Required: each text would be accepted as a rewrite of itself: it is not empty, its placeholders
        are balanced, it is within `max_chars`.

        To mend: give `Component.text` in its natural form (see `gepa_core.templates`) and the syntax in
        which the framework reads it, or put a text that no syntax fits into `left_alone`.
        """
        problems = {one.name: text_problems(one, "", one.text) for one in self.trial().components}
        assert not {name: found for name, found in problems.items() if found}

    def test_what_is_left_alone_says_where_and_why(self) -> None:
        """Required: every text that was found and is no component has a source and a reason.

        To mend: fill in `LeftAlone.source` and `LeftAlone.reason`; people read both.
        """
        assert not [left for left in self.trial().system.left_alone if not (left.source and left.reason)]

    def test_finding_calls_no_model(self) -> None:
        """Required: wrapping an app costs nothing.

        To mend: read the app's objects; do not run it. The engine probes it with examples later.
        """
        assert self.trial().model.sent == []

    def test_unknown_names_are_refused(self) -> None:
        """Required: `build` raises ConfigurationError for a name that is no component's, and so does `run`,
        or returns it in its rollout.

        To mend: compare the names first, and quote the wrong one in the message.
        """
        trial = self.trial()
        texts = {"no-such-component": "text"}
        message = _refusal(lambda: trial.system.build(texts))
        assert "no-such-component" in message, message or "build took a component that does not exist"
        assert "no-such-component" in _refusal(lambda: _raised(trial.run(texts, self.first).error))


def _raised(error: Exception | None) -> None:
    if error is not None:
        raise error


def _refusal(action: object) -> str:
    """The message of the ConfigurationError that ``action`` raises; empty when it raises none."""
    assert callable(action)
    try:
        action()
    except ConfigurationError as error:
        return str(error) or "(no message)"
    return ""
