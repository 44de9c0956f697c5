"""Loading ``module:attribute``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from gepa_core.cli.targets import load, load_target
from gepa_core.errors import ConfigurationError

MODULE = """
    from functools import partial

    class App:
        made = 0
        def __init__(self, text="plain"):
            self.text = text
        def __call__(self):
            raise AssertionError("an app that can be called is no factory")
        @classmethod
        def make(cls):
            return cls("by class method")

    app = App("as it is")
    needs_one = lambda one: one

    class Settings:
        app = App("nested")

    def make():
        return App("by function")

    def make_with_default(text="by default"):
        return App(text)

    make_partial = partial(App, "by partial")

    async def make_late():
        return App()
"""


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "things_of_mine.py").write_text(dedent(MODULE))
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in [name for name in sys.modules if name.endswith("_of_mine")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("app", "as it is"),
        ("Settings.app", "nested"),
        ("make", "by function"),
        ("make_with_default", "by default"),
        ("make_partial", "by partial"),
        ("App.make", "by class method"),
        ("App", "plain"),
    ],
)
def test_what_can_be_called_without_arguments_makes_the_app(
    directory: Path, attribute: str, text: str
) -> None:
    assert load_target(f"things_of_mine:{attribute}", directory).text == text


def test_a_function_that_needs_an_argument_is_the_app(directory: Path) -> None:
    assert load_target("things_of_mine:needs_one", directory)(7) == 7


def test_an_async_factory_is_refused(directory: Path) -> None:
    with pytest.raises(ConfigurationError, match="async function: write a factory with 'def'"):
        load_target("things_of_mine:make_late", directory)


def test_a_missing_attribute_names_the_nearest(directory: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load("things_of_mine:make_defualt", directory, "target")
    assert "module 'things_of_mine' has no attribute 'make_defualt'" in str(caught.value)
    assert "Did you mean 'make_with_default'" in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"an? App has no attribute 'txet'\. Did you mean 'text'"):
        load("things_of_mine:app.txet", directory, "target")


def test_a_missing_module_names_the_nearest(directory: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load("thing_of_mine:app", directory, "metric")
    assert "metric: there is no module 'thing_of_mine'" in str(caught.value)
    assert "Did you mean 'things_of_mine'? Modules in that directory: things_of_mine" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1\ny = x / 0\n", "ZeroDivisionError: division by zero in broken_of_mine.py, line 2"),
        (
            "import no_such_thing\n",
            "No module named 'no_such_thing' in broken_of_mine.py, line 1. Install it",
        ),
        ("def f(:\n", "SyntaxError: invalid syntax in broken_of_mine.py, line 1"),
        ("import sys\nsys.exit('usage')\n", "SystemExit: usage in broken_of_mine.py, line 2"),
        ("import json\njson.loads('{')\n", "in broken_of_mine.py, line 2"),
    ],
)
def test_a_module_that_raises_is_named_with_the_line(directory: Path, source: str, said: str) -> None:
    (directory / "broken_of_mine.py").write_text(source)
    with pytest.raises(ConfigurationError) as caught:
        load("broken_of_mine:app", directory, "target")
    assert "target: the module 'broken_of_mine' cannot be imported. It raised " in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "suggested"),
    [
        ("app.py:chain", "'app:chain'"),
        ("src/app.py:chain", "'app:chain'"),
        ("desk", "'desk:chain'"),
        ("desk:", "'desk:chain'"),
        (":chain", "'app:chain'"),
        ("a-b:chain", "'app:chain'"),
    ],
)
def test_a_reference_of_another_form_is_corrected(tmp_path: Path, reference: str, suggested: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(reference, tmp_path, "target")
    assert f"write 'module:attribute', such as {suggested}" in str(caught.value)
