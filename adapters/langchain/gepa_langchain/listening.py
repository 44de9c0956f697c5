"""Models, tools and retrievers that tell a rollout's recorder of their calls, whoever makes them.

A config carries callbacks along, but not into a thread that the app starts itself. So what a rollout
sees of the app has the recorder on the objects as well.
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.language_models import BaseLanguageModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config, merge_configs
from langchain_core.tools import BaseTool

from gepa_core.appgraph.shells import shell_of
from gepa_langchain.pacing import pace
from gepa_langchain.recorder import Recorder

CALLED = (BaseTool, BaseRetriever)
"""What is copied for each rollout so that it can tell of its calls; models are seen through shells."""


def heard_model(model: BaseLanguageModel[Any], recorder: Recorder) -> BaseLanguageModel[Any]:
    """The model with ``recorder`` on it, which asks the recorder's rollout before it calls its provider.

    A model makes its client when it is first called: what it holds in private stays the original's.
    """
    shell: BaseLanguageModel[Any] = shell_of(model)
    object.__setattr__(shell, "__pydantic_private__", model.__pydantic_private__)
    _add(shell, recorder)
    pace(shell, recorder.leaves)
    return shell


def listen(copied: object, recorder: BaseCallbackHandler) -> None:
    """Put ``recorder`` on a tool or retriever that was copied; anything else stays as it is."""
    if isinstance(copied, BaseTool):
        _add(copied, recorder)
    elif isinstance(copied, BaseRetriever):
        _wrap(copied, recorder)


def _add(shell: BaseLanguageModel[Any] | BaseTool, recorder: BaseCallbackHandler) -> None:
    held = shell.callbacks
    if isinstance(held, BaseCallbackManager):
        manager = held.copy()
        manager.add_handler(recorder, inherit=True)
        shell.__dict__["callbacks"] = manager
    else:
        shell.__dict__["callbacks"] = [*(held or ()), recorder]


def _wrap(retriever: BaseRetriever, recorder: BaseCallbackHandler) -> None:
    """A retriever has no callbacks of its own, so the copy adds some to the config of each call."""
    invoke, ainvoke = retriever.invoke, retriever.ainvoke

    def invoke_heard(input: str, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        return invoke(input, _with(config, recorder), **kwargs)

    async def ainvoke_heard(input: str, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        return await ainvoke(input, _with(config, recorder), **kwargs)

    retriever.__dict__.update(invoke=invoke_heard, ainvoke=ainvoke_heard)


def _with(config: RunnableConfig | None, recorder: BaseCallbackHandler) -> RunnableConfig:
    full = ensure_config(config)
    callbacks = full.get("callbacks")
    handlers = callbacks.handlers if isinstance(callbacks, BaseCallbackManager) else callbacks or ()
    return full if recorder in handlers else merge_configs(full, {"callbacks": [recorder]})
