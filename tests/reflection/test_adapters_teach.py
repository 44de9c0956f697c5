"""What a reflection learns from an app of each family: its own steps, a line on others, its own feedback."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from gepa_core import Feedback, Trajectory, hookimpl, optimize
from gepa_core.types import Step

QUESTION = "Where is Porto?"


@attrs.frozen(kw_only=True)
class Family:
    """An app of a framework.

    Attributes:
        app: makes two calls of a model, with another prompt each, and looks something up between.
        lookup: the kind and the name of the step between, and a word of what was found.
    """

    app: Any
    lookup: tuple[str, str, str]


def _agents() -> Family:
    def create(**_: Any) -> Any:
        message = SimpleNamespace(role="assistant", content="By train.", tool_calls=None)
        usage = SimpleNamespace(prompt_tokens=7, completion_tokens=3)
        return SimpleNamespace(choices=[SimpleNamespace(message=message)], usage=usage)

    client = SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=create)))
    plan_prompt = "Plan how the question of a traveller is to be answered."
    answer_prompt = "Answer the question of a traveller by what was found."

    def find(topic: str) -> str:
        return f"{topic} lies on the Douro."

    tools = {"find": find}

    def ask(prompt: str, text: str) -> str:
        messages = [{"role": "system", "content": prompt}, {"role": "user", "content": text}]
        answer = client.chat.completions.create(model="house-model", messages=messages)
        return str(answer.choices[0].message.content)

    def agent(question: str) -> str:
        plan = ask(plan_prompt, question)
        return ask(answer_prompt, f"{plan}\n{tools['find'](question)}")

    return Family(app=agent, lookup=("tool", "find", "Douro"))


def _langchain() -> Family:
    from langchain_core.documents import Document
    from langchain_core.language_models import FakeListChatModel
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.runnables import RunnableLambda, RunnablePassthrough

    class Towns(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            del run_manager
            return [Document(f"{query} lies on the Douro.")]

    model = FakeListChatModel(responses=["By train."])
    plan = ChatPromptTemplate.from_messages([("system", "Plan the answer."), ("human", "{question}")])
    answer = ChatPromptTemplate.from_messages([("system", "Answer by what was found."), ("human", "{found}")])
    chain = (
        plan
        | model
        | RunnableLambda(lambda message: message.text)
        | RunnablePassthrough()
        | {"found": Towns()}
        | answer
        | model
        | RunnableLambda(lambda message: message.text)
    )
    return Family(
        app=RunnableLambda(lambda question: {"question": question}) | chain,
        lookup=("retrieval", "Towns", "Douro"),
    )


def _llamaindex() -> Family:
    from gepa_llamaindex.testing import ScriptedLLM
    from llama_index.core import Document, MockEmbedding, PromptTemplate, VectorStoreIndex
    from llama_index.core.indices.query.query_transform import HyDEQueryTransform
    from llama_index.core.query_engine import TransformQueryEngine

    index = VectorStoreIndex.from_documents(
        [Document(text="Porto lies on the river Douro.")], embed_model=MockEmbedding(embed_dim=8)
    )
    llm = ScriptedLLM(reply=lambda _: "By train.")
    engine = index.as_query_engine(
        llm=llm,
        response_mode="compact",
        text_qa_template=PromptTemplate("By {context_str}\nanswer {query_str} for a traveller."),
    )
    hyde = HyDEQueryTransform(
        llm=llm, hyde_prompt=PromptTemplate("Write down what may answer {context_str}.")
    )
    return Family(app=TransformQueryEngine(engine, hyde), lookup=("retrieval", "", "Douro"))


FAMILIES: dict[str, Callable[[], Family]] = {
    "agents": _agents,
    "langchain": _langchain,
    "llamaindex": _llamaindex,
}


class Both:
    """Rewrites both prompts in each proposal."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()

    @hookimpl
    def gepa_select_components(self, pool: Any, outcomes: Any) -> Sequence[str]:
        taking_part = [name for step in outcomes[0].trajectory.steps for name in step.components]
        assert set(taking_part) <= {component.name for component in pool.components}
        self.names = tuple(dict.fromkeys(taking_part))
        return self.names


