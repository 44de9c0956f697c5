"""Texts that no object of the app holds, or that only its code knows how to fill: changed in messages."""

from __future__ import annotations

import types
from collections.abc import Collection, Iterator, Mapping, Sequence

import attrs
from llama_index.core.base.llms.base import BaseLLM

from gepa_core.appgraph import (
    Dialect,
    Graph,
    Policy,
    Sent,
    Site,
    Uses,
    Written,
    constants_in,
    guarded,
    is_instruction,
    read_uses,
)
from gepa_core.appgraph.children import function_of
from gepa_core.appgraph.constants import Constant
from gepa_core.appgraph.naming import slug
from gepa_core.appgraph.sent import of_held, replaced_by
from gepa_core.appgraph.syntax import attribute_names, constants_of
from gepa_core.appgraph.uses import Taken
from gepa_core.protocols import LeftAlone
from gepa_llamaindex.rewriting import rewriting_of
from gepa_llamaindex.sites import addresses_a_model, own_name, says_prompt, shortened

_PROMPT: Taken = {0: "", "prompt": ""}
_TEMPLATE: Taken = {0: "", "template": ""}
_SYSTEM: Taken = {"system_prompt": "system"}
_BEFORE_WRAPPING = ("__init__", "__init_subclass__", "__new__", "__post_init__", "model_post_init")
_PREFIXES = ("", "a", "stream_", "astream_")


DIALECT = Dialect(
    calls={
        **{f"{prefix}complete": _PROMPT for prefix in _PREFIXES},
        "ChatMessage": {"content": ""},
        "from_str": {0: "", "content": ""},
        "PromptTemplate": _TEMPLATE,
        "from_defaults": {**_SYSTEM, "prompt_template_str": ""},
        **dict.fromkeys(("as_chat_engine", "CodeActAgent", "FunctionAgent", "ReActAgent"), _SYSTEM),
    },
    templates=frozenset(("PromptTemplate", "ChatPromptTemplate", "from_defaults", "from_messages")),
    pairs=True,
    names_a_prompt=says_prompt,
    speaks=addresses_a_model,
)
"""How the code of LlamaIndex apps hands texts to a model."""


def models_in(graph: Graph) -> list[BaseLLM]:
    """The models that the app holds."""
    return [node.value for node in graph.nodes.values() if isinstance(node.value, BaseLLM)]


def replaced_already(graph: Graph) -> dict[Written, str]:
    """What an app that is a copy itself sends in place of texts in its code."""
    return replaced_by(map(rewriting_of, models_in(graph)))


@attrs.frozen(kw_only=True)
class InCode:
    """What the code of an app says.

    Attributes:
        sent: the instructions in its functions.
        left: those that cannot be changed there.
        prompts: names of variables and attributes whose values are sent to a model.
    """

    sent: Sequence[Sent]
    left: Sequence[LeftAlone]
    prompts: Collection[str]


def texts_in_code(graph: Graph, policy: Policy, current: Mapping[Written, str]) -> InCode:
    """Read the app's own functions.

    Args:
        current: what an app that is a copy itself sends in place of the texts in them.
    """
    functions = [one for one in dict.fromkeys(_own_functions(graph, policy)) if _may_matter(one)]
    uses = read_uses(functions, DIALECT)
    constants = [one for one in constants_in(functions, policy) if _is_prompt(one)]
    literals, left = guarded([one for one in uses.literals if not one.tool], [], current)
    others, left_too = guarded([], constants, current)
    return InCode(
        sent=[*literals, *map(_named_like_variables, others)],
        left=[*left, *left_too, *_unread(uses)],
        prompts=uses.prompts,
    )


def _named_like_variables(one: Sent) -> Sent:
    """A constant has the same name before and after the module that holds it is loaded."""
    return attrs.evolve(one, names=[shortened(one.names[0]) or one.names[0], *one.names[1:]])


def _own_functions(graph: Graph, policy: Policy) -> Iterator[types.FunctionType]:
    """Those that the walk met, and those of the app's own classes, ``__call__`` and properties included.

    What a model of the app's own does is not looked into.
    """
    for node in graph.nodes.values():
        if isinstance(node.value, BaseLLM):
            continue
        if isinstance(node.value, types.FunctionType):
            if policy.is_apps_own(node.value.__module__):
                yield node.value
            continue
        for base in type(node.value).__mro__ if policy.follows_class(type(node.value)) else ():
            for name, held in vars(base).items() if policy.is_apps_own(base.__module__) else ():
                if name in _BEFORE_WRAPPING:
                    continue
                function = held if isinstance(held, types.FunctionType) else function_of(held)
                if isinstance(function, types.FunctionType):
                    yield function


def _may_matter(function: types.FunctionType) -> bool:
    """Whether a function may hold a text for a model, or hand on what another one makes."""
    code = function.__code__
    texts = [text for text in constants_of(code) if text != function.__doc__]
    return is_instruction(" ".join(texts), words=3) or not DIALECT.calls.keys().isdisjoint(
        attribute_names(code)
    )


def _is_prompt(constant: Constant) -> bool:
    is_named = any(map(says_prompt, constant.words))
    return is_instruction(constant.text, words=4) and (is_named or addresses_a_model(constant.text))


def _unread(uses: Uses) -> Iterator[LeftAlone]:
    """Instructions in functions whose source is not there."""
    for function in uses.unread:
        for text in constants_of(function.__code__):
            if is_instruction(text, words=4) and addresses_a_model(text) and text != function.__doc__:
                yield LeftAlone(
                    source=f"literal in {function.__module__}:{function.__qualname__}",
                    reason=f"it is written in the function {function.__name__!r}, whose source cannot be"
                    " read; to optimise it, name it in LlamaIndexAdapter(sent={…})",
                    text=text,
                )


def at_site(site: Site, role: str, text: Written, current: Mapping[Written, str]) -> Sent:
    """A text of the app's objects that is changed in messages.

    Raises:
        Unguardable: its gaps cannot be told from the braces in it.
    """
    leaf = shortened(own_name(site.hop)) or role or "prompt"
    return of_held(text, current, names=[leaf, slug(site.source, longest=200)], role=role, source=site.source)
