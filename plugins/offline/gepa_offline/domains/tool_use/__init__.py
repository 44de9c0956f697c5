"""Tool use: choose a tool for a customer's request and write its arguments as the house wants them.

Six components: ``agent`` (8 house rules: which tool serves which wish) and the descriptions of the five
tools (7 rules together: how arguments are written). A rule on arguments counts in the tool's description
and in the agent's instructions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from random import Random
from typing import Any

from gepa_core.types import Component, Feedback
from gepa_offline.domain import SPLITS, Ask, Domain, Row, Split
from gepa_offline.domains.tool_use.answer import answer
from gepa_offline.domains.tool_use.requests import REQUEST, make_request, read_request
from gepa_offline.domains.tool_use.rules import AGENT, TOOL_PLAYBOOKS, TOOLS

_WEIGHTS = {"tool": 0.6, "arguments": 0.4}


def make_row(seed: int, split: Split, number: int) -> Row:
    """The request of a seed, split and number, with the call that is expected and notes on it."""
    order = 10_000 + 3 * number + SPLITS.index(split)
    request, wish = make_request(Random(f"tool_use/{seed}/{split}/{number}"), order)
    match = REQUEST.fullmatch(request)
    assert match is not None
    details = read_request(match)[1]
    names = TOOLS[wish.tool][1]
    notes = {"tool": AGENT.by_id[f"agent.{wish.id}"].note}
    notes |= {name: TOOL_PLAYBOOKS[wish.tool].by_id[f"{wish.tool}.{name}"].note for name in names}
    arguments = {name: details.written(f"{wish.tool}.{name}", "house") for name in names}
    return {
        "inputs": {"request": request},
        "expected": {"tool": wish.tool, "arguments": arguments, "notes": notes},
    }


def tool_schemas(texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """The tools as the OpenAI protocol offers them, with descriptions from ``texts``."""
    return list(_schemas(tuple(texts[name] for name in TOOLS)))


@lru_cache(maxsize=512)
def _schemas(descriptions: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    tools = zip(TOOLS.items(), descriptions, strict=True)
    return tuple(_schema(name, description, arguments) for (name, (_, arguments)), description in tools)


def _schema(name: str, description: str, arguments: tuple[str, ...]) -> dict[str, Any]:
    properties = {argument: {"type": "string"} for argument in arguments}
    parameters = {"type": "object", "properties": properties, "required": list(arguments)}
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


def run(texts: Mapping[str, str], inputs: Mapping[str, Any], ask: Ask) -> dict[str, Any]:
    """Ask the model which tool to call, with the tools offered; returns the call."""
    messages = [
        {"role": "system", "content": texts["agent"]},
        {"role": "user", "content": inputs["request"]},
    ]
    reply = ask(messages, tool_schemas(texts))
    if not reply.tool_calls:
        return {"tool": "", "arguments": {}}
    call = reply.tool_calls[0]
    return {"tool": call.name, "arguments": dict(call.arguments)}


def metric(row: Mapping[str, Any], output: Mapping[str, Any]) -> Feedback:
    """Score the choice of the tool and, when it is right, the share of right arguments."""
    expected, notes = row["expected"], row["expected"]["notes"]
    tool = expected["tool"]
    chosen = output["tool"] == tool
    given = output["arguments"] if chosen else {}
    missed = [name for name, value in expected["arguments"].items() if given.get(name) != value]
    share = 1 - len(missed) / len(expected["arguments"])
    by_component = {"agent": "The right tool was called."}
    if not chosen:
        by_component["agent"] = f"{output['tool'] or 'No tool'} was called. {notes['tool']}"
    elif missed:
        by_component[tool] = " ".join(f"{name} was {given.get(name)!r}. {notes[name]}" for name in missed)
    else:
        by_component[tool] = "The arguments are right."
    objectives = {"tool": float(chosen), "arguments": share}
    return Feedback(
        score=sum(_WEIGHTS[name] * value for name, value in objectives.items()),
        text=" ".join(by_component.values()),
        objectives=objectives,
        by_component=by_component,
    )


TOOL_USE = Domain(
    name="tool_use",
    components=(
        Component(
            name="agent",
            text="You serve the customers of a shop for devices.\nCall the one tool that helps.",
            role="system",
            purpose="Instructs the model that chooses the tool.",
        ),
        *(
            Component(
                name=name,
                text=description,
                kind="tool_description",
                purpose=f"Describes the tool {name} to the model that chooses.",
            )
            for name, (description, _) in TOOLS.items()
        ),
    ),
    playbooks=(AGENT, *TOOL_PLAYBOOKS.values()),
    metric=metric,
    sizes={"train": 60, "val": 30, "test": 100},
    make_row=make_row,
    app=run,
    answer=answer,
)
