"""Components made of the texts that were found: names, and what is said of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from gepa_core.appgraph import Hop, Sent, unique_names
from gepa_core.appgraph.naming import slug
from gepa_core.types import Component
from gepa_langchain.descriptions import Description
from gepa_langchain.findings import few_shot_edge
from gepa_langchain.found import Found
from gepa_langchain.passed import Passed
from gepa_langchain.policy import holds_own_variables, site_kind, variable_hop, variable_name
from gepa_langchain.purpose import purpose_of
from gepa_langchain.sending import message_role

Texts: TypeAlias = Found | Sent | Passed


def components_of(
    found: Sequence[Found], sent: Sequence[Sent], passed: Sequence[Passed]
) -> dict[Component, Texts]:
    """The components and what they stand for, with names that are unique and the same in every process."""
    texts: list[Texts] = [*found, *sent, *passed]
    names = unique_names([*_name_forms(found), *(one.names for one in sent), *(one.names for one in passed)])
    held = dict(zip(names, texts, strict=True))
    return {_component(name, one): one for name, one in held.items()}


def _component(name: str, one: Texts) -> Component:
    if isinstance(one, Passed):
        return Component(
            name=name,
            text=one.guard.natural,
            syntax=one.guard.syntax,
            purpose=f"text {'.'.join(one.keys)!r} that the app is given in its {one.where}",
            source=one.source,
        )
    if isinstance(one, Sent):
        return one.component(name, message_role(one))
    return Component(
        name=name,
        text=one.guard.natural,
        kind=one.kind,
        syntax=one.guard.syntax,
        role=one.place.role,
        purpose=_what(one) if one.description is not None else purpose_of(_what(one), one.place),
        source=one.place.source,
    )


def _name_forms(found: Sequence[Found]) -> list[list[str]]:
    by_prompt: dict[tuple[int, str], list[Found]] = defaultdict(list)
    names_at: dict[int, set[str]] = defaultdict(set)
    for one in found:
        if one.description is not None:
            continue
        by_prompt[id(one.place.prompt), _leaf(one)].append(one)
        for position in one.place.positions:
            names_at[position.owner].add(position.name)
    forms = []
    for one in found:
        if one.description is not None:
            forms.append(_forms_of_description(one.description, one.place.labels))
            continue
        same = by_prompt[id(one.place.prompt), _leaf(one)]
        leaf = _leaf(one) + (str(same.index(one) + 1) if len(same) > 1 else "")
        telling = [
            position.name
            for position in one.place.positions
            if len(names_at[position.owner]) > 1 or not position.name.startswith("step")
        ]
        named = _forms(one.place.labels, telling, leaf)
        forms.append(list(dict.fromkeys([leaf, *named])) if _is_own_variable(one) else named)
    return forms


def _of_variable(one: Found) -> list[Hop]:
    """The steps of the way from the variable's name to the text: names and keys."""
    variable = variable_hop(one.site.hop, one.site.text)
    hops = one.place.hops
    names = [hop for hop in hops[hops.index(variable) :] if isinstance(hop.edge.key, str)] if variable else []
    return [hop for hop in names if hop.edge.kind != "contents"]


def _is_own_variable(one: Found) -> bool:
    if one.site.hop is None or site_kind(one.site.hop) is not None:
        return False
    variable = variable_hop(one.site.hop, one.site.text)
    return variable is not None and holds_own_variables(variable)


def _forms(labels: Sequence[str], positions: Sequence[str], leaf: str) -> list[str]:
    """Names from short to exact: by the nearest label or place, by all labels or places, by both."""
    nearest = labels or positions
    prefixes = (".".join(nearest[-1:]), ".".join(nearest), ".".join((*positions, *labels)))
    return list(
        dict.fromkeys(f"{prefix}.{leaf}" if prefix not in ("", leaf) else leaf for prefix in prefixes)
    )


def _forms_of_description(one: Description, labels: Sequence[str]) -> list[str]:
    first = "schema" if one.kind == "schema_description" else "tool"
    name = ".".join(filter(None, (first, slug(one.name), slug(one.path))))
    return [name, ".".join((*labels, name))]


def _leaf(one: Found) -> str:
    kind = site_kind(one.site.hop)
    if kind is None:
        keys = [str(hop.edge.key).rpartition(":")[2] for hop in _of_variable(one)]
        return ".".join(filter(None, map(slug, keys))).lower()
    if kind == "partial":
        return f"partial.{one.site.hop.edge.key}"
    edge = few_shot_edge(one.place).removesuffix("_prompt")
    if edge:
        return f"{edge}.{one.place.role}" if one.place.role else edge
    return one.place.role or "prompt"


def _what(one: Found) -> str:
    if one.description is not None:
        return _what_it_describes(one.description)
    kind = site_kind(one.site.hop)
    if kind is None:
        return f"text {variable_name(one.site.hop, one.site.text)!r}"
    if kind == "partial":
        return f"fixed value of the variable {one.site.hop.edge.key!r}"
    edge = few_shot_edge(one.place)
    if edge:
        return "format of the few-shot examples" if edge == "example_prompt" else f"few-shot {edge}"
    return f"{one.place.role} message" if one.place.role else "text"


def _what_it_describes(one: Description) -> str:
    if one.kind == "schema_description":
        part = f"the field {one.path!r} of " if one.path else ""
        return f"description of {part}the structured output {one.name!r}, which the model fills in"
    part = f"the argument {one.path!r} of " if one.path else ""
    return f"description of {part}the tool {one.name!r}, by which the model decides when and how to call it"
