"""Agents and graphs of every shape that the adapter takes, each with what should be found in it."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, TypedDict

import attrs
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, SummarizationMiddleware, TodoListMiddleware
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough
from langchain_core.tools import tool
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, Field

from .scripted import Call, ScriptedModel

App = Runnable[Any, Any]
Make = Callable[[ScriptedModel], App]

ASK = {"messages": [{"role": "user", "content": "what is 2 and 3?"}]}
PLANNER = "You plan how to answer a question."
WRITER_PROMPT = "Write an answer to {question} that follows the plan: {plan}"
PROMPTS = {"critic": "You criticise an answer strictly."}
ROUTE_PROMPT = "You decide whether an answer is good enough."


@attrs.frozen(kw_only=True)
class Agent:
    """An app, a script for its model, inputs, and what should be found in it.

    ``tools`` and ``retrievals`` are the names of the steps that a run on the first inputs has.
    """

    make: Make
    names: tuple[str, ...]
    descriptions: tuple[str, ...] = ()
    script: tuple[Call, ...] = ()
    inputs: Any = attrs.field(factory=lambda: {"question": "why?"})
    tools: tuple[str, ...] = ()
    retrievals: int = 0


@tool
def look_up(word: str) -> str:
    """Look up a word in the big dictionary."""
    return f"{word}: a thing"


@tool(parse_docstring=True)
def add(a: int, b: int) -> str:
    """Add two numbers and say the sum.

    Args:
        a: The first of the two numbers.
        b: The second of the two numbers.
    """
    return str(a + b)


class Answer(BaseModel):
    """The answer that the user is given."""

    text: str = Field(description="One sentence that answers the question.")
    sure: bool = Field(default=True, description="Whether there is no doubt about it.")


class Corpus(BaseRetriever):
    """Finds one document about anything."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        del run_manager
        return [Document(f"about {query}")]


def two_tools(model: BaseChatModel) -> App:
    return create_agent(model, [look_up, add], system_prompt="You are a careful agent.")


class Politeness(AgentMiddleware[Any, Any]):
    """Appends a line to the system message."""

    def __init__(self) -> None:
        super().__init__()
        self.manner_prompt = "You stay polite whatever happens."

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        return handler(request.override(system_message=self._longer(request)))

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        return await handler(request.override(system_message=self._longer(request)))

    def _longer(self, request: Any) -> SystemMessage:
        return SystemMessage(f"{request.system_message.text}\n\n{self.manner_prompt}")


def middleware_and_schema(model: BaseChatModel) -> App:
    return create_agent(
        model,
        [look_up],
        system_prompt="You are a careful agent.",
        middleware=[
            Politeness(),
            TodoListMiddleware(),
            SummarizationMiddleware(
                model=model,
                trigger=("messages", 2),
                keep=("messages", 1),
                summary_prompt="Summarise what was said before, briefly: {messages}",
            ),
        ],
        response_format=Answer,
    )


class Draft(TypedDict, total=False):
    question: str
    plan: str
    answer: str
    notes: Annotated[list[str], operator.add]


def state_graph(model: BaseChatModel) -> App:
    """Module-level prompts, a string that is formatted, a model on an edge, two nodes in one step."""

    def plan(state: Draft) -> Draft:
        said = model.invoke([SystemMessage(PLANNER), HumanMessage(state["question"])])
        return {"plan": said.text}

    def write(state: Draft) -> Draft:
        asked = WRITER_PROMPT.format(question=state["question"], plan=state["plan"])
        return {"answer": model.invoke(asked).text}

    def criticise(state: Draft) -> Draft:
        said = model.invoke([SystemMessage(PROMPTS["critic"]), HumanMessage(state["answer"])])
        return {"notes": [said.text]}

    check_prompt = ChatPromptTemplate.from_messages([("system", "You check facts."), ("human", "{answer}")])

    def check(state: Draft) -> Draft:
        return {"notes": [(check_prompt | model).invoke({"answer": state["answer"]}).text]}

    def route(state: Draft) -> str:
        model.invoke([SystemMessage(ROUTE_PROMPT), HumanMessage(state["answer"])])
        return END

    graph = StateGraph(Draft)
    for node in (plan, write, criticise, check):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "write")
    graph.add_edge("write", "criticise")
    graph.add_edge("write", "check")
    graph.add_conditional_edges("criticise", route, ["write", END])
    return graph.compile()


def supervisor(model: ScriptedModel) -> App:
    worker = ScriptedModel(answer="worked", script=[("look_up", {"word": "x"})])
    helper = ScriptedModel()
    worker._seen = helper._seen = model._seen  # what any of them is sent
    researcher = create_agent(worker, [look_up], system_prompt="You research facts.", name="researcher")
    writer = create_agent(helper, [], system_prompt="You write texts.", name="writer")

    @tool
    def research(task: str) -> str:
        """Ask the researcher to find out something."""
        return str(researcher.invoke({"messages": [HumanMessage(task)]})["messages"][-1].content)

    @tool
    def write(task: str) -> str:
        """Ask the writer to write something."""
        return str(writer.invoke({"messages": [HumanMessage(task)]})["messages"][-1].content)

    return create_agent(model, [research, write], system_prompt="You lead a team.", name="lead")


