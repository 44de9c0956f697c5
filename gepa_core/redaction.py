"""Hiding keys, tokens, passwords and headers in whatever is stored, logged or shown."""

from __future__ import annotations

import functools
import operator
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs

from gepa_core.jsonable import to_jsonable
from gepa_core.types import Failure, Feedback, Json, Outcome, Step

HIDDEN = "[hidden]"

_SHORTEST = 6
"""Characters of the shortest text that any pattern finds something in, such as ``?key=x``."""
_LONG = 4_000
"""Characters from which on a text is not remembered."""
_LEAST = 12
"""Characters of a variable of the environment that may be a secret: a shorter one may be part of any text."""
_SECRET_VARIABLE = re.compile(r"(?i)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$")
_SECRET_FIELD = re.compile(
    r"(?i)(?:^|[_-])(?:api[_-]?key|secret|password|passwd|authorization|credentials?|cookie"
    r"|(?:access|auth|bearer|refresh|session)[_-]?token)$"
)
_HEADERS = re.compile(r"(?i)(?:^|_)headers$")
_PATTERNS: tuple[tuple[str, tuple[str, ...], re.Pattern[str], str], ...] = (
    (
        "",
        ("bearer", "basic"),
        re.compile(r"(?i)\b(bearer|basic)\s+(?!realm\b)[\w.~+/=-]{8,}"),
        rf"\1 {HIDDEN}",
    ),
    (
        ":=",
        ("key", "authorization", "secret", "passw", "token"),
        re.compile(
            r"(?i)((?:api[_-]?key|authorization|secret|password|passwd|access[_-]?token|auth[_-]?token)"
            r"[\w-]{0,40}[\"']?\s*(?:[:=]|provided:)\s*)(?!\[hidden\])"
            r"(\"[^\"]*\"|'[^']*'|(?:(?:bearer|basic)\s+)?[^\s,;&}\"']+)"
        ),
        rf"\1{HIDDEN}",
    ),
    (
        ":=(",
        ("headers",),
        re.compile(r"(?i)(headers[\"']?\s*[:=(]\s*)[{\[](?:(?!headers)[^{}])*[}\]]"),
        rf"\1{HIDDEN}",
    ),
    (
        "=",
        ("key=", "token=", "sig=", "signature="),
        re.compile(r"(?i)([?&](?:key|token|sig|signature)=)[^&\s\"']+"),
        rf"\1{HIDDEN}",
    ),
    ("@", ("://",), re.compile(r"(://)[^/\s:@]+:[^/\s@]+@"), rf"\1{HIDDEN}@"),
    (
        "-_",
        ("sk", "pk", "rk", "xai", "hf", "ghp", "gho", "ghs", "github_pat", "glpat", "xox"),
        re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|ghs|github_pat|glpat|xox[a-z])[-_][\w*-]{6,}"),
        HIDDEN,
    ),
    (
        "",
        ("aiza", "akia", "asia", "eyj"),
        re.compile(r"\b(?:AIza[\w-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{12,}|eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?)"),
        HIDDEN,
    ),
)
"""Signs and words of both of which one has to be there for a search to be worth while (no signs: words
alone), a pattern, and what takes its place."""


def redact(text: str) -> str:
    """``text`` with everything hidden that looks like a key, a token or a password.

    So is the value of each environment variable whose name says that it is one, such as ``OPENAI_API_KEY``.
    """
    return Redactor().text(text)


def _without_patterns(text: str) -> str:
    lowered = text.lower()
    for signs, words, pattern, replacement in _PATTERNS:
        if (not signs or _has(text, signs)) and _has(lowered, words):
            text = pattern.sub(replacement, text)
    return text


def _has(text: str, some: Iterable[str]) -> bool:
    for one in some:  # noqa: SIM110 - `any` of a generator takes longer than the search
        if one in text:
            return True
    return False


_remembered = functools.lru_cache(maxsize=512)(_without_patterns)
"""A candidate's prompt is in each of its rollouts, and what was said in each call after it."""


@functools.lru_cache(maxsize=512)
def _named_for(field: str) -> tuple[bool, bool]:
    """Whether a field of this name holds a secret, and whether it holds headers."""
    return _SECRET_FIELD.search(field) is not None, _HEADERS.search(field) is not None


def redacted(value: object) -> Json:
    """``value`` as JSON, with secrets hidden: in texts, in fields that are named for one, in all headers."""
    return Redactor().json(value)


def hide_in(error: BaseException) -> None:
    """Hide secrets in what ``error``, its notes and whatever led to it say, before a traceback shows it.

    Providers write the key that they refuse into their error, and that error is our error's cause.
    """
    seen = {id(error)}
    left = [error]
    while left:
        one = left.pop()
        _hide(one)
        for name in ("__cause__", "__context__"):
            link = getattr(one, name)
            if link is not None and id(link) not in seen:
                seen.add(id(link))
                left.append(link)
        if isinstance(one, BaseExceptionGroup):
            left += [inner for inner in one.exceptions if id(inner) not in seen]


