"""Limits and waits as the server sees them, by its own log of arrivals. The models are simulated."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from gepa_offline import Fault, OfflineServer, serve
from gepa_offline.model import REFLECTION_MODEL, TASK_MODEL
from gepa_offline.server.stats import RequestRecord

from gepa_core import Budget, Execution, RateLimit, estimate
from gepa_core.events import HeldBack, Retried, Warned
from tests.faults.desk import Sorter, Watch, chain, improve, story
from tests.pacing.apps import FAMILIES, score_seed

WINDOW = 0.5
UNASKING = "of an adapter that does not ask"


def records(server: OfflineServer, model: str = TASK_MODEL) -> list[RequestRecord]:
    """The requests to a model, as they arrived."""
    return sorted((one for one in server.requests() if one.model == model), key=lambda one: one.arrived)


@pytest.mark.parametrize(("family", "concurrency"), [*((one, 32) for one in FAMILIES), ("async agent", 256)])
def test_requests_of_a_window_are_held(tmp_path: Path, family: str, concurrency: int) -> None:
    """32 calls, 8 in a window: the ninth begins a window after the first, and so on.

    A call may arrive late, and none can arrive early. So the first is known to begin after the run does, and
    before it arrives: without the limit, all would arrive right after it.
    """
    limits = {TASK_MODEL: RateLimit(requests=8, seconds=WINDOW)}
    with serve(log_requests=True) as server:
        score_seed(family, server.base_url, tmp_path / "first", 4)  # imports what it needs
        before, begin = len(records(server)), time.perf_counter()
        result = score_seed(
            family, server.base_url, tmp_path / "held", 32, concurrency=concurrency, limits=limits
        )
        arrivals = [one.arrived for one in records(server)[before:]]
    assert len(arrivals) == result.cost.total_rollouts == 32
    for windows, first in enumerate(arrivals[::8]):
        assert first - begin >= windows * WINDOW
    assert arrivals[-1] - arrivals[0] >= 2 * WINDOW
    assert result.cost.retries == 0


@pytest.mark.parametrize("family", ["agent", "async chain", "engine"])
def test_tokens_of_a_window_are_held(tmp_path: Path, family: str) -> None:
    """The first call shows what calls use; from then on about six fit into a window."""
    with serve(log_requests=True) as server:
        free = score_seed(family, server.base_url, tmp_path / "free", 30)
        tokens = free.cost.usage.tokens // 5
        limits = {"simulated-*": RateLimit(tokens=tokens, seconds=WINDOW)}
        before = len(records(server))
        score_seed(family, server.base_url, tmp_path / "held", 30, concurrency=32, limits=limits)
        arrivals = [one.arrived for one in records(server)[before:]]
    assert len(arrivals) == 30
    assert arrivals[-1] - arrivals[0] >= 2.5 * WINDOW


@pytest.mark.parametrize(
    ("family", "concurrency"),
    [*((one, 32) for one in FAMILIES), ("agent", 256), ("async agent", 256), (UNASKING, 32), (UNASKING, 256)],
)
def test_a_provider_that_asks_for_a_wait_is_left_alone_by_everyone(
    tmp_path: Path, family: str, concurrency: int
) -> None:
    """One call is told to wait: none begins before that time, but those that were on their way.

    256 threads take a while to hear of it, so there the wait is longer. So many connections at once may meet
    faults of their own on a busy machine, which are tried again and told of nobody else.
    """
    watch, wait = Watch(), 1.5 if concurrency == 32 else 4.0
    fault = Fault("429", model=TASK_MODEL, retry_after=wait, times=1, after=10)
    with serve(log_requests=True, task_latency=0.1, faults=[fault]) as server:
        result = score_seed(
            family,
            server.base_url,
            tmp_path,
            concurrency + 64,
            concurrency=concurrency,
            plugins=[watch],
        )
        seen = records(server)
    (told,) = [one.arrived + one.seconds for one in seen if one.status == 429]
    after = [one for one in seen if one.arrived >= told + wait - 0.1]
    between = [one for one in seen if told + wait / 2 < one.arrived < told + wait - 0.1]
    assert not between
    assert after
    held = [event for event in watch.events if isinstance(event, HeldBack)]
    assert [(event.model, event.seconds) for event in held] == [
        (TASK_MODEL if family in FAMILIES else "", wait)
    ]
    retried = [event.error for event in watch.events if isinstance(event, Retried)]
    assert len([error for error in retried if "Rate limit reached" in error]) == 1
    assert result.cost.total_rollouts == concurrency + 64


def test_the_reflection_model_is_left_alone_too(tmp_path: Path) -> None:
    watch = Watch()
    fault = Fault("503", model=REFLECTION_MODEL, retry_after=1.0, times=1)
    with serve(log_requests=True, faults=[fault]) as server:
        improve(server, tmp_path, execution=Execution(), plugins=[watch])
        first, second, *_ = records(server, REFLECTION_MODEL)
    assert second.arrived - first.arrived >= 1.0
    assert [event.model for event in watch.events if isinstance(event, HeldBack)] == [
        f"openai/{REFLECTION_MODEL}"
    ]


@pytest.mark.parametrize(
    "limits",
    [
        {"*": RateLimit(requests=20, seconds=0.2)},
        {
            "*": RateLimit(tokens=4000, seconds=0.2),
            f"openai/{REFLECTION_MODEL}": RateLimit(requests=1, seconds=0.2),
        },
    ],
)
def test_limits_change_nothing_of_what_a_run_finds(tmp_path: Path, limits: Any) -> None:
    with serve() as server:
        free = improve(server, tmp_path / "free")
        watch = Watch()
        execution = Execution(concurrency=32, limits=limits)
        held = improve(server, tmp_path / "held", execution=execution, plugins=[watch])
    assert story(held.proposals) == story(free.proposals)
    assert not [event for event in watch.events if isinstance(event, Warned) and "limit" in event.message]


def test_waiting_is_no_timeout(tmp_path: Path) -> None:
    """The last of 12 calls wait for two seconds, in rollouts that may take one."""
    with serve() as server:
        limits = {TASK_MODEL: RateLimit(requests=4, seconds=1.0)}
        result = score_seed(
            "chain", server.base_url, tmp_path, 12, limits=limits, timeout=1.0, concurrency=12
        )
    assert result.cost.retries == 0
    assert result.cost.total_rollouts == 12
    assert not any(proposal.reason for proposal in result.proposals)


def test_limits_hold_for_what_is_tried_before_a_run() -> None:
    """12 rollouts of one call each, 4 in a window: the last waits for two, which is no time of the app's."""
    with serve(log_requests=True) as server:
        found = estimate(
            chain(server),
            trainset=[{"inputs": {"ticket": f"Ticket {place}"}} for place in range(12)],
            metric=lambda _example, output: float(output is not None),
            reflection_lm=lambda _prompt: "never asked",
            budget=400,
            execution=Execution(
                limits={TASK_MODEL: RateLimit(requests=4, seconds=1.0)}, timeout=1.0, concurrency=12
            ),
            tries=12,
        )
        arrivals = [one.arrived for one in records(server)]
    assert found.trial is not None
    assert (found.trial.number, found.trial.failures) == (12, [])
    assert len(arrivals) == 12
    assert arrivals[-1] - arrivals[0] >= 1.0


