"""Texts of rewritten prompts come out as they were written, and no variable is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.system import LlamaIndexSystem
from gepa_llamaindex.testing import ScriptedLLM
from hypothesis import given
from hypothesis import strategies as st
from llama_index.core import PromptTemplate, VectorStoreIndex
from llama_index.core.base.llms.types import LLMMetadata
from llama_index.core.prompts import ChatPromptTemplate, RichPromptTemplate
from llama_index.core.prompts.default_prompts import DEFAULT_TEXT_QA_PROMPT
from llama_index.core.retrievers import QueryFusionRetriever
from pydantic import Field

from gepa_core.errors import ConfigurationError
from gepa_core.templates import template_problems
from gepa_core.types import Component, Rollout

JSON_EXAMPLE = json.dumps({"answer": {"city": "Lisbon", "tags": ["a", "b"]}, "empty": {}})


def engine(index: VectorStoreIndex, template: Any, **options: Any) -> tuple[LlamaIndexSystem, ScriptedLLM]:
    llm = ScriptedLLM(reply=lambda _: "word", **options)
    app = index.as_query_engine(llm=llm, text_qa_template=template, response_mode="simple_summarize")
    return LlamaIndexAdapter().wrap(app), llm


def run(system: LlamaIndexSystem, texts: dict[str, str], inputs: Any = "Which city?") -> Rollout:
    rollout = system.run(texts, inputs)
    assert isinstance(rollout, Rollout)
    assert rollout.error is None, repr(rollout.error)
    return rollout


@pytest.mark.parametrize("is_chat", [True, False])
def test_a_json_example_comes_out_as_it_was_written(index: VectorStoreIndex, is_chat: bool) -> None:
    own = "Answer {query_str} from this and nothing else: {context_str}"
    template: Any = PromptTemplate(own)
    if is_chat:
        template = ChatPromptTemplate.from_messages([("user", own)])
    system, llm = engine(index, template)
    run(system, {"text_qa": f"Reply like {JSON_EXAMPLE} to {{query_str}} given {{context_str}}"})
    assert f"Reply like {JSON_EXAMPLE} to Which city? given" in llm.seen[-1].text


def test_json_in_the_apps_own_template_is_no_variable(index: VectorStoreIndex) -> None:
    system, llm = engine(
        index, PromptTemplate(f"Reply like {JSON_EXAMPLE} to this: {{query_str}}\n{{context_str}}")
    )
    [component] = system.components
    assert component.variables == ("query_str", "context_str")
    run(system, {})
    assert JSON_EXAMPLE in llm.seen[-1].text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("No variables at all.", "{query_str} is missing"),
        ("Only {query_str}.", "{context_str} is missing"),
        ("{query_str} {context_str} {invented}", "{invented} does not exist"),
    ],
)
def test_a_lost_or_new_variable_is_refused(index: VectorStoreIndex, text: str, reason: str) -> None:
    system, _ = engine(index, PromptTemplate("Answer {query_str} from {context_str} in one line."))
    for use in (lambda: system.build({"text_qa": text}), lambda: system.run({"text_qa": text}, "Which?")):
        with pytest.raises(ConfigurationError, match=reason):
            use()


def test_a_rich_template_keeps_its_tags(index: VectorStoreIndex) -> None:
    system, llm = engine(
        index,
        RichPromptTemplate(
            "Use what is here: {{ context_str }}{% if query_str %} Q: {{ query_str }}{% endif %}"
        ),
    )
    [component] = system.components
    assert component.syntax == "jinja2"
    changed = component.text.replace("Use what is here", f"Reply like {JSON_EXAMPLE} with")
    run(system, {component.name: changed})
    assert f"Reply like {JSON_EXAMPLE} with" in llm.seen[-1].text
    assert "Q: Which city?" in llm.seen[-1].text
    with pytest.raises(ConfigurationError, match="does not exist"):
        system.build({component.name: changed + "{{ cycler.__init__ }}"})


def test_a_bare_string_that_is_filled_by_str_format_is_escaped(index: VectorStoreIndex) -> None:
    llm = ScriptedLLM(reply=lambda _: "one\ntwo")
    app = QueryFusionRetriever([index.as_retriever()], llm=llm, num_queries=2, use_async=False)
    system = LlamaIndexAdapter().wrap(app)
    [component] = system.components
    assert component.name == "query_gen"
    assert set(component.variables) == {"num_queries", "query"}
    run(system, {"query_gen": f"Write {{num_queries}} of {{query}} like {JSON_EXAMPLE}"}, "Which city?")
    assert f"Write 1 of Which city? like {JSON_EXAMPLE}" in llm.seen[-1].text


def test_default_templates_never_change(index: VectorStoreIndex) -> None:
    before = DEFAULT_TEXT_QA_PROMPT.template
    llm = ScriptedLLM(reply=lambda _: "word", chat_model=False)
    system = LlamaIndexAdapter().wrap(index.as_query_engine(llm=llm))
    run(system, {"text_qa": "MINE {query_str} {context_str}"})
    system.build({"text_qa": "MINE {query_str} {context_str}"})
    assert DEFAULT_TEXT_QA_PROMPT.template == before
    assert "MINE" in llm.seen[-1].text


def test_what_no_model_of_the_app_is_sent_is_left_alone(index: VectorStoreIndex) -> None:
    system, _ = engine(index, None)
    reasons = " ".join(one.reason for one in system.left_alone)
    assert "it is for another sort" in reasons
    everything = LlamaIndexAdapter(texts="all").wrap(
        index.as_query_engine(llm=ScriptedLLM(reply=lambda _: "word"))
    )
    assert len(everything.components) > len(system.components)


class Secretive(ScriptedLLM):
    """Does not say what it is."""

    asked: list[int] = Field(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        if self.asked:
            raise ValueError("unknown model")
        return LLMMetadata(model_name="secret", is_chat_model=True)


def test_a_model_that_does_not_describe_itself_keeps_every_branch(index: VectorStoreIndex) -> None:
    llm = Secretive(reply=lambda _: "word")
    app = index.as_query_engine(llm=llm, response_mode="simple_summarize")
    llm.asked.append(1)
    names = {one.name for one in LlamaIndexAdapter().wrap(app).components}
    assert names == {"text_qa", "text_qa.system", "text_qa.user"}
    model = LlamaIndexAdapter().language_model(llm)
    assert model is not None
    assert model.name == "Secretive"


@pytest.mark.parametrize(
    ("use", "becomes"),
    [
        ("PROMPT.format(topic=topic)", '{"a": 1} and rivers'),
        ("PromptTemplate(PROMPT).format(topic=topic)", '{"a": 1} and rivers'),
        ("PROMPT % topic", None),
    ],
)
def test_how_an_app_fills_its_own_string_is_read_from_its_code(use: str, becomes: str | None) -> None:
    scope: dict[str, Any] = {
        "PROMPT": "Please write one line about {topic} now.",
        "PromptTemplate": PromptTemplate,
        "__name__": "an_app",
    }
    exec(f"def app(topic):\n    return {use}", scope)
    system = LlamaIndexAdapter().wrap(scope["app"])
    if becomes is None:
        assert not system.components
        assert "the app holds none" in system.left_alone[0].reason
    else:
        [component] = system.components
        assert component.variables == ("topic",)
        assert run(system, {component.name: '{"a": 1} and {topic}'}, "rivers").output == becomes


TEXTS = st.text(alphabet=st.sampled_from('{}"\n :abqc_'), max_size=30)


@given(before=TEXTS, after=TEXTS)
def test_any_text_that_passes_the_guard_is_filled_with_its_variable_alone(before: str, after: str) -> None:
    """What is sent is the text with the token replaced, whatever braces stand around it."""
    text = f"{before}{{query}}{after}"
    own = Component(name="one", text="Please answer this: {query}", syntax="braces")
    if template_problems(text, own.placeholders, "braces"):
        return
    app = PromptTemplate(own.text)
    copy = LlamaIndexAdapter().wrap(app).build({"prompt": text})
    assert copy.format(query="VALUE") == text.replace("{query}", "VALUE")
    assert app.template == own.text
