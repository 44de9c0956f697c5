"""What a person sees of a run under way."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from gepa_core import Budget
from gepa_core.cli import live, plain
from gepa_core.cli.progress import Progress
from gepa_core.cli.watch import Watch
from gepa_core.entries import Entry
from gepa_core.events import (
    Event,
    ProposalCommitted,
    ProposalStarted,
    ReflectionFinished,
    Retried,
    RolloutFinished,
    RunEnded,
    RunStarted,
    Warned,
)
from gepa_core.result import Cost
from gepa_core.types import Proposal, Purpose, Usage

USED = Usage(calls=2, input_tokens=700, output_tokens=300, dollars=0.01)


def rollout(number: int, purpose: Purpose, *, reused: bool = False) -> RolloutFinished:
    return RolloutFinished(
        number=number, purpose=purpose, example="e", score=0.5, failed=False, reused=reused, usage=USED
    )


def committed(proposal: Proposal, *, pool: int, best: float, spent: int) -> ProposalCommitted:
    return ProposalCommitted(
        proposal=proposal,
        pool_size=pool,
        best_score=best,
        best_index=pool - 1,
        frontier_score=best,
        spent=spent,
    )


SEED = Proposal(number=0, kind="seed", status="accepted", scores={"a": 0.2, "b": 0.4})
FIRST = Proposal(
    number=1,
    kind="mutation",
    parents=(0,),
    components=("triage",),
    examples=("x", "y"),
    status="accepted",
    scores={"a": 0.6, "b": 0.6},
)
SECOND = Proposal(number=2, kind="mutation", parents=(0,), status="rejected", reason="worse: 1 against 2")
MERGE = Proposal(number=3, kind="merge", parents=(0, 1), status="accepted", scores={"a": 0.4, "b": 0.4})
EVENTS: tuple[Event, ...] = (
    RunStarted(run_dir="run", components=("triage", "reply"), train=9, val=2, test=5, rollout_budget=100),
    ProposalStarted(number=0, kind="seed"),
    rollout(0, "seed"),
    rollout(0, "seed"),
    committed(SEED, pool=1, best=0.3, spent=2),
    ProposalStarted(number=1, kind="mutation", parents=(0,)),
    rollout(1, "parent", reused=True),
    rollout(1, "parent"),
    rollout(1, "parent"),
    ReflectionFinished(number=1, text="better", usage=USED),
    rollout(1, "child"),
    Retried(number=1, what="rollout", attempt=1, wait=2.0, error="rate limit"),
    rollout(1, "validation"),
    committed(FIRST, pool=2, best=0.6, spent=6),
    committed(SECOND, pool=2, best=0.6, spent=8),
    committed(MERGE, pool=3, best=0.6, spent=10),
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> Watch:
    return Watch(budget=Budget(rollouts=100), clock=clock)


def test_figures_are_a_fold_over_events(watch: Watch) -> None:
    for event in EVENTS:
        watch.see(event)
    assert (watch.seed_score, watch.best_score, watch.pool_size) == (0.3, 0.6, 3)
    assert watch.spent == 10
    assert watch.reflections == 1
    assert watch.usage.tokens == 7000
    assert watch.usage.dollars == pytest.approx(0.07)
    assert watch.history == [0.3, 0.6, 0.6, 0.6]
    assert [(proposal.number, best) for proposal, best in watch.accepted] == [(1, 0.6), (3, 0.6)]
    assert watch.doing == {}


def test_what_happens_right_now(watch: Watch) -> None:
    now = []
    for event in EVENTS[:14]:
        watch.see(event)
        now.append([str(one) for one in watch.doing.values()])
    assert now[2] == ["#0 scoring the app as it is, 1 of 2"]
    assert now[5] == ["#1 running its parent, 0 of 3"]
    assert now[8] == ["#1 reflecting"]
    assert now[9] == ["#1 testing, 0 of 3"]
    assert now[12] == ["#1 validating, 1 of 2"]
    assert now[13] == []


def test_a_merge_names_the_proposals_that_it_is_made_of(watch: Watch) -> None:
    for event in EVENTS:
        watch.see(event)
    assert watch.made(MERGE) == "merge of #0 and #1"
    watch.see(ProposalStarted(number=4, kind="merge", parents=(0, 2)))
    watch.see(rollout(4, "merge"))
    assert str(watch.doing[4]) == "#4 testing a merge, 1 rollout"


@pytest.mark.parametrize(
    ("budget", "left"),
    [
        (Budget(rollouts=100), 45.0),
        (Budget(rollouts=100, seconds=20), 15.0),
        (Budget(rollouts=100, reflections=2), 5.0),
        (Budget(tokens=14_000), 5.0),
        (Budget(dollars=0.7), 45.0),
    ],
)
def test_the_time_left_follows_the_limit_that_ends_first(clock: Clock, budget: Budget, left: float) -> None:
    watch = Watch(budget=budget, clock=clock)
    assert watch.seconds_left() is None
    for event in EVENTS:
        watch.see(event)
    clock.now = 5.0
    assert watch.seconds_left() == pytest.approx(left)


def test_the_time_left_of_a_run_that_goes_on_counts_from_here(clock: Clock) -> None:
    watch = Watch(budget=Budget(rollouts=100), clock=clock)
    watch.see(
        RunStarted(
            run_dir="run", components=(), train=1, val=1, test=0, rollout_budget=100, resumed=3, spent=80
        )
    )
    watch.before = Cost(entries={"validation": Entry(count=80)})
    for _ in range(10):
        watch.see(rollout(4, "validation"))
    clock.now = 6.0
    assert watch.seconds_left() == pytest.approx(6.0)


def page(watch: Watch, width: int, *, simulated: bool = False) -> str:
    console = Console(width=width, file=io.StringIO(), record=True, highlight=False)
    console.print(live.render(watch, title="desk", simulated=simulated, width=width))
    return console.export_text()


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_the_panel_fits_at_every_moment(watch: Watch, clock: Clock, width: int) -> None:
    for event in EVENTS:
        watch.see(event)
        clock.now += 1.0
        assert {len(line) for line in page(watch, width).splitlines()} == {width}


def test_the_panel_says_what_matters(watch: Watch, clock: Clock) -> None:
    for event in EVENTS:
        watch.see(event)
    watch.see(Retried(number=4, what="rollout", attempt=1, wait=2.0, error="rate limit"))
    clock.now = 5.0
    shown = page(watch, 80, simulated=True)
    for part in (
        "seed 0.300   best 0.600  +0.300",
        "the best of 3 candidates on each of 2 examples",
        "10 of 100",
        "1 reflection · 7.0k tokens · $0.0700",
        "0:05   about 0:45 left",
        "#3   0.400  merge of #0 and #1",
        "#1   0.600  triage  best so far",
        "rate limit",
        "simulated model",
    ):
        assert part in shown
    assert "simulated" not in page(watch, 80)
    watch.stopping = True
    assert "Press Ctrl-C again to end at once." in page(watch, 80)


def test_a_failure_is_shown_until_its_proposal_is_done(watch: Watch) -> None:
    for event in EVENTS[:12]:
        watch.see(event)
    assert watch.note == "rollout of #1 failed and is tried again: rate limit"
    for event in EVENTS[12:]:
        watch.see(event)
    assert watch.note == ""


def test_the_comparison_at_the_end_is_shown(watch: Watch) -> None:
    for event in EVENTS:
        watch.see(event)
    watch.see(rollout(-1, "test"))
    assert "comparing seed and best on the test set, 1 of 10" in page(watch, 80)


def test_lines_for_a_log(watch: Watch) -> None:
    lines = []
    for event in (*EVENTS, Warned(message="beware"), rollout(-1, "test"), RunEnded(reason="done", spent=11)):
        watch.see(event)
        lines.append(plain.line(event, watch))
    assert [line.partition("] ")[2] for line in lines if line] == [
        "optimising triage, reply; 9 train, 2 validation, 5 test examples",
        "the app as it is scores 0.300; 2/100 rollouts",
        "#1 rollout failed, again in 2.0 s: rate limit",
        "#1 accepted: triage scores 0.600, the best so far; 6/100 rollouts",
        "#2 rejected: worse: 1 against 2; 8/100 rollouts",
        "#3 accepted: merge of #0 and #1 scores 0.400, best is 0.600; 10/100 rollouts",
        "note: beware",
        "comparing the seed and the best candidate on the test set",
        "ended: done",
    ]


def test_a_terminal_gets_a_panel_and_is_left_as_it_was(watch: Watch) -> None:
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=80, color_system="standard")
    progress = Progress(console=console, title="desk", watch=watch, simulated=True)
    with progress.shown():
        for event in EVENTS:
            progress.gepa_notify(event)
        progress.stop()
    drawn = terminal.getvalue()
    assert "latest accepted" in drawn
    assert "[   0:00]" not in drawn
    assert drawn.endswith("\x1b[1A\x1b[2K")  # the panel is taken away
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1  # the cursor is shown again


def test_elsewhere_there_are_lines(watch: Watch) -> None:
    log = io.StringIO()
    progress = Progress(console=Console(file=log, width=80), title="desk", watch=watch, simulated=True)
    with progress.shown():
        for event in EVENTS:
            progress.gepa_notify(event)
    assert len(log.getvalue().splitlines()) == 6
    assert "\x1b" not in log.getvalue()
