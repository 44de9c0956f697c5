"""Shape 14: texts in the code of steps and functions, in an Enum, in a file, behind an import."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from string import Template
from typing import Any

from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.testing import Ask, ScriptedLLM, Shape
from llama_index.core import PromptTemplate
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.workflow import Event, StartEvent, StopEvent, Workflow, step

from . import wording
from .wording import Tone

TONE = Path(__file__).with_name("tone.txt")
LINE_PROMPT = "Write one line about %s and nothing else."
CLOSING = Template("You close the letter with a greeting to $reader and a wish.")
TOPIC = "rivers"


class Drafted(Event):
    draft: str


class Letters(Workflow):
    """A workflow as tutorials write it: prompts stand where they are used."""

    def __init__(self, llm: ScriptedLLM) -> None:
        super().__init__(timeout=20)
        self.llm = llm

    @step
    async def draft(self, ev: StartEvent) -> Drafted:
        messages = [
            ChatMessage(role="system", content="You write letters that people like to read."),
            ChatMessage(role=MessageRole.USER, content=f"Begin a letter about {ev.topic} to a friend."),
        ]
        begun = await self.llm.achat(messages)
        line = await self.llm.acomplete(LINE_PROMPT % ev.topic)
        return Drafted(draft=f"{begun.message.content} {line.text}")

    @step
    async def finish(self, ev: Drafted) -> StopEvent:
        prompt = "Rewrite the letter below in {style} style:\n{draft}".format(style="plain", draft=ev.draft)
        rewritten = self.llm.complete(prompt).text
        stream = await self.llm.astream_complete(f"{Tone.CALM_PROMPT.value}\n{rewritten}")
        parts = [part.delta or "" async for part in stream]
        closing = self.llm.complete(CLOSING.substitute(reader="Ana"))
        return StopEvent(result=f"{''.join(parts)} {closing.text}")


class Summary:
    """An app of nobody's framework, which is called itself."""

    def __init__(self, llm: ScriptedLLM) -> None:
        self.llm = llm

    def __call__(self, topic: str) -> str:
        lines = self.llm.complete(f"Collect three lines of a poem about {topic}, one below the other.").text
        return self._summed_up(lines)

    def _summed_up(self, lines: str) -> str:
        from .wording import RULES, SUMMARY_PROMPT

        said = [ChatMessage(role="system", content=RULES), ChatMessage(content=f"{SUMMARY_PROMPT}\n{lines}")]
        return "".join(part.delta or "" for part in self.llm.stream_chat(said))


def template_in_a_function(llm: ScriptedLLM) -> Callable[[str], str]:
    def answer(topic: str) -> str:
        template = PromptTemplate("Answer in one word what comes to mind for {topic}, please.")
        return str(llm.predict(template, topic=topic))

    return answer


def from_a_file(llm: ScriptedLLM) -> Callable[[str], Any]:
    async def answer(topic: str) -> str:
        said = [ChatMessage(role="system", content=TONE.read_text()), ChatMessage(content=topic)]
        return str((await llm.achat(said)).message.content)

    return answer


async def started(workflow: Any) -> Any:
    return await workflow.run(topic=TOPIC)


def words(ask: Ask) -> str:
    return f"Some {len(ask.messages)} words."


def _shape(
    make: Callable[[ScriptedLLM], Any],
    *names: str,
    inputs: Any = TOPIC,
    call: Callable[[Any], Any] = lambda app: app(TOPIC),
    silent: Collection[str] = (),
    adapter: LlamaIndexAdapter | None = None,
) -> Shape:
    return Shape(
        make=make,
        call=call,
        inputs=inputs,
        names=names,
        silent=silent,
        model=lambda: ScriptedLLM(reply=words),
        adapter=adapter or LlamaIndexAdapter(),
    )


SHAPES = {
    "14 workflow": _shape(
        Letters,
        *("draft.system", "draft.user", "line", "finish.prompt", "calm", "closing"),
        inputs={"topic": TOPIC},
        call=started,
    ),
    "14 object": _shape(Summary, "call.prompt", "summary", "rules"),
    "14 template in a function": _shape(template_in_a_function, "answer.prompt"),
    "14 file": _shape(from_a_file, "tone", adapter=LlamaIndexAdapter(sent={"tone": TONE.read_text()})),
}
__all__ = ["SHAPES", "wording"]