def functional(model: BaseChatModel) -> App:
    outline_prompt = "You outline an essay in three points."
    polish = ChatPromptTemplate.from_messages([("system", "You polish a paragraph."), ("human", "{text}")])

    @task
    def outline(topic: str) -> str:
        return model.invoke([SystemMessage(outline_prompt), HumanMessage(topic)]).text

    @task
    def paragraph(text: str) -> str:
        return (polish | model | StrOutputParser()).invoke({"text": text})

    @entrypoint()
    def essay(given: dict[str, str]) -> str:
        points = outline(given["question"]).result()
        parts = [paragraph(f"{number} {points}") for number in range(12)]
        return " ".join(part.result() for part in parts)

    return essay


def async_functional(model: BaseChatModel) -> App:
    outline_prompt = "You outline an essay in three points."

    @task
    async def outline(topic: str) -> str:
        return (await model.ainvoke([SystemMessage(outline_prompt), HumanMessage(topic)])).text

    @entrypoint()
    async def essay(given: dict[str, str]) -> str:
        return await outline(given["question"])

    return essay


def history_aware_retrieval(model: BaseChatModel) -> App:
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


def bound_tools(model: BaseChatModel) -> App:
    prompt = ChatPromptTemplate.from_messages([("system", "You call tools."), ("human", "{question}")])
    return prompt | model.bind_tools([look_up, add])


def structured_output(model: BaseChatModel) -> App:
    prompt = ChatPromptTemplate.from_messages([("system", "You fill in forms."), ("human", "{question}")])
    return prompt | model.with_structured_output(Answer)


def structured_output_at_call(model: BaseChatModel) -> App:
    def fill_in(given: dict[str, str]) -> Any:
        form_prompt = ChatPromptTemplate.from_messages([("human", "{question}")])
        return (form_prompt | model.with_structured_output(Answer)).invoke(given)

    return RunnableLambda(fill_in)


class AsyncPoliteness(AgentMiddleware[Any, Any]):
    """Appends a line to the system message, in async runs only."""

    def __init__(self) -> None:
        super().__init__()
        self.manner_prompt = "You stay polite whatever happens."

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        longer = SystemMessage(f"{request.system_message.text}\n\n{self.manner_prompt}")
        return await handler(request.override(system_message=longer))


@tool
async def fetch(page: str) -> str:
    """Fetch a page of the web."""
    return f"the page {page}"


def async_tools(model: BaseChatModel) -> App:
    return create_agent(
        model, [fetch], system_prompt="You are a careful agent.", middleware=[AsyncPoliteness()]
    )


class Desk:
    """A class with prompts, raw threads and a prompt that is built when it is called."""

    sort_prompt = "You sort tickets by their topic."

    def __init__(self, model: BaseChatModel) -> None:
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


def class_with_threads(model: BaseChatModel) -> App:
    return RunnableLambda(Desk(model).__call__)


ADD = ("tool.add", "tool.add.a", "tool.add.b")
ANSWER = ("schema.Answer", "schema.Answer.text", "schema.Answer.sure")

AGENTS: dict[str, Agent] = {
    "two_tools": Agent(
        make=two_tools,
        names=("system",),
        descriptions=("tool.look_up", *ADD),
        script=(("look_up", {"word": "two"}), ("add", {"a": 2, "b": 3})),
        inputs=ASK,
        tools=("look_up", "add"),
    ),
    "middleware_and_schema": Agent(
        make=middleware_and_schema,
        names=(
            "system",
            "TodoListMiddleware.system_prompt",
            "manner_prompt",
            "SummarizationMiddleware.summary_prompt",
        ),
        descriptions=(*ANSWER, "tool.write_todos", "tool.look_up"),
        script=(("look_up", {"word": "two"}), ("Answer", {"text": "five"})),
        inputs=ASK,
        tools=("look_up",),
    ),
    "state_graph": Agent(
        make=state_graph,
        names=("planner", "writer_prompt", "route_prompt", "prompts.critic", "check.system"),
    ),
    "supervisor": Agent(
        make=supervisor,
        names=("researcher.system", "writer.system", "system"),
        descriptions=("tool.research", "tool.look_up", "tool.write"),
        script=(("research", {"task": "find"}), ("write", {"task": "say"})),
        inputs=ASK,
        tools=("research", "look_up", "write"),
    ),
    "functional": Agent(make=functional, names=("outline_prompt", "polish.system")),
    "async_functional": Agent(make=async_functional, names=("outline_prompt",)),
    "async_tools": Agent(
        make=async_tools,
        names=("system", "manner_prompt"),
        descriptions=("tool.fetch",),
        script=(("fetch", {"page": "x"}),),
        inputs=ASK,
        tools=("fetch",),
    ),
    "history_aware_retrieval": Agent(
        make=history_aware_retrieval,
        names=("context.system", "step2.system"),
        inputs={"question": "why?", "history": [("human", "hi"), ("ai", "ho")]},
        retrievals=1,
    ),
    "bound_tools": Agent(make=bound_tools, names=("system",), descriptions=("tool.look_up", *ADD)),
    "structured_output": Agent(
        make=structured_output,
        names=("system",),
        descriptions=ANSWER,
        script=(("Answer", {"text": "five"}),),
    ),
    "structured_output_at_call": Agent(
        make=structured_output_at_call,
        names=(),
        descriptions=ANSWER,
        script=(("Answer", {"text": "five"}),),
    ),
    "class_with_threads": Agent(make=class_with_threads, names=("reply_instructions", "sort_prompt")),
}
