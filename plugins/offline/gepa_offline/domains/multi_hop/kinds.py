"""What can be asked in the multi-hop domain: where it is filed, how it is put, how it is answered."""

from __future__ import annotations

import re
from functools import cached_property

import attrs


@attrs.frozen(kw_only=True, eq=False, slots=False)
class Kind:
    """A kind of question about the maker of a work.

    Attributes:
        id: what its facts are named after.
        weight: how often it is asked, relative to the others.
        topic: what is asked for, as rules name it.
        section: the word under which the corpus files it.
        asks: the questions, with ``{work}``.
        sentence: how the corpus states it, with ``{maker}``, ``{work}``, ``{a}`` and ``{b}``.
        right: the answer in the house's form, from ``a`` and ``b``.
        plain: the answer as ordinary sense would give it; equal to ``right`` where that is enough.
        form: the house's form in words; empty where there is none.
        form_cue: the words by which the form is recognised.
        filed_oddly: whether the section's word has to be known to find it.
    """

    id: str
    weight: int
    topic: str
    section: str
    asks: tuple[str, ...]
    sentence: str
    right: str
    plain: str
    form: str = ""
    form_cue: str = ""
    filed_oddly: bool = True

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds the corpus' sentence and its values."""
        pattern = re.escape(self.sentence)
        for name in ("maker", "work", "a", "b"):
            pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>[^.,]+?)", 1)
        return re.compile(pattern)

    def answer(self, passage: str, *, in_form: bool) -> str | None:
        """The answer that a passage gives; None when it does not state it."""
        match = self.pattern.search(passage)
        if match is None:
            return None
        return (self.right if in_form else self.plain).format_map(_values(match.groupdict()))


def _values(groups: dict[str, str]) -> dict[str, str]:
    a, b = groups["a"], groups.get("b") or ""
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return {
        "a": a,
        "b": b,
        "upper": a.upper(),
        "last": a.rpartition(" ")[2],
        "thousands": f"{int(a):,}" if a.isdigit() else a,
        "word": words[int(a)] if a.isdigit() and int(a) < 10 else a,
        "sorted": ", ".join(sorted((a, b))),
    }


KINDS = (
    Kind(
        id="spouse",
        weight=7,
        topic="spouse",
        section="family",
        asks=("Who was married to the maker of {work}?", "Whom did the maker of {work} marry?"),
        sentence="{maker}, who made {work}, was married to {a}.",
        right="{a}",
        plain="{a}",
        filed_oddly=False,
    ),
    Kind(
        id="debut",
        weight=6,
        topic="first exhibition",
        section="career",
        asks=(
            "In which year did the maker of {work} first exhibit?",
            "When was the maker of {work} first shown?",
        ),
        sentence="{maker}, who made {work}, first exhibited in the year {a}.",
        right="{a}",
        plain="{a}",
        filed_oddly=False,
    ),
    Kind(
        id="birthplace",
        weight=8,
        topic="birthplace",
        section="biography",
        asks=("In which town was the maker of {work} born?", "Where does the maker of {work} come from?"),
        sentence="{maker}, who made {work}, was born in {a} in the region of {b}.",
        right="{a}, {b}",
        plain="{a}",
        form="as town and region, parted by a comma",
        form_cue="town region",
    ),
    Kind(
        id="prize",
        weight=7,
        topic="prize",
        section="honours",
        asks=("Which prize did the maker of {work} win?", "What was the maker of {work} awarded?"),
        sentence="{maker}, who made {work}, received the {a} in {b}.",
        right="{a} ({b})",
        plain="{a}",
        form="with its year in brackets",
        form_cue="year brackets",
    ),
    Kind(
        id="teacher",
        weight=6,
        topic="teacher",
        section="training",
        asks=("Who taught the maker of {work}?", "From whom did the maker of {work} learn?"),
        sentence="{maker}, who made {work}, was a student of {a}.",
        right="{last}",
        plain="{a}",
        form="by the last name alone",
        form_cue="last name",
    ),
    Kind(
        id="ship",
        weight=4,
        topic="ship",
        section="voyages",
        asks=("On which ship did the maker of {work} travel?", "Which ship carried the maker of {work}?"),
        sentence="{maker}, who made {work}, crossed the sea aboard the {a}.",
        right="{upper}",
        plain="{a}",
        form="in capital letters",
        form_cue="capital letters",
    ),
    Kind(
        id="fortune",
        weight=4,
        topic="inheritance",
        section="estate",
        asks=(
            "How much did the maker of {work} leave behind?",
            "What was the maker of {work} worth at the end?",
        ),
        sentence="{maker}, who made {work}, left {a} crowns.",
        right="{thousands} crowns",
        plain="{a}",
        form="with a comma for the thousands and the word crowns",
        form_cue="thousands crowns",
    ),
    Kind(
        id="language",
        weight=3,
        topic="language",
        section="letters",
        asks=(
            "Which languages did the maker of {work} write in?",
            "In what languages did the maker of {work} write?",
        ),
        sentence="{maker}, who made {work}, wrote in {a} and {b}.",
        right="{sorted}",
        plain="{a} and {b}",
        form="in alphabetical order, parted by a comma",
        form_cue="alphabetical order",
    ),
    Kind(
        id="burial",
        weight=3,
        topic="grave",
        section="memorials",
        asks=("Where is the maker of {work} buried?", "Where is the grave of the maker of {work}?"),
        sentence="{maker}, who made {work}, was laid to rest in {a}.",
        right="{a} cemetery",
        plain="{a}",
        form="with the word cemetery",
        form_cue="word cemetery",
    ),
    Kind(
        id="pupils",
        weight=2,
        topic="pupils",
        section="school",
        asks=(
            "How many pupils did the maker of {work} have?",
            "How many people did the maker of {work} teach?",
        ),
        sentence="{maker}, who made {work}, took on {a} pupils.",
        right="{word}",
        plain="{a}",
        form="as a word, not in digits",
        form_cue="word digits",
    ),
)
BY_ID = {kind.id: kind for kind in KINDS}
