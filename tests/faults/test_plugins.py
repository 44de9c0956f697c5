"""Plugins that raise while a run is going on, in every hook. Who is named is held in `tests/contracts`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gepa_core import hookimpl
from gepa_core.errors import GepaError, PluginError
from tests.core.seen import Watch, outcomes, proposals
from tests.core.toys import QUICK, Toy, ToyModel, preset, search, total

DECIDING = (
    "gepa_merge_candidates",
    "gepa_select_parent",
    "gepa_sample_examples",
    "gepa_select_components",
    "gepa_capture_trajectory",
    "gepa_give_feedback",
    "gepa_propose_texts",
    "gepa_accept_candidate",
    "gepa_next_validation",
    "gepa_stop_reason",
)
SLOW = ("gepa_merge_candidates", "gepa_capture_trajectory", "gepa_give_feedback", "gepa_propose_texts")


class Switch:
    """Counts calls of a hook, and says when it is to fail."""

    def __init__(self, last: int, error: Callable[[], BaseException]) -> None:
        self.left = last
        self.error = error

    def __call__(self) -> None:
        """One call."""
        self.left -= 1
        if self.left < 0:
            raise self.error()


def _raises() -> BaseException:
    return ZeroDivisionError("no temperature")


def _exits() -> BaseException:
    return SystemExit(3)


class Panic(BaseException):
    """As libraries that are written in Rust raise."""


STRAY = (_exits, asyncio.CancelledError, KeyboardInterrupt, GeneratorExit, lambda: Panic("a panic"))
"""Errors that are no `Exception`."""


def plugin(hook: str, switch: Switch, *, wrapper: str = "", is_async: bool = False) -> Any:
    """A plugin named ``Failing`` with one hook, which has no opinion but for its errors.

    Args:
        wrapper: ``"before"`` or ``"after"`` the yield it fails; empty for no wrapper.
    """

    def answer(_self: Any) -> None:
        switch()

    async def later(_self: Any) -> None:
        switch()

    def around(_self: Any) -> Any:
        if wrapper == "before":
            switch()
        answer = yield
        if wrapper == "after":
            switch()
        return answer

    function = hookimpl(wrapper=True)(around) if wrapper else hookimpl(later if is_async else answer)
    return type("Failing", (), {hook: function})()


CASES = [
    *((hook, "", False) for hook in DECIDING),
    *((hook, "", True) for hook in SLOW),
    *((hook, when, False) for hook in DECIDING if hook != "gepa_stop_reason" for when in ("before", "after")),
]


@pytest.mark.parametrize(("hook", "wrapper", "is_async"), CASES)
def test_a_decision_that_fails_ends_the_run_with_the_plugins_name(
    tmp_path: Path, hook: str, wrapper: str, is_async: bool
) -> None:
    """Everything that was finished is kept, so that with the plugin mended it is the unbroken run."""
    arguments: dict[str, Any] = {"budget": 45, "preset": preset(lookahead=2)}
    system, model = Toy(), ToyModel()
    failing = plugin(hook, Switch(1, _raises), wrapper=wrapper, is_async=is_async)
    with pytest.raises(PluginError) as caught:
        search(system, tmp_path / "run", plugins=[failing], reflection_lm=model, **arguments)
    assert str(caught.value) == f"plugin 'Failing': {hook} raised ZeroDivisionError: no temperature"
    assert caught.value.plugin == "Failing"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    kept = proposals(tmp_path / "run")
    mended = plugin(hook, Switch(sys.maxsize, _raises), wrapper=wrapper, is_async=is_async)
    result = search(system, tmp_path / "run", plugins=[mended], reflection_lm=model, **arguments)
    assert list(result.proposals[: len(kept)]) == kept
    under_way = QUICK.concurrency if hook in ("gepa_capture_trajectory", "gepa_give_feedback") else 0
    assert system.runs <= total(result) + under_way, "nothing that was finished is bought twice"
    assert result.proposals == search(Toy(), tmp_path / "whole", plugins=[mended], **arguments).proposals
    assert len(model.prompts) == result.cost.reflections


@pytest.mark.parametrize("error", STRAY)
@pytest.mark.parametrize(
    ("hook", "wrapper", "is_async"),
    [
        *((hook, "", False) for hook in (*DECIDING, "gepa_configure", "gepa_redact_outcome")),
        *((hook, "", True) for hook in SLOW),
        ("gepa_select_parent", "before", False),
        ("gepa_give_feedback", "after", False),
    ],
)
def test_a_plugin_that_raises_what_is_no_exception_is_named_and_the_process_goes_on(
    tmp_path: Path, hook: str, wrapper: str, is_async: bool, error: Callable[[], BaseException]
) -> None:
    """It would end the event loop, which is everybody's, or pass for a cancellation of the run."""
    failing = plugin(hook, Switch(0, error), wrapper=wrapper, is_async=is_async)
    with pytest.raises(PluginError, match=f"^plugin 'Failing': {hook} raised "):
        search(Toy(), tmp_path / "run", plugins=[failing], budget=30)
    assert search(Toy(), tmp_path / "next", budget=30).proposals


