"""Building: the user gets an app of their own type, with the new texts, and nothing of ours in it."""

from __future__ import annotations

import pytest

from gepa_core.adapters import adapter_for
from gepa_core.errors import ConfigurationError
from gepa_core.saved import SavedTexts, apply
from gepa_core.testing.models import ScriptedModel
from gepa_core.testing.suites.app_case import AppCase
from gepa_core.testing.suites.fingerprint import graph_of, kind_of
from gepa_core.testing.suites.trial import difference, marks_in


class NothingOfAnyFramework:
    """An object that no adapter can take."""


class BuildingTests(AppCase):
    """Tests of `System.build` and of the adapter itself."""

    def test_a_built_app_is_of_the_same_type(self) -> None:
        """Required: `build` returns a copy of the user's own type.

        To mend: return the copy of the root as it is; put nothing around it.
        """
        trial = self.trial()
        built = trial.system.build(trial.marked("x"))
        assert type(built) is type(trial.app)
        assert built is not trial.app, "build returned the app itself"

    def test_a_built_app_has_the_texts(self) -> None:
        """Required: a built app sends the candidate's texts, and those that were left out as they are.

        To mend: build with the same copy as rollouts run on, without the recorder.
        """
        trial = self.trial()
        built = trial.system.build(trial.marked("x"))
        sent = "\n".join(
            text
            for inputs in self.all_inputs
            for text in trial.sent(lambda: self.called(built, inputs))  # noqa: B023 - called at once
        )
        assert marks_in(sent, trial, "x") == {one.name for one in trial.components} - set(self.silent)

    def test_an_app_built_with_its_own_texts_is_like_the_app(self) -> None:
        """Required: `build` with no texts, or with the app's own, gives an app that sends what the app sends.

        To mend: put the app's own template back, verbatim, where a text is its own.
        """
        trial = self.trial()
        expected = self.own_calls(self.first)
        for texts in ({}, trial.seed):
            model = self.model()
            built = self.adapter().wrap(self.app(model)).build(texts)
            self.called(built, self.first)
            assert not difference(expected, model.sent), difference(expected, model.sent)

    def test_a_built_app_is_not_instrumented(self) -> None:
        """Required: a built app holds objects of no class that the app does not hold itself.

        To mend: leave recorders, proxies and shells of models out of `build`.
        """
        trial = self.trial()
        built = graph_of(trial.system.build(trial.marked("x")))
        self.called(trial.app, self.first)  # the app may make parts of itself when it is first used
        own = {kind_of(node.value) for node in graph_of(trial.app).nodes.values()}
        new = {kind_of(node.value): node.hop for node in built.nodes.values()}
        plain = "builtins."  # a copy's own method may be on the object instead of its class
        assert not {
            kind: str(hop) for kind, hop in new.items() if kind not in own and not kind.startswith(plain)
        }

    def test_a_built_app_shares_models_and_clients(self) -> None:
        """Required: models and clients of a built app are the app's own objects.

        To mend: call them opaque in the `Policy`, or copy only what is on the way to a changed text.
        """
        trial = self.trial()
        kinds = (ScriptedModel, *self.model_types)
        models = [node.value for node in graph_of(trial.app).nodes.values() if isinstance(node.value, kinds)]
        built = graph_of(trial.system.build(trial.marked("x")))
        copies = [
            node.value
            for node in built.nodes.values()
            if isinstance(node.value, kinds) and not any(node.value is one for one in models)
        ]
        assert not copies, f"copied: {copies}"

    def test_a_built_app_can_be_wrapped_again(self) -> None:
        """Required: a built app has the same components, with the candidate's texts.

        To mend: build what the walk can read: templates of the framework's own classes, at the same places.
        """
        trial = self.trial()
        texts = trial.marked("x")
        again = self.adapter().wrap(trial.system.build(texts))
        assert {one.name: one.text for one in again.components} == texts

    def test_saved_texts_fit_a_freshly_built_app(self) -> None:
        """Required: `gepa_core.apply` puts a run's texts into an app that was made anew.

        To mend: names and texts must be the same each time that the app is made.
        """
        trial, fresh = self.trial(), self.trial()
        saved = SavedTexts(texts=trial.marked("x"), seed=trial.seed)
        applied = apply(fresh.app, saved, adapter=self.adapter())
        sent = fresh.sent(lambda: self.called(applied, self.first))
        expected = trial.sent_for(saved.texts, self.first)
        assert not difference(expected, sent), difference(expected, sent)

    def test_other_objects_are_refused(self) -> None:
        """Required: `wrap` raises ConfigurationError for what it cannot take, and `language_model` returns
        None for what is no model of the framework.

        To mend: check the type first; say in the message what can be taken.
        """
        with pytest.raises(ConfigurationError):
            self.adapter().wrap(NothingOfAnyFramework())
        assert self.adapter().language_model(NothingOfAnyFramework()) is None

    def test_the_app_finds_the_adapter(self) -> None:
        """Required: the adapter is registered in entry-point group ``gepa_core.adapters`` under the root
        package of the app's classes, so that `optimize` needs no ``adapter=…``.

        To mend: add the entry point to the pyproject.toml and install the package; or set `is_installed` to
        False where this is not wanted.
        """
        if not self.is_installed:
            pytest.skip("is_installed = False")
        assert type(adapter_for(self.trial().app)) is type(self.adapter())
