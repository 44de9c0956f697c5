"""Questions on makers and their works, in a conversation: retrieval with a history-aware query."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from zlib import crc32

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI


class WordEmbeddings(Embeddings):
    """Counts the words of a text; needs no model."""

    def embed_query(self, text: str) -> list[float]:
        counts = [0.0] * 2048
        for word in re.findall(r"\w{4,}", text.lower()):
            counts[crc32(word.encode()) % 2048] += 1.0
        return counts

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


llm = ChatOpenAI(model=os.environ.get("MODEL", "gpt-4.1-mini"), temperature=0)

lines = (Path(__file__).parent / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
store = InMemoryVectorStore.from_documents(
    [Document(json.loads(line)["text"]) for line in lines], WordEmbeddings()
)
retriever = store.as_retriever(search_kwargs={"k": 2})

query_prompt = ChatPromptTemplate.from_messages(
    [
        (
            "system",
            "Given the chat history and the latest question, write a search query for the question "
            "that can be understood without the history.\nThe query is a few words, nothing else.",
        ),
        MessagesPlaceholder("history"),
        ("human", "{question}"),
    ]
)
answer_prompt = ChatPromptTemplate.from_messages(
    [
        ("system", "You answer a question from passages.\nAnswer as briefly as possible.\n\n{context}"),
        MessagesPlaceholder("history"),
        ("human", "{question}"),
    ]
)


def join(documents: list[Document]) -> str:
    return "\n".join(document.page_content for document in documents)


chain = (
    RunnablePassthrough.assign(query=query_prompt | llm | StrOutputParser())
    .assign(context=RunnableLambda(lambda given: given["query"]) | retriever | join)
    .assign(answer=answer_prompt | llm | StrOutputParser())
)
