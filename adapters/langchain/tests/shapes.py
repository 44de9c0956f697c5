"""Apps of every shape that the adapter takes, each with what should be found in it."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import attrs
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import (
    ChatPromptTemplate,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    HumanMessagePromptTemplate,
    MessagesPlaceholder,
    PromptTemplate,
    SystemMessagePromptTemplate,
)
from langchain_core.prompts.few_shot_with_templates import FewShotPromptWithTemplates
from langchain_core.runnables import (
    ConfigurableField,
    RouterRunnable,
    Runnable,
    RunnableBranch,
    RunnableConfig,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)

App = Runnable[Any, Any]
MODULE_PROMPT = ChatPromptTemplate.from_messages(
    [("system", "You answer questions of the module."), ("human", "{question}")]
)
MODULE_SYSTEM = SystemMessage("You are a message that a module holds.")
BILLING_INSTRUCTIONS = "You answer questions about bills politely."


@attrs.frozen(kw_only=True)
class Shape:
    """An app, inputs and configs that together reach every prompt in it, and the components' names."""

    make: Callable[[BaseChatModel], App]
    names: tuple[str, ...]
    inputs: tuple[Any, ...] = ({"question": "why?"},)
    configs: tuple[RunnableConfig, ...] = ({},)


def _chat(system: str, human: str = "{question}") -> ChatPromptTemplate:
    return ChatPromptTemplate.from_messages([("system", system), ("human", human)])


def plain(model: BaseChatModel) -> App:
    return PromptTemplate.from_template("Tell me a joke about {question}.") | model


def chat(model: BaseChatModel) -> App:
    return _chat("You are a helpful assistant.", "Think first. {question}") | model | StrOutputParser()


def mustache(model: BaseChatModel) -> App:
    prompt = ChatPromptTemplate.from_messages(
        [("system", "You use {curly} braces. {{#facts}}- {{.}}\n{{/facts}}"), ("human", "{{question}}")],
        template_format="mustache",
    )
    return prompt | model


def jinja2(model: BaseChatModel) -> App:
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


def history_and_partials(model: BaseChatModel) -> App:
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", "You continue a conversation. {manner}"),
            MessagesPlaceholder("history"),
            ("human", "{question}"),
        ]
    )
    return prompt.partial(manner="Always be polite and never shout.") | model


def static_messages(model: BaseChatModel) -> App:
    prompt = ChatPromptTemplate.from_messages(
        [
            SystemMessage("You are a message without a template."),
            SystemMessage([{"type": "text", "text": "You are a block of a message."}]),
            HumanMessagePromptTemplate.from_template("{question}"),
        ]
    )
    return prompt | model


def text_blocks(model: BaseChatModel) -> App:
    blocks: list[Any] = [
        {"type": "text", "text": "You are the first block about {question}."},
        {"type": "text", "text": "You are the second, a cached block.", "cache_control": {"type": "x"}},
    ]
    system = SystemMessagePromptTemplate.from_template(blocks)
    return ChatPromptTemplate.from_messages([system, ("human", "{question}")]) | model


def few_shot_text(model: BaseChatModel) -> App:
    prompt = FewShotPromptTemplate(
        examples=[{"word": "up", "antonym": "down"}],
        example_prompt=PromptTemplate.from_template("The word {word} becomes {antonym}"),
        prefix="Give the opposite of every word.",
        suffix="Now give me the opposite of {question}",
        input_variables=["question"],
    )
    return prompt | model


def few_shot_with_templates(model: BaseChatModel) -> App:
    prompt = FewShotPromptWithTemplates(
        examples=[{"word": "up", "antonym": "down"}],
        example_prompt=PromptTemplate.from_template("The word {word} becomes {antonym}"),
        prefix=PromptTemplate.from_template("Give the opposite of a word."),
        suffix=PromptTemplate.from_template("Now give me the opposite of {question}"),
        input_variables=["question"],
    )
    return prompt | model


def few_shot_chat(model: BaseChatModel) -> App:
    shots = FewShotChatMessagePromptTemplate(
        examples=[{"input": "2+2", "output": "4"}],
        example_prompt=ChatPromptTemplate.from_messages([("human", "{input}"), ("ai", "{output}")]),
    )
    prompt = ChatPromptTemplate.from_messages(
        [("system", "You are good at sums."), shots, ("human", "{question}")]
    )
    return prompt | model


def parallel(model: BaseChatModel) -> App:
    branches = RunnableParallel(
        joke=_chat("You tell jokes.") | model | StrOutputParser(),
        poem=_chat("You write poems.") | model | StrOutputParser(),
    )
    return branches | _chat("You join texts into one.", "{joke} {poem}") | model


def assign(model: BaseChatModel) -> App:
    return RunnablePassthrough.assign(
        topic=_chat("You name the topic of a question.") | model | StrOutputParser()
    ) | RunnablePassthrough.assign(
        answer=_chat("You answer about a topic.", "{topic}: {question}") | model | StrOutputParser()
    )


def branch(model: BaseChatModel) -> App:
    return RunnableBranch(
        (lambda given: "code" in given["question"], _chat("You answer questions of code.") | model),
        (lambda given: "law" in given["question"], _chat("You answer questions of law.") | model),
        _chat("You answer all other questions.") | model,
    )


def closure_router(model: BaseChatModel) -> App:
    code_chain = _chat("You answer questions of code.") | model
    other_chain = _chat("You answer all other questions.") | model

    def route(given: dict[str, str]) -> App:
        return code_chain if "code" in given["question"] else other_chain

    return RunnableLambda(route)


