"""Saved texts come back as they were, and go only into the app that they were found for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core import Component, apply
from gepa_core.errors import ConfigurationError
from gepa_core.protocols import LeftAlone
from gepa_core.saved import JSON_FILE, SavedTexts
from gepa_core.types import Rollout


class App:
    """A system whose app is its texts."""

    left_alone: tuple[LeftAlone, ...] = ()

    def __init__(self, **texts: str) -> None:
        self.components = [Component(name=name, text=text) for name, text in texts.items()]

    def run(self, texts: object, inputs: object) -> Rollout:
        """Never called here."""
        raise AssertionError((texts, inputs))

    def build(self, texts: dict[str, str]) -> dict[str, str]:
        """All texts, as they are now."""
        return {one.name: texts.get(one.name, one.text) for one in self.components}


@given(st.dictionaries(st.text(min_size=1), st.tuples(st.text(), st.text()), max_size=3))
def test_what_is_saved_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, pairs: dict[str, tuple[str, str]]
) -> None:
    saved = SavedTexts(
        texts={name: new for name, (new, _) in pairs.items()},
        seed={name: old for name, (_, old) in pairs.items()},
    )
    folder = tmp_path_factory.mktemp("saved")
    saved.save(folder)
    assert saved == SavedTexts.load(folder) == SavedTexts.load(folder / JSON_FILE)


def test_markdown_holds_each_text_in_a_fence_that_it_cannot_end() -> None:
    saved = SavedTexts(texts={"a": "new\n```\ncode\n```", "b": "same"}, seed={"a": "old", "b": "same"})
    text = saved.as_markdown()
    assert "## a\n\n````text\nnew\n```\ncode\n```\n````\n" in text
    assert "## b\n\nUnchanged.\n\n```text\nsame\n```\n" in text


def test_apply_puts_texts_into_a_fresh_app(tmp_path: Path) -> None:
    SavedTexts(texts={"a": "better"}, seed={"a": "seed"}).save(tmp_path)
    assert apply(App(a="seed", b="other"), tmp_path) == {"a": "better", "b": "other"}


@pytest.mark.parametrize(
    ("app", "words"),
    [
        (App(a="changed"), ["'a'", "then: 'seed'", "now:  'changed'"]),
        (App(b="seed"), ["no component 'a'", "'b'"]),
    ],
)
def test_apply_refuses_an_app_that_is_not_the_one_of_the_run(app: App, words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        apply(app, SavedTexts(texts={"a": "better"}, seed={"a": "seed"}))
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"components": {"a": {"text": "b"}}}', '{"components": 1}']
)
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / JSON_FILE).write_text(content)
    with pytest.raises(ConfigurationError, match="holds no saved texts"):
        SavedTexts.load(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read"):
        SavedTexts.load(tmp_path / "nowhere.json")


def test_the_file_is_plain_json(tmp_path: Path) -> None:
    SavedTexts(texts={"a": "ü\ud800"}, seed={"a": "s"}).save(tmp_path)
    assert json.loads((tmp_path / JSON_FILE).read_text("ascii"))["components"]["a"] == {
        "text": "ü\ud800",
        "seed": "s",
    }
