"""What a run's parts cost in rollouts and reflections, as far as that is known before it begins."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from gepa_core.defaults.sampling import EpochMinibatch
from gepa_core.planner import CALLS_PER_COMPONENT, PROBES
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
    """

    train: int
    val: int
    test: int
    components: int
    minibatch: int

    @property
    def seed(self) -> Spend:
        """The most that scoring the seed needs."""
        return Spend(rollouts={"seed": self.val, "probe": min(PROBES, self.train)})

    @property
    def mutation(self) -> Spend:
        """The most that one mutation needs: all components ask twice, and the candidate is accepted."""
        return Spend(
            rollouts={"parent": self.minibatch, "child": self.minibatch, "validation": self.val},
            reflections=CALLS_PER_COMPONENT * self.components,
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
