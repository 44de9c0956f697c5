"""One call of a model per rollout, made by each family of apps, sync and async; inputs are texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gepa_offline.model import TASK_MODEL

from gepa_core import Execution, Result, Rollout, optimize
from gepa_core.protocols import LeftAlone
from gepa_core.types import Component
from tests.faults.desk import CLIENTS

ASYNC_CLIENTS: list[Any] = []
"""To be closed, on the loop that used them, when a test is over."""
INSTRUCTIONS = "Sort the ticket into a queue."


def _messages(text: str) -> Any:
    return [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": text}]


def _http() -> Any:
    import openai

    ASYNC_CLIENTS.append(openai.DefaultAsyncHttpxClient())
    return ASYNC_CLIENTS[-1]


def agent(base_url: str) -> Any:
    """A plain function over OpenAI's client."""
    import openai

    client = openai.OpenAI(base_url=base_url, api_key="offline", max_retries=0)
    CLIENTS.append(client)

    def sort(text: str) -> str:
        answer = client.chat.completions.create(model=TASK_MODEL, messages=_messages(text))
        return answer.choices[0].message.content or ""

    return sort


def async_agent(base_url: str) -> Any:
    """A coroutine function over OpenAI's async client."""
    import openai

    client = openai.AsyncOpenAI(base_url=base_url, api_key="offline", max_retries=0, http_client=_http())

    async def sort(text: str) -> str:
        answer = await client.chat.completions.create(model=TASK_MODEL, messages=_messages(text))
        return answer.choices[0].message.content or ""

    return sort


def chain(base_url: str) -> Any:
    """A LangChain chain."""
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_openai import ChatOpenAI

    prompt = ChatPromptTemplate.from_messages([("system", INSTRUCTIONS), ("human", "{ticket}")])
    options: Any = {
        "base_url": base_url,
        "api_key": "offline",
        "max_retries": 0,
        "http_async_client": _http(),
    }
    return prompt | ChatOpenAI(model=TASK_MODEL, **options) | StrOutputParser()


def engine(base_url: str) -> Any:
    """A LlamaIndex query engine."""
    from llama_index.core import Document, SummaryIndex, set_global_tokenizer
    from llama_index.llms.openai_like import OpenAILike

    set_global_tokenizer(str.split)
    model = OpenAILike(
        model=TASK_MODEL,
        api_base=base_url,
        api_key="offline",
        is_chat_model=True,
        max_retries=0,
        async_http_client=_http(),
    )
    return SummaryIndex.from_documents([Document(text="Queues: billing.")]).as_query_engine(llm=model)


class Unasking:
    """A system of an adapter that asks nobody before it calls a model."""

    components: Sequence[Component] = (Component(name="instructions", text=INSTRUCTIONS),)
    left_alone: Sequence[LeftAlone] = ()

    def __init__(self, base_url: str) -> None:
        self.app = agent(base_url)

    def run(self, texts: Mapping[str, str], inputs: str) -> Rollout:  # noqa: ARG002
        """Call the model."""
        try:
            return Rollout(output=self.app(inputs))
        except Exception as error:
            return Rollout(error=error)

    def build(self, texts: Mapping[str, str]) -> Any:  # noqa: ARG002
        """The app as it is."""
        return self.app


def _langchain(mode: Any) -> Any:
    from gepa_langchain import LangChainAdapter

    return LangChainAdapter(mode=mode)


def _llamaindex(mode: Any) -> Any:
    from gepa_llamaindex import LlamaIndexAdapter

    return LlamaIndexAdapter(mode=mode)


FAMILIES: Mapping[str, tuple[Callable[[str], Any], Callable[[], Any]]] = {
    "agent": (agent, lambda: None),
    "async agent": (async_agent, lambda: None),
    "chain": (chain, lambda: _langchain("sync")),
    "async chain": (chain, lambda: _langchain("async")),
    "engine": (engine, lambda: _llamaindex("sync")),
    "async engine": (engine, lambda: _llamaindex("async")),
}
"""Makers of an app, for the address of its model, and of the adapter that runs it."""


def score_seed(family: str, base_url: str, run_dir: Path, number: int, **settings: Any) -> Result:
    """A run that finds the app perfect as it is, and so runs it once on each of ``number`` examples."""
    make, adapter = FAMILIES.get(family, (Unasking, lambda: None))
    rows = [{"inputs": f"Ticket {place}: where is my parcel?"} for place in range(number)]
    if "chain" in family:
        rows = [{"inputs": {"ticket": row["inputs"]}} for row in rows]  # type: ignore[dict-item]
    plugins = settings.pop("plugins", ())
    return optimize(
        make(base_url),
        adapter=adapter(),
        trainset=rows[:4],
        valset=rows,
        metric=lambda _example, output: float(output is not None),
        reflection_lm=lambda _prompt: "never asked",
        budget=4 * number,
        run_dir=run_dir,
        plugins=plugins,
        execution=Execution(**settings),
    )
