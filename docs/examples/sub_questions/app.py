"""Compound questions on makers and their works, each part sent to one of two archives."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from zlib import crc32

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.query_engine import SubQuestionQueryEngine
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.tools import QueryEngineTool
from llama_index.llms.openai_like import OpenAILike


class WordEmbedding(BaseEmbedding):
    """Counts the words of a text; needs no model."""

    def _get_text_embedding(self, text: str) -> list[float]:
        counts = [0.0] * 2048
        for word in re.findall(r"\w{4,}", text.lower()):
            counts[crc32(word.encode()) % 2048] += 1.0
        return counts

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


llm = OpenAILike(
    model=os.environ.get("MODEL", "gpt-4.1-mini"),
    api_base=os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1"),
    api_key=os.environ.get("OPENAI_API_KEY"),
    is_chat_model=True,
    is_function_calling_model=True,
)


def load(archive: str) -> BaseQueryEngine:
    """A query engine over one archive, whose passages are in ``<archive>.jsonl``."""
    lines = (Path(__file__).parent / f"{archive}.jsonl").read_text(encoding="utf-8").splitlines()
    documents = [Document(text=json.loads(line)["text"]) for line in lines]
    index = VectorStoreIndex.from_documents(documents, embed_model=WordEmbedding())
    return index.as_query_engine(llm=llm, similarity_top_k=8)


query_engine = SubQuestionQueryEngine.from_defaults(
    query_engine_tools=[
        QueryEngineTool.from_defaults(
            load("lives"),
            name="lives",
            description="The lives of makers: biography, family, letters, training, voyages.",
        ),
        QueryEngineTool.from_defaults(
            load("works"),
            name="works",
            description="What makers achieved and left: career, estate, honours, memorials, school.",
        ),
    ],
    llm=llm,
    question_gen=LLMQuestionGenerator.from_defaults(llm=llm),
    verbose=False,
    use_async=False,
)
