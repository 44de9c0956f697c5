"""Shapes 1, 3, 4 and 6: chains, maps, routers, retries and fallbacks."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from langchain_core.messages import SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import (
    ChatPromptTemplate,
    HumanMessagePromptTemplate,
    MessagesPlaceholder,
    PromptTemplate,
    SystemMessagePromptTemplate,
)
from langchain_core.runnables import (
    RouterRunnable,
    RunnableBranch,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)

from ..scripted import ScriptedModel
from .shape import App, chat_prompt


def plain(model: ScriptedModel) -> App:
    return PromptTemplate.from_template("Tell me a joke about {question}.") | model


def chat(model: ScriptedModel) -> App:
    return chat_prompt("You are a helpful assistant.", "Think first. {question}") | model | StrOutputParser()


def history_and_partials(model: ScriptedModel) -> App:
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", "You continue a conversation. {manner}"),
            MessagesPlaceholder("history"),
            ("human", "{question}"),
        ]
    )
    return prompt.partial(manner="Always be polite and never shout.") | model


def static_messages(model: ScriptedModel) -> App:
    prompt = ChatPromptTemplate.from_messages(
        [
            SystemMessage("You are a message without a template."),
            SystemMessage([{"type": "text", "text": "You are a block of a message."}]),
            HumanMessagePromptTemplate.from_template("{question}"),
        ]
    )
    return prompt | model


def text_blocks(model: ScriptedModel) -> App:
    blocks: list[Any] = [
        {"type": "text", "text": "You are the first block about {question}."},
        {"type": "text", "text": "You are the second, a cached block.", "cache_control": {"type": "x"}},
    ]
    system = SystemMessagePromptTemplate.from_template(blocks)
    return ChatPromptTemplate.from_messages([system, ("human", "{question}")]) | model


def nested(model: ScriptedModel) -> App:
    inner = (chat_prompt("You are in the inner chain.") | model | StrOutputParser()).with_config(
        run_name="inner"
    )
    outer = (
        chat_prompt("You are in the outer chain.")
        | model
        | StrOutputParser()
        | (lambda text: {"question": text})
    )
    return outer | inner


def shared_prefix(model: ScriptedModel) -> App:
    first = chat_prompt("You are a support agent.") | model | StrOutputParser()
    second = chat_prompt("You are a support agent. Be brief about {question}.") | model | StrOutputParser()
    third = chat_prompt("You are a support agent. Be brief about {question}. Be kind.") | model
    return RunnableParallel(first=first, second=second, third=third)


def parallel(model: ScriptedModel) -> App:
    branches = RunnableParallel(
        joke=chat_prompt("You tell jokes.") | model | StrOutputParser(),
        poem=chat_prompt("You write poems.") | model | StrOutputParser(),
    )
    return branches | chat_prompt("You join texts into one.", "{joke} {poem}") | model


def assign(model: ScriptedModel) -> App:
    return RunnablePassthrough.assign(
        topic=chat_prompt("You name the topic of a question.") | model | StrOutputParser()
    ) | RunnablePassthrough.assign(
        answer=chat_prompt("You answer about a topic.", "{topic}: {question}") | model | StrOutputParser()
    )


def branch(model: ScriptedModel) -> App:
    return RunnableBranch(
        (lambda given: "code" in given["question"], chat_prompt("You answer questions of code.") | model),
        (lambda given: "law" in given["question"], chat_prompt("You answer questions of law.") | model),
        chat_prompt("You answer all other questions.") | model,
    )


def closure_router(model: ScriptedModel) -> App:
    code_chain = chat_prompt("You answer questions of code.") | model
    other_chain = chat_prompt("You answer all other questions.") | model

    def route(given: dict[str, str]) -> App:
        return code_chain if "code" in given["question"] else other_chain

    return RunnableLambda(route)


def keyed_router(model: ScriptedModel) -> App:
    router = RouterRunnable(
        {
            "code": chat_prompt("You answer questions of code.") | model,
            "law": chat_prompt("You know the law.") | model,
        }
    )
    return {"key": itemgetter("key"), "input": RunnablePassthrough()} | router


def retry(model: ScriptedModel) -> App:
    attempts: list[Any] = []

    def fail_every_other_time(given: Any) -> Any:
        attempts.append(given)
        if len(attempts) % 2:
            raise ValueError("try again")
        return given

    chain = chat_prompt("You are tried again.") | model | RunnableLambda(fail_every_other_time)
    return chain.with_retry(wait_exponential_jitter=False)


def fallbacks(model: ScriptedModel) -> App:
    def fail(_: object) -> str:
        raise ValueError("no")

    first: App = chat_prompt("You are tried first.") | model | RunnableLambda(fail)
    return first.with_fallbacks([chat_prompt("You are the second choice.") | model])


def wrapped(model: ScriptedModel) -> App:
    chain = chat_prompt("You are wrapped many times.") | model.bind(stop=["END"]).with_retry()
    return chain.with_config(run_name="outer", tags=["x"]).with_retry(stop_after_attempt=2)