@pytest.mark.parametrize("hook", ["gepa_notify", "gepa_unconfigure"])
@pytest.mark.parametrize("error", [_raises, *STRAY])
def test_an_observer_that_fails_changes_nothing(
    tmp_path: Path, hook: str, error: Callable[[], BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once and passed over; the observers after it hear everything."""
    watch = Watch()
    result = search(Toy(), tmp_path / "run", plugins=[plugin(hook, Switch(0, error)), watch], budget=40)
    calm = Watch()
    assert result.proposals == search(Toy(), tmp_path / "calm", plugins=[calm], budget=40).proposals
    assert len(watch.events) == len(calm.events)
    said = [one.getMessage() for one in caplog.records if "it is passed over" in one.getMessage()]
    assert len(said) == 1
    assert said[0].startswith(f"plugin 'Failing': {hook} raised ")


NONSENSE: dict[str, Any] = {
    "gepa_merge_candidates": "a merge",
    "gepa_select_parent": 0,
    "gepa_sample_examples": ["one"],
    "gepa_select_components": ["third"],
    "gepa_capture_trajectory": "an answer",
    "gepa_give_feedback": 0.5,
    "gepa_propose_texts": "a text",
    "gepa_accept_candidate": 1,
    "gepa_next_validation": 7,
    "gepa_stop_reason": 3,
}


@pytest.mark.parametrize(("hook", "answer"), NONSENSE.items())
def test_an_answer_that_makes_no_sense_names_the_plugin(tmp_path: Path, hook: str, answer: Any) -> None:
    """And shows the answer. What was paid for before is kept."""
    shown = answer[0] if isinstance(answer, list) else answer
    talker = type("Talker", (), {hook: hookimpl(lambda _self: answer)})()
    with pytest.raises(PluginError, match=f"plugin 'Talker': {hook} answered {shown!r}"):
        search(Toy(), tmp_path, plugins=[talker])
    if hook not in ("gepa_capture_trajectory", "gepa_give_feedback", "gepa_next_validation"):
        assert len(outcomes(tmp_path, "seed")) == 6


def test_a_stopper_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    class Enough:
        @hookimpl
        def gepa_stop_reason(self, pool: Any) -> str | None:
            return "it is enough" if len(pool.proposals) > 3 else None

    result = search(Toy(), tmp_path, plugins=[Enough()])
    assert (result.stop_reason, len(result.proposals)) == ("it is enough", 4)
    assert result.complete


def test_faults_that_a_plugin_names_itself_are_its_own(tmp_path: Path) -> None:
    """A plugin may raise an error of this library, and then that is the run's."""

    class Refuses:
        @hookimpl
        def gepa_give_feedback(self) -> None:
            raise GepaError("the judge is on strike")

    with pytest.raises(GepaError, match="the judge is on strike"):
        search(Toy(), tmp_path, plugins=[Refuses()])