@attrs.define
class Seen:
    """What a metric and a reflection model were given in a run."""

    prompts: dict[str, str] = attrs.field(factory=dict)
    steps: tuple[Step, ...] = ()


def taught(family: Family, run_dir: Path) -> Seen:
    """Optimise the app once, with a metric that blames each component for something of its own."""
    seen, both = Seen(), Both()

    def metric(_row: Any, _output: Any, trajectory: Trajectory) -> Feedback:
        kind, _, word = family.lookup
        found = [step for step in trajectory.steps if step.kind == kind and word in str(step.output)]
        if seen.steps == ():
            seen.steps = trajectory.steps
        names = dict.fromkeys(name for step in trajectory.steps for name in step.components)
        blame = {name: f"<blame of {name}>" for name in names}
        return Feedback(len(str(_output)) / 1_000, f"looked up {len(found)} times", by_component=blame)

    def reflect(prompt: str) -> str:
        name = re.findall(r"^The component is `(.+?)`", prompt, re.MULTILINE)[0]
        seen.prompts.setdefault(name, prompt)
        current = re.findall(r"## Current text\n(`+)\n(.*?)\n\1", prompt, re.DOTALL)[0][1]
        return f"```\n{current} Be brief.\n```"

    optimize(
        family.app,
        trainset=[QUESTION],
        valset=["Where is Faro?"],
        metric=metric,
        reflection_lm=reflect,
        budget=7,
        plugins=[both],
        run_dir=run_dir,
    )
    return seen


@pytest.fixture(scope="module", params=FAMILIES)
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Family, Seen]:
    family = FAMILIES[request.param]()
    return family, taught(family, tmp_path_factory.mktemp(request.param))


def models(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step.kind == "model"]


def test_the_app_has_two_prompts_with_a_step_each(seen: tuple[Family, Seen]) -> None:
    _, found = seen
    assert [len(step.components) for step in models(found.steps)] == [1, 1]
    assert set(found.prompts) == {name for step in models(found.steps) for name in step.components}
    assert len(found.prompts) == 2


def test_a_component_is_shown_its_own_steps_and_a_line_on_each_other(seen: tuple[Family, Seen]) -> None:
    _, found = seen
    for name, prompt in found.prompts.items():
        own = [number for number, step in enumerate(found.steps, 1) if name in step.components]
        in_full = [int(number) for number in re.findall(r"^Input of step (\d+):", prompt, re.MULTILINE)]
        assert in_full == own
        account = dict(re.findall(r"^(\d+)\. (.*)$", prompt, re.MULTILINE))
        assert list(map(int, account)) == list(range(1, len(found.steps) + 1))
        others = [line for number, line in account.items() if int(number) not in own]
        assert others
        assert all("characters" in line for line in others)


def test_feedback_on_a_component_reaches_its_reflection_and_no_other(seen: tuple[Family, Seen]) -> None:
    _, found = seen
    for name, prompt in found.prompts.items():
        assert re.findall(r"<blame of (.+?)>", prompt) == [name]
        assert prompt.count("#### Feedback on this component") == 1


def test_a_metric_may_look_at_what_was_looked_up(seen: tuple[Family, Seen]) -> None:
    family, found = seen
    kind, name, word = family.lookup
    (step,) = [one for one in found.steps if one.kind == kind and word in str(one.output)]
    assert name in step.name
    assert all("looked up 1 times" in prompt for prompt in found.prompts.values())


def test_what_a_call_used_is_known_or_said_to_be_unknown(seen: tuple[Family, Seen]) -> None:
    _, found = seen
    for step in models(found.steps):
        assert step.usage.calls == 1
        assert step.usage.tokens or step.usage.unmetered
        assert step.usage.dollars or step.usage.unpriced
