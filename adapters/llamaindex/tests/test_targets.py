"""What can be wrapped besides engines and agents, how it is called, and what comes back."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.calling import arguments_for
from gepa_llamaindex.testing import ScriptedLLM, Shape, check_shape
from llama_index.core import PromptTemplate, Settings, VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.program import LLMTextCompletionProgram
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from pydantic import BaseModel, Field

from gepa_core.adapters import adapter_for
from gepa_core.errors import ConfigurationError
from gepa_core.lm.resolve import as_language_model
from gepa_core.protocols import Adapter, LanguageModel, Message, System
from gepa_core.types import Rollout


def model() -> ScriptedLLM:
    return ScriptedLLM(reply=lambda _: "word")


class Pipeline:
    """An app of nobody's framework around LlamaIndex's parts."""

    def __init__(self, llm: ScriptedLLM) -> None:
        self.llm = llm
        self.prompt = PromptTemplate(
            "Answer in one word: {question}\nTone: {tone}", tone="friendly and very calm"
        )

    def __call__(self, question: str) -> str:
        return str(self.llm.predict(self.prompt, question=question))

    async def later(self, question: str) -> str:
        return str(await self.llm.apredict(self.prompt, question=question))


@pytest.mark.parametrize("method", ["", "later"])
def test_a_plain_object_with_a_model_and_a_template(method: str) -> None:
    check_shape(
        Shape(
            make=Pipeline,
            call=lambda app: getattr(app, method or "__call__")("Which city?"),
            model=model,
            inputs={"question": "Which city?"},
            names=("prompt", "prompt.partial.tone"),
            adapter=LlamaIndexAdapter(call=method),
        )
    )


def test_a_response_synthesiser() -> None:
    nodes = [NodeWithScore(node=TextNode(text="Lisbon is the capital."))]
    check_shape(
        Shape(
            make=lambda llm: get_response_synthesizer(llm=llm, response_mode=ResponseMode.TREE_SUMMARIZE),
            call=lambda app: app.synthesize("Which city?", nodes),
            model=model,
            inputs={"query": "Which city?", "nodes": nodes},
            names=("summary.system", "summary.user"),
        )
    )


class Town(BaseModel):
    name: str = Field(description="Name of the town in Portuguese.")


def test_a_program_with_an_output_parser() -> None:
    check_shape(
        Shape(
            make=lambda llm: LLMTextCompletionProgram.from_defaults(
                output_cls=Town, llm=llm, prompt_template_str="Name one town on the river {river}, please."
            ),
            call=lambda app: app(river="Douro"),
            model=lambda: ScriptedLLM(reply=lambda _: '{"name": "Porto"}'),
            inputs={"river": "Douro"},
            names=("pydantic_format", "prompt", "Town.name"),
        )
    )


def test_a_prompt_alone_uses_the_default_model() -> None:
    prompt = PromptTemplate("Answer in one word: {question}")
    Settings.llm = model()
    try:
        rollout = LlamaIndexAdapter().wrap(prompt).run({"prompt": "Say it: {question}"}, "Which?")
    finally:
        Settings.llm = MockLLM()
    assert isinstance(rollout, Rollout)
    assert rollout.output == "word"
    assert "Say it: Which?" in str(rollout.trajectory.steps[0].inputs)


def test_a_model_with_a_system_prompt_stays_one_client() -> None:
    llm = ScriptedLLM(reply=lambda _: "word", system_prompt="You answer in one word only.")

    def app(question: str) -> str:
        return str(llm.predict(PromptTemplate("{question}"), question=question))

    system = LlamaIndexAdapter().wrap(app)
    assert [one.name for one in system.components] == ["system"]
    for _ in range(3):
        rollout = system.run({"system": "You answer at length."}, "Which?")
        assert isinstance(rollout, Rollout)
        assert "You answer at length." in str(rollout.trajectory.steps[0].inputs)
    assert llm.client.calls == 3
    assert llm.system_prompt == "You answer in one word only."


def test_indexes_stores_and_embeddings_are_shared(index: VectorStoreIndex) -> None:
    app: Any = index.as_query_engine(llm=model())
    built = LlamaIndexAdapter().wrap(app).build({"refine": app_text(app)})
    assert built is not app
    assert built._retriever is app._retriever
    assert built._retriever._index is index
    assert built._response_synthesizer is not app._response_synthesizer
    assert built._response_synthesizer._llm is app._response_synthesizer._llm


def app_text(app: Any) -> str:
    system = LlamaIndexAdapter().wrap(app)
    [text] = [one.text for one in system.components if one.name == "refine"]
    return f"Now: {text}"


class Begun(StartEvent):
    topic: str


class Small(Workflow):
    greeting_prompt = "Greet the reader in a warm and short way."

    @step
    async def only(self, ev: Begun) -> StopEvent:
        return StopEvent(result=f"{self.greeting_prompt} {ev.topic}")


def test_a_workflow_is_found_by_its_own_package_and_started_by_its_field() -> None:
    app = Small(timeout=5)
    assert isinstance(adapter_for(app), LlamaIndexAdapter)
    system = LlamaIndexAdapter().wrap(app)
    built = system.build({"greeting": "Say hello to the reader at once."})
    assert type(built) is Small
    assert built._get_steps().keys() == app._get_steps().keys()

    async def run() -> Any:
        result: Any = system.run({"greeting": "Say hello to the reader."}, "rivers")
        return (await result).output, await built.run(topic="lakes")

    assert asyncio.run(run()) == ("Say hello to the reader. rivers", "Say hello to the reader at once. lakes")
    assert app.greeting_prompt == Small.greeting_prompt


ADDED_PROMPT = "A prompt that only an added step reads."


class Extended(Workflow):
    """Its only step is added from outside."""


@step(workflow=Extended)
async def extra(ev: StartEvent) -> StopEvent:
    return StopEvent(result=f"{ADDED_PROMPT} {ev.topic}")


def test_steps_that_were_added_to_a_class_are_kept_and_their_texts_not_promised() -> None:
    app = Extended(timeout=5)
    system = LlamaIndexAdapter().wrap(app)
    assert not system.components
    built = system.build({})
    assert "extra" in built._get_steps()

    async def run() -> Any:
        result: Any = system.run({}, {"topic": "x"})
        return (await result).output

    assert asyncio.run(run()) == f"{ADDED_PROMPT} x"


def test_the_adapter_is_found_for_engines_and_keeps_the_protocols(index: VectorStoreIndex) -> None:
    adapter = adapter_for(index.as_query_engine(llm=model()))
    assert isinstance(adapter, LlamaIndexAdapter)
    checked: Adapter = adapter
    assert isinstance(checked.wrap(index.as_query_engine(llm=model())), System)


def test_importing_the_adapter_does_not_import_the_framework() -> None:
    code = "import gepa_llamaindex as g, sys; g.LlamaIndexAdapter(); print('llama_index' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_model_as_reflection_model() -> None:
    llm = ScriptedLLM(reply=lambda ask: f"You said: {ask.text}")
    found = as_language_model(llm, [LlamaIndexAdapter()])
    assert isinstance(found, LanguageModel)
    assert found.name == "scripted"
    answer = asyncio.run(found.complete([Message("system", "Be brief."), Message("user", "Hello")]))
    assert answer.text == "You said: Be brief.\n\nHello"
    assert answer.usage.input_tokens == 3
    assert LlamaIndexAdapter().language_model(object()) is None


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("x", (("x",), {})),
        ({"message": "x"}, ((), {"message": "x"})),
        ({"question": "x"}, (("x",), {})),
        ({"question": "x", "chat_history": []}, (("x",), {"chat_history": []})),
    ],
)
def test_inputs_become_the_arguments_that_fit(inputs: Any, expected: Any) -> None:
    def chat(message: str, chat_history: Any = None) -> None:
        """Takes what chat engines take."""

    assert arguments_for(chat, inputs) == expected


def test_inputs_that_do_not_fit_are_refused(index: VectorStoreIndex) -> None:
    inputs = {"a": 1, "b": 2}
    with pytest.raises(ConfigurationError, match="do not fit query"):
        arguments_for(index.as_query_engine(llm=model()).query, inputs)

    def own(inputs: dict[str, int]) -> None:
        """Takes them whole."""

    assert arguments_for(own, inputs) == ((inputs,), {})


@pytest.mark.parametrize("target", [3, VectorStoreIndex, "text"])
def test_what_cannot_be_run_is_refused(target: Any) -> None:
    with pytest.raises(ConfigurationError):
        LlamaIndexAdapter().wrap(target)


def test_an_index_is_not_an_app(index: VectorStoreIndex) -> None:
    with pytest.raises(ConfigurationError, match="as_query_engine"):
        LlamaIndexAdapter().wrap(index)


def test_an_unknown_component_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'nonsense' is not a component"):
        LlamaIndexAdapter().wrap(Pipeline(model())).build({"nonsense": "x"})


def test_tools_have_at_most_as_many_characters_as_providers_take() -> None:
    def look_up(city: str) -> str:
        """Looks up how many people live in a city."""
        return city

    system = LlamaIndexAdapter().wrap(FunctionTool.from_defaults(look_up))
    [component] = [one for one in system.components if one.kind == "tool_description"]
    assert component.max_chars == 1024
