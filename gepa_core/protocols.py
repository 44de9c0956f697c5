"""The parts of which a run has exactly one each: the adapter, its system, the models, the metric."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import attrs

from gepa_core.images import Image
from gepa_core.types import Component, Feedback, Rollout, Usage

MetricResult: TypeAlias = "Feedback | float | int | bool"
Metric: TypeAlias = Callable[..., "MetricResult | Awaitable[MetricResult]"]
"""``metric(example, output)`` or ``metric(example, output, trajectory)``, sync or async."""


@attrs.frozen
class Message:
    """One message of a conversation with a model.

    Attributes:
        content: its text, which is all that a model without eyes needs.
        images: what the text refers to by name, as ``[image-1]``. Only a `SeeingModel` is given any.
    """

    role: Literal["system", "user", "assistant"]
    content: str
    images: tuple[Image, ...] = ()


@attrs.frozen(kw_only=True)
class Completion:
    """A model's answer. ``finish_reason`` is the provider's word, such as ``"stop"`` or ``"length"``."""

    text: str
    usage: Usage = Usage(calls=1, unmetered=1, unpriced=1)
    finish_reason: str = ""


@runtime_checkable
class LanguageModel(Protocol):
    """A model that answers a conversation with text."""

    @property
    def name(self) -> str:
        """How the model is called in logs and reports, such as ``"openai/gpt-4.1-mini"``."""
        ...

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """Answer ``messages``.

        Raises:
            InfrastructureFault: a passing fault; the engine tries again.
            ModelFault: the model cannot be used at all.
        """
        ...


@runtime_checkable
class SeeingModel(LanguageModel, Protocol):
    """A `LanguageModel` that can be shown images: it gives `Message.images` to the model behind it."""

    async def sees_images(self) -> bool:
        """Whether the model can be shown images, as far as that is known; the same each time.

        A model that turns out to refuse them is asked again without.
        """
        ...


@attrs.frozen(kw_only=True)
class LeftAlone:
    """A text that the adapter found and did not make a component, and why."""

    source: str
    reason: str
    text: str = ""


@runtime_checkable
class System(Protocol):
    """An app, wrapped: what its components are, how it runs with other texts, how to hand it back."""

    @property
    def components(self) -> Sequence[Component]:
        """Every text that may change, in a stable order."""
        ...

    @property
    def left_alone(self) -> Sequence[LeftAlone]:
        """Texts that were found and are not components."""
        ...

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout | Awaitable[Rollout]:
        """Run a copy of the app that has ``texts`` on ``inputs``, capturing the trajectory.

        A component that ``texts`` leaves out keeps its own text.

        May be a plain function (it is called on a worker thread) or a coroutine function. Called
        concurrently, with different texts; must not change the app or anything global. An error that
        the app raises is returned in the rollout, with what was captured until then.
        """
        ...

    def build(self, texts: Mapping[str, str]) -> Any:
        """The user's app with ``texts``: a copy of the same type, without instrumentation.

        A component that ``texts`` leaves out keeps its own text.
        """
        ...


class Adapter(Protocol):
    """Takes the apps and models of one framework. Found through entry-point group `gepa_core.adapters`."""

    def wrap(self, target: Any) -> System:
        """Find the components of ``target``.

        Raises:
            ConfigurationError: this adapter cannot take ``target``; the message says what it can take.
        """
        ...

    def language_model(self, model: Any) -> LanguageModel | None:
        """The framework's own chat model as a `LanguageModel`; None when ``model`` is not one."""
        ...


class Session(Protocol):
    """An `Executor` at work for one run: begun with the run, ended with it."""

    async def open(self) -> None:
        """Get ready to run the app: connect, start workers, hand them the app. Called once, first.

        Raises:
            ConfigurationError: the app cannot be run there; the message says why and what to do.
            InfrastructureFault: the place cannot be reached now.
        """
        ...

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """What `System.run` of ``system``, or of a copy of it, returns for ``texts`` and ``inputs``.

        Called concurrently, as often as the run's concurrency allows. An error that the app raises may be
        returned in the rollout or raised: the engine judges it alike, so one that crosses a process has
        to keep its class's name, its message, and whose fault it is (`gepa_core.faults.classify`).

        Where a rollout has to wait for room, let it wait inside of ``current_calls().waiting()`` (in
        `gepa_core.pacing`), so that this does not count as the app's time.

        Models that the app calls are to be called when the run says so. In this process the app finds what
        to ask by itself. Elsewhere let it find a `gepa_core.pacing.DistantCalls`, and carry its words to a
        `gepa_core.pacing.CallDesk` here, made for ``current_calls()``.

        A rollout that takes too long or is not wanted any more is cancelled as a task. What ran it must be
        free for the next one then, whether or not the app reacts.

        Args:
            system: the one that the session was made for.

        Raises:
            InfrastructureFault: the place failed, such as a machine that was lost; the engine tries again.
            ConfigurationError: what the app takes or returns cannot be brought there or back.
        """
        ...

    async def close(self) -> None:
        """Let go of everything. Called once, last, however the run ended and also when `open` raised."""
        ...


class Executor(Protocol):
    """Where rollouts run: in this process, or on other machines. Changes nothing that a run finds.

    Found through entry-point group `gepa_core.executors`, or given as an object, which several runs may
    share: what belongs to one run is in its session. The metric and the reflection model are always called
    in the process of the run.
    """

    def session(self, target: Any, *, system: System, adapter: Adapter | None, concurrency: int) -> Session:
        """A session for one run. Nothing is begun before `Session.open`.

        Args:
            target: the app, as the user gave it. Send this to another process, and wrap it there with
                `gepa_core.adapters.wrap`: a system may hold what only its process can use.
            system: the app, wrapped here.
            adapter: the one that the user chose to wrap it; None when it was found.
            concurrency: rollouts that will be asked for at once, at most.
        """
        ...
