"""Writing TOML, held against the standard library's reader."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gepa_core.cli.toml import to_toml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


@settings(deadline=None)
@given(table=st.dictionaries(TEXTS, VALUES, max_size=6))
def test_what_is_written_is_read_back(table: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(table)) == table


def test_it_reads_like_a_file_that_people_write() -> None:
    table = {
        "budget": {"rollouts": 5, "dollars": None},
        "target": "app:chain",
        "plugins": [{"name": "softmax"}],
    }
    assert to_toml(table) == (
        'target = "app:chain"\n\n[budget]\nrollouts = 5\n\n[[plugins]]\nname = "softmax"\n'
    )


def test_other_things_are_refused() -> None:
    with pytest.raises(TypeError, match="'object' cannot be written as TOML"):
        to_toml({"key": object()})
