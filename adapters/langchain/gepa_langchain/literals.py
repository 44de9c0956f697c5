"""Instructions that no object of the app holds: in code, in Enums, in modules that are not loaded yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import CodeType, FunctionType

from gepa_core.appgraph import (
    Dialect,
    Graph,
    Sent,
    Uses,
    Written,
    constants_in,
    guarded,
    is_instruction,
    read_uses,
)
from gepa_core.appgraph.constants import Constant
from gepa_core.appgraph.uses import Taken
from gepa_core.protocols import LeftAlone
from gepa_langchain.policy import LangChainPolicy, addresses_a_model, names_own_prompt

_INPUT: Taken = {0: "", "input": ""}
_SYSTEM: Taken = {0: "system", "content": "system"}
_HUMAN: Taken = {0: "user", "content": "user"}
_TEMPLATE: Taken = {0: "", "template": ""}

DIALECT = Dialect(
    calls={
        "SystemMessage": _SYSTEM,
        "HumanMessage": _HUMAN,
        "ChatMessage": {"content": ""},
        "create_agent": {"system_prompt": "system"},
        "from_template": _TEMPLATE,
        "PromptTemplate": {"template": ""},
        **dict.fromkeys(("invoke", "ainvoke", "stream", "astream"), _INPUT),
    },
    decorators={"dynamic_prompt": "system"},
    templates=frozenset(("from_template", "from_messages", "PromptTemplate", "ChatPromptTemplate")),
    pairs=True,
    names_a_prompt=names_own_prompt,
    speaks=addresses_a_model,
)
"""How the code of LangChain apps hands texts to a model."""


def texts_in_code(
    graph: Graph, policy: LangChainPolicy, current: Mapping[Written, str]
) -> tuple[list[Sent], list[LeftAlone]]:
    """The instructions in the app's own code, and those that cannot be changed there.

    Args:
        current: what an app that is a copy itself sends in place of texts in its code.
    """
    functions = [
        node.value
        for node in graph.nodes.values()
        if isinstance(node.value, FunctionType) and policy.is_apps_own(node.value.__module__)
    ]
    uses = read_uses(functions, DIALECT)
    constants = [one for one in constants_in(functions, policy) if _is_prompt(one)]
    sent, left = guarded([one for one in uses.literals if not one.tool], constants, current)
    return sent, [*left, *_unread(uses)]


def _is_prompt(constant: Constant) -> bool:
    is_named = any(map(names_own_prompt, constant.words))
    return is_instruction(constant.text, words=4) and (is_named or addresses_a_model(constant.text))


def _unread(uses: Uses) -> list[LeftAlone]:
    """Instructions in functions whose source is not there, one entry for each."""
    found: dict[str, LeftAlone] = {}
    for function in uses.unread:
        for text in _constants(function.__code__):
            if is_instruction(text, words=4) and addresses_a_model(text) and text != function.__doc__:
                found.setdefault(text, _left(function, text))
    return list(found.values())


def _left(function: FunctionType, text: str) -> LeftAlone:
    return LeftAlone(
        source=f"literal in {function.__module__}:{function.__qualname__}",
        reason=f"it is written inside of the function {function.__name__!r}, whose source cannot be read; to"
        " optimise it, name it in LangChainAdapter(sent={…})",
        text=text,
    )


def _constants(code: CodeType) -> Sequence[str]:
    inner = [text for one in code.co_consts if isinstance(one, CodeType) for text in _constants(one)]
    return [one for one in code.co_consts if isinstance(one, str)] + inner
