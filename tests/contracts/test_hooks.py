"""Every example of docs/hooks.md does in a run what it says. The test of a hook is named after it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core import Feedback, Member, Pool, Result, Rollout, Step, Trajectory, hookimpl
from gepa_core.store import Store

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "hooks.md").read_text("utf-8")
Play = Callable[..., Result]


def example(hook: str) -> Any:
    """The plugin class of the worked example under the heading of ``hook``."""
    section = PAGE.partition(f"{{ #{hook} }}\n")[2].partition("\n## ")[0]
    _signature, code = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    names: dict[str, Any] = {"__name__": "docs.hooks"}
    exec(compile(code, f"docs/hooks.md {hook}", "exec"), names)
    (plugin,) = (
        value for value in names.values() if isinstance(value, type) and value.__module__ == "docs.hooks"
    )
    return plugin


def mutations(result: Result) -> list[Any]:
    return [proposal for proposal in result.proposals if proposal.kind == "mutation"]


def test_gepa_configure(play: Play) -> None:
    result = play(example("gepa_configure")(), budget=50)
    manifest = json.loads((result.run_dir / "manifest.json").read_text())
    assert manifest == {"components": ["plan", "act"], "examples": {"train": 14, "val": 10}}


def test_gepa_unconfigure(play: Play, tmp_path: Path) -> None:
    result = play(example("gepa_unconfigure")(directory=str(tmp_path)))
    assert result.improved
    assert {name: (tmp_path / f"{name}.txt").read_text() for name in ("plan", "act")} == result.best.texts


class MutateTheSeed:
    """Makes siblings, which a merge may take from."""

    @hookimpl
    def gepa_select_parent(self, pool: Pool) -> Member:
        return pool.members[0]


def test_gepa_merge_candidates(play: Play) -> None:
    result = play(example("gepa_merge_candidates")(every=3), MutateTheSeed(), "no:merge", budget=250)
    merges = [proposal for proposal in result.proposals if proposal.kind == "merge"]
    assert {proposal.number % 3 for proposal in merges} == {0}
    assert {proposal.ancestor for proposal in merges} == {0}
    assert all(len(proposal.examples) == 5 for proposal in merges)
    assert any(proposal.status == "accepted" for proposal in merges)


def test_gepa_select_parent(play: Play) -> None:
    strategy = example("gepa_select_parent")
    greedy = mutations(play(strategy(epsilon=0.0)))
    curious = mutations(play(strategy(epsilon=1.0)))
    accepted: list[float] = []
    for proposal in play(strategy(epsilon=0.0), "no:merge").proposals:
        if proposal.kind == "mutation":
            assert proposal.parents == (accepted.index(max(accepted)),)
        if proposal.status == "accepted":
            accepted.append(sum(proposal.scores.values()))
    assert [proposal.parents for proposal in greedy] != [proposal.parents for proposal in curious]


def test_gepa_sample_examples(play: Play) -> None:
    tried: dict[int, set[str]] = {}
    for proposal in mutations(play(example("gepa_sample_examples")(size=4), "no:merge")):
        assert len(proposal.examples) == 4
        (parent,) = proposal.parents
        seen = tried.setdefault(parent, set())
        unseen_left = 14 - len(seen)
        if parent == 0:  # nothing but proposals of its own has run the seed
            assert len(set(proposal.examples) - seen) == min(4, unseen_left)
        seen |= set(proposal.examples)
    assert tried


def test_gepa_select_components(play: Play) -> None:
    blamed = mutations(play(example("gepa_select_components")()))
    in_turn = mutations(play())
    chosen = {proposal.components for proposal in blamed if proposal.components}
    assert chosen == {("plan",)}  # the toy's metric blames both equally, and this one first
    assert {("act",)} < {proposal.components for proposal in in_turn}


def test_gepa_capture_trajectory(play: Play, rules: type[Any]) -> None:
    replay, target = example("gepa_capture_trajectory")(), rules()
    first = play(replay, target=target)
    runs = target.runs
    again = play(replay, target=target)
    assert runs == first.cost.total_rollouts
    assert target.runs == runs, "the second run was answered from the recording"
    assert again.proposals == first.proposals


def test_gepa_give_feedback(play: Play) -> None:
    asked: list[int] = []
    prompts: list[str] = []

    def metric(row: dict[str, int], output: int) -> Feedback:
        asked.append(output)
        return Feedback(output / row["expected"], "the metric was asked")

    def model(prompt: str) -> str:
        prompts.append(prompt)
        return f"```\nrules for {{x}}: r{len(prompts)}\n```" if "{x}" in prompt else "```\nrules: r1 r2\n```"

    result = play(example("gepa_give_feedback")(), metric=metric, reflection_lm=model)
    assert result.val.best_mean > 0
    assert set(asked) == {1, 2}, "outputs of nothing never reached the metric"
    assert any("nothing was found; expected was 2" in prompt for prompt in prompts)


def test_gepa_redact_outcome(play: Play, rules: type[Any]) -> None:
    class Told(rules):  # type: ignore[misc]
        """An app whose trajectory tells who asked."""

        async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
            rollout: Rollout = await super().run(texts, inputs)
            sent = Step(
                kind="model", name="m", inputs=[texts, "from: jo@example.org"], output="to jo@example.org"
            )
            return attrs.evolve(rollout, trajectory=Trajectory(steps=(sent,)))

    prompts: list[str] = []

    def model(prompt: str) -> str:
        prompts.append(prompt)
        return f"```\nrules for {{x}}: r{len(prompts)}\n```" if "{x}" in prompt else "```\nrules: r1 r2\n```"

    result = play(example("gepa_redact_outcome")(), target=Told(), reflection_lm=model)
    store = Store.read(result.run_dir)
    stored = [str(outcome) for outcome in (*store.outcomes("seed"), *store.outcomes("parent"))]
    store.close()
    assert all("(address)" in text for text in stored)
    assert "example.org" not in str(stored + prompts)
    assert any("from: (address)" in prompt for prompt in prompts)


def test_gepa_propose_texts(play: Play) -> None:
    prompts: list[str] = []

    def model(prompt: str) -> str:
        prompts.append(prompt)
        return "".join(sorted(set(re.findall(r"r\d", prompt)))[:2])

    result = play(example("gepa_propose_texts")(), reflection_lm=model)
    assert all(prompt.startswith("Put into one rule") for prompt in prompts)
    assert len(prompts) == result.cost.reflections > 0
    assert result.best.texts["plan"].startswith("rules:\n- r")


def test_gepa_accept_candidate(play: Play) -> None:
    strategy = example("gepa_accept_candidate")
    for proposal in mutations(play(strategy(margin=0.3), "no:merge")):
        if proposal.after:
            clear = sum(proposal.after) - sum(proposal.before) >= 0.3 * len(proposal.before)
            assert (proposal.status == "accepted") == clear
    everything = play(strategy(margin=-9.0), "no:merge")
    assert {proposal.status for proposal in everything.proposals if proposal.after} == {"accepted"}


def test_gepa_next_validation(play: Play) -> None:
    result = play(example("gepa_next_validation")(), MutateTheSeed(), budget=250)
    lengths = {len(proposal.scores) for proposal in result.proposals if proposal.status == "accepted"}
    assert len(result.proposals[0].scores) == 10
    assert lengths == {5, 10}, "some were given up after the first half"


def test_gepa_stop_reason(play: Play) -> None:
    result = play(example("gepa_stop_reason")(score=0.4))
    best = result.val.best_mean
    assert result.stop_reason.endswith(f"reached {best:.2f}")
    assert best >= 0.4
    earlier = [sum(p.scores.values()) / 10 for p in result.proposals[:-1] if p.status == "accepted"]
    assert max(earlier) < 0.4


def test_gepa_notify(play: Play) -> None:
    curve = example("gepa_notify")()
    result = play(curve)
    assert len(curve.points) == len(result.proposals)
    assert curve.points[-1] == (result.cost.total_rollouts, result.val.best_mean)
    assert [point[1] for point in curve.points] == sorted(point[1] for point in curve.points)
