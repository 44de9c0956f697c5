"""Between a framework's template and the natural text of a component, so that no variable is ever lost."""

from __future__ import annotations

import re
from string import Formatter

import attrs

from gepa_core.errors import ConfigurationError
from gepa_core.templates import Syntax, find_placeholders, template_problems


class Unguardable(ValueError):
    """A template cannot be rewritten safely; the message says why."""


@attrs.frozen(kw_only=True)
class TemplateGuard:
    """One template of the app and the texts that may take its place.

    Attributes:
        template: what the app holds, in the framework's syntax.
        natural: the same as a reader sees it, see `gepa_core.templates`.
        syntax: how placeholders are written.
        escapes: whether the framework reads doubled braces as ordinary ones. Some fill in the names that
            they know and leave every other brace as it is.
    """

    template: str
    natural: str
    syntax: Syntax
    escapes: bool = True

    @classmethod
    def of(cls, template: str, syntax: Syntax, *, escapes: bool = True) -> TemplateGuard:
        """Guard ``template``.

        Args:
            escapes: False where the framework has no escaping of braces.

        Raises:
            Unguardable: its placeholders cannot be told from its text.
        """
        natural = template
        if syntax == "braces" and escapes:
            natural = _natural_of_braces(template)
        elif syntax == "mustache" and "{{=" in template:
            raise Unguardable("it changes mustache's delimiters")
        guard = cls(template=template, natural=natural, syntax=syntax, escapes=escapes)
        problems = guard.problems(natural)
        if problems:
            raise Unguardable(problems[0])
        return guard

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The tokens that every text has to keep."""
        return find_placeholders(self.natural, self.syntax)

    def problems(self, text: str) -> list[str]:
        """Why ``text`` cannot take the template's place, one sentence each; empty when it can."""
        return template_problems(text, self.placeholders, self.syntax)

    def to_template(self, text: str) -> str:
        """``text`` in the framework's syntax; the app's own template, verbatim, for its own natural text.

        Raises:
            ConfigurationError: a placeholder is missing, new or out of its block.
        """
        if text == self.natural:
            return self.template
        problems = self.problems(text)
        if problems:
            raise ConfigurationError(f"The text cannot be used as this template: {'; '.join(problems)}.")
        if self.syntax != "braces" or not self.escapes:
            return text
        variables = {token for _, token in _parse_braces(self.template) if token}
        return _braces_template(text, variables)


def _parse_braces(template: str) -> list[tuple[str, str]]:
    """Pairs of ordinary text and the token that follows it (empty at the end)."""
    parts: list[tuple[str, str]] = []
    for literal, field, spec, conversion in Formatter().parse(template):
        token = ""
        if field is not None:
            token = (
                "{" + field + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
            )
        parts.append((literal, token))
    return parts


def _natural_of_braces(template: str) -> str:
    try:
        parts = _parse_braces(template)
    except ValueError as error:
        raise Unguardable(f"its braces are not balanced ({error})") from error
    natural = "".join(literal + token for literal, token in parts)
    variables = {token for _, token in parts if token}
    unreadable = sorted(variables - set(find_placeholders(natural, "braces")))
    if unreadable:
        raise Unguardable(
            f"{unreadable[0]!r} is a variable by the rules of str.format, and does not look like one;"
            " double the braces if it is meant as text"
        )
    if _parse_braces(_braces_template(natural, variables)) != _parse_braces(template):
        raise Unguardable("it has the same name in braces both as a variable and as ordinary text")
    return natural


def _braces_template(natural: str, variables: set[str]) -> str:
    """``natural`` with every brace doubled that is not part of one of ``variables``."""
    if not variables:
        return _escaped(natural)
    longest_first = sorted(variables, key=lambda token: (-len(token), token))
    pieces = re.split("(" + "|".join(map(re.escape, longest_first)) + ")", natural)
    return "".join(piece if number % 2 else _escaped(piece) for number, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
