"""What a run's parts cost in rollouts and reflections, as far as that is known before it begins."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from gepa_core.defaults.reflection import ReflectiveMutation
from gepa_core.defaults.sampling import EpochMinibatch
from gepa_core.planner import PROBES
from gepa_core.types import Spend


@attrs.frozen(kw_only=True)
class Sizes:
    """The sizes that decide what a run costs.

    Attributes:
        train: number of training examples.
        val: number of validation examples.
        test: number of test examples.
        components: number of components that are optimised.
        minibatch: number of examples that a mutation is tested on.
        tests: how often it is tested on them at most: twice where it may be rebased.
        calls: calls of the reflection model for one component, at most.
    """

    train: int
    val: int
    test: int
    components: int
    minibatch: int
    tests: int = 1
    calls: int

    @property
    def seed(self) -> Spend:
        """The most that scoring the seed needs."""
        return Spend(rollouts={"seed": self.val, "probe": min(PROBES, self.train)})

    @property
    def mutation(self) -> Spend:
        """The most that one mutation needs: every text is asked for again, the candidate is accepted."""
        return Spend(
            rollouts={"parent": self.minibatch, "child": self.tests * self.minibatch, "validation": self.val},
            reflections=self.calls * self.components,
        )

    @property
    def least(self) -> Spend:
        """What the least useful run needs: the seed, and one candidate that is accepted."""
        return Spend(
            rollouts={**self.seed.rollouts, **self.mutation.rollouts}, reflections=self.mutation.reflections
        )


def minibatch_size(plugins: Iterable[object], train: int) -> int:
    """The size of minibatches, by the first of the plugins that has one.

    A plugin of another class may sample as many as it likes; then this is only what is usual.
    """
    found = (plugin.size for plugin in plugins if isinstance(plugin, EpochMinibatch))
    return min(next(found, EpochMinibatch().size), train)


def calls_per_component(plugins: Iterable[object]) -> int:
    """How often the reflection model is asked about one component at most.

    The first of the plugins that says so counts. One of another class may make no more calls than that when
    reflections are limited.
    """
    found = (plugin.most_calls for plugin in plugins if isinstance(plugin, ReflectiveMutation))
    return next(found, ReflectiveMutation().most_calls)
