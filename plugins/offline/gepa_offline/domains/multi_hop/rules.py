"""The house rules of the multi-hop domain, made from the kinds of questions."""

from __future__ import annotations

from gepa_offline.domains.multi_hop.kinds import KINDS, Kind
from gepa_offline.playbook import Fact, Invention, Playbook, Rule

NAIVE_SECTION = "overview"


def _neighbours(kind: Kind, component: str, count: int) -> tuple[str, ...]:
    """The facts of the kinds that follow in the list: what a statement that reaches too far hits."""
    place = KINDS.index(kind)
    return tuple(f"{component}.{KINDS[(place + step) % len(KINDS)].id}" for step in range(1, count + 1))


def _query_fact(kind: Kind) -> Fact:
    note = f"The search has to use the word {kind.section}, under which the {kind.topic} is filed."
    if not kind.filed_oddly:
        return Fact(
            id=f"query.{kind.id}",
            right=kind.section,
            wrong=NAIVE_SECTION,
            note=note,
            note_cue=f"{kind.section} {kind.topic}",
        )
    rule = Rule(
        says=(
            f"When a question asks for the {kind.topic}, add the word {kind.section} to the query.",
            f"Search for the {kind.topic} with the word {kind.section}.",
            f"The {kind.topic} is filed under {kind.section}, so put that word into the query.",
        ),
        cues=(f"{kind.topic} {kind.section}",),
        broad=f"Add the word {kind.section} to every query about a person.",
        broad_cue=f"{kind.section} every query",
        spoils=_neighbours(kind, "query", 3),
    )
    return Fact(id=f"query.{kind.id}", right=kind.section, wrong=NAIVE_SECTION, note=note, rule=rule)


def _answer_fact(kind: Kind) -> Fact:
    if not kind.form:
        return Fact(
            id=f"answer.{kind.id}",
            right="in form",
            wrong="not stated",
            note=f"The {kind.topic} is answered as the passage has it.",
            note_cue=f"{kind.topic} answered passage",
        )
    rule = Rule(
        says=(
            f"Give the {kind.topic} {kind.form}.",
            f"Write the {kind.topic} {kind.form}, whatever the passage does.",
        ),
        cues=(f"{kind.topic} {kind.form_cue}",),
        broad=f"Give every answer {kind.form}.",
        broad_cue=f"every answer {kind.form_cue}",
        spoils=_neighbours(kind, "answer", 3),
    )
    return Fact(
        id=f"answer.{kind.id}",
        right="in form",
        wrong="plain",
        note=f"The {kind.topic} is right only {kind.form}.",
        rule=rule,
    )


QUERY = Playbook(
    component="query",
    facts=tuple(_query_fact(kind) for kind in KINDS),
    inventions=(
        Invention(
            id="invented.reviews",
            text="Search with the word reviews when a person is asked for.",
            cue="reviews person",
            value="reviews",
            spoils=("query.spouse", "query.teacher"),
        ),
        Invention(
            id="invented.chronicle",
            text="Add the word chronicle when a number is asked for.",
            cue="chronicle number",
            value="chronicle",
            spoils=("query.debut", "query.pupils", "query.fortune"),
        ),
    ),
    about=("write search query question", "choice relevant question", "relevant sub-questions tools"),
)

ANSWER = Playbook(
    component="answer",
    facts=tuple(_answer_fact(kind) for kind in KINDS),
    inventions=(
        Invention(
            id="invented.sentence",
            text="Reply in whole sentences when persons are concerned.",
            cue="whole sentences persons",
            value="sentence",
            spoils=("answer.spouse", "answer.teacher", "answer.birthplace"),
        ),
        Invention(
            id="invented.round",
            text="Leave a number out when it is not certain.",
            cue="leave number certain",
            value="sentence",
            spoils=("answer.debut", "answer.fortune", "answer.pupils"),
        ),
    ),
    about=("answer question passages", "answer query context", "answer question context"),
)
