"""The corpus of invented makers and their works, and a plain search over it by words."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from random import Random

import attrs

from gepa_offline.domains.multi_hop.kinds import KINDS

_FIRST = (
    "Mara",
    "Ilja",
    "Sorin",
    "Petra",
    "Anselm",
    "Greta",
    "Timo",
    "Livia",
    "Bero",
    "Ragna",
    "Oskar",
    "Fenja",
)
_LAST = ("Lindt", "Varga", "Moreau", "Castell", "Brandt", "Ovesen", "Tarn", "Weiss", "Halloran", "Quist")
_HOW = (
    "Glass",
    "Silent",
    "Amber",
    "Winter",
    "Broken",
    "Hollow",
    "Crimson",
    "Distant",
    "Paper",
    "Iron",
    "Velvet",
    "Salt",
)
_WHAT = (
    "Tide",
    "Orchard",
    "Lantern",
    "Harbour",
    "Meadow",
    "Mirror",
    "Tower",
    "Garden",
    "Bridge",
    "Clock",
    "Forest",
    "Stair",
)
_TOWNS = ("Ostermark", "Valdenne", "Brennick", "Lorasund", "Castelmoor", "Iverhaven", "Pellworth", "Tannau")
_REGIONS = ("Norrland", "Upper Sava", "Westmarch", "Low Carsia", "Eastern Fells")
_PRIZES = ("Golden Quill", "Laurel Medal", "Prize of the Academy", "Silver Compass")
_SHIPS = ("Halcyon", "Meridian", "Northern Crown", "Albatross", "Queen Ida")
_LANGUAGES = ("Swedish", "Polish", "Latin", "Dutch", "Catalan", "Basque")
_MAKERS = 36
_SHOWN = 2
_WORD = re.compile(r"[a-z0-9]+")


@attrs.frozen
class Passage:
    """A passage of the corpus."""

    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.title}: {self.text}"


@attrs.frozen
class Maker:
    """An invented maker with the work that questions name, and the passage title of each kind of question."""

    name: str
    work: str
    passages: tuple[Passage, ...]


def _name(rng: Random) -> str:
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"


def _values(kind: str, rng: Random) -> tuple[str, str]:
    """The two values that the sentence of a kind of question states; the second may be unused."""
    year = str(rng.randrange(1860, 1960))
    languages = sorted(rng.sample(_LANGUAGES, 2), reverse=True)
    values = {
        "spouse": (_name(rng), ""),
        "debut": (year, ""),
        "birthplace": (rng.choice(_TOWNS), rng.choice(_REGIONS)),
        "prize": (rng.choice(_PRIZES), year),
        "teacher": (_name(rng), ""),
        "ship": (rng.choice(_SHIPS), ""),
        "fortune": (str(rng.randrange(1000, 90_000)), ""),
        "language": (languages[0], languages[1]),
        "burial": (rng.choice(_TOWNS), ""),
        "pupils": (str(rng.randrange(2, 10)), ""),
    }
    return values[kind]


def _maker(number: int) -> Maker:
    rng = Random(f"multi_hop/maker/{number}")
    name = f"{_FIRST[number % len(_FIRST)]} {_LAST[number % len(_LAST)]}"
    work = f"The {_HOW[number % len(_HOW)]} {_WHAT[(number + number // len(_HOW)) % len(_WHAT)]}"
    passages = [Passage(f"{work} (overview)", f"{work} is the best known work of {name}, praised by many.")]
    for kind in KINDS:
        a, b = _values(kind.id, rng)
        text = kind.sentence.format(maker=name, work=work, a=a, b=b)
        passages.append(Passage(f"{name} ({kind.section})", text))
    return Maker(name, work, tuple(passages))


@cache
def makers() -> tuple[Maker, ...]:
    """Every maker of the corpus, in a fixed order."""
    return tuple(_maker(number) for number in range(_MAKERS))


@cache
def passages() -> tuple[Passage, ...]:
    """Every passage of the corpus, in a fixed order."""
    return tuple(passage for maker in makers() for passage in maker.passages)


@cache
def _index() -> Mapping[str, tuple[float, tuple[int, ...]]]:
    """For each word its weight (rarer words weigh more) and the passages that have it."""
    places: dict[str, list[int]] = {}
    for number, passage in enumerate(passages()):
        for word in dict.fromkeys(_WORD.findall(str(passage).lower())):
            places.setdefault(word, []).append(number)
    count = len(passages())
    return {word: (math.log(1 + count / len(found)), tuple(found)) for word, found in places.items()}


def search(query: str, shown: int = _SHOWN) -> list[Passage]:
    """The passages that share most with the query's words; of equals the first in the corpus."""
    scores: defaultdict[int, float] = defaultdict(float)
    for word in dict.fromkeys(_WORD.findall(query.lower())):
        weight, found = _index().get(word, (0.0, ()))
        for number in found:
            scores[number] += weight
    best = sorted(scores, key=lambda number: (-scores[number], number))[:shown]
    return [passages()[number] for number in best]