@pytest.mark.parametrize("app", [chain, Sorter])
def test_a_run_that_is_stopped_does_not_wait(tmp_path: Path, app: Any) -> None:
    """Its calls would wait for a quarter of an hour. What waited has no outcome, so the run can go on."""
    limits = {TASK_MODEL: RateLimit(requests=12, seconds=900.0)}
    with serve(log_requests=True) as server:
        free = improve(server, tmp_path / "free", app(server, max_retries=0))
        before = len(records(server))
        budget = Budget(rollouts=90, seconds=2.0)
        halted = improve(
            server,
            tmp_path / "held",
            app(server, max_retries=0),
            budget=budget,
            execution=Execution(limits=limits),
        )
        assert len(records(server)) - before == 12
        whole = improve(server, tmp_path / "held", app(server, max_retries=0))
        assert len(records(server)) - before == whole.cost.total_rollouts
    assert "time limit" in halted.stop_reason
    assert story(whole.proposals) == story(free.proposals)


def test_a_limit_for_no_model_is_told_of(tmp_path: Path) -> None:
    watch = Watch()
    with serve() as server:
        limits = {"gtp-4.1": RateLimit(requests=5)}
        score_seed("agent", server.base_url, tmp_path, 4, limits=limits, plugins=[watch])
    (said,) = [one.message for one in watch.events if isinstance(one, Warned) and "gtp-4.1" in one.message]
    assert said == f"the limit for 'gtp-4.1' held for no call; models called: {TASK_MODEL!r}"
    again = Watch()
    with serve() as server:
        score_seed("agent", server.base_url, tmp_path, 4, limits=limits, plugins=[again])
    assert [one.message for one in again.events if isinstance(one, Warned) and "gtp-4.1" in one.message] == []
