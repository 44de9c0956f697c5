"""Trajectories: what a rollout did, complete, in order, and tied to the components that caused it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import attrs
import pytest

from gepa_core.codec import decode, encode, to_plain
from gepa_core.marks import model_steps, texts_in
from gepa_core.testing.suites.case import SystemCase
from gepa_core.testing.suites.trial import Trial, marks_in
from gepa_core.types import Rollout, Step, StepKind, Trajectory


class TrajectoryTests(SystemCase):
    """Tests of `Rollout.trajectory` and `Rollout.error`."""

    def test_every_model_call_is_a_step(self) -> None:
        """Required: a rollout has a step of kind ``"model"`` for each call that a model received, no more.

        To mend: capture at the model, where every call passes, threads that the app starts included. If
        calls are counted twice, two layers capture them: let the inner one notice the outer.
        """
        self.needs_a_model()
        trial = self.trial()
        for inputs in self.all_inputs:
            before = len(trial.model.sent)
            steps = model_steps(trial.good(trial.seed, inputs).trajectory)
            assert len(steps) == len(trial.model.sent) - before
            empty = [step for step in steps if step.inputs in (None, "", [], {}) or step.output is None]
            assert not empty, f"steps without what was sent or answered: {empty}"
            assert all(step.name for step in steps), "a model's step has no name"

    def test_model_calls_are_attributed_to_the_texts_in_them(self) -> None:
        """Required: `Step.components` names just those components whose texts are in what was sent.

        To mend: match the messages and tools of each call against the *candidate's* texts, not the app's
        (`gepa_core.appgraph.TextPattern`); a component takes part in every call that its text is in.
        """
        self.needs_a_model()
        trial = self.trial()
        for inputs in self.all_inputs:
            for step in model_steps(trial.good(trial.marked("x"), inputs).trajectory):
                found = marks_in("\n".join(texts_in(step.inputs)), trial, "x")
                assert set(step.components) == found, f"of {step.inputs!r}"

    def test_steps_are_in_order_and_inside_of_earlier_ones(self) -> None:
        """Required: a step's parent is an earlier step, and where models are called one after the other,
        their steps stand in that order.

        To mend: number the steps when they begin, not when they end. If the app calls models at the same
        time, say so with `calls_at_once`.
        """
        trial = self.trial()
        for inputs in self.all_inputs:
            before = len(trial.model.sent)
            trajectory = trial.good(trial.seed, inputs).trajectory
            for place, step in enumerate(trajectory.steps):
                assert step.parent is None or 0 <= step.parent < place, f"step {place}: {step}"
            if not self.calls_at_once:
                steps = model_steps(trajectory)
                sent = trial.model.sent[before:]
                wrong = [
                    place
                    for place, (step, text) in enumerate(zip(steps, sent, strict=False))
                    if not all(piece in text for piece in _said(step))
                ]
                assert not wrong, f"model steps {wrong} stand in another order than the calls were made"

    def test_the_same_candidate_takes_the_same_steps(self) -> None:
        """Required: two rollouts of a deterministic app have the same steps in the same order.

        To mend: put steps of branches that ran at once into the order of their branches, not of their
        timing; keep random ids out of names and inputs.
        """
        trial = self.trial()
        for inputs in self.all_inputs:
            one, other = (list(_shape(trial.good(trial.seed, inputs))) for _ in range(2))
            assert one == other

    def test_trajectories_are_json(self) -> None:
        """Required: a trajectory is made of JSON values alone and survives being stored.

        To mend: pass what you capture through `gepa_core.jsonable.to_jsonable`, which also cuts what is
        too large and keeps binary values as references.
        """
        trial = self.trial()
        for inputs in self.all_inputs:
            trajectory = trial.good(trial.marked("x"), inputs).trajectory
            json.dumps(to_plain(trajectory), allow_nan=False).encode()
            stored = decode(encode(trajectory), Trajectory)
            assert to_plain(stored) == to_plain(trajectory)

    def test_usage_is_known_or_said_to_be_unknown(self) -> None:
        """Required: a model step counts its call, and its tokens are there or the call is counted in
        `Usage.unmetered`; the same for the price and `Usage.unpriced`. Other steps use nothing.

        To mend: begin with ``Usage(calls=1, unmetered=1, unpriced=1)`` and replace it by what the provider
        reports. 0 tokens and 0 dollars mean that they are known. Ask for usage when streaming.
        """
        trial = self.trial()
        for inputs in self.all_inputs:
            for step in trial.good(trial.seed, inputs).trajectory.steps:
                if step.kind != "model":
                    assert step.usage.calls == 0, f"a {step.kind} step has used a model: {step.usage}"
                    continue
                assert step.usage.calls == 1
                assert step.usage.tokens or step.usage.unmetered == 1, f"0 tokens, and not unknown: {step}"
                assert step.usage.unpriced in (0, 1)
                assert step.seconds >= 0
                if self.captures_usage:
                    assert step.usage.unmetered == 0, "the model reports its tokens, and they are not there"

    def test_tools_are_captured(self) -> None:
        """Required where `captures_tools`: a call of a tool is a step with its arguments and result.

        To mend: record where the framework runs a tool, and give the step the inputs and output as JSON.
        """
        if not self.captures_tools:
            pytest.skip("captures_tools = False")
        self._check_captured("tool")

    def test_retrievals_are_captured(self) -> None:
        """Required where `captures_retrievals`: a retrieval is a step with its query and what was found.

        To mend: record where the framework runs a retriever, and give the step query and documents.
        """
        if not self.captures_retrievals:
            pytest.skip("captures_retrievals = False")
        self._check_captured("retrieval")

    def _check_captured(self, kind: StepKind) -> None:
        trial = self.trial()
        rollouts = [trial.good(trial.seed, inputs) for inputs in self.all_inputs]
        steps = [step for rollout in rollouts for step in rollout.trajectory.steps if step.kind == kind]
        assert steps, f"no step is a {kind}"
        assert not [step for step in steps if not step.name or step.inputs is None or step.output is None]

    def test_an_error_comes_with_what_was_done_before(self) -> None:
        """Required: an error of the app is in `Rollout.error`, not raised and not swallowed, and the
        trajectory has every step until then, the failed model call with its error.

        To mend: catch Exception around the app in `run` and return ``Rollout(error=…, trajectory=…)`` with
        what the recorder holds. Give a step its error when the call that it stands for raises.
        """
        self.needs_a_model()
        for at in range(len(self._calls())):
            trial = self.trial()
            trial.model.fail(RuntimeError("the model broke"), at=at)
            rollout = trial.run(trial.seed, self.first)
            self.check_error(rollout, trial, at)
            steps = model_steps(rollout.trajectory)
            assert len(steps) >= at, f"{at} calls went well, and only {len(steps)} are steps"
            if rollout.error is not None:
                said = [step.error for step in rollout.trajectory.steps if "the model broke" in step.error]
                assert said, "no step says that its call failed"

    def check_error(self, rollout: Rollout, trial: Trial, at: int) -> None:
        """Whether the rollout failed as it should when call ``at`` failed."""
        del trial, at
        assert rollout.error is not None, "the app's model broke, and the rollout has no error"

    def _calls(self) -> list[str]:
        trial = self.trial()
        return trial.sent_for(trial.seed, self.first)


def _said(step: Step) -> list[str]:
    """What a model step says was sent, in pieces that are long enough to be told apart."""
    return [text for text in texts_in(step.inputs) if len(text) >= 12]


def _shape(rollout: Rollout) -> Iterator[tuple[object, ...]]:
    for step in rollout.trajectory.steps:
        plain = attrs.evolve(step, seconds=0.0)
        yield plain.kind, plain.name, plain.parent, plain.components, bool(plain.error)
