"""The adapter goes through the suites that gepa-core ships to third parties."""

from __future__ import annotations

from typing import Any

import pytest
from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.testing import Ask, ScriptedLLM
from llama_index.core import PromptTemplate, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.schema import TextNode
from llama_index.core.tools import FunctionTool

from gepa_core.testing import AdapterSuite, LanguageModelSuite, ScriptedModel

from .shapes.sources import memory

pytestmark = [
    # The workflow engine looks at every attribute of an agent, at those that pydantic has given up too.
    pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:is_running called:DeprecationWarning"),
]


def _llm(model: ScriptedModel, **options: Any) -> ScriptedLLM:
    def reply(ask: Ask) -> Any:
        images = [block for said in ask.messages for block in said.blocks if isinstance(block, ImageBlock)]
        text = model.answer([ask.text, list(ask.tools), images])
        if ask.tools and not ask.has_tool_result:
            return [ToolSelection(tool_id="call-1", tool_name="weather", tool_kwargs={"city": "Rome"})]
        return text

    return ScriptedLLM(reply=reply, **options)


class Suite(AdapterSuite):
    """What all shapes share."""

    inputs = ("why is the sky blue?",)
    captures_usage = True
    model_types = (ScriptedLLM,)
    # the fake's log, LlamaIndex's traces, and its weak cache for all workflows, copies among them
    own_state = frozenset({"seen", "_trace_map", "_trace_id_stack", "_serializer_cache"})

    def adapter(self) -> LlamaIndexAdapter:
        return LlamaIndexAdapter()

    def plain(self, output: Any) -> Any:
        return str(output)


class TestQueryEngine(Suite):
    captures_retrievals = True
    names = ("refine", "text_qa")
    silent = ("refine",)  # one short document leaves nothing to refine

    def app(self, model: ScriptedModel) -> Any:
        nodes = [TextNode(text="The sky scatters light.", id_="one")]
        index = VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=8))
        prompt = PromptTemplate("Answer from {context_str} alone.\nQuestion: {query_str}")
        return index.as_query_engine(llm=_llm(model), text_qa_template=prompt)

    def call(self, app: Any, inputs: Any) -> Any:
        return app.query(inputs)


class TestChatEngine(Suite):
    has_memory = True

    def app(self, model: ScriptedModel) -> Any:
        return SimpleChatEngine.from_defaults(
            llm=_llm(model), memory=memory(holds=[]), system_prompt="You answer questions briefly."
        )

    def call(self, app: Any, inputs: Any) -> Any:
        return app.chat(inputs)


def weather(city: str) -> str:
    """Say what the weather in a city is like today."""
    return f"It rains in {city}."


class TestFunctionAgent(Suite):
    is_async = True
    captures_tools = True

    def app(self, model: ScriptedModel) -> Any:
        return FunctionAgent(
            tools=[FunctionTool.from_defaults(weather)],
            llm=_llm(model),
            system_prompt="You are a forecaster who answers briefly.",
            streaming=False,
        )

    def call(self, app: Any, inputs: Any) -> Any:
        async def ask() -> Any:
            return await app.run(user_msg=inputs)

        return ask()


class TestModels(LanguageModelSuite):
    captures_usage = True

    def adapter(self) -> LlamaIndexAdapter:
        return LlamaIndexAdapter()

    def chat_model(self, model: ScriptedModel) -> ScriptedLLM:
        return _llm(model)
