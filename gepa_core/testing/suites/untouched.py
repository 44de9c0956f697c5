"""The user's app: it behaves the same when wrapped, and what is done to copies cannot be seen in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from gepa_core.testing.suites.app_case import AppCase
from gepa_core.testing.suites.fingerprint import changes, fingerprint, globals_of, rebound
from gepa_core.testing.suites.trial import Trial, difference, settled
from gepa_core.types import Rollout


class UntouchedTests(AppCase):
    """Tests that compare a wrapped app with the app itself."""

    def test_own_texts_behave_like_the_app_itself(self) -> None:
        """Required: with the app's own texts a rollout sends what the unwrapped app sends, and returns
        what it returns.

        To mend: leave the copy as the app is but for texts and recorder; call it as its users do.
        """
        for inputs in self.all_inputs:
            model = self.model()
            expected = self.called(self.app(model), inputs)
            trial = self.trial()
            rollout = trial.good(trial.seed, inputs)
            assert not difference(model.sent, trial.model.sent), difference(model.sent, trial.model.sent)
            assert self.plain(rollout.output) == expected

    def test_a_rollout_returns_what_the_built_app_returns(self) -> None:
        """Required: what was measured is what the user gets: a candidate's rollout and the app that is built
        from it send and return the same.

        To mend: make both copies in the same way.
        """
        for inputs in self.all_inputs:
            trial, other = self.trial(), self.trial()
            texts = trial.marked("x")
            built = other.system.build(texts)
            sent = other.sent(lambda: self.called(built, inputs))  # noqa: B023 - called at once
            assert not difference(sent, trial.sent_for(texts, inputs))
            again = self.trial()
            output = self.called(again.system.build(texts), inputs)
            assert self.plain(trial.good(texts, inputs).output) == output or self.has_memory

    def test_the_app_is_not_changed(self) -> None:
        """Required: after rollouts and builds every object of the app holds what it held.

        To mend: change copies alone. What the message shows was written to an object that the app and its
        copies share. If the app's own calls change it (they are made first, to fill its caches), name the
        attribute in `own_state`.
        """
        model = self.model()
        app = self.app(model)
        for inputs in self.all_inputs:
            self.called(app, inputs)
        before = fingerprint(app, self.own_state)
        trial = Trial(system=self.adapter().wrap(app), model=model, app=app, rewrite=self.rewrite)
        self._use(trial)
        changed = changes(before, fingerprint(app, self.own_state))
        assert not changed, f"changed (before, after): {dict(list(changed.items())[:8])}"

    def test_the_app_behaves_as_before(self) -> None:
        """Required: after rollouts and builds the app itself sends what a fresh one sends.

        To mend: as for an app that is changed. If only its conversation differs, a copy shares its memory.
        """
        trial = self.trial()
        self._use(trial)
        sent = trial.sent(lambda: self.called(trial.app, self.first))
        expected = self.own_calls(self.first)
        assert not difference(expected, sent), difference(expected, sent)

    def test_the_app_can_be_used_meanwhile(self) -> None:
        """Required: while candidates run on other threads, the app itself sends its own texts.

        To mend: patch nothing that is global, not even for the time of a rollout.
        """
        if self.has_memory:
            pytest.skip("the app remembers its own calls")
        trial = self.trial()
        texts = trial.marked("x")
        expected = self.own_calls(self.first) * 4 + trial.sent_for(texts, self.first) * 4
        trial.model.clear()
        trial.model.delay = 0.002

        def one(number: int) -> object:
            if number % 2:
                return trial.good(texts, self.first)
            return settled(self.call(trial.app, self.first))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, range(8)))
        assert not difference(expected, trial.model.sent), difference(expected, trial.model.sent)

    def test_nothing_global_is_left_changed(self) -> None:
        """Required: no variable and no class of the app's modules and its framework is another one after
        wrapping, rollouts and builds.

        To mend: replace objects in the copy instead of names in modules and methods on classes.
        """
        model = self.model()
        app = self.app(model)
        self.called(app, self.first)
        before = globals_of(app, type(self).__module__)
        trial = Trial(system=self.adapter().wrap(app), model=model, app=app, rewrite=self.rewrite)
        self._use(trial)
        now = globals_of(app, type(self).__module__)
        changed = [name for name in rebound(before, now) if name not in self.own_state]
        assert not changed, f"stand for other objects than before: {changed[:12]}"

    def test_a_memory_is_the_apps_and_not_a_rollouts(self) -> None:
        """Required where `has_memory`: the app remembers from one call to the next, also when it was built.

        To mend: renew memories for rollouts, not for what `build` returns.
        """
        if not self.has_memory:
            pytest.skip("has_memory = False")
        trial = self.trial()
        for app in (trial.app, trial.system.build(trial.marked("x"))):
            first, second = (
                trial.sent(lambda: self.called(app, self.first))  # noqa: B023 - called at once
                for _ in range(2)
            )
            assert difference(first, second), "the second call is sent the same as the first"

    def check_error(self, rollout: Rollout, trial: Trial, at: int) -> None:
        """A rollout fails just when the app itself fails, and with its error."""
        model = self.model()
        model.fail(RuntimeError("the model broke"), at=at)
        del trial
        own: Exception | None = None
        expected = None
        try:
            expected = self.called(self.app(model), self.first)
        except Exception as error:
            own = error
        if own is not None:
            assert type(rollout.error) is type(own), f"the app raises {own!r}, and not {rollout.error!r}"
            return
        message = f"the app gets over the error, and its copy does not: {rollout.error!r}"
        assert rollout.error is None, message
        assert self.plain(rollout.output) == expected

    def _use(self, trial: Trial) -> None:
        for word in ("x", "y"):
            for inputs in self.all_inputs:
                trial.run(trial.marked(word), inputs)
            trial.system.build(trial.marked(word))
        trial.run(trial.seed, self.first)
