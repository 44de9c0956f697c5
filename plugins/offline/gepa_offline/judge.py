"""How the simulated task model decides one field: the whole of its skill and of its failings."""

from __future__ import annotations

import attrs

from gepa_offline.draws import Draws
from gepa_offline.playbook import Playbook
from gepa_offline.reading import read


def _share(_instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{attribute.name} is a probability and has to be from 0 to 1, not {value!r}")


@attrs.frozen(kw_only=True)
class TaskRates:
    """How reliable the simulated task model is.

    Attributes:
        follow: the probability that it follows what a short instruction says, or ordinary sense.
        half_length: the length of an instruction, in characters, at which that has fallen to half.
        conflict: the probability that a statement that reaches too far wins over a rule.
    """

    follow: float = attrs.field(default=0.97, validator=_share)
    half_length: float = attrs.field(default=7000.0, validator=attrs.validators.gt(0))
    conflict: float = attrs.field(default=0.5, validator=_share)

    def reliability(self, chars: int) -> float:
        """The probability of following an instruction of ``chars`` characters: falls smoothly with it."""
        return float(self.follow / (1.0 + (chars / self.half_length) ** 2))


class Judge:
    """Decides fields for one prompt. Every random draw comes from the seed and that prompt."""

    def __init__(self, rates: TaskRates, draws: Draws) -> None:
        self._rates = rates
        self._draws = draws

    def value(self, playbook: Playbook, fact_id: str, instruction: str) -> str:
        """The value that the model gives the field decided by a fact, under an instruction.

        A fact that needs no rule, or whose rule is stated, comes out right as reliably as the
        instruction's length allows. A statement that wrongly fires on the fact takes over where
        nothing else is known, and contends where something is.
        """
        reading = read(playbook, instruction)
        fact = playbook.by_id[fact_id]
        heeds = self._draws.chance(self._rates.reliability(reading.chars), f"follow/{fact_id}")
        rivals = reading.rivals.get(fact_id, ())
        stated = fact_id in reading.known
        if rivals and heeds and not (stated and not self._rival_wins(fact_id)):
            return self._draws.pick(rivals, f"rival/{fact_id}")
        knows = stated or fact.rule is None
        return fact.right if knows and heeds else fact.wrong

    def _rival_wins(self, fact_id: str) -> bool:
        return self._draws.chance(self._rates.conflict, f"conflict/{fact_id}")
