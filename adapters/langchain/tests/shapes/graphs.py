"""Shapes 11 and 12: graphs with prompts in their module and a model on an edge; the functional API."""

from __future__ import annotations

import operator
from typing import Annotated, Any

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from ..scripted import ScriptedModel
from .shape import App, chat_prompt

PLANNER = "You plan how to answer a question."
WRITER_PROMPT = "Write an answer to {question} that follows the plan: {plan}"
PROMPTS = {"critic": "You criticise an answer strictly."}
ROUTE_PROMPT = "You decide whether an answer is good enough."


class Draft(TypedDict, total=False):
    question: str
    plan: str
    answer: str
    notes: Annotated[list[str], operator.add]


def state_graph(model: ScriptedModel) -> App:
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

    check_prompt = chat_prompt("You check facts.", "{answer}")

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


def functional(model: ScriptedModel) -> App:
    outline_prompt = "You outline an essay in three points."
    polish = chat_prompt("You polish a paragraph.", "{text}")

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


def async_functional(model: ScriptedModel) -> App:
    outline_prompt = "You outline an essay in three points."

    @task
    async def outline(topic: str) -> str:
        return (await model.ainvoke([SystemMessage(outline_prompt), HumanMessage(topic)])).text

    @entrypoint()
    async def essay(given: dict[str, str]) -> str:
        return await outline(given["question"])

    return essay


STYLE_INSTRUCTIONS = "You write in a plain style that anybody understands."
FORMAT_PROMPT = "Answer in one paragraph without any lists."


def f_strings(model: ScriptedModel) -> App:
    """Prompts of the module in f-strings of a node."""

    def write(state: Draft) -> Draft:
        asked = f"{STYLE_INSTRUCTIONS}\n\n{FORMAT_PROMPT}\n\nQuestion: {state['question']}"
        return {"answer": model.invoke([HumanMessage(asked)]).text}

    graph = StateGraph(Draft)
    graph.add_node("write", write)
    graph.add_edge(START, "write")
    return graph.compile()


def chain_on_an_edge(model: ScriptedModel) -> App:
    """A chain that is a node, and one that is the router itself."""
    route = chat_prompt("You choose where to go.") | model | RunnableLambda(lambda _: END)
    write: Any = chat_prompt("You are a node.") | model | (lambda said: {"answer": said.text})
    graph = StateGraph(Draft)
    graph.add_node("write", write)
    graph.add_edge(START, "write")
    graph.add_conditional_edges("write", route, ["write", END])
    return graph.compile()


def subgraph(model: ScriptedModel) -> App:
    """A graph as a node of another one."""
    graph = StateGraph(Draft)
    graph.add_node("inner", f_strings(model))
    after: Any = chat_prompt("You are outside.") | model | (lambda said: {"plan": said.text})
    graph.add_node("after", after)
    graph.add_edge(START, "inner")
    graph.add_edge("inner", "after")
    return graph.compile()
