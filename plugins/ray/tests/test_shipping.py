"""What of an app goes to a worker, tried without one."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from gepa_ray.shipping import packed, unpacked
from langchain_core.language_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate

from gepa_core.adapters import wrap
from gepa_core.errors import ConfigurationError
from gepa_core.protocols import System

from . import apps


def chain() -> Any:
    """A LangChain app."""
    return ChatPromptTemplate.from_template("Be kind to {name}.") | FakeListChatModel(responses=["Yes."])


class Chosen:
    """An adapter that the user chose, with a setting."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def wrap(self, target: Any) -> System:
        """Take whatever is made by a factory."""
        assert self.held == "a setting"
        made: System = target if isinstance(target, System) else target()
        return made

    def language_model(self, model: Any) -> None:
        """Take none."""


@pytest.mark.parametrize(
    ("target", "adapter", "app"),
    [
        (chain(), None, None),
        (chain(), None, f"{__name__}:chain"),
        (apps.ToySystem(), None, None),
        (apps.make_sync, Chosen("a setting"), None),
        (apps.ToySystem(), Chosen("a setting"), f"{apps.__name__}:make_sync"),
    ],
    ids=["a chain", "a chain by its path", "a system", "with an adapter", "with an adapter, by its path"],
)
def test_an_app_has_the_same_components_there(target: Any, adapter: Any, app: str | None) -> None:
    """It is wrapped there, by the same adapter."""
    here = wrap(target, adapter)
    there = unpacked(packed(target, here, adapter, app))
    assert [(one.name, one.text) for one in there.components] == [
        (one.name, one.text) for one in here.components
    ]
    assert there is not here


def test_an_adapter_that_cannot_be_sent_is_named() -> None:
    """And not the app, which can be."""
    with pytest.raises(
        ConfigurationError, match=r"^the adapter cannot be sent .* at 'held' it holds a _thread"
    ):
        packed(apps.make_sync, apps.make_sync(), Chosen(threading.Lock()), None)


def test_the_part_of_a_function_that_cannot_be_sent_is_named() -> None:
    """What it closes over, when it is sent by value."""
    clients = [{"search": threading.Lock()}]

    def agent(question: str) -> str:
        return f"{question} {clients}"

    with pytest.raises(ConfigurationError) as caught:
        packed(agent, apps.ToySystem(), None, None)
    assert "at \"clients[0]['search']\" it holds a _thread.lock" in str(caught.value)
    assert "RayExecutor(app='module:attribute')" in str(caught.value)
