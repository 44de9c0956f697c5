"""Texts of the app that are replaced in messages, and how they are told of."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Any

from langchain_core.language_models import BaseLanguageModel

from gepa_core.appgraph import Graph, Sent, Site, Written
from gepa_core.appgraph.naming import slug
from gepa_core.appgraph.sent import of_held, replaced_by
from gepa_langchain.places import Place
from gepa_langchain.policy import variable_hop
from gepa_langchain.rewriting import rewriting_of

_ROLES = {"user": "human"}


def models_in(graph: Graph) -> list[BaseLanguageModel[Any]]:
    """The models that the app holds."""
    return [node.value for node in graph.nodes.values() if isinstance(node.value, BaseLanguageModel)]


def replaced_already(graph: Graph) -> dict[Written, str]:
    """What an app that is a copy itself sends in place of texts in its code."""
    return replaced_by(map(rewriting_of, models_in(graph)))


def at_place(site: Site, place: Place, text: Written, current: Mapping[Written, str]) -> Sent:
    """A text of the app's objects that is replaced in messages.

    Raises:
        Unguardable: its gaps cannot be told from the braces in it.
    """
    leaf = _leaf(site) or place.role or "prompt"
    outer = [".".join((*place.labels, leaf))] if place.labels else []
    names = list(dict.fromkeys((leaf, *outer)))
    return of_held(text, current, names=names, role=place.role, source=place.source)


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


def message_role(one: Sent) -> str:
    """LangChain's word for the role of the messages that hold a text."""
    return _ROLES.get(one.role, one.role)
