"""Texts of the app that are replaced in messages, and how they are told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Template
from typing import Any

from langchain_core.language_models import BaseLanguageModel

from gepa_core.appgraph import Change, Graph, Sent, TemplateGuard, Written, of_named, without_known
from gepa_core.appgraph.naming import slug
from gepa_core.appgraph.sent import sent_as
from gepa_core.appgraph.walk import Site
from gepa_core.appgraph.written import dollar_pieces
from gepa_core.errors import ConfigurationError
from gepa_core.protocols import LeftAlone
from gepa_langchain.places import Place
from gepa_langchain.policy import variable_hop
from gepa_langchain.rewriting import rewriting_of

_ROLES = {"user": "human"}


def models_in(graph: Graph) -> list[BaseLanguageModel[Any]]:
    """The models that the app holds."""
    return [node.value for node in graph.nodes.values() if isinstance(node.value, BaseLanguageModel)]


def replaced_already(graph: Graph) -> dict[Written, str]:
    """What an app that is a copy itself sends in place of texts in its code."""
    changes: list[Change] = [one for model in models_in(graph) for one in rewriting_of(model).changes]
    return {one.text: one.new for one in changes if one.name}


def of_variable(site: Site, place: Place, current: Mapping[Written, str]) -> Sent:
    """A text of a variable that the app fills in its own way.

    Raises:
        Unguardable: its gaps cannot be told from the braces in it.
    """
    is_template = isinstance(site.owner, Template)
    text = Written.of_pieces(list(dollar_pieces(site.text))) if is_template else Written.as_filled(site.text)
    return _at(site, place, text, sent_as(text, current))


def of_shared(site: Site, place: Place, guard: TemplateGuard, current: Mapping[Written, str]) -> Sent:
    """A text of an object that cannot be copied.

    Raises:
        Unguardable: its gaps cannot be told from the braces in it.
    """
    text = Written.of(guard.natural) if guard.syntax == "braces" else Written((guard.natural,))
    return _at(site, place, text, sent_as(text, current))


def _at(site: Site, place: Place, text: Written, guard: TemplateGuard) -> Sent:
    leaf = _leaf(site) or place.role or "prompt"
    outer = [".".join((*place.labels, leaf))] if place.labels else []
    return Sent(
        text=text,
        guard=guard,
        kind="instructions" if place.role == "system" else "prompt",
        role=place.role,
        names=list(dict.fromkeys((leaf, *outer))),
        what=f"{place.role + ' message' if place.role else 'text'} {leaf!r}",
        source=place.source,
    )


def _leaf(site: Site) -> str:
    """The variable's name, with the keys that lead from it to the text."""
    hop = site.hop
    if isinstance(site.owner, Template) and hop.before is not None:
        hop = hop.before
        while hop.edge.kind == "contents" and hop.before is not None:
            hop = hop.before
    variable = variable_hop(hop, site.text) or (hop if isinstance(site.owner, Template) else None)
    if variable is None:
        return ""
    hops = hop.path[hop.path.index(variable) :]
    keys = [
        str(one.edge.key) for one in hops if isinstance(one.edge.key, str) and one.edge.kind != "contents"
    ]
    return ".".join(filter(None, map(slug, keys))).lower()


def all_sent(
    named: Mapping[str, str], found: Iterable[Sent], current: Mapping[Written, str], held: Mapping[str, str]
) -> list[Sent]:
    """The named texts and those that were found and are none of them.

    Args:
        held: source by text of what objects of the app hold.

    Raises:
        ConfigurationError: a named text is held by an object.
    """
    for name, text in named.items():
        if text.strip() in held:
            raise ConfigurationError(
                f"sent={{{name!r}: …}}: this text is found in the app, at {held[text.strip()]}; leave it out"
            )
    wanted = of_named(named, current)
    return [*wanted, *without_known(found, wanted)]


def unreachable(sent: Iterable[Sent]) -> list[LeftAlone]:
    """Texts of an app whose models are not seen."""
    reason = (
        "it would be replaced on its way to a model, and the app holds none: make the model outside of the"
        " function that calls it"
    )
    return [LeftAlone(source=one.source, reason=reason, text=one.text.natural) for one in sent]


def message_role(one: Sent) -> str:
    """LangChain's word for the role of the messages that hold a text."""
    return _ROLES.get(one.role, one.role)
