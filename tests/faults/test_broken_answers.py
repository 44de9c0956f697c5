"""Rows: slow and hanging models, truncated bodies, malformed JSON, dropped connections."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gepa_offline import Fault, serve
from gepa_offline.model import REFLECTION_MODEL, TASK_MODEL

from gepa_core import Result
from gepa_core.events import Retried
from gepa_core.store import Store
from tests.faults.desk import QUICK, Sorter, Watch, answered, chain, improve, reflection_model, story, struck

EARLY = 0.5
"""Seconds after which the clients give up."""
CASES = {
    "hang": Fault("hang", rate=0.06),
    "slow": Fault("slow", rate=0.06, seconds=60.0),
    "truncate": Fault("truncate", rate=0.3),
    "malformed": Fault("malformed", rate=0.3),
    "drop": Fault("drop", rate=0.3),
}


@pytest.fixture(scope="module", params=[chain, Sorter])
def app(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Makes the app for a server, with options of its client."""
    made: Callable[..., Any] = request.param
    return made


@pytest.fixture(scope="module")
def calm(app: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The run without faults."""
    with serve() as server:
        return improve(server, tmp_path_factory.mktemp("calm"), app(server), budget=60)


@pytest.mark.parametrize("kind", CASES)
def test_it_is_tried_again_and_leaves_no_trace(
    tmp_path: Path, calm: Result, app: Callable[..., Any], kind: str
) -> None:
    watch = Watch()
    # Only cases that need it have a short timeout: a busy machine may take its time.
    early = {"timeout": EARLY} if kind in ("hang", "slow") else {}
    with serve(faults=[CASES[kind]]) as server:
        result = improve(
            server,
            tmp_path,
            app(server, max_retries=0, **early),
            reflection_lm=reflection_model(server, **early),
            plugins=[watch],
            budget=60,
        )
        faults = struck(server) + struck(server, REFLECTION_MODEL)
    assert story(result.proposals) == story(calm.proposals)
    assert 0 < faults <= sum(isinstance(event, Retried) for event in watch.events)
    store = Store.read(tmp_path)
    found = [one for name in ("seed", "parent", "child", "validation") for one in store.outcomes(name)]
    store.close()
    assert len(found) == result.cost.total_rollouts
    assert not [one for one in found if one.failure is not None]


def test_a_model_that_hangs_for_good_is_given_up(tmp_path: Path) -> None:
    """With a timeout of the client; nothing is stored as a failure of the app."""
    with serve(faults=[Fault("hang", model=TASK_MODEL, after=12)]) as server:
        target = chain(server, max_retries=0, timeout=EARLY)
        broken = improve(server, tmp_path, target, execution=QUICK.__class__(max_wait=0.02, patience=0.5))
        assert not broken.complete
        assert "timed out" in broken.stop_reason
        server.set_faults()
        healed = improve(server, tmp_path)
        assert healed.complete
        assert not [one for one in healed.proposals if "timed out" in one.reason]
        assert answered(server) >= healed.cost.total_rollouts
