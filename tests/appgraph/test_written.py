"""What code makes texts of, and how such a text is found in another one."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.appgraph import Written, filled, values_in
from gepa_core.appgraph.expressions import written

_NAMES = {
    "shop": "the Corner Shop",
    "tone": "kind",
    "items": ["a", "b"],
    "user": SimpleNamespace(name="Ann", age=7),
    "Template": __import__("string").Template,
    "dedent": __import__("textwrap").dedent,
}


def _read(code: str) -> Written:
    text = written(ast.parse(code, mode="eval").body)
    assert text is not None
    return text


@pytest.mark.parametrize(
    ("code", "natural"),
    [
        ("'Serve the shop.'", "Serve the shop."),
        ("f'Serve {shop} in a {tone} way.'", "Serve {shop} in a {tone} way."),
        ("f'Serve {user.name}, aged {user.age:03d}.'", "Serve {name}, aged {age}."),
        ("'Serve ' + shop + ' well, ' + user.name", "Serve {shop} well, {name}"),
        ("'Serve {} in a {} way.'.format(shop, tone)", "Serve {shop} in a {tone} way."),
        ("'Serve {1} in {0}, {1}.'.format(tone, shop)", "Serve {shop} in {tone}, {shop}."),
        ("'Serve {who}, say {{x}}.'.format(who=shop)", "Serve {who}, say {x}."),
        ("'Serve %s at 100%%, %s.' % (shop, tone)", "Serve {shop} at 100%, {tone}."),
        ("'Serve %s.' % shop", "Serve {shop}."),
        ("'Serve %(who)s for $5.' % {'who': shop}", "Serve {who} for $5."),
        ("Template('Serve ${who} for $$5.').substitute(who=shop)", "Serve {who} for $5."),
        ("'Serve {shop}: {\"a\": 1}'.replace('{shop}', shop)", 'Serve {shop}: {"a": 1}'),
        ("'Serve [WHO].'.replace('[WHO]', shop)", "Serve {WHO}."),
        ("'\\n'.join(['Serve the shop.', f'Be {tone}.'])", "Serve the shop.\nBe {tone}."),
        ("f'  Serve {shop}.  '.strip()", "Serve {shop}."),
        ("dedent(f'''\n    Serve {shop}.\n      Be {tone}.''')", "\nServe {shop}.\n  Be {tone}."),
        ("f'Serve {shop} and {shop!r}.'", "Serve {shop} and {shop2}."),
        ("'Serve ' + str('the shop')", "Serve the shop"),
    ],
)
def test_the_text_that_code_makes_is_read_and_found_in_what_comes_out(code: str, natural: str) -> None:
    text = _read(code)
    assert text.natural == natural
    sent: str = eval(code, dict(_NAMES))
    match = text.find(sent)
    assert match is not None
    assert (match.begin, match.end) == (0, len(sent))
    assert filled(text.natural, values_in(sent, match)) == sent


def test_code_without_a_literal_makes_no_text() -> None:
    assert written(ast.parse("load(name)", mode="eval").body) is None
    assert written(ast.parse("text.format(1)", mode="eval").body) is None


def test_what_is_known_of_a_name_is_read_too() -> None:
    known: dict[str, Any] = {"intro": ast.parse("'Serve %s. '", mode="eval").body, "END": "Be kind."}
    code = ast.parse("intro % shop + END", mode="eval").body
    text = written(code, lambda one: known.get(one.id) if isinstance(one, ast.Name) else None)
    assert text is not None
    assert text.natural == "Serve {shop}. Be kind."


@pytest.mark.parametrize(
    ("text", "natural"),
    [
        ("Serve {shop}: {{x}}.", "Serve {shop}: {x}."),
        ('Serve {shop}: {"a": 1}.', 'Serve {shop}: {"a": 1}.'),
        ("Serve $shop for $5, ${tone}.", "Serve {shop} for $5, {tone}."),
        ("Serve %s at %d%%.", "Serve {value} at {value2}%."),
        ("Serve %(shop)s.", "Serve {shop}."),
        ("Serve the shop, 100% sure.", "Serve the shop, 100% sure."),
    ],
)
def test_gaps_are_told_from_the_marks_in_a_text(text: str, natural: str) -> None:
    assert Written.as_filled(text).natural == natural


def test_equal_gaps_are_filled_with_the_same() -> None:
    text = Written(("From ", "who", " to ", "who", " only."))
    sent = "From a to b to a to b only."
    match = text.find(sent)
    assert match is not None
    assert values_in(sent, match) == {"who": "a to b"}
    assert text.find("From a to b only.") is None


def test_a_text_is_found_inside_of_another_one() -> None:
    text = Written.of("Serve {shop} in a kind way.")
    sent = "Rules.\nServe the shop in a kind way.\nEnd."
    match = text.find(sent)
    assert match is not None
    assert sent[match.begin : match.end] == "Serve the shop in a kind way."


_text = st.text(st.sampled_from("ab \n.{}"), max_size=8)


@given(st.lists(_text, min_size=1, max_size=5), st.data())
def test_what_was_filled_in_is_always_found_and_put_back(literals: list[str], data: st.DataObject) -> None:
    """Literals l0 … ln with gaps g1 … gn: render(values(m)) = m for every message m made of them."""
    names = [f"g{number}" for number in range(1, len(literals))]
    values = [data.draw(_text) for _ in names]
    pieces = [literals[0]]
    sent = literals[0]
    for name, value, literal in zip(names, values, literals[1:], strict=True):
        pieces += [name, literal]
        sent += value + literal
    text = Written(tuple(pieces))
    match = text.find(sent)
    if not text.has_gaps and not sent:
        assert match is None
        return
    assert match is not None
    held = values_in(sent, match)
    parts = [held[piece] if number % 2 else piece for number, piece in enumerate(text.pieces)]
    assert sent[: match.begin] + "".join(parts) + sent[match.end :] == sent
