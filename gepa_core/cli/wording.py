"""How figures are written, the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gepa_core.events import HeldBack, LimitReached
from gepa_core.result import Interval
from gepa_core.types import Usage

_BARS = "▁▂▃▄▅▆▇█"


def score(value: float | None) -> str:
    """A score with three decimals."""
    return "-" if value is None else f"{value:.3f}"


def signed(value: float) -> str:
    """A difference of scores."""
    return f"{value:+.3f}"


def interval(found: Interval | None) -> str:
    """A confidence interval of a difference."""
    return "" if found is None else str(found)


def held_back(event: HeldBack) -> str:
    """``waiting 12 s: the provider of 'gpt-4.1' asked for it``."""
    whose = f" of {event.model!r}" if event.model else ""
    return f"waiting {event.seconds:.3g} s: the provider{whose} asked for it"


def limit_reached(event: LimitReached) -> str:
    """``calls of 'gpt-4.1' wait: the limit for 'openai/*' is reached``."""
    return f"calls of {event.model!r} wait: the limit for {event.limit!r} is reached"


def count(number: int, noun: str) -> str:
    """``1 rollout``, ``2 rollouts``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def short(number: int) -> str:
    """A large number in few characters: 940, 12.3k, 4.1M."""
    for limit, suffix in ((1_000_000, "M"), (1_000, "k")):
        if number >= limit:
            value = number / limit
            return f"{value:.0f}{suffix}" if value >= 100 else f"{value:.1f}{suffix}"
    return str(number)


def duration(seconds: float) -> str:
    """``0:07``, ``12:34``, ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def tokens(usage: Usage) -> str:
    """Tokens used, and that some calls did not report theirs."""
    if usage.calls and usage.unmetered == usage.calls:
        return "tokens unknown"
    return f"{short(usage.tokens)} tokens{' and more' if usage.unmetered else ''}"


def price(dollars: float, *, beside: float | None = None) -> str:
    """An amount of dollars: with four decimals where it, or what it is shown ``beside``, is below one."""
    return f"${dollars:,.4f}" if (dollars if beside is None else beside) < 1 else f"${dollars:,.2f}"


def dollars(usage: Usage) -> str:
    """The price, as far as it is known."""
    if not usage.calls:
        return "$0"
    if usage.unpriced == usage.calls:
        return "price unknown"
    more = f" and {count(usage.unpriced, 'call')} of unknown price" if usage.unpriced else ""
    return f"{price(usage.dollars)}{more}"


def sparkline(values: Sequence[float], width: int) -> str:
    """The course of a figure in one line, its last ``width`` values."""
    shown = values[-width:] if width > 0 else []
    if not shown or min(shown) == max(shown):
        return _BARS[0] * len(shown)
    low, high = min(shown), max(shown)
    return "".join(_BARS[round((value - low) / (high - low) * (len(_BARS) - 1))] for value in shown)


def place(path: Path) -> str:
    """A path as people would write it here: relative to the working directory where it is below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) and path != here else path)


def cut(text: str, width: int) -> str:
    """The beginning of a text, on one line of at most ``width`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def tally(counted: Mapping[str, int]) -> str:
    """What became of proposals: ``12: 3 accepted, 7 worse, 2 duplicate``."""
    if not sum(counted.values()):
        return "none yet"
    parts = (f"{number:,} {word}" for word, number in counted.items() if number)
    return f"{sum(counted.values()):,}: {', '.join(parts)}"


def listed(names: Iterable[str]) -> str:
    """Names, separated by commas; a dash for none."""
    return ", ".join(names) or "-"