def _hide(error: BaseException) -> None:
    error.args = tuple(redact(one) if isinstance(one, str) else one for one in error.args)
    notes = getattr(error, "__notes__", None)
    if notes:
        notes[:] = [redact(note) for note in notes]
    for name in ("__cause__", "__context__"):
        link = getattr(error, name)
        if link is not None and _tells(link):
            stand_in = RuntimeError(f"{type(link).__name__}: {redact(str(link))}")
            setattr(error, name, stand_in.with_traceback(link.__traceback__))


def _tells(error: BaseException) -> bool:
    """Whether ``error`` says a secret whatever its arguments are."""
    kept = error.args
    try:
        error.args = tuple(redact(one) if isinstance(one, str) else one for one in kept)
        text = str(error)
    except Exception:
        return False
    return redact(text) != text


def secrets_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values that are secret by the names of their variables, longest first."""
    found = {
        value.strip()
        for name, value in environment.items()
        if _SECRET_VARIABLE.search(name) and len(value.strip()) >= _LEAST
    }
    return tuple(sorted(found, key=lambda value: (-len(value), value)))


@attrs.frozen
class Redactor:
    """Hides secrets.

    Attributes:
        secrets: texts that are secret wherever they stand; by default those of the environment.
    """

    secrets: tuple[str, ...] = attrs.field(factory=lambda: secrets_in(os.environ))

    def text(self, text: str) -> str:
        """``text`` without what is known for a secret or looks like one; itself if it has nothing."""
        if len(text) < _SHORTEST:
            return text
        hidden = text
        for secret in self.secrets:
            hidden = hidden.replace(secret, HIDDEN)
        is_short = (
            type(hidden) is str and len(hidden) <= _LONG
        )  # a text of a class of its own may hold images
        hidden = _remembered(hidden) if is_short else _without_patterns(hidden)
        return text if hidden == text else hidden  # itself, since a text may be more than its characters

    def json(self, value: object) -> Json:
        """``value`` as JSON, with secrets hidden in texts, in fields named for one and in all headers.

        Dicts and lists in which nothing is hidden are returned themselves.
        """
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict | Mapping):  # asking about an abstract class takes far longer
            return self._mapping(value)
        if isinstance(value, list | tuple):
            items = [self.json(item) for item in value]
            return value if type(value) is list and _same(items, value) else items
        plain = to_jsonable(value)
        return self.json(plain) if isinstance(plain, str | Mapping | Sequence) else plain

    def _mapping(self, value: Mapping[object, object]) -> Json:
        if type(value) is not dict:
            return self._mapping({str(name): item for name, item in value.items()})
        changed: dict[str, Json] = {}
        for name, item in value.items():
            if not isinstance(name, str):
                return self._mapping({str(name): item for name, item in value.items()})
            made = self._field(name, item)
            if made is not item:
                changed[name] = made
        return {**value, **changed} if changed else value

    def _field(self, name: str, value: object) -> Json:
        holds_secret, holds_headers = _named_for(name)
        if value is not None and holds_secret:
            return HIDDEN
        if holds_headers and isinstance(value, Mapping):
            return {str(header): HIDDEN for header in value}
        return self.json(value)

    def outcome(self, outcome: Outcome) -> Outcome:
        """``outcome`` with secrets hidden wherever an app or metric says something; itself if it has none."""
        steps = tuple(map(self._step, outcome.trajectory.steps))
        failure = outcome.failure and self._failure(outcome.failure)
        output, feedback = self.json(outcome.output), self._feedback(outcome.feedback)
        if (
            output is outcome.output
            and failure is outcome.failure
            and feedback is outcome.feedback
            and _same(steps, outcome.trajectory.steps)
        ):
            return outcome
        trajectory = attrs.evolve(outcome.trajectory, steps=steps)
        return attrs.evolve(outcome, output=output, trajectory=trajectory, failure=failure, feedback=feedback)

    def _step(self, step: Step) -> Step:
        inputs, output, error = self.json(step.inputs), self.json(step.output), self.text(step.error)
        if inputs is step.inputs and output is step.output and error is step.error:
            return step
        return attrs.evolve(step, inputs=inputs, output=output, error=error)

    def _failure(self, failure: Failure) -> Failure:
        message = self.text(failure.message)
        return failure if message is failure.message else attrs.evolve(failure, message=message)

    def _feedback(self, feedback: Feedback) -> Feedback:
        text = self.text(feedback.text)
        by_component = {name: self.text(text) for name, text in feedback.by_component.items()}
        if text is feedback.text and _same(by_component.values(), feedback.by_component.values()):
            return feedback
        return attrs.evolve(feedback, text=text, by_component=by_component)


def _same(made: Collection[object], of: Collection[object]) -> bool:
    """Whether nothing was replaced. Nobody else's idea of equality is asked."""
    return len(made) == len(of) and all(map(operator.is_, made, of))
