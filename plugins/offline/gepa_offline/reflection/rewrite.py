"""What the simulated reflection model makes of a reflection prompt."""

from __future__ import annotations

import re

import attrs

from gepa_core.templates import find_placeholders
from gepa_offline.draws import Draws
from gepa_offline.playbook import Playbook, Statement
from gepa_offline.reading import Reading, read
from gepa_offline.reflection.edit import Edit, apply_edits, plan_edits
from gepa_offline.reflection.parse import parse
from gepa_offline.reflection.rates import ReflectionRates
from gepa_offline.sentences import normalise, says

NOTHING_FOUND = "I cannot find the text that I am to rewrite: the prompt has no fenced block."


@attrs.frozen
class Lesson:
    """What a reflection took from the feedback: statements to add, and facts whose spoilers must go."""

    learned: tuple[Statement, ...]
    repaired: frozenset[str]


def reflect(prompt: str, rates: ReflectionRates, draws: Draws) -> str:
    """Answer a reflection prompt: a few sentences, then the rewritten text in a fenced block."""
    parsed = parse(prompt)
    if parsed.current is None:
        return NOTHING_FOUND
    current = parsed.current
    playbook = playbook_for(current, parsed.feedback)
    if playbook is None:
        return _written("The feedback names nothing that I know.", current)
    lesson = _learn(read(playbook, current), read(playbook, parsed.feedback), rates, draws)
    edits = plan_edits(playbook, current, lesson.repaired, rates, draws)
    text = apply_edits(current, edits)
    additions = [_state(statement, rates, draws) for statement in lesson.learned]
    additions += _invented(playbook, read(playbook, text), rates, draws)
    text = _with_lines(text, additions)
    text = _without_placeholders(text, rates, draws)
    return _written(_account(lesson, edits, additions), text)


def playbook_for(current: str, feedback: str) -> Playbook | None:
    """The playbook that an instruction belongs to, by what it says, else by what the feedback names."""
    from gepa_offline.domains import all_domains

    playbooks = [playbook for domain in all_domains() for playbook in domain.playbooks]
    words = normalise(current)
    votes = [
        len(read(playbook, current).statements) + 3 * says(words, playbook.about) for playbook in playbooks
    ]
    if not any(votes):
        votes = [len(read(playbook, feedback).statements) for playbook in playbooks]
    best = max(votes)
    return playbooks[votes.index(best)] if best else None


def _learn(current: Reading, feedback: Reading, rates: ReflectionRates, draws: Draws) -> Lesson:
    """Take up some of what the feedback names: rules not yet stated precisely, and repairs."""
    precise = {statement.id for statement in current.statements if statement.kind == "rule"}
    named = [
        statement
        for statement in feedback.statements
        if statement.kind in ("rule", "ordinary")
        and (statement.id in current.rivals or (statement.kind == "rule" and statement.id not in precise))
    ]
    heard = draws.shuffled(named, "attention")[: rates.attention]
    taken = [statement for statement in heard if draws.chance(rates.p_learn, f"learn/{statement.id}")]
    new = tuple(s for s in taken if s.kind == "rule" and s.id not in precise)
    return Lesson(new, frozenset(statement.id for statement in taken))


def _state(statement: Statement, rates: ReflectionRates, draws: Draws) -> str:
    assert statement.fact is not None
    assert statement.fact.rule is not None
    if draws.chance(rates.p_over, f"over/{statement.id}"):
        return statement.fact.rule.broad
    return draws.pick(statement.texts, f"words/{statement.id}")


def _invented(playbook: Playbook, stated: Reading, rates: ReflectionRates, draws: Draws) -> list[str]:
    if not playbook.inventions or not draws.chance(rates.p_invent, "invent"):
        return []
    made = draws.pick(playbook.inventions, "invention")
    return [] if made.id in {statement.id for statement in stated.statements} else [made.text]


def _with_lines(text: str, additions: list[str]) -> str:
    if not additions:
        return text
    lines = "".join(f"\n- {addition}" for addition in additions)
    last = text.rstrip().rpartition("\n")[2]
    return text.rstrip() + ("" if last.startswith("- ") else "\n") + lines


def _without_placeholders(text: str, rates: ReflectionRates, draws: Draws) -> str:
    if rates.p_drop_placeholder == 0:
        return text
    tokens = {*find_placeholders(text, "braces"), *find_placeholders(text, "jinja2")}
    for token in sorted(tokens):
        if draws.chance(rates.p_drop_placeholder, f"placeholder/{token}"):
            text = text.replace(token, "")
    return text


def _account(lesson: Lesson, edits: list[Edit], additions: list[str]) -> str:
    if not additions and not edits and not lesson.repaired:
        return "The feedback gives no reason to change the text."
    counts = f"I add {len(additions)} points and rework {len(edits)}"
    return f"The feedback shows what the text leaves open; {counts}."


def _written(account: str, text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{account}\n\n{fence}\n{text}\n{fence}"
