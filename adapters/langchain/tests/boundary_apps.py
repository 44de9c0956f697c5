"""Apps whose prompts no object holds: built when they run, read from elsewhere, or passed by the caller."""

from __future__ import annotations

import dataclasses
import string
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypedDict

import attrs
from gepa_langchain import LangChainAdapter
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRequest, dynamic_prompt
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

App = Runnable[Any, Any]
Given = dict[str, str]
FOLDER = Path(tempfile.mkdtemp(prefix="boundary"))
(FOLDER / "desk_prompt.txt").write_text("You are the desk of the library.\nTitle: {title}\n", "utf-8")
(FOLDER / "boundary_late_prompts.py").write_text(
    'LATE_PROMPT = "You sort the books of {place} by age."\nOTHER = 3\n', "utf-8"
)
sys.path.append(str(FOLDER))

DESK_FROM_FILE = (FOLDER / "desk_prompt.txt").read_text("utf-8").replace("{title}", "all of them")
GREETING_PROMPT = "Greet everybody in %s, and say that %d books are here."
FAREWELL = string.Template("Say goodbye to the people of $place for $$5.")
JSON_PROMPT = 'Answer about {place} as JSON such as {"a": 1} and nothing else.'


class Prompts(Enum):
    SYSTEM = "You know all the books of {place}."
    REMINDER = "Never lend a book to a stranger."
    SHORT = "no"


@attrs.frozen(kw_only=True)
class Case:
    """An app, the components in it by name, with the options of the adapter, and inputs."""

    make: Callable[[BaseChatModel], App]
    texts: Mapping[str, str]
    options: Mapping[str, Any] = attrs.field(factory=dict)
    inputs: Any = attrs.field(factory=lambda: {"place": "Rome"})
    call: Mapping[str, Any] = attrs.field(factory=dict)

    def adapter(self, mode: str = "auto") -> LangChainAdapter:
        return LangChainAdapter(**self.options, mode=mode)  # type: ignore[arg-type]


def _one(model: BaseChatModel, make: Callable[[Given], Any]) -> App:
    """An app that asks a model once, as ``make`` says."""

    def ask(given: Given) -> str:
        return str(model.invoke(make(given)).text)

    return RunnableLambda(ask)


def literal(model: BaseChatModel) -> App:
    return _one(
        model, lambda given: [SystemMessage("You answer with one word."), HumanMessage(given["place"])]
    )