def keyed_router(model: BaseChatModel) -> App:
    router = RouterRunnable(
        {"code": _chat("You answer questions of code.") | model, "law": _chat("You know the law.") | model}
    )
    return {"key": itemgetter("key"), "input": RunnablePassthrough()} | router


def prompt_in_function(model: BaseChatModel) -> App:
    prompt = _chat("You are called inside of a function.")

    def answer(given: dict[str, str]) -> str:
        return str(model.invoke(prompt.invoke(given)).content)

    return RunnableLambda(answer)


def module_variables(model: BaseChatModel) -> App:
    def answer(given: dict[str, str]) -> str:
        first = model.invoke(MODULE_PROMPT.invoke(given))
        second = model.invoke([MODULE_SYSTEM, HumanMessage(first.text)])
        third = model.invoke([SystemMessage(BILLING_INSTRUCTIONS), HumanMessage(second.text)])
        return str(third.text)

    return RunnableLambda(answer)


def fallbacks(model: BaseChatModel) -> App:
    def fail(_: object) -> str:
        raise ValueError("no")

    first: App = _chat("You are tried first.") | model | RunnableLambda(fail)
    return first.with_fallbacks([_chat("You are the second choice.") | model])


def wrapped(model: BaseChatModel) -> App:
    chain = _chat("You are wrapped many times.") | model.bind(stop=["END"]).with_retry()
    return chain.with_config(run_name="outer", tags=["x"]).with_retry(stop_after_attempt=2)


def nested(model: BaseChatModel) -> App:
    inner = (_chat("You are in the inner chain.") | model | StrOutputParser()).with_config(run_name="inner")
    outer = (
        _chat("You are in the outer chain.") | model | StrOutputParser() | (lambda text: {"question": text})
    )
    return outer | inner


def configurable(model: BaseChatModel) -> App:
    prompt = _chat("You are the default choice.").configurable_alternatives(
        ConfigurableField(id="style"), default_key="plain", fancy=_chat("You are the fancy choice.")
    )
    return prompt | model


class Desk:
    """An app that is a class: prompts on the class, chains on the instance."""

    classify_prompt = _chat("You sort tickets by their topic.")

    def __init__(self, model: BaseChatModel) -> None:
        self.model = model
        self.reply_chain = _chat("You reply to tickets politely.") | model

    def answer(self, given: dict[str, str]) -> str:
        self.model.invoke(self.classify_prompt.invoke(given))
        return str(self.reply_chain.invoke(given).content)


def class_based(model: BaseChatModel) -> App:
    return RunnableLambda(Desk(model).answer)


def shared_prefix(model: BaseChatModel) -> App:
    first = _chat("You are a support agent.") | model | StrOutputParser()
    second = _chat("You are a support agent. Be brief about {question}.") | model | StrOutputParser()
    third = _chat("You are a support agent. Be brief about {question}. Be kind.") | model
    return RunnableParallel(first=first, second=second, third=third)


SHAPES: dict[str, Shape] = {
    "plain": Shape(make=plain, names=("prompt",)),
    "chat": Shape(make=chat, names=("system", "human")),
    "mustache": Shape(make=mustache, names=("system",), inputs=({"question": "q", "facts": ["a", "b"]},)),
    "jinja2": Shape(make=jinja2, names=("system",), inputs=({"question": "q", "facts": ["a", "b"]},)),
    "history_and_partials": Shape(
        make=history_and_partials,
        names=("system", "partial.manner"),
        inputs=({"question": "q", "history": [("human", "hi"), ("ai", "ho")]},),
    ),
    "static_messages": Shape(make=static_messages, names=("system1", "system2")),
    "text_blocks": Shape(make=text_blocks, names=("system1", "system2")),
    "few_shot_text": Shape(make=few_shot_text, names=("prefix", "example", "suffix")),
    "few_shot_with_templates": Shape(make=few_shot_with_templates, names=("prefix", "example", "suffix")),
    "few_shot_chat": Shape(make=few_shot_chat, names=("system",)),
    "parallel": Shape(make=parallel, names=("joke.system", "poem.system", "step2.system")),
    "assign": Shape(make=assign, names=("topic.system", "answer.system")),
    "branch": Shape(
        make=branch,
        names=("branch1.system", "branch2.system", "default.system"),
        inputs=({"question": "code"}, {"question": "law"}, {"question": "x"}),
    ),
    "closure_router": Shape(
        make=closure_router,
        names=("code.system", "other.system"),
        inputs=({"question": "code"}, {"question": "x"}),
    ),
    "keyed_router": Shape(
        make=keyed_router,
        names=("code.system", "law.system"),
        inputs=({"key": "code", "question": "q"}, {"key": "law", "question": "q"}),
    ),
    "prompt_in_function": Shape(make=prompt_in_function, names=("system",)),
    "module_variables": Shape(
        make=module_variables, names=("billing_instructions", "module.system", "module_system.system")
    ),
    "fallbacks": Shape(make=fallbacks, names=("system", "fallback1.system")),
    "wrapped": Shape(make=wrapped, names=("system",)),
    "nested": Shape(make=nested, names=("step1.system", "inner.system")),
    "configurable": Shape(
        make=configurable,
        names=("default.system", "fancy.system"),
        configs=({}, {"configurable": {"style": "fancy"}}),
    ),
    "class_based": Shape(make=class_based, names=("reply.system", "classify.system")),
    "shared_prefix": Shape(make=shared_prefix, names=("first.system", "second.system", "third.system")),
}
