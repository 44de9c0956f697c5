"""An agent, wrapped: its components, how it runs with other texts, how to hand it back."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from gepa_agents.attribution import Attribution
from gepa_agents.calling import PROMPTS, RECORDER, Signature, gathered, gathered_async
from gepa_agents.capture import Capture
from gepa_agents.findings import Found
from gepa_agents.recorder import Recorder
from gepa_core.appgraph import Change, Rewriting, Site, check_names, known
from gepa_core.pacing import current_calls
from gepa_core.protocols import LeftAlone
from gepa_core.types import Component, Rollout


@attrs.frozen(eq=False, kw_only=True)
class AgentSystem:
    """What the sync and the async system share.

    Attributes:
        components: every text that may change, in the order of the walk; named ones first.
        left_alone: texts that were found and are not components.
        found: where each component stands, by its name. The texts of ``prompts`` stand nowhere.
        prompts: components that the agent reads from the mapping that it is given.
        capture: what every copy has anew.
        signature: how the agent is called.
        default: where the mapping of prompts stands that is the parameter's default; None when there is none.
    """

    components: Sequence[Component]
    left_alone: Sequence[LeftAlone]
    found: Mapping[str, Found] = attrs.field(repr=False)
    prompts: Mapping[str, Found] = attrs.field(repr=False)
    capture: Capture = attrs.field(repr=False)
    signature: Signature = attrs.field(repr=False)
    default: Site | None = attrs.field(default=None, repr=False)

    def build(self, texts: Mapping[str, str]) -> Any:
        """A copy of the agent with ``texts``, of its own type and without instrumentation.

        A component that ``texts`` does not name keeps its text. Clients are the agent's own; they have a
        stand-in only where a changed text has no other place than the message on its way to the model. An
        agent that takes a mapping of prompts comes back with the mapping filled in: as the parameter's
        default where it has one, else as a `functools.partial`.

        Raises:
            ConfigurationError: a name is not a component's, or a text would lose or add a variable.
        """
        if self.default is not None:
            return self._copy(texts, None, {self.default: self._mapping(texts)})
        app = self._copy(texts, None)
        if not self.signature.wants_prompts:
            return app
        bound: dict[str, Any] = {PROMPTS: self._mapping(texts)}
        if self.signature.wants_recorder and self._recorder_is_required():
            bound[RECORDER] = Recorder()
        return functools.partial(self.signature.function(app), **bound)

    def _recorder_is_required(self) -> bool:
        parameter = (self.signature.parameters or {})[RECORDER]
        return parameter.default is parameter.empty

    def _copy(
        self, texts: Mapping[str, str], recorder: Recorder | None, others: Mapping[Site, Any] | None = None
    ) -> Any:
        sites: dict[Site, Any] = dict(others or {})
        changes: list[Change] = []
        check_names(texts, self.found)
        for component in self.components:
            one, text = self.found[component.name], texts.get(component.name, component.text)
            value = one.guard.to_template(text)
            if text != component.text:
                sites.update(dict.fromkeys(one.sites, value))
            if one.literal is not None:
                literal = one.literal
                changes.append(
                    Change(
                        name=component.name,
                        text=literal.text,
                        new=value,
                        role=literal.role,
                        tool=literal.tool,
                    )
                )
            elif component.syntax in ("plain", "braces") and not one.place.tool:
                changes += known([(one.place.role, text)])
        return self.capture.copy(sites, Rewriting(changes), recorder)

    def _mapping(self, texts: Mapping[str, str]) -> dict[str, str]:
        return {
            name: one.guard.to_template(texts.get(name, one.guard.natural))
            for name, one in self.prompts.items()
        }

    def _prepare(self, texts: Mapping[str, str], inputs: Any) -> tuple[Recorder, functools.partial[Any]]:
        """A copy for one rollout, ready to be called."""
        tools = {name: one.place.tool for name, one in self.found.items()}
        recorder = Recorder(Attribution.of(self.components, texts, tools), current_calls())
        app = self._copy(texts, recorder)
        args, arguments = self.signature.arguments(inputs)
        if self.signature.wants_prompts:
            arguments[PROMPTS] = self._mapping(texts)
        if self.signature.wants_recorder:
            arguments[RECORDER] = recorder
        return recorder, functools.partial(self.signature.function(app), *args, **arguments)


class SyncAgent(AgentSystem):
    """Calls the agent on the engine's worker threads."""

    def run(self, texts: Mapping[str, str], inputs: Any) -> Any:
        """Call a copy with ``texts`` on ``inputs`` and write down what it does.

        Returns:
            The rollout, or a coroutine that ends with it where the agent returned something to await.
        """
        recorder, call = self._prepare(texts, inputs)
        try:
            result = call()
            if hasattr(result, "__await__") or hasattr(result, "__anext__"):
                return _rest(result, recorder)
            output = gathered(result)
        except Exception as error:
            return Rollout(trajectory=recorder.trajectory(), error=error)
        return Rollout(output=output, trajectory=recorder.trajectory())


class AsyncAgent(AgentSystem):
    """Calls the agent on the engine's event loop."""

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Call a copy with ``texts`` on ``inputs`` and write down what it does."""
        recorder, call = self._prepare(texts, inputs)
        try:
            result = call()
        except Exception as error:
            return Rollout(trajectory=recorder.trajectory(), error=error)
        return await _rest(result, recorder)


async def _rest(result: Any, recorder: Recorder) -> Rollout:
    try:
        output = await gathered_async(result)
    except Exception as error:
        return Rollout(trajectory=recorder.trajectory(), error=error)
    return Rollout(output=output, trajectory=recorder.trajectory())
