"""What the simulated reflection model gets right and wrong, as probabilities."""

from __future__ import annotations

import attrs


def _probability(_instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{attribute.name} is a probability and has to be from 0 to 1, not {value!r}")


@attrs.frozen(kw_only=True)
class ReflectionRates:
    """The habits of the simulated reflection model.

    Attributes:
        attention: how many things that the feedback names it takes up at most.
        p_learn: for each of those, the probability that the rewritten text states it.
        p_over: for each rule it learns, the probability of stating it too broadly.
        p_forget: for each rule that the text states already, the probability of losing it.
        p_invent: the probability of adding a rule that does not exist.
        p_rephrase: for each rule that the text states already, the probability of other words.
        p_drop_placeholder: for each placeholder, the probability of losing it.
    """

    attention: int = attrs.field(default=6, validator=attrs.validators.ge(1))
    p_learn: float = attrs.field(default=0.9, validator=_probability)
    p_over: float = attrs.field(default=0.08, validator=_probability)
    p_forget: float = attrs.field(default=0.02, validator=_probability)
    p_invent: float = attrs.field(default=0.08, validator=_probability)
    p_rephrase: float = attrs.field(default=0.05, validator=_probability)
    p_drop_placeholder: float = attrs.field(default=0.0, validator=_probability)
