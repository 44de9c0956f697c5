"""Shape 17: router, sub-question, multi-step, HyDE, fusion with rerank."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from gepa_llamaindex.testing import Ask, ScriptedLLM, Shape
from llama_index.core.base.base_selector import SingleSelection
from llama_index.core.indices.query.query_transform import HyDEQueryTransform
from llama_index.core.indices.query.query_transform.base import StepDecomposeQueryTransform
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.postprocessor import LLMRerank
from llama_index.core.program import FunctionCallingProgram
from llama_index.core.query_engine import (
    MultiStepQueryEngine,
    RetrieverQueryEngine,
    RouterQueryEngine,
    SubQuestionQueryEngine,
    TransformQueryEngine,
)
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.selectors import LLMMultiSelector, LLMSingleSelector, PydanticSingleSelector
from llama_index.core.selectors.prompts import DEFAULT_SINGLE_PYD_SELECT_PROMPT_TMPL
from llama_index.core.tools import QueryEngineTool

from .sources import QUESTION, RAG, TEXT_QA, cities, index, queried

ROUTER = (
    *TEXT_QA,
    "refine",
    "selector",
    "summary.user",
    "cities.description",
    "summaries.description",
)


def answers(ask: Ask) -> str | list[ToolSelection]:
    """Answers each of LlamaIndex's prompts in the form that its parser wants."""
    text = ask.text
    if "SingleSelection" in ask.tools:
        chosen = {"index": 1, "reason": "it fits"}
        return [ToolSelection(tool_id="1", tool_name="SingleSelection", tool_kwargs=chosen)]
    if "sub-question" in text:
        pairs = [{"sub_question": "Which city?", "tool_name": "cities"}]
        return f"```json\n{json.dumps(pairs)}\n```"
    if '"choice"' in text or "choice: 1" in text:
        return json.dumps([{"choice": 1, "reason": "it fits"}])
    if "Doc:" in text or "relevance score" in text:
        return "Doc: 1, Relevance: 9\nDoc: 2, Relevance: 5"
    return "Lisbon it is."


def router(selector: Callable[[ScriptedLLM], Any]) -> Callable[[ScriptedLLM], Any]:
    def make(llm: ScriptedLLM) -> Any:
        summaries = QueryEngineTool.from_defaults(
            index().as_query_engine(llm=llm, response_mode="tree_summarize"),
            name="summaries",
            description="Summarises all that is known.",
        )
        return RouterQueryEngine.from_defaults([cities(llm), summaries], llm=llm, selector=selector(llm))

    return make


def by_a_tool(llm: ScriptedLLM) -> PydanticSingleSelector:
    program = FunctionCallingProgram.from_defaults(
        output_cls=SingleSelection, prompt_template_str=DEFAULT_SINGLE_PYD_SELECT_PROMPT_TMPL, llm=llm
    )
    return PydanticSingleSelector(selector_program=program)


def sub_question(llm: ScriptedLLM) -> Any:
    return SubQuestionQueryEngine.from_defaults(
        [cities(llm)],
        llm=llm,
        question_gen=LLMQuestionGenerator.from_defaults(llm=llm),
        verbose=False,
        use_async=True,
    )


def multi_step(llm: ScriptedLLM) -> Any:
    return MultiStepQueryEngine(
        query_engine=index().as_query_engine(llm=llm),
        query_transform=StepDecomposeQueryTransform(llm=llm, verbose=False),
        response_synthesizer=get_response_synthesizer(llm=llm),
        index_summary="cities of Portugal",
        num_steps=2,
    )


def hyde(llm: ScriptedLLM) -> Any:
    return TransformQueryEngine(index().as_query_engine(llm=llm), HyDEQueryTransform(llm=llm))


def fusion(llm: ScriptedLLM) -> QueryFusionRetriever:
    return QueryFusionRetriever([index().as_retriever()], llm=llm, num_queries=2, use_async=False)


def fusion_with_rerank(llm: ScriptedLLM) -> Any:
    return RetrieverQueryEngine.from_args(
        fusion(llm), llm=llm, node_postprocessors=[LLMRerank(llm=llm, top_n=2)]
    )


def _shape(
    make: Callable[[ScriptedLLM], Any],
    *names: str,
    silent: Collection[str] = ("refine",),
    steps: Collection[str] = RAG,
    call: Callable[[Any], Any] = queried,
) -> Shape:
    return Shape(
        make=make,
        call=call,
        inputs=QUESTION,
        names=names,
        silent=silent,
        steps=steps,
        model=lambda: ScriptedLLM(reply=answers),
    )


_UNSEEN = ("refine", "summary.user")
SHAPES = {
    "17 router": _shape(
        router(lambda llm: LLMSingleSelector.from_defaults(llm=llm)), *ROUTER, silent=_UNSEEN
    ),
    "17 router, many": _shape(
        router(lambda llm: LLMMultiSelector.from_defaults(llm=llm)), *ROUTER, silent=_UNSEEN
    ),
    "17 router, by a tool": _shape(
        router(by_a_tool),
        *TEXT_QA,
        *("refine", "summary.user", "selector_program", "SingleSelection.schema"),
        *("cities.description", "summaries.description"),
        silent=_UNSEEN,
    ),
    "17 sub-question": _shape(sub_question, *TEXT_QA, "refine", "question_gen", "cities.description"),
    "17 multi-step": _shape(multi_step, *TEXT_QA, "refine", "step_decompose_query"),
    "17 HyDE": _shape(hyde, *TEXT_QA, "refine", "hyde"),
    "17 fusion": _shape(fusion, "query_gen", silent=(), call=lambda app: app.retrieve(QUESTION)),
    "17 fusion with rerank": _shape(
        fusion_with_rerank, *TEXT_QA, "refine", "query_gen", "choice_select", steps=(*RAG, "custom")
    ),
}
