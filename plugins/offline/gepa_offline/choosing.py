"""How the simulated task model chooses among described options, such as tools or engines to hand over to."""

from __future__ import annotations

from collections.abc import Sequence

from gepa_offline.sentences import normalise, says


def choose(options: Sequence[str], word: str, asked: str) -> int:
    """The position of the option to take.

    It is the first option that names ``word``, which is what the model believes to be needed. Where none
    does, it is the one that shares most words with what was asked, of equals the first.

    Args:
        options: how each option is described; at least one.
        word: a name that an option may mention.
        asked: the question or the request.
    """
    described = [normalise(option) for option in options]
    for position, text in enumerate(described):
        if says(text, (word,)):
            return position
    words = set(normalise(asked).split())
    shared = [len(words.intersection(text.split())) for text in described]
    return shared.index(max(shared))
