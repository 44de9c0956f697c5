"""What a result says of itself."""

from __future__ import annotations

from pathlib import Path

from gepa_core.result import Comparison, Interval
from tests.core.toys import Toy, search

SEED, BEST = {"a": 0.25, "b": 0.5}, {"a": 0.75, "b": 1.0}


def test_a_comparison_in_a_line() -> None:
    """Both means, how many examples, and how sure the gain is; nothing of that where it is not known."""
    sure = Comparison(seed=SEED, best=BEST, difference=Interval(low=0.41, high=0.59))
    assert str(sure) == "0.375 -> 0.875 on 2 examples (gain +0.500, 95% interval +0.410 to +0.590)"
    assert str(Comparison(seed=SEED, best=BEST)) == "0.375 -> 0.875 on 2 examples (gain +0.500)"


def test_a_result_in_a_few_lines(tmp_path: Path) -> None:
    """A line for whatever there is to say; what is not known of the cost is said to be unknown."""
    result = search(Toy(), tmp_path, testset=range(40, 43))
    lines = dict(line.split(maxsplit=1) for line in str(result).splitlines())
    assert list(lines) == ["validation", "test", "cost", "ended", "stored"]
    assert lines["test"] == str(result.test)
    assert lines["cost"].startswith(f"{result.cost.total_rollouts} rollouts, {result.cost.reflections} refl")
    unknown = result.cost.usage.unmetered
    assert ("unknown" in lines["cost"]) == bool(unknown)
    assert lines["stored"] == str(tmp_path)
    assert "\ntest " not in str(search(Toy(), tmp_path / "without"))
