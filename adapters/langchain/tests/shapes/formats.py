"""Shapes 7 and 8: few-shot prompts, mustache, jinja2; streaming and configurable alternatives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import (
    ChatPromptTemplate,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    PromptTemplate,
)
from langchain_core.prompts.few_shot_with_templates import FewShotPromptWithTemplates
from langchain_core.runnables import ConfigurableField, RunnableGenerator, RunnableLambda

from ..scripted import ScriptedModel
from .shape import App, chat_prompt


def few_shot_text(model: ScriptedModel) -> App:
    prompt = FewShotPromptTemplate(
        examples=[{"word": "up", "antonym": "down"}],
        example_prompt=PromptTemplate.from_template("The word {word} becomes {antonym}"),
        prefix="Give the opposite of every word.",
        suffix="Now give me the opposite of {question}",
        input_variables=["question"],
    )
    return prompt | model


def few_shot_with_templates(model: ScriptedModel) -> App:
    prompt = FewShotPromptWithTemplates(
        examples=[{"word": "up", "antonym": "down"}],
        example_prompt=PromptTemplate.from_template("The word {word} becomes {antonym}"),
        prefix=PromptTemplate.from_template("Give the opposite of a word."),
        suffix=PromptTemplate.from_template("Now give me the opposite of {question}"),
        input_variables=["question"],
    )
    return prompt | model


def few_shot_chat(model: ScriptedModel) -> App:
    shots = FewShotChatMessagePromptTemplate(
        examples=[{"input": "2+2", "output": "4"}],
        example_prompt=ChatPromptTemplate.from_messages([("human", "{input}"), ("ai", "{output}")]),
    )
    prompt = ChatPromptTemplate.from_messages(
        [("system", "You are good at sums."), shots, ("human", "{question}")]
    )
    return prompt | model


def mustache(model: ScriptedModel) -> App:
    prompt = ChatPromptTemplate.from_messages(
        [("system", "You use {curly} braces. {{#facts}}- {{.}}\n{{/facts}}"), ("human", "{{question}}")],
        template_format="mustache",
    )
    return prompt | model


def jinja2(model: ScriptedModel) -> App:
    prompt = ChatPromptTemplate.from_messages(
        [
            (
                "system",
                "You reply in JSON {like: this}. {% for fact in facts %}{{ fact }}; {% endfor %}Be brief.",
            ),
            ("human", "{{ question }}"),
        ],
        template_format="jinja2",
    )
    return prompt | model


def streaming(model: ScriptedModel) -> App:
    chain = chat_prompt("You are streamed by a function.") | model | StrOutputParser()

    def answer(given: dict[str, str]) -> str:
        return "".join(chain.stream(given))

    return RunnableLambda(answer)


def async_streaming(model: ScriptedModel) -> App:
    chain = chat_prompt("You are streamed by a coroutine.") | model | StrOutputParser()

    async def answer(given: dict[str, str]) -> str:
        return "".join([chunk async for chunk in chain.astream(given)])

    return RunnableLambda(answer)


def _upper(chunks: Iterator[str]) -> Iterator[str]:
    yield from map(str.upper, chunks)


async def _upper_async(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
    async for chunk in chunks:
        yield chunk.upper()


def generator(model: ScriptedModel) -> App:
    chain = chat_prompt("You are read by a generator.") | model | StrOutputParser()
    return chain | RunnableGenerator(_upper, _upper_async)


def configurable_alternatives(model: ScriptedModel) -> App:
    prompt = chat_prompt("You are the default choice.").configurable_alternatives(
        ConfigurableField(id="style"), default_key="plain", fancy=chat_prompt("You are the fancy choice.")
    )
    return prompt | model


def alternative_chains(model: ScriptedModel) -> App:
    chain = chat_prompt("You answer at length.") | model
    return chain.configurable_alternatives(
        ConfigurableField(id="length"),
        default_key="long",
        short=lambda: chat_prompt("You answer in a word.") | model,
    )
