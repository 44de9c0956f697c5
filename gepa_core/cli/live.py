"""Progress on a terminal: a panel that is drawn again and again."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gepa_core.cli import wording
from gepa_core.cli.watch import SHOWN, Watch
from gepa_core.types import Proposal

_DIM = "dim"
_LABELS = 10
"""Columns that the labels on the left take."""


def render(watch: Watch, *, title: str, simulated: bool, width: int) -> RenderableType:
    """The panel.

    Args:
        title: what is optimised.
        simulated: whether the figures come from the simulated model.
        width: columns to fill.
    """
    inner = width - 6
    figures = Table.grid(padding=(0, 2, 0, 0), expand=True)
    figures.add_column(style=_DIM, width=_LABELS, no_wrap=True)
    figures.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for label, value in _figures(watch, inner - _LABELS - 2):
        figures.add_row(label, value)
    parts: list[RenderableType] = [figures, Text(), *_accepted(watch)]
    if watch.note:
        parts += [Text(), Text(wording.cut(watch.note, 2 * inner), style="yellow")]
    if watch.stopping:
        under_way = wording.count(len(watch.doing), "proposal")
        parts += [
            Text(),
            Text(f"Stopping: {under_way} may finish a call that is paid for. ", style="yellow bold"),
        ]
        parts += [Text("Press Ctrl-C again to end at once.", style="yellow")]
    return Panel(
        Group(*parts),
        title=Text(title, style="bold"),
        title_align="left",
        subtitle=Text("simulated model", style="magenta") if simulated else None,
        subtitle_align="right",
        border_style="yellow" if watch.stopping else "blue",
        width=width,
        padding=(0, 2),
    )


def _figures(watch: Watch, width: int) -> Iterator[tuple[str, RenderableType]]:
    yield "score", _scores(watch, width)
    yield "frontier", _frontier(watch)
    yield "rollouts", _rollouts(watch, width)
    yield "spend", _spend(watch)
    yield "time", _time(watch)
    doing = [str(one) for _, one in sorted(watch.doing.items())]
    if watch.run and watch.tested:
        doing = [f"comparing seed and best on the test set, {watch.tested} of {2 * watch.run.test}"]
    for label, line in zip(("now", "", "", ""), doing or ["getting ready"], strict=False):
        yield label, Text(line)


def _scores(watch: Watch, width: int) -> Text:
    if watch.seed_score is None or watch.best_score is None:
        return Text("the app as it is has no score yet", style=_DIM)
    gain = watch.best_score - watch.seed_score
    text = Text.assemble(
        ("seed ", _DIM),
        wording.score(watch.seed_score),
        ("   best ", _DIM),
        (wording.score(watch.best_score), "bold green" if gain > 0 else "bold"),
        "  ",
        (wording.signed(gain), "green" if gain > 0 else _DIM),
    )
    course = wording.sparkline(watch.history, max(0, width - len(text) - 3))
    return text.append("   ").append(course, style="green")


def _frontier(watch: Watch) -> Text:
    if watch.frontier_score is None or watch.run is None:
        return Text("-", style=_DIM)
    return Text.assemble(
        wording.score(watch.frontier_score),
        (f"  the best of {wording.count(watch.pool_size, 'candidate')} on each of", _DIM),
        (f" {wording.count(watch.run.val, 'example')}", _DIM),
    )


def _rollouts(watch: Watch, width: int) -> RenderableType:
    limit = watch.budget.rollouts
    text = f"{watch.spent:,}" + ("" if limit is None else f" of {limit:,}")
    if limit is None:
        return Text(text)
    row = Table.grid(padding=(0, 2, 0, 0))
    bar = ProgressBar(total=limit, completed=watch.spent, width=max(10, width - len(text) - 4))
    row.add_row(bar, text)
    return row


def _spend(watch: Watch) -> Text:
    usage, limits = watch.all_usage, watch.budget
    reflections = f"{watch.reflections:,}" + _of(limits.reflections, "{:,}")
    parts = (
        f"{reflections} reflection{'' if watch.reflections == 1 else 's'}",
        wording.tokens(usage) + _of(limits.tokens, "{:,}"),
        wording.dollars(usage) + _of(limits.dollars, "${:g}"),
    )
    return Text(" · ".join(parts))


def _of(limit: float | None, form: str) -> str:
    return "" if limit is None else f" of {form.format(limit)}"


def _time(watch: Watch) -> Text:
    left = watch.seconds_left()
    about = "" if left is None else f"about {wording.duration(left)} left"
    return Text.assemble(wording.duration(watch.elapsed), (f"   {about}", _DIM))


def _accepted(watch: Watch) -> Iterator[Text]:
    """The latest accepted proposals, always as many lines, so that the panel stays where it is."""
    yield Text("latest accepted" if watch.accepted else "no proposal was accepted yet", style=_DIM)
    lines = [_accepted_line(watch, proposal, best) for proposal, best in reversed(watch.accepted)]
    yield from lines
    yield from (Text() for _ in range(SHOWN - len(lines)))


def _accepted_line(watch: Watch, proposal: Proposal, best: float) -> Text:
    mean = sum(proposal.scores.values()) / len(proposal.scores)
    number = f"  #{proposal.number:<4}"
    line = Text.assemble((number, "bold"), f"{wording.score(mean)}  ", watch.made(proposal))
    return line.append("  best so far", style="green") if mean >= best else line
