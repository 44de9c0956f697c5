"""Query engines of every kind: each text is found, reaches its model, and belongs to one candidate."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from gepa_llamaindex.testing import Ask, ScriptedLLM, Shape, check_shape
from llama_index.core import PromptTemplate, VectorStoreIndex
from llama_index.core.indices.query.query_transform import HyDEQueryTransform
from llama_index.core.indices.query.query_transform.base import StepDecomposeQueryTransform
from llama_index.core.postprocessor import LLMRerank
from llama_index.core.prompts import ChatPromptTemplate, RichPromptTemplate
from llama_index.core.query_engine import (
    CitationQueryEngine,
    MultiStepQueryEngine,
    RetrieverQueryEngine,
    RouterQueryEngine,
    SubQuestionQueryEngine,
    TransformQueryEngine,
)
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.selectors import LLMMultiSelector, LLMSingleSelector
from llama_index.core.tools import QueryEngineTool

QUESTION = "What is the capital?"


def answers(ask: Ask) -> str:
    """Answers each of LlamaIndex's prompts in the form that its parser wants."""
    text = ask.text
    if "sub-question" in text:
        pairs = [{"sub_question": "Which city?", "tool_name": "cities"}]
        return f"```json\n{json.dumps(pairs)}\n```"
    if '"choice"' in text or "choice: 1" in text:
        return json.dumps([{"choice": 1, "reason": "it fits"}])
    if "Doc:" in text or "relevance score" in text:
        return "Doc: 1, Relevance: 9\nDoc: 2, Relevance: 5"
    return "Lisbon it is."


def chat_model() -> ScriptedLLM:
    return ScriptedLLM(reply=answers)


def completion_model() -> ScriptedLLM:
    return ScriptedLLM(reply=answers, chat_model=False)


TEXT_QA = ("text_qa.system", "text_qa.user")


