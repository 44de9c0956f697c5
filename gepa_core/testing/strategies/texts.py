"""Texts that a language model may write, and templates around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from gepa_core.guard import text_problems
from gepa_core.templates import Syntax, template_problems
from gepa_core.testing.toy import TOY_COMPONENTS
from gepa_core.types import Candidate, Component

_AWKWARD = (
    '{"answer": {"parts": [1, 2], "why": "{}"}}',
    "{",
    "}",
    "{}",
    "{0}",
    "{ question }",
    "{{not a variable}}",
    "%s %(name)s 100%",
    "$name ${name}",
    "C:\\new\\table \\u0041 \\",
    "```json\n{}\n```",
    "<|im_start|>system",
    "'''\"\"\"",
    "tab\tand no-break\u00a0space",
    "naïve Ελληνικά 日本語 🦊\u200d🔥 e\u0301",
    "\u202eright to left\u202c",
    "# heading\n- point\n\n  indented",
    "\\{escaped\\}",
    "a" * 300,
)
_SAFE = ("Answer briefly.", "Think step by step, then answer.", "Name the source of each fact.")
_NAMES = ("question", "context", "user_name", "x1")
_TOKENS: dict[Syntax, Callable[[str], Sequence[str]]] = {
    "plain": lambda _: (),
    "braces": lambda name: (f"{{{name}}}", f"{{{name}!r}}", f"{{{name}.title}}", f"{{{name}:>10}}"),
    "mustache": lambda name: (f"{{{{{name}}}}}", f"{{{{#{name}}}}}- {{{{.}}}} {{{{/{name}}}}}"),
    "jinja2": lambda name: (
        f"{{{{ {name} }}}}",
        f"{{{{ {name} | upper }}}}",
        f"{{% for each in {name} %}}{{{{ each }}}} {{% endfor %}}",
        f"{{% if {name} %}}yes{{% else %}}no{{% endif %}}",
    ),
}


def texts(*, min_size: int = 1, max_size: int = 200) -> st.SearchStrategy[str]:
    """Texts that can be sent to a model: braces, JSON, backslashes, markup, all of Unicode.

    Never NUL and never half of a surrogate pair, which no provider takes.

    Args:
        min_size: characters at least.
        max_size: characters at most.
    """
    characters = st.characters(codec="utf-8", exclude_characters="\x00")
    pieces = st.lists(st.sampled_from(_AWKWARD + _SAFE) | st.text(characters, max_size=20), max_size=6)
    joined = pieces.map("\n".join).map(lambda text: text[:max_size])
    return joined.filter(lambda text: len(text) >= min_size)


def templates(syntax: Syntax = "braces") -> st.SearchStrategy[str]:
    """Natural texts of components with ``syntax``: ordinary text around placeholders of all forms."""
    tokens = [token for name in _NAMES for token in _TOKENS[syntax](name)]
    literals = texts(min_size=0, max_size=80).filter(lambda text: not template_problems(text, (), syntax))
    pieces = literals | st.sampled_from(tokens) if tokens else literals
    return st.lists(pieces, min_size=1, max_size=6).map(" ".join).filter(lambda text: bool(text.strip()))


def rewrites(component: Component) -> st.SearchStrategy[str]:
    """New texts for ``component`` that the engine would accept: every placeholder is in them, no other."""

    def usable(text: str) -> bool:
        return not text_problems(component, component.text, text)

    around = texts(max_size=60).map(lambda text: (text, f"{component.text}\n{text}"))
    changed = around.map(lambda both: both[0] if usable(both[0]) else both[1])
    return changed.filter(usable)


def candidates(components: Sequence[Component] = TOY_COMPONENTS) -> st.SearchStrategy[Candidate]:
    """Candidates with a usable text for each of ``components``, at times the seed's."""
    by_name = {one.name: st.just(one.text) | rewrites(one) for one in components}
    return st.fixed_dictionaries(by_name).map(lambda chosen: Candidate(texts=chosen))
