"""The imagined tasks that the simulated models know."""

from __future__ import annotations

from functools import cache

from gepa_offline.domain import Domain


@cache
def all_domains() -> tuple[Domain, ...]:
    """Every domain, in a fixed order."""

    from gepa_offline.domains.multi_hop import MULTI_HOP
    from gepa_offline.domains.support_desk import SUPPORT_DESK
    from gepa_offline.domains.tool_use import TOOL_USE

    return (SUPPORT_DESK, MULTI_HOP, TOOL_USE)


def domain(name: str) -> Domain:
    """The domain of that name: ``"support_desk"``, ``"multi_hop"`` or ``"tool_use"``.

    Raises:
        ValueError: there is none of that name.
    """
    for known in all_domains():
        if known.name == name:
            return known
    names = ", ".join(repr(known.name) for known in all_domains())
    raise ValueError(f"there is no domain {name!r}; there are {names}")
