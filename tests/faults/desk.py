"""A small app over HTTP: it sorts support tickets with one call of a model, so calls and rollouts compare."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from gepa_offline import OfflineServer, domain
from gepa_offline.model import REFLECTION_MODEL, TASK_MODEL

from gepa_core import Execution, Feedback, Result, hookimpl, optimize
from gepa_core.events import Event
from gepa_core.lm import LiteLLM
from gepa_core.types import Proposal

DESK = domain("support_desk")
QUICK = Execution(concurrency=8, max_wait=0.02)
"""Waits are cut short; everything else is as users have it."""
CLIENTS: list[Any] = []
"""To be closed when a test is over."""


def chain(server: OfflineServer, **options: Any) -> Any:
    """The app as a LangChain chain. ``options`` are those of its client."""
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_openai import ChatOpenAI

    prompt = ChatPromptTemplate.from_messages([("system", DESK.seed_texts["triage"]), ("human", "{ticket}")])
    model = ChatOpenAI(model=TASK_MODEL, base_url=server.base_url, api_key="offline", **options)  # type: ignore[arg-type]
    return prompt | model | StrOutputParser()


class Sorter:
    """The app as an agent without a framework."""

    def __init__(self, server: OfflineServer, **options: Any) -> None:
        import openai

        self.instructions = DESK.seed_texts["triage"]
        self.client = openai.OpenAI(base_url=server.base_url, api_key="offline", **options)
        CLIENTS.append(self.client)

    def __call__(self, inputs: Mapping[str, str]) -> str:
        """Sort one ticket."""
        answer = self.client.chat.completions.create(
            model=TASK_MODEL,
            messages=[
                {"role": "system", "content": self.instructions},
                {"role": "user", "content": inputs["ticket"]},
            ],
        )
        return answer.choices[0].message.content or ""


def metric(example: Mapping[str, Any], output: str) -> Feedback:
    """The share of queue and priority that were right."""
    whole = DESK.metric(dict(example), {"triage": output, "reply": ""})
    return Feedback((whole.objectives["queue"] + whole.objectives["priority"]) / 2, whole.text)


@attrs.define(eq=False, kw_only=True)
class Watch:
    """Keeps the events of a run."""

    events: list[Event] = attrs.field(factory=list, init=False)

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Keep one."""
        self.events.append(event)


def reflection_model(server: OfflineServer, **options: Any) -> LiteLLM:
    """The reflection model through litellm."""
    name = f"openai/{REFLECTION_MODEL}"
    return LiteLLM(model=name, api_base=server.base_url, api_key="offline", **options)


def improve(server: OfflineServer, run_dir: Path, target: Any = None, **changes: Any) -> Result:
    """`optimize` the app: 16 training and 10 validation examples, a budget of 90 rollouts."""
    arguments: dict[str, Any] = {
        "trainset": DESK.rows("train", 16),
        "valset": DESK.rows("val", 10),
        "metric": metric,
        "reflection_lm": reflection_model(server),
        "budget": 90,
        "run_dir": run_dir,
        "execution": QUICK,
    }
    target = chain(server, max_retries=0) if target is None else target
    return optimize(target, **(arguments | changes))


def story(proposals: tuple[Proposal, ...]) -> list[Any]:
    """What a run found and was charged for, without what failed attempts used."""
    return [
        (
            one.number,
            one.kind,
            one.status,
            one.reason,
            one.parents,
            list((one.texts or {}).values()),
            one.examples,
            one.before,
            one.after,
            one.scores,
            one.rollouts,
            one.reflections,
        )
        for one in proposals
    ]


def answered(server: OfflineServer, model: str = TASK_MODEL) -> int:
    """Requests to a model that got its answer, and no fault."""
    stats = server.stats()
    calls: dict[str, int] = stats["calls"].get(model, {})
    return sum(calls.values()) - struck(server, model)


def struck(server: OfflineServer, model: str = TASK_MODEL) -> int:
    """Requests to a model that met a fault."""
    faults: dict[str, int] = server.stats()["faults"].get(model, {})
    return sum(faults.values())
