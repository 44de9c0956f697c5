"""Texts that reach no model are found out and not optimised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gepa_core import Component, Result, Rollout, Step, Trajectory, optimize
from gepa_core.probe import probe, runner
from gepa_core.protocols import LeftAlone

EXAMPLES = [{"n": n} for n in range(6)]


class App:
    """Sends ``used`` and ``changed`` to a model, the latter in capitals, and ``dead`` nowhere.

    Only ``used`` is attributed, as an adapter does that matches templates with messages.
    """

    left_alone: tuple[LeftAlone, ...] = ()
    components = tuple(Component(name=name, text=f"text of {name}") for name in ("used", "changed", "dead"))

    def __init__(self, *, steps: bool = True) -> None:
        self.steps = steps
        self.ran: list[Mapping[str, str]] = []

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """One model call with two messages, and a literal that no component holds."""
        texts = {component.name: component.text for component in self.components} | dict(texts)
        self.ran.append(texts)
        messages = [
            {"role": "system", "content": f"{texts['used']} for {inputs['n']}"},
            {"role": "system", "content": texts["changed"].replace("text", "TEXT")},
            {"role": "system", "content": "You are an assistant."},
            {"role": "user", "content": f"question number {inputs['n']} of the day"},
        ]
        step = Step(kind="model", name="m", inputs=messages, components=("used",))
        return Rollout(output=0, trajectory=Trajectory(steps=(step,) if self.steps else ()))

    def build(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """The texts."""
        return texts


def run(app: App, run_dir: Path, components: str | list[str] = "prompts") -> Result:
    """A short run in which every reflection adds a character."""
    return optimize(
        app,
        trainset=EXAMPLES[:3],
        valset=EXAMPLES[3:],
        metric=lambda _example, _output: 0.5,
        reflection_lm=lambda prompt: f"```\nnew text {len(prompt)}\n```",
        budget=40,
        components=components,
        run_dir=run_dir,
    )


def test_a_text_that_reaches_no_model_is_not_optimised(tmp_path: Path) -> None:
    result = run(App(), tmp_path)
    assert result.proposals[0].components == ("used", "changed")
    assert {"used", "changed"} == {name for one in result.proposals[1:] for name in one.components}
    assert result.proposals[0].rollouts == {"seed": 3, "probe": 2}


def test_only_what_no_step_names_is_marked(tmp_path: Path) -> None:
    app = App()
    run(app, tmp_path)
    assert {"text of used"} == {texts["used"] for texts in app.ran if "[[mark-" in texts["changed"]}


def test_a_component_that_is_named_is_optimised_all_the_same(tmp_path: Path) -> None:
    result = run(App(), tmp_path, ["dead", "used"])
    assert result.proposals[0].components == ("used", "dead")
    assert "probe" not in result.proposals[0].rollouts


def test_without_model_steps_nothing_is_given_up(tmp_path: Path) -> None:
    result = run(App(steps=False), tmp_path)
    assert result.proposals[0].components == ("used", "changed", "dead")


def test_the_probe_tells_live_dead_and_uncovered_texts() -> None:
    app = App()
    found = probe(app.components, EXAMPLES[:2], runner(app))
    assert (found.live, found.dead) == (("used", "changed"), ("dead",))
    assert [one.text for one in found.uncovered] == ["You are an assistant."]
    assert (found.caches, found.errors, found.rollouts) == (False, (), 4)


class CachingApp(App):
    """Answers by the question alone, so that a changed prompt changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.cache: dict[int, Rollout] = {}

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """From the cache, if the question is in it."""
        if inputs["n"] in self.cache:
            return Rollout(output=self.cache[inputs["n"]].output)
        return self.cache.setdefault(inputs["n"], super().run(texts, inputs))


def test_the_probe_reports_an_app_that_caches_answers_without_the_prompt() -> None:
    app = CachingApp()
    assert probe(app.components, EXAMPLES[:2], runner(app)).caches


class FailingApp(App):
    """Fails after its model call."""

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """The trajectory is kept."""
        return Rollout(trajectory=super().run(texts, inputs).trajectory, error=KeyError("answer"))


class AsyncApp(App):
    """The same, async."""

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:  # type: ignore[override]
        """One model call."""
        return super().run(texts, inputs)


@pytest.mark.parametrize("app", [FailingApp(), AsyncApp()])
def test_the_probe_sees_what_was_sent_before_a_failure_and_by_async_apps(app: App) -> None:
    found = probe(app.components, EXAMPLES[:1], runner(app))
    assert found.live == ("used", "changed")
    assert ["KeyError: 'answer'"] * isinstance(app, FailingApp) == [
        error.replace('"', "'") for error in found.errors
    ]
