"""Shape 16: vector, refine, tree-summarise and citation engines; rich and chat templates."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from gepa_llamaindex.testing import Ask, ScriptedLLM, Shape
from llama_index.core import PromptTemplate
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.prompts import ChatPromptTemplate, RichPromptTemplate
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.response_synthesizers import ResponseMode
from pydantic import BaseModel, Field

from .sources import QUESTION, RAG, TEXT_QA, index, queried


def chat_model() -> ScriptedLLM:
    return ScriptedLLM(reply=lambda _: "Lisbon it is.")


def completion_model() -> ScriptedLLM:
    return ScriptedLLM(reply=lambda _: "Lisbon it is.", chat_model=False)


def vector(llm: ScriptedLLM) -> Any:
    return index().as_query_engine(llm=llm)


def by_mode(mode: ResponseMode, **options: Any) -> Callable[[ScriptedLLM], Any]:
    return lambda llm: index().as_query_engine(llm=llm, response_mode=mode, **options)


def citation(llm: ScriptedLLM) -> Any:
    return CitationQueryEngine.from_args(index(), llm=llm)


def rich(llm: ScriptedLLM) -> Any:
    template = RichPromptTemplate(
        '{% chat role="system" %}Answer in Portuguese, in one line.{% endchat %}'
        '{% chat role="user" %}Use only this: {{ context_str }} Question: {{ query_str }}{% endchat %}'
    )
    return index().as_query_engine(llm=llm, text_qa_template=template, response_mode="simple_summarize")


def chat_template(llm: ScriptedLLM) -> Any:
    template = ChatPromptTemplate.from_messages(
        [
            ("system", "You answer as briefly as you can."),
            ("user", "Context: {context_str}\nNow answer this question: {query_str}"),
        ]
    )
    return index().as_query_engine(llm=llm, text_qa_template=template, response_mode="simple_summarize")


def partial_and_system_prompt(llm: ScriptedLLM) -> Any:
    llm.system_prompt = "You never guess, and say so when you do not know."
    template = PromptTemplate(
        "Obey the style guide: {style}\nContext: {context_str}\nAnswer this: {query_str}",
        style="Write short sentences and no lists.",
    )
    return index().as_query_engine(llm=llm, text_qa_template=template, response_mode="simple_summarize")


class River(BaseModel):
    """A river, as a map would name it."""

    title: str = Field(description="The name that the people there use.")


class Town(BaseModel):
    """Facts about one town, none of them invented."""

    name: str = Field(description="The name of the town in Portuguese.")
    river: River = Field(description="The river that the town lies on.")


def structured(llm: ScriptedLLM) -> Any:
    return index().as_query_engine(llm=llm, output_cls=Town)


def a_town(ask: Ask) -> str | list[ToolSelection]:
    town = {"name": "Lisboa", "river": {"title": "Tejo"}}
    if not ask.tools:
        return json.dumps(town)
    return [ToolSelection(tool_id="1", tool_name="Town", tool_kwargs=town)]


def _shape(
    make: Callable[[ScriptedLLM], Any],
    *names: str,
    silent: Collection[str] = (),
    model: Callable[[], ScriptedLLM] = chat_model,
) -> Shape:
    return Shape(make=make, call=queried, inputs=QUESTION, names=names, silent=silent, steps=RAG, model=model)


SHAPES = {
    "16 vector": _shape(vector, *TEXT_QA, "refine", silent=("refine",)),
    "16 vector, completion model": _shape(
        vector, "text_qa", "refine", silent=("refine",), model=completion_model
    ),
    "16 refine": _shape(by_mode(ResponseMode.REFINE), *TEXT_QA, "refine"),
    "16 compact": _shape(by_mode(ResponseMode.COMPACT), *TEXT_QA, "refine", silent=("refine",)),
    "16 tree-summarise": _shape(by_mode(ResponseMode.TREE_SUMMARIZE), "summary.system", "summary.user"),
    "16 accumulate": _shape(by_mode(ResponseMode.ACCUMULATE), *TEXT_QA),
    "16 streaming": _shape(by_mode(ResponseMode.SIMPLE_SUMMARIZE, streaming=True), *TEXT_QA),
    "16 citation": _shape(citation, "text_qa", "refine", silent=("refine",)),
    "16 rich template": _shape(rich, *TEXT_QA),
    "16 chat template": _shape(chat_template, *TEXT_QA),
    "16 partial and system prompt": _shape(
        partial_and_system_prompt, "text_qa", "text_qa.partial.style", "system"
    ),
    "16 structured output": _shape(
        structured,
        *TEXT_QA,
        "refine",
        "Town.schema",
        "Town.name",
        "Town.river",
        "River.schema",
        "River.title",
        silent=("refine",),
        model=lambda: ScriptedLLM(reply=a_town),
    ),
}
