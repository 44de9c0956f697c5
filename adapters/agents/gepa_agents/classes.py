"""What is not found in classes whose objects an agent makes while it runs, and what to do about it."""

from __future__ import annotations

import dis
import enum
import types
from collections.abc import Iterator

from gepa_agents.policy import AgentsPolicy
from gepa_agents.wording import names_a_prompt, reads_like_a_text
from gepa_core.appgraph import Graph
from gepa_core.appgraph.children import read_globals
from gepa_core.protocols import LeftAlone

_CALLING = frozenset(("completions", "responses", "completion", "acompletion", "call_tool"))


def left_in_classes(graph: Graph, policy: AgentsPolicy) -> list[LeftAlone]:
    """Texts and classes of the agent's own that are not looked into, because no object holds them yet."""
    held = {type(node.value) for node in graph.nodes.values()}
    left: dict[object, LeftAlone] = {}
    for kind, where in _classes(graph, policy):
        if kind in held or issubclass(kind, enum.Enum):  # the texts of an Enum are components
            continue
        if policy.follows_type(kind):
            left |= {(kind, one.source): one for one in _set_when_made(kind)}
        elif _says_or_asks(kind):
            reason = "its objects are made while the agent runs, so their texts and calls are not seen;"
            left[kind] = LeftAlone(
                source=f"class {kind.__qualname__} in {where}",
                reason=f"{reason} make one before, and let the agent hold it",
            )
    return list(left.values())


def _classes(graph: Graph, policy: AgentsPolicy) -> Iterator[tuple[type, str]]:
    """The agent's own classes in its graph, and those that its functions read, with where that is."""
    for node in graph.nodes.values():
        if isinstance(node.value, type):
            yield node.value, node.value.__module__
        elif isinstance(node.value, types.FunctionType) and policy.is_apps_own(node.value.__module__):
            for name in read_globals(node.value.__code__):
                kind = node.value.__globals__.get(name)
                if isinstance(kind, type) and policy.is_apps_own(kind.__module__):
                    yield kind, node.value.__qualname__


def _says_or_asks(kind: type) -> bool:
    """Whether a class has a text that may be a prompt, or a method that calls a model."""
    for name, value in vars(kind).items():
        if isinstance(value, str) and names_a_prompt(name) and reads_like_a_text(value):
            return True
        if isinstance(value, types.FunctionType) and _CALLING & set(value.__code__.co_names):
            return True
    return False


def _set_when_made(kind: type) -> Iterator[LeftAlone]:
    """Texts like prompts that ``__init__`` gives each object: ``self.prompt = "You are …"``."""
    made = vars(kind).get("__init__")
    if not isinstance(made, types.FunctionType):
        return
    text: object = None
    for instruction in dis.get_instructions(made.__code__):
        if instruction.opname == "LOAD_CONST":
            text = instruction.argval
        elif instruction.opname == "STORE_ATTR":
            if isinstance(text, str) and names_a_prompt(instruction.argval) and reads_like_a_text(text):
                yield LeftAlone(
                    source=f"{kind.__qualname__}.__init__: self.{instruction.argval}",
                    reason="it is given to each object that is made while the agent runs; give it a name"
                    " outside of the function, or make it an attribute of the class",
                    text=text,
                )
            text = None
        elif not instruction.opname.startswith("LOAD_FAST"):
            text = None
