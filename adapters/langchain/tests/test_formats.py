"""Template variables survive in every format, and everything else reaches the model as it was written."""

from __future__ import annotations

from typing import Any

import pytest
from gepa_langchain import LangChainAdapter
from gepa_langchain.system import AsyncSystem, SyncSystem
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from gepa_core.errors import ConfigurationError


def _wrap(prompt: Any) -> SyncSystem | AsyncSystem:
    return LangChainAdapter().wrap(prompt)


def _rendered(system: SyncSystem | AsyncSystem, text: str, **values: object) -> str:
    name = system.components[0].name
    return str(system.build({name: text}).invoke(values).to_string())


_texts = st.text(alphabet='{}"ab:!.[]%$# \n\\', max_size=40)


@given(_texts, _texts)
def test_f_string_text_arrives_as_written(before: str, after: str) -> None:
    system = _wrap(PromptTemplate.from_template('Answer me the question {q} as {{"a": 1}} now'))
    text = f"{before} {{q}} {after}"
    problems = _problems(system, text)
    if not problems:
        assert _rendered(system, text, q="<Q>") == text.replace("{q}", "<Q>")


@given(_texts, _texts)
def test_jinja2_text_arrives_as_written(before: str, after: str) -> None:
    prompt = PromptTemplate.from_template(
        "Answer me the question {{ q }} {like this}", template_format="jinja2"
    )
    system = _wrap(prompt)
    text = f"{before} {{{{ q }}}} {after}."
    if not _problems(system, text):
        assert _rendered(system, text, q="<Q>") == text.replace("{{ q }}", "<Q>")


@given(_texts, _texts)
def test_mustache_text_arrives_as_written(before: str, after: str) -> None:
    prompt = PromptTemplate.from_template(
        "Answer me the question {{q}} {like this}", template_format="mustache"
    )
    system = _wrap(prompt)
    text = f"{before} {{{{q}}}} {after}"
    if not _problems(system, text):
        assert _rendered(system, text, q="Q") == text.replace("{{q}}", "Q")


def _problems(system: SyncSystem | AsyncSystem, text: str) -> list[str]:
    (found,) = system.found.values()
    return found.guard.problems(text)


@pytest.mark.parametrize(
    ("syntax", "token", "texts"),
    [
        ("f-string", "{q}", ["", "{ q }", "{q!r}", "{q} {q.__class__}", "{q} {q[0]}", "{q} {other}"]),
        ("jinja2", "{{ q }}", ["", "{{q}}", "{{ q }} {{ q.__class__ }}", "{{ q }} {% if q %}x{% endif %}"]),
        ("mustache", "{{q}}", ["", "{{ q }}", "{{q}} {{{q}}}", "{{q}} {{>file}}", "{{q}} {{#q}}{{/q}}"]),
    ],
)
def test_a_lost_or_new_variable_is_refused(syntax: Any, token: str, texts: list[str]) -> None:
    system = _wrap(PromptTemplate.from_template(f"Answer the question {token}", template_format=syntax))
    for text in texts:
        with pytest.raises(ConfigurationError, match="cannot be used"):
            system.build({"prompt": f"Answer. {text}"})


def test_f_string_json_is_just_text() -> None:
    system = _wrap(PromptTemplate.from_template("Answer the question {question}"))
    text = 'Reply with {"answer": "...", "for": {"q": {question}}} and {} or {0}.'
    assert _rendered(system, text, question="Q") == text.replace("{question}", "Q")


def test_json_that_is_a_variable_by_accident_is_left_alone() -> None:
    prompt = PromptTemplate.from_template('Reply with JSON like {"a": 1} to {question}')
    (left,) = _wrap(prompt).left_alone
    assert "is a variable by the rules of str.format" in left.reason


def test_format_specifications_survive() -> None:
    system = _wrap(PromptTemplate.from_template("The price today is {price:.2f} for {name!r:>6}."))
    assert _rendered(system, "{name!r:>6}: {price:.2f}", price=1.234, name="x") == "   'x': 1.23"


def test_jinja2_blocks_survive() -> None:
    template = "Use these facts: {% for f in facts %}- {{ f }}\n{% endfor %} to answer {{ q }}"
    system = _wrap(PromptTemplate.from_template(template, template_format="jinja2"))
    text = "Facts:\n{% for f in facts %}* {{ f }}; {% endfor %}\nNow {{ q }}."
    assert _rendered(system, text, facts=["a", "b"], q="go") == "Facts:\n* a; * b; \nNow go."
    with pytest.raises(ConfigurationError, match="inside"):
        system.build({"prompt": "{{ f }} {% for f in facts %}{% endfor %} {{ q }}"})


def test_mustache_sections_survive() -> None:
    system = _wrap(
        ChatPromptTemplate.from_messages(
            [("system", "You know these: {{#facts}}- {{name}} {{/facts}}. {{q}}")], template_format="mustache"
        )
    )
    text = "{{q}} from {{#facts}}[{{name}}]{{/facts}}"
    assert _rendered(system, text, facts=[{"name": "a"}, {"name": "b"}], q="Go").endswith("Go from [a][b]")


def test_input_variables_stay_right() -> None:
    prompt = ChatPromptTemplate.from_messages(
        [("system", "You are {mood} and helpful."), ("human", "Say why {question} matters")]
    ).partial(mood="glad")
    system = _wrap(prompt)
    built = system.build(
        {"system": 'Be {mood}. {"x": 1}', "human": "{question}? Answer in {braces like these}."}
    )
    assert built.input_variables == prompt.input_variables == ["question"]
    assert built.invoke({"question": "it"}).to_string().endswith("it? Answer in {braces like these}.")
