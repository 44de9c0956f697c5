"""An adapter of the package gepa with a candidate to start from, as a `gepa_core.protocols.System`."""

from __future__ import annotations

import contextlib
import copy
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from random import Random
from typing import TYPE_CHECKING, Any

import attrs

from gepa_core.blame import adapter_error
from gepa_core.data import shown
from gepa_core.errors import ConfigurationError, GepaError
from gepa_core.faults import classify, describe
from gepa_core.jsonable import to_jsonable
from gepa_core.protocols import LeftAlone
from gepa_core.types import Component, Example, Feedback, Json, Rollout, Step, Trajectory, content_id
from gepa_reference.calls import Calls, NoCalls
from gepa_reference.records import Evaluated, as_steps, feedback_of
from gepa_reference.rows import as_example, as_given, plain, rows_of

if TYPE_CHECKING:
    from gepa.core.adapter import EvaluationBatch, GEPAAdapter, ProposalFn

    from gepa_reference.hooks import AdapterHooks

log = logging.getLogger("gepa_reference")


@attrs.define(eq=False, kw_only=True)
class ReferenceSystem:
    """What `gepa_reference.wrap` makes of an adapter.

    Attributes:
        adapter: the adapter, which is called with one example at a time, from several threads at once.
        components: the seed candidate's texts.
        proposer: writes new texts instead of this project's reflection; None to reflect.
        left_alone: nothing; an adapter's candidate is all there is.
    """

    adapter: GEPAAdapter[Any, Any, Any]
    components: tuple[Component, ...]
    proposer: ProposalFn | None = None
    left_alone: tuple[LeftAlone, ...] = ()

    @property
    def hooks(self) -> AdapterHooks:
        """The plugin that a run of this system needs: ``plugins=[wrapped.hooks]``."""
        from gepa_reference.hooks import AdapterHooks

        return AdapterHooks.of(self)

    def examples(self, rows: Iterable[Any]) -> list[Example]:
        """``rows``, a list or a data loader of the package gepa, so that the adapter gets each as it is."""
        return [as_example(row) for row in rows_of(rows)]

    def metric(self, _example: Any, _output: Any, trajectory: Trajectory) -> Feedback:
        """The score that the adapter gave when it ran the example, with its feedback by component.

        Raises:
            ValueError: it is no finite number.
        """
        return feedback_of(trajectory)

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Let the adapter evaluate one example, and make its records for reflection.

        Args:
            inputs: the row of the data set, as the adapter expects it.
        """
        return self.evaluate(texts, inputs, learn=True)

    def evaluate(self, texts: Mapping[str, str], row: Any, *, learn: bool) -> Rollout:
        """One example's rollout.

        Args:
            learn: whether the traces are made into records; examples that are only scored need none.
        """
        candidate = self._candidate(texts)
        row = as_given(row)
        with _calls() as calls:
            try:
                batch = calls.made_by(
                    lambda: self.adapter.evaluate([row], dict(candidate), capture_traces=True)
                )
                if calls.fault is not None:
                    raise calls.fault
                _check(batch, self.adapter, calls)
                records = self._records(candidate, batch, row) if learn else {}
            except GepaError:
                raise
            except Exception as error:
                steps = _steps(calls, candidate, learn)
                return Rollout(error=error, trajectory=Trajectory(steps=tuple(steps)))
        steps = _steps(calls, candidate, learn)
        evaluated = Evaluated(
            score=to_jsonable(batch.scores[0]),
            objectives=to_jsonable(batch.objective_scores[0]) if batch.objective_scores else None,
            metric_calls=batch.num_metric_calls,
            records=records,
            problem=calls.problem,
        )
        steps += as_steps(evaluated, verbatim=self.proposer is not None)
        return Rollout(output=plain(batch.outputs[0]), trajectory=Trajectory(steps=tuple(steps)))

    def build(self, texts: Mapping[str, str]) -> Any:
        """The program with ``texts`` where the adapter can build one, as DSPy's can; else the candidate.

        Raises:
            ConfigurationError: a text is for a component that there is not.
        """
        candidate = self._candidate(texts)
        build_program = getattr(self.adapter, "build_program", None)
        return candidate if build_program is None else build_program(candidate)

    def _candidate(self, texts: Mapping[str, str]) -> dict[str, str]:
        """A new dictionary in the seed's order, which some adapters go by."""
        names = [part.name for part in self.components]
        unknown = [name for name in texts if name not in names]
        if unknown:
            raise ConfigurationError(
                f"there is no component {unknown[0]!r}; there are {', '.join(map(repr, names))}"
            )
        return {part.name: texts.get(part.name, part.text) for part in self.components}

    def _records(
        self, candidate: dict[str, str], batch: EvaluationBatch[Any, Any], row: Any
    ) -> dict[str, list[Json]]:
        """Records by component. One component is asked for at a time: not every adapter takes several."""
        adapter = _with_own_rng(self.adapter, [candidate, to_jsonable(plain(row))])
        dataset: dict[str, list[Json]] = {}
        problem = ""
        for name in candidate:
            try:
                made = adapter.make_reflective_dataset(dict(candidate), batch, [name]).get(name, ())
            except Exception as error:
                # Adapters raise where a rollout shows nothing of the component.
                if classify(error).kind != "candidate":
                    raise
                problem = describe(error)
                continue
            records = [to_jsonable(record) for record in made]
            if records:
                dataset[name] = records
        if problem and not dataset:
            log.warning("%s made no records of a rollout: %s", type(self.adapter).__qualname__, problem)
        return dataset