def f_string(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        place = given["place"]
        system = f"You know the streets of {place} by heart."
        return str(model.invoke([("system", system), ("human", f"What is {place} famous for?")]).text)

    return RunnableLambda(ask)


def formatted(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        template = 'Tell a story of {place} in {count} words, as {{"a": 1}}.'
        return str(model.invoke(template.format(place=given["place"], count=7)).text)

    return RunnableLambda(ask)


def percent(model: BaseChatModel) -> App:
    return _one(model, lambda given: "You tell of %s in %d words." % (given["place"], 7))  # noqa: UP031


def dollar(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        template = string.Template("Tell a story of $place for children.")
        return str(model.invoke([HumanMessage(template.substitute(place=given["place"]))]).text)

    return RunnableLambda(ask)


def added(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        prompt = "Tell a story of " + given["place"] + ", and begin with a river."
        prompt += "\nLet it end well for everybody."
        return str(model.invoke(prompt).text)

    return RunnableLambda(ask)


def dedented(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        text = textwrap.dedent(f"""\
            You write poems.
              Write of {given["place"]} only.
            """)
        return str(model.invoke([{"role": "system", "content": text}]).text)

    return RunnableLambda(ask)


def filled_variables(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        greeting = GREETING_PROMPT % (given["place"], 3)
        farewell = FAREWELL.substitute(place=given["place"])
        as_json = JSON_PROMPT.replace("{place}", given["place"])
        return str(
            model.invoke([SystemMessage(greeting), SystemMessage(farewell), HumanMessage(as_json)]).text
        )

    return RunnableLambda(ask)


def from_enum(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        system = Prompts.SYSTEM.value.format(place=given["place"])
        return str(
            model.invoke([SystemMessage(f"{system}\n{Prompts.REMINDER.value}"), ("human", "Go.")]).text
        )

    return RunnableLambda(ask)


def late_import(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        from boundary_late_prompts import LATE_PROMPT  # type: ignore[import-not-found]

        return str(model.invoke(LATE_PROMPT.format(**given)).text)

    return RunnableLambda(ask)


def file_of_module(model: BaseChatModel) -> App:
    return _one(model, lambda given: [SystemMessage(DESK_FROM_FILE), HumanMessage(given["place"])])


def file_in_function(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        text = (FOLDER / "desk_prompt.txt").read_text("utf-8")
        return str(model.invoke([("system", text.replace("{title}", given["place"])), ("human", "Go.")]).text)

    return RunnableLambda(ask)


def pull(name: str) -> PromptTemplate:
    """Stands for a hub that prompts are pulled from."""
    return PromptTemplate.from_template((FOLDER / name).read_text("utf-8").strip())


def hub(model: BaseChatModel) -> App:
    return RunnableLambda(lambda given: pull("desk_prompt.txt").format(title=given["place"])) | model


class Desk:
    """Builds its prompts when it is asked, and asks in threads of its own."""

    def __init__(self, model: BaseChatModel) -> None:
        self.model = model

    def rules(self, place: str) -> str:
        return f"You follow the rules of {place}, all of them."

    def answer(self, given: Given) -> str:
        answers: list[str] = []
        threads = [
            threading.Thread(target=lambda: answers.append(self.ask(self.rules(given["place"])))),
            threading.Thread(target=lambda: answers.append(self.ask("You count the books every day."))),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return " ".join(sorted(answers))

    def ask(self, system: str) -> str:
        return str(self.model.invoke([SystemMessage(system), HumanMessage("Go.")]).text)


def class_with_threads(model: BaseChatModel) -> App:
    return RunnableLambda(Desk(model).answer)


def chain_in_function(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        prompt = ChatPromptTemplate.from_messages(
            [("system", "You speak the language of {place}."), ("human", "Say hello to me.")]
        )
        return str((prompt | model | StrOutputParser()).invoke(given))

    return RunnableLambda(ask)


def streamed(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        parts = model.stream([SystemMessage(f"You whisper about {given['place']}."), HumanMessage("Go.")])
        return "".join(part.text for part in parts)

    return RunnableLambda(ask)


def agent_in_function(model: BaseChatModel) -> App:
    def ask(given: Given) -> str:
        agent: App = create_agent(model, system_prompt=f"You guide people through {given['place']}.")
        return str(agent.invoke({"messages": [("user", "Where to?")]})["messages"][-1].text)

    return RunnableLambda(ask)


def middleware(model: BaseChatModel) -> App:
    @dynamic_prompt
    def by_length(request: ModelRequest) -> str:
        return f"Count on from {len(request.messages)} messages so far."

    app: App = create_agent(model, middleware=[by_length])
    return app


class State(TypedDict, total=False):
    place: str
    answer: str


def _graph(node: Callable[..., Any], schema: type | None = None) -> App:
    graph: Any = StateGraph(State, context_schema=schema)
    graph.add_node("answer", node)
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    app: App = graph.compile()
    return app


def graph_node(model: BaseChatModel) -> App:
    def answer(state: State) -> State:
        said = [SystemMessage(f"You are told of {state['place']} here."), HumanMessage("Go.")]
        return {"answer": str(model.invoke(said).text)}

    return _graph(answer)


@dataclasses.dataclass
class Context:
    system_prompt: str = "You have nobody to guide."
    user: str = "nobody"


def context_object(model: BaseChatModel) -> App:
    def answer(state: State, runtime: Runtime[Context]) -> State:
        said = f"{runtime.context.system_prompt.format(place=state['place'])} For {runtime.context.user}."
        return {"answer": str(model.invoke([SystemMessage(said)]).text)}

    return _graph(answer, Context)


def context_mapping(model: BaseChatModel) -> App:
    def answer(state: State, runtime: Runtime[Any]) -> State:
        prompts = runtime.context["prompts"]
        said = [SystemMessage(prompts["guide"]), HumanMessage(f"{prompts['ask']} {state['place']}")]
        return {"answer": str(model.invoke(said).text)}

    return _graph(answer)


def configurable_graph(model: BaseChatModel) -> App:
    def answer(state: State, config: RunnableConfig) -> State:
        said = [SystemMessage(config["configurable"]["guide"]), HumanMessage(state["place"])]
        return {"answer": str(model.invoke(said).text)}

    return _graph(answer)


def configurable_chain(model: BaseChatModel) -> App:
    def ask(given: Given, config: RunnableConfig) -> list[Any]:
        return [SystemMessage(config["configurable"]["prompts"]["guide"]), HumanMessage(given["place"])]

    return RunnableLambda(ask) | model


_DESK = {"desk": "You are the desk of the library.\nTitle: {title}"}
_GUIDE = "You guide people through all of it."

CASES: dict[str, Case] = {
    "literal": Case(make=literal, texts={"lambda.system": "You answer with one word."}),
    "f_string": Case(
        make=f_string,
        texts={
            "ask.system": "You know the streets of {place} by heart.",
            "ask.user": "What is {place} famous for?",
        },
    ),
    "formatted": Case(
        make=formatted,
        texts={"ask.prompt": 'Tell a story of {place} in {count} words, as {"a": 1}.'},
    ),
    "percent": Case(make=percent, texts={"lambda.prompt": "You tell of {place} in {value} words."}),
    "dollar": Case(make=dollar, texts={"ask.user": "Tell a story of {place} for children."}),
    "added": Case(
        make=added,
        texts={
            "ask.prompt": "Tell a story of {place}, and begin with a river.",
            "ask.prompt-2": "\nLet it end well for everybody.",
        },
    ),
    "dedented": Case(make=dedented, texts={"ask.system": "You write poems.\n  Write of {place} only.\n"}),
    "filled_variables": Case(
        make=filled_variables,
        texts={
            "greeting_prompt": "Greet everybody in {value}, and say that {value2} books are here.",
            "farewell": "Say goodbye to the people of {place} for $5.",
            "json_prompt": 'Answer about {place} as JSON such as {"a": 1} and nothing else.',
        },
    ),
    "from_enum": Case(
        make=from_enum,
        texts={
            "system": "You know all the books of {place}.",
            "reminder": "Never lend a book to a stranger.",
        },
    ),
    "late_import": Case(make=late_import, texts={"late_prompt": "You sort the books of {place} by age."}),
    "file_of_module": Case(make=file_of_module, texts={"desk_from_file": DESK_FROM_FILE}),
    "file_in_function": Case(make=file_in_function, texts=_DESK, options={"sent": _DESK}),
    "hub": Case(make=hub, texts=_DESK, options={"sent": _DESK}),
    "class_with_threads": Case(
        make=class_with_threads,
        texts={
            "answer.prompt": "You count the books every day.",
            "rules.prompt": "You follow the rules of {place}, all of them.",
        },
    ),
    "chain_in_function": Case(
        make=chain_in_function,
        texts={"ask.system": "You speak the language of {place}.", "ask.user": "Say hello to me."},
    ),
    "streamed": Case(make=streamed, texts={"ask.system": "You whisper about {place}."}),
    "agent_in_function": Case(
        make=agent_in_function, texts={"ask.system": "You guide people through {place}."}
    ),
    "middleware": Case(
        make=middleware,
        texts={"by_length.system": "Count on from {messages} messages so far."},
        inputs={"messages": [("user", "Where to?")]},
    ),
    "graph_node": Case(make=graph_node, texts={"answer.system": "You are told of {place} here."}),
    "context_object": Case(
        make=context_object,
        texts={"system_prompt": "You guide people through {place}."},
        options={
            "context": {"system_prompt": "You guide people through {place}."},
            "arguments": {"context": Context(user="Ann")},
        },
        call={"context": Context(user="Ann", system_prompt="You guide people through {place}.")},
    ),
    "context_mapping": Case(
        make=context_mapping,
        texts={"guide": _GUIDE, "ask": "Where do I go in"},
        options={"context": {"prompts": {"guide": _GUIDE, "ask": "Where do I go in"}}},
        call={"context": {"prompts": {"guide": _GUIDE, "ask": "Where do I go in"}}},
    ),
    "configurable_graph": Case(
        make=configurable_graph,
        texts={"guide": _GUIDE},
        options={"configurable": {"guide": _GUIDE}},
        call={"config": {"configurable": {"guide": _GUIDE}}},
    ),
    "configurable_chain": Case(
        make=configurable_chain,
        texts={"guide": _GUIDE},
        options={"configurable": {"prompts": {"guide": _GUIDE}}},
        call={"config": {"configurable": {"prompts": {"guide": _GUIDE}}}},
    ),
}
