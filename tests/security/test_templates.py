"""A rewritten template that reaches into objects is refused before it is filled in, in every family."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gepa_offline
import pytest
from gepa_offline.model import TASK_MODEL

from gepa_core import Component, Execution, Result, Rollout, optimize

BRACES = (
    "{%s.__class__}",
    "{%s.__class__.__mro__[1].__subclasses__}",
    "{%s.__init__.__globals__[SECRET]}",
    "{%s!r:{%s.__class__}}",
    "{0.__class__}",
)
JINJA2 = (
    "{{ %s.__class__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{%% for c in ().__class__.__base__.__subclasses__() %%}{{ c }}{%% endfor %%}",
)
MUSTACHE = ("{{%s.__class__}}", "{{{%s.__class__}}}", "{{#%s.__class__}}x{{/%s.__class__}}")


def filled(attack: str, variable: str) -> str:
    return attack.replace("%s", variable).replace("%%", "%")


def improve(target: Any, attack: str, rows: list[Any], directory: Path, **changes: Any) -> Result:
    """`optimize` with a reflection model that adds ``attack`` to whatever it is shown."""

    def reflect(prompt: str) -> str:
        found = re.search(r"## Current text\n(`{3,})\n(.*?)\n\1", prompt, re.DOTALL)
        assert found is not None
        return f"```\n{found[2]} {attack}\n```"

    return optimize(
        target,
        trainset=rows[:4],
        valset=rows[4:],
        metric=lambda _example, _output: 0.5,
        reflection_lm=reflect,
        budget=30,
        run_dir=directory,
        execution=Execution(concurrency=2),
        **changes,
    )


def check(result: Result) -> None:
    """No rollout was bought for such a text, and the app has none."""
    rest = result.proposals[1:]
    assert rest
    assert {one.status for one in rest} == {"dropped"}
    assert all(one.reason.startswith("placeholder") for one in rest), rest[0].reason
    assert "child" not in result.cost.rollouts
    assert not result.improved


def langchain(template_format: str) -> Any:
    from langchain_core.language_models import FakeListChatModel
    from langchain_core.prompts import ChatPromptTemplate

    written = "Sort the ticket {ticket} now." if template_format == "f-string" else "Sort {{ ticket }} now."
    prompt = ChatPromptTemplate.from_messages([("human", written)], template_format=template_format)  # type: ignore[arg-type]
    return prompt | FakeListChatModel(responses=["sorted"])


class Braces:
    """A system with one template."""

    components = (Component(name="topic", text="Rules for {topic}:", syntax="braces"),)
    left_alone = ()

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Fill it in."""
        return Rollout(output=texts["topic"].format(topic=inputs))

    def build(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """The texts."""
        return texts


@pytest.mark.parametrize("attack", BRACES)
def test_core(attack: str, tmp_path: Path) -> None:
    """A system that says that its text has variables in braces."""
    check(improve(Braces(), filled(attack, "topic"), list(range(8)), tmp_path))


@pytest.mark.parametrize(
    ("template_format", "attack"),
    [
        *(("f-string", attack) for attack in BRACES),
        *(("jinja2", attack) for attack in JINJA2),
        *(("mustache", attack) for attack in MUSTACHE),
    ],
)
def test_langchain(template_format: str, attack: str, tmp_path: Path) -> None:
    """Every format of a chat prompt."""
    rows = [{"ticket": f"ticket {number}"} for number in range(8)]
    check(improve(langchain(template_format), filled(attack, "ticket"), rows, tmp_path))


@pytest.fixture
def words_as_tokens() -> Iterator[None]:
    from llama_index.core import set_global_tokenizer

    set_global_tokenizer(str.split)
    yield
    set_global_tokenizer(str.split)  # the default one would be downloaded


@pytest.mark.usefixtures("words_as_tokens")
@pytest.mark.parametrize(
    ("rich", "attack"),
    [*((False, attack) for attack in BRACES), *((True, attack) for attack in JINJA2)],
)
def test_llamaindex(rich: bool, attack: str, tmp_path: Path) -> None:
    """A query engine with a template of either kind."""
    from llama_index.core import Document, PromptTemplate, SummaryIndex
    from llama_index.core.llms import MockLLM
    from llama_index.core.prompts import RichPromptTemplate

    names = ("{{ context_str }}", "{{ query_str }}") if rich else ("{context_str}", "{query_str}")
    written = f"Read what follows.\n{names[0]}\nFrom that, answer in one short sentence: {names[1]}"
    template: Any = RichPromptTemplate(written) if rich else PromptTemplate(written)
    index = SummaryIndex.from_documents([Document(text="a fact")])
    engine = index.as_query_engine(llm=MockLLM(), text_qa_template=template)
    rows = [f"question {number}" for number in range(8)]
    check(improve(engine, filled(attack, "query_str"), rows, tmp_path, components=["*text_qa*"]))


class Sorter:
    """An agent that fills its prompt in with `str.format`."""

    def __init__(self, base_url: str) -> None:
        import openai

        self.prompt = "Sort the ticket {ticket} now."
        self.client = openai.OpenAI(base_url=base_url, api_key="offline")

    def __call__(self, ticket: str) -> str:
        """Sort one ticket."""
        messages: Any = [{"role": "user", "content": self.prompt.format(ticket=ticket)}]
        answer = self.client.chat.completions.create(model=TASK_MODEL, messages=messages)
        return answer.choices[0].message.content or ""


@pytest.mark.parametrize("attack", BRACES)
def test_agents(attack: str, tmp_path: Path) -> None:
    """A text that the agent's own code fills in."""
    rows = [f"ticket {number}" for number in range(8)]
    with gepa_offline.serve() as server:
        check(improve(Sorter(server.base_url), filled(attack, "ticket"), rows, tmp_path))
