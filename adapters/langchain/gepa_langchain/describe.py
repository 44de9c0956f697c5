"""Components made of the texts that were found: names, and what is said of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from gepa_core.appgraph import unique_names
from gepa_core.types import Component
from gepa_langchain.findings import FEW_SHOT_EDGES, Found
from gepa_langchain.places import Place
from gepa_langchain.policy import site_kind, variable_name
from gepa_langchain.purpose import purpose_of


def components_of(found: Sequence[Found]) -> list[Component]:
    """The components, with names that are unique and the same in every process."""
    names = unique_names(_name_forms(found))
    return [
        Component(
            name=name,
            text=one.guard.natural,
            kind=one.kind,
            syntax=one.guard.syntax,
            role=one.place.role,
            purpose=purpose_of(_what(one), one.place),
            source=one.place.source,
        )
        for name, one in zip(names, found, strict=True)
    ]


def _name_forms(found: Sequence[Found]) -> list[list[str]]:
    by_prompt: dict[tuple[int, str], list[Found]] = defaultdict(list)
    for one in found:
        by_prompt[id(one.place.prompt), _leaf(one)].append(one)
    several = len({id(one.place.prompt) for one in found}) > 1
    forms = []
    for one in found:
        same = by_prompt[id(one.place.prompt), _leaf(one)]
        leaf = _leaf(one) + (str(same.index(one) + 1) if len(same) > 1 else "")
        forms.append(_forms(one.place, leaf, several=several))
    return forms


def _forms(place: Place, leaf: str, *, several: bool) -> list[str]:
    where = [".".join(place.labels[-1:]), ".".join(place.labels), ".".join((*place.positions, *place.labels))]
    if not place.labels and several:
        where[0] = ".".join(place.positions[-1:])
        where[1] = ".".join(place.positions)
    return list(dict.fromkeys(f"{prefix}.{leaf}" if prefix and prefix != leaf else leaf for prefix in where))


def _leaf(one: Found) -> str:
    kind = site_kind(one.site.hop)
    if kind is None:
        return variable_name(one.site.hop).lower()
    if kind == "partial":
        return f"partial.{one.site.hop.edge.key}"
    if kind in ("prefix", "suffix"):
        return kind
    role = one.place.role or "prompt"
    if one.kind == "few_shot":
        edge = next(str(hop.edge.key) for hop in one.place.hops if hop.edge.key in FEW_SHOT_EDGES)
        leaf = edge.removesuffix("_prompt")
        return f"{leaf}.{role}" if one.place.role else leaf
    return role


def _what(one: Found) -> str:
    kind = site_kind(one.site.hop)
    if kind is None:
        return f"text {variable_name(one.site.hop)!r}"
    if kind == "partial":
        return f"fixed value of the variable {one.site.hop.edge.key!r}"
    if kind in ("prefix", "suffix"):
        return f"{kind} around the few-shot examples"
    if one.kind == "few_shot":
        return "format of the few-shot examples"
    return f"{one.place.role} message" if one.place.role else "text"
