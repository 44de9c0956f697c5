"""Components made of the texts that were found: names, and what is said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gepa_agents.findings import Found
from gepa_core.appgraph import unique_names
from gepa_core.appgraph.naming import slug
from gepa_core.types import Component


def components_of(
    found: Sequence[Found], prompts: Mapping[str, Found]
) -> tuple[tuple[Component, ...], dict[str, Found]]:
    """The components, those of ``prompts`` first under the names that they have, and what each stands for.

    All names are unique and the same in every process.
    """
    names = unique_names([*([name] for name in prompts), *map(_name_forms, found)])
    every = dict(zip(names, (*prompts.values(), *found), strict=True))
    return tuple(_component(name, one) for name, one in every.items()), every


def _component(name: str, one: Found) -> Component:
    return Component(
        name=name,
        text=one.guard.natural,
        kind=one.kind,
        syntax=one.guard.syntax,
        role=one.place.role,
        purpose=_purpose(one),
        source=one.source,
    )


def _name_forms(one: Found) -> list[str]:
    """Names from short to exact: the text's own, then with those of what holds it."""
    place = one.place
    if place.tool:
        leaf = f"tool.{slug(place.tool)}" + (f".{slug(place.argument)}" if place.argument else "")
        outer: Sequence[str] = place.names[:1]
    elif place.form == "schema":
        leaf, outer = slug(place.argument) or "schema", place.names[:1]
    elif place.form == "message":
        leaf, outer = (
            place.role or "prompt",
            [name for name in place.names if name not in ("content", "text")],
        )
    else:
        leaf, outer = slug(place.variable).lower() or "text", place.names[:-1]
    forms = [leaf]
    if one.literal is not None and not place.tool:
        exact = f"{slug(outer[-1])}.{leaf}" if outer else leaf
        forms = [leaf, exact] if place.form == "variable" else [exact]
    prefix = ""
    for name in reversed(outer if one.literal is None else ()):
        prefix = f"{slug(name).lower()}.{prefix}" if prefix else slug(name).lower()
        forms.append(f"{prefix}.{leaf}")
    return list(dict.fromkeys(forms))


def _purpose(one: Found) -> str:
    place = one.place
    if place.argument and place.tool:
        return f"Describes the argument {place.argument!r} of the tool {place.tool!r} to the calling model."
    if place.tool:
        return f"Describes the tool {place.tool!r} to the model that chooses among the tools."
    if one.kind == "schema_description":
        return f"Describes {place.argument!r} in the schema of the model's answer."
    what = f"{place.role} message" if place.role else "text"
    called = f" {place.variable!r}" if place.variable and place.form == "variable" else ""
    where = f" in function {place.names[0]!r}" if one.literal is not None and not place.variable else ""
    return f"The agent's {what}{called}{where}."
