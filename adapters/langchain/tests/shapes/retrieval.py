"""Shape 2: answers from documents, with a question that is rewritten by what was said before."""

from __future__ import annotations

from typing import Any

from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, RunnablePassthrough

from ..scripted import ScriptedModel
from .shape import App, chat_prompt


class Corpus(BaseRetriever):
    """Finds one document about anything."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        del run_manager
        return [Document(f"about {query}")]


def history_aware_retrieval(model: ScriptedModel) -> App:
    rewrite = ChatPromptTemplate.from_messages(
        [
            ("system", "You turn the last question into one that stands alone."),
            MessagesPlaceholder("history"),
            ("human", "{question}"),
        ]
    )
    answer = ChatPromptTemplate.from_messages(
        [("system", "You answer from the context only.\n\n{context}"), ("human", "{question}")]
    )
    found = rewrite | model | StrOutputParser() | Corpus()
    return RunnablePassthrough.assign(context=found) | answer | model


class Widening(BaseRetriever):
    """Asks a model for another question and finds documents about it."""

    chain: Runnable[Any, Any]
    documents: BaseRetriever

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        config: RunnableConfig = {"callbacks": run_manager.get_child()}
        return self.documents.invoke(self.chain.invoke({"question": query}, config), config)


def retriever_with_a_prompt(model: ScriptedModel) -> App:
    chain = chat_prompt("You ask the same in wider words.") | model | StrOutputParser()
    found = (lambda given: given["question"]) | Widening(chain=chain, documents=Corpus())
    answer = chat_prompt("You answer from the context only.\n\n{context}")
    return RunnablePassthrough.assign(context=found) | answer | model
