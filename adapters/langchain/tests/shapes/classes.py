"""Shape 13: classes, threads of their own, prompts that are built when they are called."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

from ..scripted import ScriptedModel
from .agents import look_up
from .retrieval import Corpus
from .shape import App, chat_prompt

MODULE_PROMPT = chat_prompt("You answer questions of the module.")
MODULE_SYSTEM = SystemMessage("You are a message that a module holds.")
BILLING_INSTRUCTIONS = "You answer questions about bills politely."


def prompt_in_function(model: ScriptedModel) -> App:
    prompt = chat_prompt("You are called inside of a function.")

    def answer(given: dict[str, str]) -> str:
        return str(model.invoke(prompt.invoke(given)).content)

    return RunnableLambda(answer)


def module_variables(model: ScriptedModel) -> App:
    def answer(given: dict[str, str]) -> str:
        first = model.invoke(MODULE_PROMPT.invoke(given))
        second = model.invoke([MODULE_SYSTEM, HumanMessage(first.text)])
        third = model.invoke([SystemMessage(BILLING_INSTRUCTIONS), HumanMessage(second.text)])
        return str(third.text)

    return RunnableLambda(answer)


class Desk:
    """An app that is a class: prompts on the class, chains on the instance."""

    classify_prompt = chat_prompt("You sort tickets by their topic.")

    def __init__(self, model: ScriptedModel) -> None:
        self.model = model
        self.reply_chain = chat_prompt("You reply to tickets politely.") | model

    def answer(self, given: dict[str, str]) -> str:
        self.model.invoke(self.classify_prompt.invoke(given))
        return str(self.reply_chain.invoke(given).content)


def class_based(model: ScriptedModel) -> App:
    return RunnableLambda(Desk(model).answer)


class ThreadedDesk:
    """A class with prompts, raw threads and a prompt that is built when it is called."""

    sort_prompt = "You sort tickets by their topic."

    def __init__(self, model: ScriptedModel) -> None:
        self.model = model
        self.reply_instructions = "You reply to tickets kindly."
        self.lines: list[str] = []

    def sort(self, text: str) -> None:
        said = self.model.invoke([SystemMessage(self.sort_prompt), HumanMessage(text)])
        self.lines.append(said.text)

    def reply(self, text: str) -> str:
        prompt = ChatPromptTemplate.from_messages([("system", self.reply_instructions), ("human", "{text}")])
        return (prompt | self.model | StrOutputParser()).invoke({"text": text})

    def __call__(self, given: dict[str, str]) -> str:
        worker = threading.Thread(target=self.sort, args=(given["question"],))
        worker.start()
        worker.join()
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self.reply, given["question"]).result()


def class_with_threads(model: ScriptedModel) -> App:
    return RunnableLambda(ThreadedDesk(model).__call__)


def threads_with_tools(model: ScriptedModel) -> App:
    """Tools and retrievers that are called in threads which know of no config."""
    corpus = Corpus()
    sum_up_prompt = "You sum up what was found."

    def answer(given: dict[str, str]) -> str:
        with ThreadPoolExecutor(2) as pool:
            found = pool.submit(corpus.invoke, given["question"]).result()
            meaning = pool.submit(look_up.invoke, {"word": "why"}).result()
        said = model.invoke(
            [SystemMessage(sum_up_prompt), HumanMessage(f"{found[0].page_content} {meaning}")]
        )
        return said.text

    return RunnableLambda(answer)


class Letters:
    """Puts prompts together when it is called, of pieces that it holds."""

    opening_instructions = "You begin each letter with a greeting."

    def __init__(self, model: ScriptedModel) -> None:
        self.model = model
        self.rules_prompt = "You never promise what the shop cannot keep."

    @property
    def system(self) -> str:
        return "\n".join([self.opening_instructions, self.rules_prompt])

    def __call__(self, given: dict[str, str]) -> str:
        prompt = ChatPromptTemplate.from_messages([("system", "{system}"), ("human", "{question}")])
        return (prompt | self.model).invoke({**given, "system": self.system}).text


def prompts_at_call(model: ScriptedModel) -> App:
    return RunnableLambda(Letters(model).__call__)
