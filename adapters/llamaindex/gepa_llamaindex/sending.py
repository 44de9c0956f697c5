"""Texts that no object of the app holds, or that only its code knows how to fill: changed in messages."""

from __future__ import annotations

import types
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from string import Template as StringTemplate

import attrs
from llama_index.core.base.llms.base import BaseLLM

from gepa_core.appgraph import (
    Change,
    Dialect,
    Graph,
    Policy,
    Sent,
    Site,
    TemplateGuard,
    Uses,
    Written,
    constants_in,
    guarded,
    is_instruction,
    of_named,
    read_uses,
    without_known,
)
from gepa_core.appgraph.children import function_of
from gepa_core.appgraph.constants import Constant
from gepa_core.appgraph.naming import slug
from gepa_core.appgraph.sent import sent_as
from gepa_core.appgraph.syntax import attribute_names, constants_of
from gepa_core.appgraph.uses import Taken
from gepa_core.appgraph.written import dollar_pieces
from gepa_core.errors import ConfigurationError
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
    changes: list[Change] = [one for model in models_in(graph) for one in rewriting_of(model).changes]
    return {one.text: one.new for one in changes if one.name}


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


def of_variable(site: Site, current: Mapping[Written, str]) -> Sent:
    """A string that the app fills in its own way.

    Raises:
        Unguardable: its gaps cannot be told from the braces in it.
    """
    is_template = isinstance(site.owner, StringTemplate)
    text = Written.of_pieces(list(dollar_pieces(site.text))) if is_template else Written.as_filled(site.text)
    return _at(site, "", text, sent_as(text, current))


def of_shared(site: Site, role: str, guard: TemplateGuard, current: Mapping[Written, str]) -> Sent:
    """A text of an object that cannot be copied.

    Raises:
        Unguardable: its gaps cannot be told from the braces in it.
    """
    text = Written.of(guard.natural) if guard.syntax == "braces" else Written((guard.natural,))
    return _at(site, role, text, sent_as(text, current))


def _at(site: Site, role: str, text: Written, guard: TemplateGuard) -> Sent:
    leaf = shortened(own_name(site.hop)) or role or "prompt"
    return Sent(
        text=text,
        guard=guard,
        kind="instructions" if role == "system" else "prompt",
        role=role,
        names=[leaf, slug(site.source, longest=200)],
        what=f"{role + ' message' if role else 'text'} {leaf!r}",
        source=site.source,
    )


def all_sent(
    named: Mapping[str, str], found: Iterable[Sent], current: Mapping[Written, str], held: Mapping[str, str]
) -> list[Sent]:
    """The named texts, and those that were found and are none of them.

    Args:
        held: source by text of what objects of the app hold.

    Raises:
        ConfigurationError: a named text is held by an object, or cannot be recognised in a message.
    """
    for name, text in named.items():
        if text.strip() in held:
            raise ConfigurationError(
                f"sent={{{name!r}: …}}: this text is found in the app, at {held[text.strip()]}; leave it out"
            )
    wanted = of_named(named, current)
    others = [one for one in found if one.guard.natural.strip() not in held]
    return [*wanted, *without_known(others, wanted)]


def unreachable(sent: Collection[Sent]) -> list[LeftAlone]:
    """Texts of an app whose models are not seen."""
    reason = (
        "it would be replaced on its way to a model, and the app holds none: make the model outside of the"
        " function that calls it"
    )
    return [LeftAlone(source=one.source, reason=reason, text=one.text.natural) for one in sent]