def vector(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    return index.as_query_engine(llm=llm)


def by_mode(mode: ResponseMode, **options: Any) -> Callable[[VectorStoreIndex, ScriptedLLM], Any]:
    def make(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
        return index.as_query_engine(llm=llm, response_mode=mode, **options)

    return make


def citation(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    return CitationQueryEngine.from_args(index, llm=llm)


def router(selector: Callable[..., Any]) -> Callable[[VectorStoreIndex, ScriptedLLM], Any]:
    def make(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
        tools = [
            QueryEngineTool.from_defaults(
                index.as_query_engine(llm=llm), name="cities", description="Answers questions about cities."
            ),
            QueryEngineTool.from_defaults(
                index.as_query_engine(llm=llm, response_mode="tree_summarize"),
                name="summaries",
                description="Summarises all that is known.",
            ),
        ]
        return RouterQueryEngine.from_defaults(tools, llm=llm, selector=selector(llm=llm))

    return make


def sub_question(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    tool = QueryEngineTool.from_defaults(
        index.as_query_engine(llm=llm), name="cities", description="Answers questions about cities."
    )
    return SubQuestionQueryEngine.from_defaults(
        [tool],
        llm=llm,
        question_gen=LLMQuestionGenerator.from_defaults(llm=llm),
        verbose=False,
        use_async=True,
    )


def multi_step(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    return MultiStepQueryEngine(
        query_engine=index.as_query_engine(llm=llm),
        query_transform=StepDecomposeQueryTransform(llm=llm, verbose=False),
        response_synthesizer=get_response_synthesizer(llm=llm),
        index_summary="cities of Portugal",
        num_steps=2,
    )


def hyde(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    return TransformQueryEngine(index.as_query_engine(llm=llm), HyDEQueryTransform(llm=llm))


def fusion_and_rerank(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    retriever = QueryFusionRetriever([index.as_retriever()], llm=llm, num_queries=2, use_async=False)
    return RetrieverQueryEngine.from_args(
        retriever, llm=llm, node_postprocessors=[LLMRerank(llm=llm, top_n=2)]
    )


def rich(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    template = RichPromptTemplate(
        '{% chat role="system" %}Answer in Portuguese, in one line.{% endchat %}'
        '{% chat role="user" %}Use only this: {{ context_str }} Question: {{ query_str }}{% endchat %}'
    )
    return index.as_query_engine(llm=llm, text_qa_template=template, response_mode="simple_summarize")


def chat_prompt(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    template = ChatPromptTemplate.from_messages(
        [
            ("system", "You answer as briefly as you can."),
            ("user", "Context: {context_str}\nNow answer this question: {query_str}"),
        ]
    )
    return index.as_query_engine(llm=llm, text_qa_template=template, response_mode="simple_summarize")


def partial_and_system_prompt(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    llm.system_prompt = "You never guess, and say so when you do not know."
    template = PromptTemplate(
        "Obey the style guide: {style}\nContext: {context_str}\nAnswer this: {query_str}",
        style="Write short sentences and no lists.",
    )
    return index.as_query_engine(llm=llm, text_qa_template=template, response_mode="simple_summarize")


RAG = ("retrieval", "model")
SHAPES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "vector": (vector, {"names": (*TEXT_QA, "refine"), "silent": ("refine",), "steps": RAG}),
    "vector, completion model": (
        vector,
        {"names": ("text_qa", "refine"), "silent": ("refine",), "steps": RAG, "model": completion_model},
    ),
    "refine": (by_mode(ResponseMode.REFINE), {"names": (*TEXT_QA, "refine"), "steps": RAG}),
    "compact": (
        by_mode(ResponseMode.COMPACT),
        {"names": (*TEXT_QA, "refine"), "silent": ("refine",), "steps": RAG},
    ),
    "tree": (
        by_mode(ResponseMode.TREE_SUMMARIZE),
        {"names": ("summary.system", "summary.user"), "steps": RAG},
    ),
    "accumulate": (by_mode(ResponseMode.ACCUMULATE), {"names": TEXT_QA, "steps": RAG}),
    "streaming": (
        by_mode(ResponseMode.SIMPLE_SUMMARIZE, streaming=True),
        {"names": TEXT_QA, "steps": RAG},
    ),
    "citation": (citation, {"names": ("text_qa", "refine"), "silent": ("refine",), "steps": RAG}),
    "rich": (rich, {"names": ("text_qa",), "steps": RAG}),
    "chat prompt": (chat_prompt, {"names": TEXT_QA, "steps": RAG}),
    "partial and system prompt": (
        partial_and_system_prompt,
        {"names": ("text_qa", "text_qa.partial.style", "system"), "steps": RAG},
    ),
    "router": (
        router(LLMSingleSelector.from_defaults),
        {
            "names": (
                *TEXT_QA,
                "refine",
                "selector",
                "summary.user",
                "cities.description",
                "summaries.description",
            ),
            "silent": ("refine", "summary.user"),
            "steps": RAG,
        },
    ),
    "multi router": (
        router(LLMMultiSelector.from_defaults),
        {
            "names": (
                *TEXT_QA,
                "refine",
                "selector",
                "summary.user",
                "cities.description",
                "summaries.description",
            ),
            "silent": ("refine", "summary.user"),
            "steps": RAG,
        },
    ),
    "sub-question": (
        sub_question,
        {
            "names": (*TEXT_QA, "refine", "question_gen", "cities.description"),
            "silent": ("refine",),
            "steps": RAG,
        },
    ),
    "multi-step": (
        multi_step,
        {"names": (*TEXT_QA, "refine", "step_decompose_query"), "silent": ("refine",), "steps": RAG},
    ),
    "HyDE": (hyde, {"names": (*TEXT_QA, "refine", "hyde"), "silent": ("refine",), "steps": RAG}),
    "fusion and rerank": (
        fusion_and_rerank,
        {
            "names": (*TEXT_QA, "refine", "query_gen", "choice_select"),
            "silent": ("refine",),
            "steps": (*RAG, "custom"),
        },
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_query_engine(name: str, index: VectorStoreIndex) -> None:
    make, about = SHAPES[name]
    check_shape(Shape(make=lambda llm: make(index, llm), inputs=QUESTION, **{"model": chat_model, **about}))
