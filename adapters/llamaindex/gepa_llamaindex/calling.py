"""How an app is called with the inputs of an example."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from llama_index.core.agent.workflow import AgentWorkflow
from llama_index.core.agent.workflow.base_agent import BaseWorkflowAgent
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse
from llama_index.core.chat_engine.types import BaseChatEngine, StreamingAgentChatResponse
from llama_index.core.indices.base import BaseIndex
from llama_index.core.indices.query.query_transform.base import BaseQueryTransform
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.settings import Settings
from llama_index.core.tools import BaseTool
from llama_index.core.types import BasePydanticProgram
from llama_index.core.workflow import StartEvent, Workflow

from gepa_core.errors import ConfigurationError

_METHODS: tuple[tuple[type, str, str], ...] = (
    (BaseQueryEngine, "query", "aquery"),
    (BaseChatEngine, "chat", "achat"),
    (BaseRetriever, "retrieve", "aretrieve"),
    (BaseSynthesizer, "synthesize", "asynthesize"),
    (BaseNodePostprocessor, "postprocess_nodes", "apostprocess_nodes"),
    (BaseQueryTransform, "run", ""),
    (BaseTool, "call", "acall"),
    (BasePydanticProgram, "__call__", "acall"),
)
_QUESTIONS = ("query", "question", "input", "message", "user_msg", "query_str", "str_or_query_bundle")
_ACCEPTED = (
    "a query engine, chat engine, retriever, response synthesiser, postprocessor, query transform, tool,"
    " program, workflow, agent, model or prompt of LlamaIndex, or an object of your own that can be called;"
    " name the method of any other with LlamaIndexAdapter(call='method')"
)


@attrs.frozen(kw_only=True)
class Call:
    """Which method of the app runs it.

    Attributes:
        method: its name; ``"__call__"`` for a function.
        is_async: whether it has to be awaited on the event loop.
    """

    method: str
    is_async: bool

    def begin(self, app: Any, inputs: Any) -> Any:
        """Call it. What comes back may have to be awaited."""
        if isinstance(app, BasePromptTemplate):
            predict = Settings.llm.apredict if self.is_async else Settings.llm.predict
            return predict(app, **_as_variables(app, inputs))
        if isinstance(app, BaseLLM):
            return _ask(getattr(app, self.method), inputs)
        if isinstance(app, Workflow) and self.method == "run":
            return app.run(**_start_of(app, inputs))
        function = app if self.method == "__call__" else getattr(app, self.method)
        args, kwargs = arguments_for(function, inputs)
        return function(*args, **kwargs)


def call_of(app: Any, *, method: str = "", mode: str = "auto") -> Call:
    """How to call ``app``.

    Args:
        method: the name of the method, where the user says so.
        mode: ``"auto"``, ``"sync"`` or ``"async"``.

    Raises:
        ConfigurationError: nothing about ``app`` can be called, or it is a class.
    """
    if isinstance(app, type):
        raise ConfigurationError(f"{app.__name__!r} is a class: have you forgotten the '()'?")
    if method:
        held = getattr(app, method, None)
        if not callable(held):
            raise ConfigurationError(f"call={method!r}: a {type(app).__qualname__} has no such method")
        return Call(method=method, is_async=mode == "async" or inspect.iscoroutinefunction(held))
    if isinstance(app, Workflow):
        return Call(method="run", is_async=True)
    if isinstance(app, BaseLLM | BasePromptTemplate):
        return Call(method="achat" if mode == "async" else "chat", is_async=mode == "async")
    for kind, name, async_name in _METHODS:
        if isinstance(app, kind):
            use_async = mode == "async" and bool(async_name)
            return Call(method=async_name if use_async else name, is_async=use_async)
    if callable(app):
        inner = app if inspect.isroutine(app) else type(app).__call__
        return Call(method="__call__", is_async=mode == "async" or inspect.iscoroutinefunction(inner))
    if isinstance(app, BaseIndex):
        raise ConfigurationError("an index is not run itself: pass index.as_query_engine() or the like")
    raise ConfigurationError(
        f"the LlamaIndex adapter cannot run a {type(app).__qualname__}; it takes {_ACCEPTED}"
    )


def arguments_for(function: Callable[..., Any], inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments for ``function``.

    A mapping becomes keyword arguments if they fit, else the value of its only entry, or of the entry that
    is named like a question, is passed first; a function of the app's own may also take it whole. Anything
    else is passed as it is.

    Raises:
        ConfigurationError: a mapping fits in no way.
    """
    if not isinstance(inputs, Mapping):
        return (inputs,), {}
    given = {str(key): value for key, value in inputs.items()}
    signature = inspect.signature(function)
    if _binds(signature, (), given):
        return (), given
    names = list(given) if len(given) == 1 else [name for name in _QUESTIONS if name in given]
    for name in names:
        others = {key: value for key, value in given.items() if key != name}
        if _binds(signature, (given[name],), others):
            return (given[name],), others
    if (
        not names
        and not str(function.__module__).startswith("llama_index.")
        and _binds(signature, (inputs,), {})
    ):
        return (inputs,), {}
    name = getattr(function, "__name__", "the app")
    raise ConfigurationError(
        f"inputs with keys {', '.join(map(repr, given))} do not fit {name}{signature};"
        " rename the keys, or pass a function of your own that calls the app"
    )


def _binds(signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _as_variables(prompt: BasePromptTemplate, inputs: Any) -> dict[str, Any]:
    if isinstance(inputs, Mapping):
        return {str(key): value for key, value in inputs.items()}
    free = [name for name in dict.fromkeys(prompt.template_vars) if name not in prompt.kwargs]
    if len(free) == 1:
        return {free[0]: inputs}
    raise ConfigurationError(f"the prompt has the variables {free!r}: the inputs must be a mapping of them")


def _ask(chat: Callable[..., Any], inputs: Any) -> Any:
    if isinstance(inputs, str):
        return chat([ChatMessage(role="user", content=inputs)])
    if isinstance(inputs, Mapping):
        return chat(**inputs)
    return chat(list(inputs))


def _start_of(workflow: Workflow, inputs: Any) -> dict[str, Any]:
    """Keyword arguments for ``Workflow.run``."""
    if isinstance(inputs, Mapping):
        return {str(key): value for key, value in inputs.items()}
    if isinstance(inputs, StartEvent):
        return {"start_event": inputs}
    if isinstance(workflow, BaseWorkflowAgent | AgentWorkflow):
        return {"chat_history": inputs} if isinstance(inputs, list) else {"user_msg": inputs}
    start: type[StartEvent] = workflow.start_event_class
    required = [name for name, field in start.model_fields.items() if field.is_required()]
    if len(required) == 1:
        return {required[0]: inputs}
    raise ConfigurationError(
        f"{type(workflow).__name__} is started with keyword arguments: the inputs must be a mapping of them,"
        f" not a {type(inputs).__name__}"
    )


def finished(output: Any) -> Any:
    """``output``, with an answer that is streamed read to its end."""
    if isinstance(output, StreamingResponse):
        return output.get_response()
    if isinstance(output, StreamingAgentChatResponse) and output.chat_stream is not None:
        for _ in output.response_gen:
            pass
    return output


async def afinished(output: Any) -> Any:
    """What ``output`` comes to when it is awaited, with an answer that is streamed read to its end."""
    if inspect.isawaitable(output):
        output = await output
    if isinstance(output, AsyncStreamingResponse):
        return await output.get_response()
    if isinstance(output, StreamingAgentChatResponse) and output.achat_stream is not None:
        async for _ in output.async_response_gen():
            pass
    return finished(output)
