"""Asking: a model is called when the run says that it may be, so that rate limits hold."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from gepa_core.errors import InfrastructureFault
from gepa_core.marks import model_steps
from gepa_core.testing.suites.asked import AskedCalls
from gepa_core.testing.suites.case import SystemCase
from gepa_core.testing.suites.trial import Trial
from gepa_core.types import Rollout, Usage


class AskingTests(SystemCase):
    """Tests of what `System.run` does with `gepa_core.pacing.current_calls`."""

    def test_leave_is_asked_for_before_each_model_call(self) -> None:
        """Required: before each call of a model, leave is asked for by the name of the call's step, and
        when the call has ended, what it used is told.

        To mend: take ``calls = current_calls()`` at the beginning of `run` and keep it with the rollout's
        recorder; then ``call = calls.begin(name)``, or ``await calls.abegin(name)``, before the model is
        called and ``call.end(usage)`` when it has answered. An answer from a cache needs no leave.
        """
        self.needs_a_model()
        for inputs in self.all_inputs:
            trial = self.trial()
            calls, rollout = _asked(trial, trial.seed, inputs)
            steps = model_steps(rollout.trajectory)
            assert rollout.error is None, rollout.error
            assert Counter(call.model for call in calls.asked) == Counter(step.name for step in steps)
            late = [place for place, call in enumerate(calls.asked) if call.made_before > place]
            assert not late, f"leave for the calls {late} was asked for when they had been made"
            told = Counter(end for call in calls.asked for end in call.ends[:1] if isinstance(end, Usage))
            assert _sums(told) == _sums(Counter(step.usage for step in steps)), "told is not what was used"

    def test_a_wait_that_a_provider_asks_for_is_passed_on(self) -> None:
        """Required: a call that fails is told of with the error that its client raised, so that the wait
        that it may ask for holds back all calls of the model.

        To mend: ``call.fail(error)`` where the call raises, whatever the app makes of the error.
        """
        self.needs_a_model()
        trial, busy = self.trial(), InfrastructureFault("too many requests", retry_after=7.0)
        trial.model.fail(busy)
        calls, _ = _asked(trial, trial.seed, self.first)
        ends = [call.ends[0] for call in calls.asked if call.ends]
        told = [error for end in ends if isinstance(end, BaseException) for error in _causes(end)]
        assert busy in told, f"no call was told to have failed with it: {ends}"

    def test_no_model_is_called_without_leave(self) -> None:
        """Required: where the run has ended, asking raises, and then the model is not called.

        To mend: ask outside of whatever catches the errors of a call, and let what it raises pass.
        """
        self.needs_a_model()
        trial = self.trial()
        calls = AskedCalls(refusal=InfrastructureFault("the run is over"))
        with calls.active(), contextlib.suppress(InfrastructureFault):
            trial.run(trial.seed, self.first)
        assert trial.model.sent == []


def _asked(trial: Trial, texts: Mapping[str, str], inputs: Any) -> tuple[AskedCalls, Rollout]:
    calls = AskedCalls(made=lambda: len(trial.model.sent))
    with calls.active():
        rollout = trial.run(texts, inputs)
    return calls, rollout


def _sums(usages: Counter[Usage]) -> tuple[int, int, int]:
    """Calls, tokens and calls with unknown tokens."""
    every = list(usages.elements())
    return (
        sum(usage.calls for usage in every),
        sum(usage.tokens for usage in every),
        sum(usage.unmetered for usage in every),
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it was raised from, or because of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
