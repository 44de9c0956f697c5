"""What model calls used."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Usage:
    """What model calls used. A count that a provider does not report is *unknown*, never 0.

    Attributes:
        calls: model calls made.
        input_tokens: tokens sent, over the calls that report them.
        output_tokens: tokens received, over the calls that report them.
        dollars: cost in US dollars, over the calls with a known price.
        unmetered: calls that reported no token counts.
        unpriced: calls whose price is unknown.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0
    unmetered: int = 0
    unpriced: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            dollars=self.dollars + other.dollars,
            unmetered=self.unmetered + other.unmetered,
            unpriced=self.unpriced + other.unpriced,
        )

    @property
    def tokens(self) -> int:
        """Tokens sent and received, over the calls that report them."""
        return self.input_tokens + self.output_tokens


NO_USAGE = Usage()
"""What nothing has used. One value for all: of most rollouts several are asked for."""
