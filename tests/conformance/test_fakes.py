"""The fakes and strategies that are shipped do what they say."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gepa_core.codec import decode, encode
from gepa_core.events import ProposalCommitted, RunEnded, RunStarted
from gepa_core.guard import text_problems
from gepa_core.pool import Pool
from gepa_core.templates import Syntax, find_placeholders, template_problems
from gepa_core.testing import (
    TOY_COMPONENTS,
    TOY_OPTIMUM,
    RecordingObserver,
    SyncToySystem,
    ToySystem,
    run_toy,
    strategies,
    toy_metric,
)
from gepa_core.types import Candidate, Outcome, Proposal

QUICK = settings(max_examples=30, deadline=None)


def test_a_toy_run_finds_the_optimum() -> None:
    result = run_toy(budget=800)
    assert result.val.seed_mean == 0
    assert result.val.best_mean == 1


@pytest.mark.parametrize("kind", [ToySystem, SyncToySystem])
def test_the_optimum_is_one(kind: type[ToySystem] | type[SyncToySystem]) -> None:
    observer, system = RecordingObserver(), kind()
    result = run_toy(
        observer,
        system=system,
        budget=30,
        metric=lambda row, out: toy_metric(row, out).score,
        valset=range(3),
    )
    assert system.runs == result.cost.total_rollouts
    assert len(observer.of(ProposalCommitted)) == len(result.proposals)
    assert isinstance(observer.events[0], RunStarted)
    assert isinstance(observer.events[-1], RunEnded)
    assert observer.reasons == [result.stop_reason]
    assert system.build(TOY_OPTIMUM) == TOY_OPTIMUM


@QUICK
@given(strategies.texts())
def test_texts_can_be_sent(text: str) -> None:
    assert text
    assert not template_problems(text, (), "plain")
    assert text.encode()


@QUICK
@given(st.data(), st.sampled_from(["plain", "braces", "mustache", "jinja2"]))
def test_templates_keep_their_own_rules(data: st.DataObject, syntax: Syntax) -> None:
    text = data.draw(strategies.templates(syntax))
    assert not template_problems(text, find_placeholders(text, syntax), syntax)


@QUICK
@given(strategies.candidates())
def test_candidates_can_be_used(candidate: Candidate) -> None:
    for component in TOY_COMPONENTS:
        assert not text_problems(component, "", candidate.texts[component.name])


@QUICK
@given(strategies.outcomes(), strategies.proposals())
def test_records_survive_the_store(outcome: Outcome, proposal: Proposal) -> None:
    assert decode(encode(outcome), Outcome) == outcome
    assert decode(encode(proposal), Proposal) == proposal


@QUICK
@given(strategies.pools(min_proposals=3))
def test_pools_are_folds_of_their_proposals(pool: Pool) -> None:
    assert [one.number for one in pool.proposals] == list(range(pool.committed + 1))
    accepted = [one for one in pool.proposals if one.status == "accepted"]
    assert [member.proposal for member in pool.members] == [one.number for one in accepted]
    assert len({member.candidate.id for member in pool.members}) == len(pool.members)
    assert set(pool.survivors()) <= {member.index for member in pool.members}


@pytest.mark.parametrize("missing", ["pytest", "hypothesis"])
@pytest.mark.parametrize("name", ["AdapterSuite", "strategies"])
def test_what_to_install_is_said(missing: str, name: str) -> None:
    if (missing, name) == ("pytest", "strategies"):
        pytest.skip("strategies need hypothesis alone")
    blocked = f"import sys; sys.modules[{missing!r}] = None"
    code = f"{blocked}\nimport gepa_core.testing as t\nt.ScriptedModel()\nt.{name}"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert process.returncode != 0
    last = process.stderr.strip().splitlines()[-1]
    assert 'pip install "gepa-core[testing]"' in last, process.stderr
    assert repr(missing) in last
