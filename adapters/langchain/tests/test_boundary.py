"""Prompts that no object holds: each way to write them, with all that holds of any other component."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from gepa_langchain import LangChainAdapter
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, SystemMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from rich.console import Console

import gepa_core
from gepa_core.cli import components, trying
from gepa_core.errors import ConfigurationError
from gepa_core.jsonable import to_jsonable
from gepa_core.probe import probe, runner
from gepa_core.saved import SavedTexts
from gepa_core.types import Rollout

from .boundary_apps import CASES, Case, Context
from .conftest import RecordingModel


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def _marked(case: Case, word: str) -> dict[str, str]:
    return {name: f"{text} {word}{number}x" for number, (name, text) in enumerate(case.texts.items())}


def _seed(case: Case) -> dict[str, str]:
    return dict(case.texts)


def _sent(rollout: Rollout) -> str:
    assert rollout.error is None, rollout.error
    return json.dumps([step.inputs for step in rollout.trajectory.steps if step.kind == "model"])


def _contents(model: RecordingModel) -> list[str]:
    return sorted(json.dumps(to_jsonable(call)) for call in model.seen)


def _called(
    app: Runnable[Any, Any], case: Case, model: RecordingModel, *, passing: bool
) -> tuple[Any, list[str]]:
    """What the app answers and sends, with or without what its caller passes."""
    model.seen.clear()
    output = app.invoke(case.inputs, **(case.call if passing else {}))
    return to_jsonable(output), _contents(model)


def test_every_text_is_a_component_with_its_variables(case: Case, model: RecordingModel) -> None:
    app = case.make(model)
    system = case.adapter().wrap(app)
    assert {one.name: one.text for one in system.components} == dict(case.texts)
    assert all(one.purpose and one.source for one in system.components)
    assert case.adapter().wrap(case.make(model)).components == system.components
    for one in system.components:
        wanted = [
            token for token in ("{place}", "{count}", "{title}", "{value}", "{messages}") if token in one.text
        ]
        assert set(wanted) <= set(one.placeholders)


def test_the_mark_of_every_text_reaches_a_model(case: Case, model: RecordingModel) -> None:
    system = case.adapter().wrap(case.make(model))
    sent = _sent(system.run(_marked(case, "mark"), case.inputs))  # type: ignore[arg-type]
    assert [number for number in range(len(case.texts)) if f"mark{number}x" not in sent] == []
    assert all(f"mark{number}x" in model.text_seen for number in range(len(case.texts)))


def test_what_fills_the_gaps_is_what_the_app_fills_in(case: Case, model: RecordingModel) -> None:
    """With a word at the beginning of each text, what is sent is what the app sends, but for that word."""
    system = case.adapter().wrap(case.make(model))
    assert isinstance(system.run(_seed(case), case.inputs), Rollout)
    own = _contents(model)
    model.seen.clear()
    _sent(system.run({name: f"NEW{text}" for name, text in case.texts.items()}, case.inputs))  # type: ignore[arg-type]
    assert sorted(text.replace("NEW", "") for text in _contents(model)) == own


def test_model_calls_are_attributed(case: Case, model: RecordingModel) -> None:
    system = case.adapter().wrap(case.make(model))
    for texts, word in ((_marked(case, "mark"), "mark"), (_seed(case), "")):
        rollout = system.run(texts, case.inputs)
        assert isinstance(rollout, Rollout)
        steps = [step for step in rollout.trajectory.steps if step.kind == "model"]
        assert {name for step in steps for name in step.components} == set(case.texts)
        for step in steps if word else ():
            sent = json.dumps(step.inputs)
            expected = {name for number, name in enumerate(texts) if f"{word}{number}x" in sent}
            assert set(step.components) == expected


def test_two_candidates_at_once_in_threads(case: Case) -> None:
    model = RecordingModel(delay=0.002)
    system = case.adapter().wrap(case.make(model))
    words = ["apple", "berry"] * 4
    with ThreadPoolExecutor(8) as pool:
        rollouts = list(pool.map(lambda word: system.run(_marked(case, word), case.inputs), words))
    _check_words(list(zip(words, rollouts, strict=True)))


def test_two_candidates_at_once_in_asyncio(case: Case) -> None:
    system = case.adapter("async").wrap(case.make(RecordingModel(delay=0.002)))
    words = ["apple", "berry"] * 4

    async def run() -> list[Rollout]:
        runs: list[Any] = [system.run(_marked(case, word), case.inputs) for word in words]
        return list(await asyncio.gather(*runs))

    _check_words(list(zip(words, asyncio.run(run()), strict=True)))


def _check_words(rollouts: list[tuple[str, Any]]) -> None:
    for word, rollout in rollouts:
        sent = _sent(rollout)
        assert word in sent
        assert not any(other in sent for other, _ in rollouts if other != word)


def test_seed_texts_behave_like_the_app_itself(case: Case, model: RecordingModel) -> None:
    app = case.make(model)
    expected = _called(app, case, model, passing=True)
    built = case.adapter().wrap(app).build(_seed(case))
    assert _called(built, case, model, passing=True) == expected


def test_the_app_itself_is_untouched_and_the_copy_is_of_its_type(case: Case, model: RecordingModel) -> None:
    app = case.make(model)
    system = case.adapter().wrap(app)
    before = _called(app, case, model, passing=True)
    built = system.build(_marked(case, "mark"))
    _called(built, case, model, passing=False)
    assert all(f"mark{number}x" in model.text_seen for number in range(len(case.texts)))
    assert _called(app, case, model, passing=True) == before
    assert {one.name: one.text for one in case.adapter().wrap(app).components} == dict(case.texts)
    if not case.options.get("configurable"):
        assert isinstance(built, type(app))
        assert type(built).__qualname__ == type(app).__qualname__


def test_the_copy_uses_the_improved_texts_where_its_caller_passes_the_old_ones(
    case: Case, model: RecordingModel
) -> None:
    if not {"context", "configurable"} & set(case.options) or "configurable" in case.options:
        return  # what a config says always holds
    built = case.adapter().wrap(case.make(model)).build(_marked(case, "mark"))
    _called(built, case, model, passing=True)
    assert all(f"mark{number}x" in model.text_seen for number in range(len(case.texts)))


def test_saved_texts_are_applied_to_a_new_app(case: Case, model: RecordingModel) -> None:
    saved = SavedTexts(texts=_marked(case, "mark"), seed=_seed(case))
    built = gepa_core.apply(case.make(model), saved, adapter=case.adapter())
    _called(built, case, model, passing=False)
    assert all(f"mark{number}x" in model.text_seen for number in range(len(case.texts)))


def test_a_text_that_drops_a_gap_is_refused(case: Case, model: RecordingModel) -> None:
    system = case.adapter().wrap(case.make(model))
    for one in system.components:
        if one.placeholders:
            with pytest.raises(ConfigurationError, match="missing"):
                system.build({one.name: "Do it."})
            with pytest.raises(ConfigurationError, match="does not exist"):
                system.build({one.name: f"{one.text} {{unheard_of}}"})


def test_an_app_with_changed_texts_can_be_taken_again(case: Case, model: RecordingModel) -> None:
    first = case.adapter().wrap(case.make(model)).build(_marked(case, "first"))
    again = case.adapter().wrap(first)
    if not {"context", "configurable"} & set(case.options):  # what is passed begins as the adapter says
        assert {one.name: one.text for one in again.components} == _marked(case, "first")
    assert "second" in _sent(again.run(_marked(case, "second"), case.inputs))  # type: ignore[arg-type]
    assert "first" not in _sent(again.run(_marked(case, "second"), case.inputs))  # type: ignore[arg-type]
    back = again.build(_seed(case))
    model.seen.clear()
    _called(back, case, model, passing=False)
    assert "first" not in model.text_seen


class Plain(RecordingModel):
    """A model that tells apart whether it streams."""

    __copy__ = BaseChatModel.__copy__

    def with_more(self) -> BaseChatModel:
        return self.model_copy(update={"answer": "more"})


def test_a_model_that_the_app_copies_or_binds_keeps_the_new_text() -> None:
    model = Plain()

    def ask(_: object) -> str:
        said: list[BaseMessage] = [SystemMessage("You are asked by many ways.")]
        answers = [model.with_more().invoke(said), model.bind(stop=["x"]).with_retry().invoke(said)]
        texts = [one.text for one in (*answers, *model.batch([said]))]
        return " ".join([*texts, model.generate([said]).generations[0][0].text])

    system = LangChainAdapter().wrap(RunnableLambda(ask))
    [component] = system.components
    app = system.build({component.name: "You are somebody else now."})
    assert app.invoke(0) == "more fine fine fine"
    assert "by many ways" not in model.text_seen
    assert type(model) is Plain


def test_a_text_with_blocks_is_changed_too_and_answers_of_models_are_not(model: RecordingModel) -> None:
    def ask(old: str) -> str:
        blocks: list[Any] = [
            {"type": "text", "text": "You speak in blocks of text."},
            "You are told the rest.",
        ]
        return str(model.invoke([SystemMessage(blocks), ("ai", old), ("human", "Go.")]).text)

    system = LangChainAdapter().wrap(RunnableLambda(ask))
    texts = {one.name: f"{one.text} Well." for one in system.components}
    assert len(texts) == 2
    system.build(texts).invoke("You speak in blocks of text.")
    [system_message, answer, _] = model.seen[-1]
    assert system_message.content == [
        {"type": "text", "text": "You speak in blocks of text. Well."},
        "You are told the rest. Well.",
    ]
    assert answer.content == "You speak in blocks of text."


def test_a_text_in_a_message_that_never_comes_changes_nothing(model: RecordingModel) -> None:
    def ask(given: str) -> str:
        text = "You are never asked for this." if given == "never" else "You are asked for this."
        return str(model.invoke(text).text)

    system = LangChainAdapter().wrap(RunnableLambda(ask))
    names = [one.name for one in system.components]
    rollout = system.run({names[0]: "You are changed now."}, "always")
    assert isinstance(rollout, Rollout)
    assert "You are asked for this." in _sent(rollout)
    assert rollout.trajectory.steps[0].components == (names[1],)


def test_an_app_without_a_model_of_its_own_says_what_to_do() -> None:
    def ask(_: object) -> str:
        return str(RecordingModel().invoke("You are sent by a model that nobody sees.").text)

    system = LangChainAdapter().wrap(RunnableLambda(ask))
    assert system.components == ()
    assert "make the model outside" in system.left_alone[0].reason


def test_a_text_of_a_function_without_source_can_be_named(model: RecordingModel) -> None:
    space: dict[str, Any] = {"model": model, "__name__": __name__}
    exec("def ask(_):\n    return model.invoke('You are nowhere to be read at all.').text", space)
    [left] = LangChainAdapter().wrap(RunnableLambda(space["ask"])).left_alone
    assert "sent=" in left.reason
    system = LangChainAdapter(sent={"it": left.text}).wrap(RunnableLambda(space["ask"]))
    assert "NEW" in _sent(system.run({"it": "NEW"}, 0))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sent": {"a": "{x}"}}, "needs words"),
        ({"sent": {"a": "Be {x}{y} kind."}}, "between any two gaps"),
        ({"context": {"a": "Be kind."}}, "is for graphs"),
        ({"configurable": {"a": 3}}, "holds texts"),
    ],
)
def test_what_cannot_be_named_is_refused_with_a_remedy(options: Mapping[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        LangChainAdapter(**options).wrap(RunnableLambda(str))


def test_a_named_text_that_the_app_holds_is_refused(model: RecordingModel) -> None:
    case = CASES["file_of_module"]
    adapter = LangChainAdapter(sent={"desk": case.texts["desk_from_file"]})
    with pytest.raises(ConfigurationError, match="leave it out"):
        adapter.wrap(case.make(model))


def test_a_context_object_keeps_its_other_fields(model: RecordingModel) -> None:
    case = CASES["context_object"]
    system = case.adapter().wrap(case.make(model))
    assert "For Ann." in _sent(system.run({}, case.inputs))  # type: ignore[arg-type]
    built = system.build({"system_prompt": "You hide from {place}."})
    built.invoke(case.inputs, context=Context(user="Bob", system_prompt="You are mine."))
    assert model.seen[-1][0].content == "You are mine. For Bob."
    built.with_config(tags=["x"]).invoke(case.inputs, context={"user": "Eve"})
    assert model.seen[-1][0].content == "You hide from Rome. For Eve."


@pytest.mark.parametrize("name", ["file_in_function", "hub"])
def test_inspecting_with_examples_says_how_to_take_what_is_read_when_the_app_runs(name: str) -> None:
    app = CASES[name].make(RecordingModel())
    system = LangChainAdapter().wrap(app)
    found = probe(system.components, [{"place": "Rome"}, {"place": "Oslo"}], runner(system))
    page = StringIO()
    adapter = trying.adapter_with_sent(app)
    components.write(Console(file=page, width=60), system, "app", full=False, probe=found, adapter=adapter)
    code = page.getvalue().partition("adapter=")[2].rpartition("})")[0] + "})"
    told: LangChainAdapter = eval(code, {"LangChainAdapter": LangChainAdapter})
    [component] = told.wrap(app).components
    assert component.text == CASES[name].texts["desk"]
    taken = told.wrap(app)
    assert "NEW Rome" in _sent(taken.run({component.name: "NEW {title}"}, {"place": "Rome"}))  # type: ignore[arg-type]
    assert probe(taken.components, [{"place": "Rome"}, {"place": "Oslo"}], runner(taken)).uncovered == ()


class Obliging(RecordingModel):
    """Answers well if it is told to be polite."""

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        result = super()._generate(messages, *args, **kwargs)
        result.generations[0].message.content = "good" if "polite" in str(messages[0].content) else "bad"
        return result


def test_a_run_improves_a_text_in_code_and_leaves_one_that_never_comes(tmp_path: Path) -> None:
    case = CASES["f_string"]
    adapter = LangChainAdapter(sent={"never": "You are never sent to anybody at all."})
    rows = [{"place": place} for place in ("Rome", "Oslo", "Bern", "Lima")]
    result = gepa_core.optimize(
        case.make(Obliging()),
        adapter=adapter,
        trainset=rows,
        valset=rows,
        metric=lambda _, output: float(output == "good"),
        reflection_lm=lambda _: "```\nYou are polite about {place}.\n```",
        budget=60,
        run_dir=tmp_path,
    )
    assert result.best.texts["ask.system"] == "You are polite about {place}."
    assert not any("never" in one.components for one in result.proposals)
    assert result.app.invoke(rows[0]) == "good"
    result.save(tmp_path / "saved")
    applied = gepa_core.apply(case.make(Obliging()), tmp_path / "saved", adapter=adapter)
    assert applied.invoke(rows[0]) == "good"
