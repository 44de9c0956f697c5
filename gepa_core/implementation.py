"""One plugin's implementation of one hook, and who is to blame when it fails."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pluggy

from gepa_core.errors import PluginError


@attrs.frozen(kw_only=True, eq=False)
class Implementation:
    """One plugin's implementation of one hook.

    Attributes:
        plugin: the plugin's name.
        distribution: name and version of the distribution that brought it; empty when it was passed as
            an object.
        hook: the hook's name.
        function: the plugin's own function.
        wants: names of the arguments that it takes, in its order.
    """

    plugin: str
    distribution: str
    hook: str
    function: Callable[..., Any] = attrs.field(repr=False)
    wants: tuple[str, ...]
    is_async: bool = attrs.field(init=False)
    """Whether it is a coroutine function."""

    @is_async.default
    def _is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.function)

    @classmethod
    def of(cls, found: pluggy.HookImpl, hook: str, distribution: str) -> Implementation:
        """What pluggy found."""
        return cls(
            plugin=found.plugin_name,
            distribution=distribution,
            hook=hook,
            function=found.function,
            wants=tuple(found.argnames),
        )

    def call(self, given: Mapping[str, Any]) -> Any:
        """Call it with those of the ``given`` arguments that it takes."""
        return self.function(*[given[name] for name in self.wants])

    def wrap(self, given: Mapping[str, Any], inner: Callable[[], Any]) -> Any:
        """Run a wrapper, a generator function, to its ``yield``, then ``inner``, then the rest of it.

        Returns:
            What the wrapper returns.

        Raises:
            PluginError: it does not yield exactly once.
            Exception: what the wrapper raises, or ``inner`` when the wrapper lets it pass.
        """
        generator = self.call(given)
        try:
            next(generator)
        except StopIteration:
            raise self.blame("ended without a 'yield'") from None
        try:
            answer = inner()
        except Exception as error:
            finish = functools.partial(generator.throw, error)
        else:
            finish = functools.partial(generator.send, answer)
        try:
            finish()
        except StopIteration as stop:
            return stop.value
        generator.close()
        raise self.blame("has more than one 'yield'")

    def blame(self, what: str) -> PluginError:
        """An error that names the plugin and its distribution, and says ``what`` the hook did."""
        origin = f" of {self.distribution}" if self.distribution else ""
        return PluginError(
            f"plugin {self.plugin!r}{origin}: {self.hook} {what}",
            plugin=self.plugin,
            distribution=self.distribution,
        )
