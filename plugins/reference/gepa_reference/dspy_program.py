"""DSPy programs, through DSPy's own adapter for gepa. DSPy is imported by the functions that need it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from gepa_core.budget import Budget
from gepa_core.errors import ConfigurationError, ModelFault
from gepa_core.execution import Execution
from gepa_core.faults import as_model_error
from gepa_core.lm.parts import as_text
from gepa_core.presets import Preset
from gepa_core.protocols import Completion, Message
from gepa_core.result import Result
from gepa_core.types import Usage
from gepa_reference.api import optimize_wrapped
from gepa_reference.system import ReferenceSystem, wrap


def optimize_dspy(
    program: Any,
    *,
    trainset: Iterable[Any],
    valset: Iterable[Any] | None = None,
    testset: Iterable[Any] | None = None,
    metric: Callable[..., Any],
    reflection_lm: Any,
    budget: int | Budget,
    plugins: Sequence[Any] = (),
    run_dir: str | Path | None = None,
    seed: int = 0,
    preset: str | Preset = "default",
    execution: Execution | None = None,
) -> Result:
    """Find better instructions for the predictors of a DSPy program.

    The program runs with the model and the adapter that ``dspy.configure`` or ``dspy.context`` set.

    Args:
        program: a ``dspy.Module``; it is not changed.
        trainset: ``dspy.Example`` objects with their inputs marked.
        valset: the same, to score candidates on; without it the training set serves.
        testset: the same, to compare the seed and the best candidate on, once, at the end.
        metric: what ``dspy.GEPA`` takes: ``metric(gold, pred, trace, pred_name, pred_trace)``, which
            returns a number or ``dspy.Prediction(score=…, feedback=…)``.
        reflection_lm: a ``dspy.LM``, or whatever `gepa_core.optimize` takes.
        budget: rollouts, or a `Budget`.
        plugins: asked before the adapter's own.
        run_dir: where to store the run; one that is there goes on.
        seed: decides every random choice.
        preset: ``"default"``, ``"paper"``, or a `Preset`.
        execution: concurrency, timeout and retries.

    Returns:
        ``result.app`` is a copy of the program with the best instructions.

    Raises:
        ConfigurationError: something in the call is wrong; nothing was spent.
        GepaError: see `gepa_core.optimize`.
    """
    import dspy  # type: ignore[import-untyped]

    model = DspyModel(lm=reflection_lm) if isinstance(reflection_lm, dspy.BaseLM) else reflection_lm
    return optimize_wrapped(
        wrap_dspy(program, metric),
        trainset=trainset,
        valset=valset,
        testset=testset,
        reflection_lm=model,
        budget=budget,
        plugins=plugins,
        run_dir=run_dir,
        seed=seed,
        preset=preset,
        execution=execution,
    )


def wrap_dspy(program: Any, metric: Callable[..., Any], *, failure_score: float = 0.0) -> ReferenceSystem:
    """Take a DSPy program through DSPy's own adapter for gepa, with this project's reflection.

    Args:
        program: a ``dspy.Module``.
        metric: see `optimize_dspy`.
        failure_score: the score of an example that the program could not answer in the form asked for.

    Raises:
        ConfigurationError: ``program`` is no DSPy program, or has no predictor.
    """
    import dspy
    from dspy.teleprompt.gepa.gepa_utils import DspyAdapter  # type: ignore[import-untyped]

    if not isinstance(program, dspy.Module):
        raise ConfigurationError(f"{type(program).__qualname__!r} is no dspy.Module")
    predictors = dict(program.named_predictors())
    adapter = DspyAdapter(
        student_module=program,
        metric_fn=metric,
        feedback_map={name: _feedback(metric, name, predictor) for name, predictor in predictors.items()},
        failure_score=failure_score,
        num_threads=1,  # of one example; the engine runs several
        add_format_failure_as_feedback=True,
    )
    seed_candidate = {name: predictor.signature.instructions for name, predictor in predictors.items()}
    return wrap(adapter, seed_candidate, reflect=True)


def _feedback(metric: Callable[..., Any], name: str, predictor: Any) -> Callable[..., Mapping[str, Any]]:
    """The feedback on one predictor: the metric, told which one is asked about."""

    def feedback(
        predictor_output: Any,
        predictor_inputs: Any,
        module_inputs: Any,
        module_outputs: Any,
        captured_trace: Any,
    ) -> dict[str, Any]:
        own_trace = [(predictor, predictor_inputs, predictor_output)]
        said = metric(module_inputs, module_outputs, captured_trace, name, own_trace)
        score = getattr(said, "score", said)
        return {"score": score, "feedback": getattr(said, "feedback", None) or f"The score is {score}."}

    return feedback


@attrs.frozen(kw_only=True)
class DspyModel:
    """A ``dspy.LM`` as a `gepa_core.protocols.LanguageModel`.

    Attributes:
        lm: the model.
    """

    lm: Any

    @property
    def name(self) -> str:
        """The model's own name."""
        return str(self.lm.model)

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """Ask the model once, on a worker thread.

        Raises:
            InfrastructureFault: rate limit, timeout, connection, outage.
            ModelFault: the model cannot be used, or answered with no text.
            Exception: whatever else it raised, unchanged.
        """
        try:
            outputs, usage = await asyncio.to_thread(self._ask, as_text(messages))
        except Exception as error:
            known = as_model_error(error)
            if known is error:
                raise
            raise known from error
        first = outputs[0] if outputs else ""
        text = first.get("text") if isinstance(first, Mapping) else first
        if not isinstance(text, str):
            raise ModelFault(f"the model {self.name!r} answered with no text: {first!r}")
        return Completion(text=text, usage=usage)

    def _ask(self, prompt: str) -> tuple[Sequence[Any], Usage]:
        from gepa_reference.dspy_calls import watch

        with watch() as calls:
            outputs: Sequence[Any] = self.lm(prompt)
        return outputs, sum((step.usage for step in calls.steps({})), Usage())