def wrap(
    adapter: GEPAAdapter[Any, Any, Any],
    seed_candidate: Mapping[str, str | Component],
    *,
    proposer: ProposalFn | None = None,
    reflect: bool = False,
) -> ReferenceSystem:
    """Take an adapter of the package gepa as it is.

    Args:
        adapter: anything with gepa's `GEPAAdapter` protocol.
        seed_candidate: the texts to start from by name. A `Component` instead of a text says more of it,
            such as the template syntax whose placeholders every rewrite has to keep.
        proposer: writes new texts instead of the adapter and instead of reflection; gepa's
            ``custom_candidate_proposer``.
        reflect: use this project's reflection also where the adapter has ``propose_new_texts``.

    Raises:
        ConfigurationError: ``adapter`` is none, or the candidate has no texts.
    """
    for method in ("evaluate", "make_reflective_dataset"):
        if not callable(getattr(adapter, method, None)):
            raise ConfigurationError(
                f"{type(adapter).__qualname__!r} is no adapter of the package gepa: it has no method"
                f" {method!r}"
            )
    if not seed_candidate:
        raise ConfigurationError("seed_candidate is empty: give a text for each component, by name")
    own = None if reflect else getattr(adapter, "propose_new_texts", None)
    if proposer is not None and own is not None:
        raise ConfigurationError(
            f"{type(adapter).__qualname__!r} has propose_new_texts, and a proposer was given too: say"
            " reflect=True to leave the adapter's out"
        )
    components = tuple(_component(name, text) for name, text in seed_candidate.items())
    return ReferenceSystem(adapter=adapter, components=components, proposer=proposer or own)


def _component(name: str, text: str | Component) -> Component:
    if isinstance(text, Component):
        return attrs.evolve(text, name=name)
    if not isinstance(text, str):
        raise ConfigurationError(f"seed_candidate[{name!r}] has to be a text or a Component, not {text!r}")
    return Component(name=name, text=text)


def _check(batch: EvaluationBatch[Any, Any], adapter: object, calls: Calls) -> None:
    """One output and one score for the one example.

    DSPy's adapter drops an example on which the program failed: that is the candidate's failure.

    Raises:
        PluginError: the adapter broke its promise.
    """
    scores, outputs = (getattr(batch, name, None) for name in ("scores", "outputs"))
    if not isinstance(scores, Sequence) or not isinstance(outputs, Sequence):
        raise adapter_error(adapter, f"returned {shown(batch)} from evaluate, which is no EvaluationBatch")
    if len(scores) == len(outputs) == 1:
        return
    if calls.problem and not scores:
        raise RuntimeError(f"the program failed: {calls.problem}")
    raise adapter_error(
        adapter,
        f"returned {len(scores)} scores and {len(outputs)} outputs from evaluate for 1 example; gepa's"
        " protocol asks for one of each for every example, in their order",
    )


def _with_own_rng(adapter: Any, seed: Json) -> Any:
    """``adapter``, or a shallow copy with a generator of its own where it samples its traces.

    What is drawn must not depend on which rollout came first.
    """
    if not isinstance(getattr(adapter, "rng", None), Random):
        return adapter
    own = copy.copy(adapter)
    own.rng = Random(content_id(seed))
    return own


def _calls() -> AbstractContextManager[Calls]:
    """DSPy can tell of its calls, where anything here uses it; else nothing is known of them."""
    if "dspy" not in sys.modules:
        return contextlib.nullcontext(NoCalls())
    from gepa_reference.dspy_calls import watch

    return watch()


def _steps(calls: Calls, candidate: Mapping[str, str], learn: bool) -> list[Step]:
    """The steps of the calls. Records, where there are some, already show what each component did."""
    return calls.steps({} if learn else candidate)
