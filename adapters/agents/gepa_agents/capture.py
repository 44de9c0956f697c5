"""What has to differ from one rollout to the next: stand-ins for clients, recorded tools, fresh state."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from gepa_agents.calls import Calls
from gepa_agents.classes import left_in_classes
from gepa_agents.clients import Leaf
from gepa_agents.policy import AgentsPolicy, leaves
from gepa_agents.recorder import Recorder
from gepa_agents.standins import changes_in, stand_in
from gepa_agents.state import stateful
from gepa_agents.tools import recorded_tool, tool_functions
from gepa_core.appgraph import CannotCopy, Graph, Rewriting, Site, path_copy
from gepa_core.protocols import LeftAlone


@attrs.frozen(eq=False, kw_only=True)
class Capture:
    """The parts of an app that a copy has anew, whatever its texts are.

    Attributes:
        ways_out: clients, calls, factories and sessions.
        tools: functions that are tools, by ``id``, with their names.
        state: containers and objects in which a run leaves something behind.
    """

    graph: Graph = attrs.field(repr=False)
    policy: AgentsPolicy = attrs.field(repr=False)
    ways_out: Sequence[tuple[object, Leaf]]
    tools: Mapping[int, str]
    state: Sequence[object] = attrs.field(repr=False)

    def copy(self, texts: Mapping[Site, Any], rewriting: Rewriting, recorder: Recorder | None) -> Any:
        """A copy of the app with other texts.

        Args:
            recorder: writes down what the copy does; None for an app without instrumentation, in which a
                client has a stand-in only if ``rewriting`` changes something.
        """
        replaced: dict[int, Any] = {}
        if (
            recorder is not None
            or not rewriting.is_idle
            or any(changes_in(value) for value, _ in self.ways_out)
        ):
            calls = Calls(rewriting, recorder)
            replaced = {id(value): stand_in(value, leaf, calls) for value, leaf in self.ways_out}
        wrapped: dict[int, Callable[[Any], Any]] = {}
        if recorder is not None:
            wrapped = {
                key: functools.partial(_recorded, name=name, recorder=recorder)
                for key, name in self.tools.items()
            }
        return path_copy(
            self.graph, texts, self.policy, renewed=self.state, replaced=replaced, wrapped=wrapped
        ).root


def _recorded(function: Any, *, name: str, recorder: Recorder) -> Any:
    return recorded_tool(function, name, recorder)


def capture_of(
    graph: Graph,
    policy: AgentsPolicy,
    *,
    described: Sequence[str],
    extra_tools: Sequence[Callable[..., Any]],
    share: Sequence[str],
) -> tuple[Capture, list[LeftAlone]]:
    """What can be renewed and captured in copies, and what cannot, with the reason."""
    left: list[LeftAlone] = []
    ways_out = []
    for value, leaf in leaves([node.value for node in graph.nodes.values()]):
        if leaf.kind == "listed":
            continue
        obstacle = _obstacle(graph, policy, value)
        if obstacle:
            hop = graph.nodes[id(value)].hop
            source = "".join(str(one.edge) for one in hop.path).removeprefix(".") if hop else "the agent"
            left.append(LeftAlone(source=source, reason=f"its model calls are not recorded: {obstacle}"))
        else:
            ways_out.append((value, leaf))
    left += left_in_classes(graph, policy)
    tools = tool_functions(graph, policy, described, extra_tools)
    return (
        Capture(
            graph=graph,
            policy=policy,
            ways_out=ways_out,
            tools={key: name for key, name in tools.items() if not _obstacle_of(graph, policy, key)},
            state=[one for one in stateful(graph, policy, share) if not _obstacle_of(graph, policy, id(one))],
        ),
        left,
    )


def _obstacle(graph: Graph, policy: AgentsPolicy, value: object) -> str:
    """Why ``value`` cannot be replaced in a copy; empty when it can."""
    try:
        path_copy(graph, {}, policy, replaced={id(value): value})
    except CannotCopy as error:
        return str(error)
    return ""


def _obstacle_of(graph: Graph, policy: AgentsPolicy, key: int) -> str:
    try:
        path_copy(graph, {}, policy, renewed=[graph.nodes[key].value])
    except CannotCopy as error:
        return str(error)
    return ""
