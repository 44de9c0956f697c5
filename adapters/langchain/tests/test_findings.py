"""What is left alone, and why; names and kinds in odd places."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from gepa_langchain import LangChainAdapter
from gepa_langchain.redescribed import described
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.example_selectors import LengthBasedExampleSelector
from langchain_core.prompts import ChatPromptTemplate, FewShotPromptTemplate, PromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough
from langchain_core.tools import InjectedToolArg, tool
from langgraph.prebuilt import ToolRuntime
from pydantic import BaseModel, Field

from gepa_core.errors import ConfigurationError

from .conftest import RecordingModel


class Desk(BaseModel):
    """Who is asking."""


class Order(BaseModel):
    """What is ordered."""


def _names(app: Any, **options: Any) -> list[str]:
    return [component.name for component in LangChainAdapter(**options).wrap(app).components]


def _reasons(app: Any) -> dict[str, str]:
    return {left.text: left.reason for left in LangChainAdapter().wrap(app).left_alone}


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{question}", "only a placeholder"),
        ("{a} {b}", "no words of its own"),
        ("Question: {question}\nAnswer:", "only label"),
        ("Customer ticket: {customer_ticket}", "only label"),
    ],
)
def test_a_text_that_instructs_nothing_is_left_alone(template: str, reason: str) -> None:
    assert reason in _reasons(PromptTemplate.from_template(template))[template]
    assert _names(PromptTemplate.from_template(template), texts="all") == ["prompt"]


@pytest.mark.parametrize("template", ["Summarise: {text}", "Tell me about {topic}", "Say hello."])
def test_a_short_instruction_is_a_component(template: str) -> None:
    assert _names(PromptTemplate.from_template(template)) == ["prompt"]


def test_example_turns_are_left_alone() -> None:
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", "You reverse words."),
            ("human", "Please reverse the word abc"),
            ("ai", "The reverse is cba"),
            ("human", "Now reverse the word {word}"),
        ]
    )
    assert _names(prompt) == ["system", "human"]
    reasons = _reasons(prompt)
    assert "example turn" in reasons["Please reverse the word abc"]
    assert "example of an answer" in reasons["The reverse is cba"]


def test_short_and_computed_partials_are_left_alone() -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "You speak {language} on {date}.")])
    assert _names(prompt.partial(language="French", date=lambda: "Monday")) == ["system"]
    assert "short value" in _reasons(prompt.partial(language="French"))["French"]


def test_a_description_of_a_tool_is_a_component_of_its_own_kind() -> None:
    @tool
    def look_up(word: str) -> str:
        """Look up a word in the big dictionary."""
        return word

    (component,) = LangChainAdapter().wrap(RunnableLambda(str) | look_up).components
    assert (component.name, component.kind) == ("tool.look_up", "tool_description")
    assert component.text == "Look up a word in the big dictionary."


def test_what_langchain_fills_into_a_tool_itself_has_no_description_for_a_model() -> None:
    @tool
    def buy(
        order: Order,
        runtime: ToolRuntime[Desk],
        desk: Annotated[Desk, InjectedToolArg],
        secret: Annotated[str, InjectedToolArg, Field(description="The key of the safe.")],
    ) -> str:
        """Buy something in the shop."""
        return f"{order}{runtime}{desk}{secret}"

    found = LangChainAdapter().wrap(RunnableLambda(str) | buy).components
    assert {one.name: one.text for one in found} == {
        "tool.buy": "Buy something in the shop.",
        "tool.buy.order": "What is ordered.",
    }


def test_data_in_closures_is_no_prompt() -> None:
    greeting = "This is a long text that no name calls a prompt"

    assert _names(RunnableLambda(lambda _: greeting)) == []


@pytest.mark.filterwarnings("ignore:.*History.* (is|was) deprecated")
def test_messages_of_a_memory_are_not_looked_at() -> None:
    history = InMemoryChatMessageHistory()
    history.add_user_message("You are a message of the past.")

    assert _names(RunnableLambda(lambda _: history.messages)) == []


def test_example_selectors_are_shared() -> None:
    example_prompt = PromptTemplate.from_template("The word {word} becomes {other}")
    selector = LengthBasedExampleSelector(
        examples=[{"word": "a", "other": "b"}], example_prompt=PromptTemplate.from_template("{word} {other}")
    )
    prompt = FewShotPromptTemplate(
        example_selector=selector,
        example_prompt=example_prompt,
        prefix="Give the opposite of it.",
        suffix="Give it for {x}",
        input_variables=["x"],
    )
    assert _names(prompt) == ["prefix", "example", "suffix"]


def test_run_names_and_keys_name_components() -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "You work.")])
    triage = (prompt | RecordingModel()).with_config(run_name="Triage step")
    other = ChatPromptTemplate.from_messages([("system", "You work too.")]) | RecordingModel()
    app = RunnablePassthrough.assign(category=triage, reply=other)
    assert _names(app) == ["Triage_step.system", "reply.system"]


def test_a_prompt_used_twice_is_one_component() -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "You are shared.")])
    model = RecordingModel()
    app = RunnablePassthrough.assign(a=prompt | model, b=prompt | model)
    system = LangChainAdapter().wrap(app)
    assert len(system.components) == 1
    system.build({system.components[0].name: "CHANGED"}).invoke({})
    assert model.text_seen == "CHANGED\nCHANGED"


def test_names_do_not_depend_on_memory_addresses() -> None:
    def make() -> Runnable[Any, Any]:
        prompts = [ChatPromptTemplate.from_messages([("system", f"You are number {n}.")]) for n in range(3)]
        return RunnableLambda(lambda _: [prompt.invoke({}) for prompt in prompts])

    assert _names(make()) == ["part1.system", "part2.system", "part3.system"] or _names(make()) == _names(
        make()
    )


@pytest.mark.parametrize("target", [RunnableLambda, 3, print])
def test_only_runnables_are_taken(target: object) -> None:
    with pytest.raises(ConfigurationError, match="takes Runnables"):
        LangChainAdapter().wrap(target)


def test_purpose_tells_the_place_among_the_others() -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "You sort tickets.")])
    model = RecordingModel()
    app = {"kind": prompt | model, "text": RunnablePassthrough()} | RunnableLambda(print, name="show")
    (component,) = LangChainAdapter().wrap(app).components
    assert component.purpose == (
        "system message of the prompt at step 1 of 2 (in 'kind'), sent to RecordingModel;"
        " its output feeds step 2 of 2 (RunnableLambda 'show')"
    )


def test_literals_inside_of_functions_are_components() -> None:
    model = RecordingModel()

    def answer(topic: str) -> str:
        """You are reading documentation, not a prompt."""
        asked = [lambda: "You are asked inside of a lambda."]
        model.invoke(f"You are an expert in {topic}.")
        return asked[0]() + "You are told the end of it."

    components = LangChainAdapter().wrap(RunnableLambda(answer)).components
    assert [(one.name, one.text) for one in components] == [
        ("answer.prompt", "You are an expert in {topic}."),
        ("answer.prompt-2", "You are asked inside of a lambda."),
        ("answer.prompt-3", "You are told the end of it."),
    ]


def test_a_plain_string_with_names_in_braces_is_a_template_that_takes_no_other_braces() -> None:
    model = RecordingModel()
    answer_prompt = "Answer the question {question} in one word."

    def answer(question: str) -> str:
        return str(model.invoke(answer_prompt.format(question=question)).content)

    system = LangChainAdapter().wrap(RunnableLambda(answer))
    (component,) = system.components
    assert (component.name, component.syntax, component.variables) == (
        "answer_prompt",
        "braces",
        ("question",),
    )
    system.build({"answer_prompt": "Be brief. {question}"}).invoke("why?")
    assert model.text_seen == "Be brief. why?"
    for text in ("Be brief.", "Be brief. {question} {other}", 'As {"json": 1}: {question}', "{question} {"):
        with pytest.raises(ConfigurationError, match="cannot be used"):
            system.build({"answer_prompt": text})


def test_tools_and_schemas_that_are_dicts_are_found_once_each() -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string", "description": "Its name."}}}
    function = {"name": "weather", "description": "The weather of a city.", "parameters": parameters}
    claude = {"name": "stocks", "description": "The price of a stock.", "input_schema": {"type": "object"}}
    schema = {"title": "Reply", "description": "What is replied.", "type": "object", "properties": {}}
    form = {"type": "json_schema", "json_schema": {"name": "Reply", "schema": schema}}
    bound = RecordingModel().bind(
        tools=[{"type": "function", "function": function}, claude], response_format=form
    )
    components = LangChainAdapter().wrap(bound).components
    assert [(one.name, one.kind, one.text) for one in components] == [
        ("tool.weather", "tool_description", "The weather of a city."),
        ("tool.weather.city", "argument_description", "Its name."),
        ("tool.stocks", "tool_description", "The price of a stock."),
        ("schema.Reply", "schema_description", "What is replied."),
    ]


def test_what_a_described_class_reads_is_of_the_apps_own_type() -> None:
    class Form(BaseModel):
        """A form to fill in."""

        name: str = Field(description="The full name.")

    form = described(Form, {(Form, ""): "ANOTHER FORM", (Form, "name"): "ANOTHER NAME"})
    assert form.model_json_schema() == {
        **Form.model_json_schema(),
        "description": "ANOTHER FORM",
        "properties": {"name": {"title": "Name", "type": "string", "description": "ANOTHER NAME"}},
    }
    assert type(form.model_validate({"name": "x"})) is Form
    assert issubclass(form, Form)
    assert (form.__name__, form.__module__, form.__qualname__) == (
        Form.__name__,
        Form.__module__,
        Form.__qualname__,
    )
    assert Form.model_fields["name"].description == "The full name."
