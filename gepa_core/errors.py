"""What can go wrong, as a tree.

```text
GepaError
├── ConfigurationError      the call is wrong; raised before anything is spent
│   ├── BudgetTooSmall      carries the least that would do
│   ├── PluginError         a plugin cannot be found, loaded, registered or used, or it raised
│   ├── DataError           an example or data set cannot be used
│   └── RunMismatch         the run directory holds a different run; carries the differences
├── StoreError              the run directory cannot be read or written
├── MetricError             the metric raised, or returned something that is no score
├── SystemFailed            the seed failed on every example
├── ModelFault              a model cannot be used at all (unknown model, bad key): retrying is useless
└── InfrastructureFault     rate limit, timeout, connection, outage: retried, never scored
ProposalDropped             raised by a mutation to give a proposal up; ends the proposal, not the run
└── PromptRefused           the reflection model refuses the prompt that it was given
```
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class GepaError(Exception):
    """Base of every error that the library raises on purpose.

    All of them survive `pickle` and `copy`, so that they can cross from one process to another.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuilt from what it says and carries, and not by its constructor, which may want more."""
        return _rebuilt, (type(self), self.args), self.__dict__


def _rebuilt(cls: type[GepaError], arguments: tuple[object, ...]) -> GepaError:
    error = cls.__new__(cls)
    error.args = arguments
    return error


class ConfigurationError(GepaError):
    """The call is wrong. Raised before any model is called."""


class BudgetTooSmall(ConfigurationError):
    """The budget does not pay for the least useful run.

    Attributes:
        least: the rollouts, or the calls of the reflection model, that would do.
    """

    def __init__(self, message: str, *, least: int) -> None:
        super().__init__(message)
        self.least = least


class PluginError(ConfigurationError):
    """A plugin cannot be used.

    Attributes:
        plugin: its name.
        distribution: the distribution that brought it, empty when it was passed as an object.
    """

    def __init__(self, message: str, *, plugin: str = "", distribution: str = "") -> None:
        super().__init__(message)
        self.plugin = plugin
        self.distribution = distribution


class DataError(ConfigurationError):
    """An example or a data set cannot be used."""


class RunMismatch(ConfigurationError):
    """The run directory holds a run of other data, texts or settings.

    Attributes:
        differences: what differs: name of the setting to (stored, now).
    """

    def __init__(self, message: str, *, differences: Mapping[str, tuple[object, object]]) -> None:
        super().__init__(message)
        self.differences = differences


class StoreError(GepaError):
    """The run directory cannot be read or written."""


class MetricError(GepaError):
    """The metric raised, or returned something that is not a score.

    Attributes:
        example: the id of the example that it was given.
        problem: what it did, such as "raised KeyError: 'gold'".
    """

    def __init__(self, message: str, *, example: str, problem: str = "") -> None:
        super().__init__(message)
        self.example = example
        self.problem = problem


class SystemFailed(GepaError):
    """The unchanged app failed on every example, so there is nothing to improve."""


class ModelFault(GepaError):
    """A model cannot be used at all: unknown name, refused key. Retrying is useless."""


class InfrastructureFault(GepaError):
    """A passing fault of the network or a provider: retried, never scored, never cached.

    Attributes:
        retry_after: seconds that the provider asked to wait, if it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProposalDropped(GepaError):
    """Raised inside `gepa_propose_texts` when no usable text can be had; the message says why."""


class PromptRefused(ProposalDropped):
    """The reflection model refuses the prompt: it is too long, against a policy, or shows images."""
