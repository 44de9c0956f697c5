"""Path copy: a new graph that differs in some texts and shares everything that need not differ."""

from __future__ import annotations

import functools
import types
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import Any

import attrs

from gepa_core.appgraph.children import instance_dict, members, slots
from gepa_core.appgraph.classes import put_in_class
from gepa_core.appgraph.edges import Edge
from gepa_core.appgraph.errors import CannotCopy
from gepa_core.appgraph.overlays import GlobalsOverlay, put_on_class, put_variable
from gepa_core.appgraph.policy import Policy
from gepa_core.appgraph.shells import instance_dict_of, rebuilt_function, shell_of
from gepa_core.appgraph.walk import Graph, Node, Site

Changes = dict[int, dict[Edge, Any]]
Parts = Mapping[Edge, Any]

_GLOBAL_EDGES = ("global", "module_attr", "import")


@attrs.frozen(eq=False)
class PathCopy:
    """What a path copy made.

    Attributes:
        root: the copy of the graph's root.
        made: every copy or replacement, by the ``id`` of the original.
    """

    root: Any = attrs.field(repr=False)
    made: Mapping[int, Any] = attrs.field(repr=False)


def copy_with(graph: Graph, texts: Mapping[Site, str], policy: Policy) -> Any:
    """A copy of the graph's root in which each site of ``texts`` has the new text.

    Only objects on a way from the root to a changed text, and the root itself, are copied, each once
    however many ways lead to it; all others are shared with the original, which stays as it is.
    Takes time in proportion to the objects copied and the ways to them, not to the app.

    Raises:
        CannotCopy: an object on the way does not allow it.
    """
    return path_copy(graph, texts, policy).root


def path_copy(
    graph: Graph,
    values: Mapping[Site, Any],
    policy: Policy,
    *,
    renewed: Iterable[object] = (),
    replaced: Mapping[int, Any] | None = None,
    wrapped: Mapping[int, Callable[[Any], Any]] | None = None,
) -> PathCopy:
    """A copy like `copy_with` makes, in which further objects are new, such as those with state.

    Args:
        values: what each site is to hold; a text, or whatever the app keeps there instead.
        renewed: objects of the graph that are copied even if nothing below them changes.
        replaced: objects to put in place of others, by the ``id`` of those. What is below one of these
            stays as it is.
        wrapped: makes what takes the place of an object from the copy of it, by the ``id`` of the object.

    Raises:
        CannotCopy: an object on the way does not allow it.
    """
    changes: Changes = {}
    for site, value in values.items():
        changes.setdefault(id(site.owner), {})[site.hop.edge] = value
    made = dict(replaced or {})
    wrappers = wrapped or {}
    touched = _touched(graph, [*changes, *map(id, renewed), *made, *wrappers, id(graph.root)])
    copy = _Copy(graph, policy, changes=changes, touched=touched, made=made, wrapped=wrappers)
    try:
        return PathCopy(copy.of(id(graph.root)), made)
    except RecursionError as error:
        raise CannotCopy("the way to the text is too long to be copied") from error


def copyable(graph: Graph, site: Site, policy: Policy) -> str:
    """Why the text at ``site`` cannot be replaced in a copy; empty when it can."""
    try:
        copy_with(graph, {site: site.text}, policy)
    except CannotCopy as error:
        return str(error)
    except Exception as error:  # the app's classes may do anything when they are made
        return f"it is held by an object that cannot be copied ({type(error).__name__}: {error})"
    return ""


def _touched(graph: Graph, owners: Iterable[int]) -> set[int]:
    """The objects from which one of ``owners`` can be reached, them included."""
    held_by = graph.held_by
    touched = set(owners)
    frontier = list(touched)
    while frontier:
        for holder in held_by.get(frontier.pop(), ()):
            if holder not in touched:
                touched.add(holder)
                frontier.append(holder)
    return touched


class _Copy:
    """One path copy: remembers what it has made, by the id of the original."""

    def __init__(
        self,
        graph: Graph,
        policy: Policy,
        *,
        changes: Changes,
        touched: Collection[int],
        made: dict[int, Any],
        wrapped: Mapping[int, Callable[[Any], Any]],
    ) -> None:
        self._graph = graph
        self._changes = changes
        self._touched = touched
        self._policy = policy
        self._made = made
        self._wrapped = wrapped
        self._overlays: dict[int, GlobalsOverlay] = {}

    def of(self, key: int) -> Any:
        """The copy of a touched object.

        A tuple, set or callable on a cycle may be asked for while its parts are being copied. The cycle
        passes through something mutable, whose shell exists by then, so the inner call ends and its result
        is the one kept.
        """
        if key in self._made:
            return self._made[key]
        node = self._graph.nodes[key]
        build = self._builder(node)
        if build is None:
            self._made[key] = shell_of(node.value, self._policy.cached(node.value))
            self._fill(node, None)
        else:
            parts = self._parts(node, late=False)
            if key not in self._made:
                self._made[key] = build(node.value, parts)
                self._fill(node, late=True)
        if key in self._wrapped:
            self._made[key] = self._wrapped[key](self._made[key])
        return self._made[key]

    def _builder(self, node: Node) -> Callable[[Any, Parts], Any] | None:
        """How to build a copy of something that cannot be changed once it exists; None for all else."""
        if isinstance(node.value, types.FunctionType) and self._reads_globals(node):
            return self._function_with_globals
        kind: type = type(node.value)
        hashable: Hashable = kind
        return _builder_of(hashable)

    def _reads_globals(self, node: Node) -> bool:
        """Whether something differs in what a function reads from modules."""
        return any(edge.kind in _GLOBAL_EDGES for edge in self._edges(node))

    def _function_with_globals(self, function: types.FunctionType, parts: Parts) -> types.FunctionType:
        variables = GlobalsOverlay(function.__globals__)
        if self._policy.shares_globals:
            variables = self._overlays.setdefault(id(function.__globals__), variables)
        return rebuilt_function(function, _closure(function, parts), variables)

    def _fill(self, node: Node, late: bool | None) -> None:
        shell, parts = self._made[id(node.value)], self._parts(node, late)
        for edge, held in parts.items():
            _put(shell, edge, held)
            if edge.kind == "special" and Edge("attr", edge.key) not in parts:
                # what a cached property has computed already came from the texts of the original
                (instance_dict(shell) or {}).pop(str(edge.key), None)

    def _edges(self, node: Node) -> list[Edge]:
        """The edges at which something differs."""
        touched = [edge for edge, held in node.edges if held in self._touched]
        return [*touched, *self._changes.get(id(node.value), ())]

    def _parts(self, node: Node, late: bool | None) -> dict[Edge, Any]:
        """What stands at the edges that differ: the late ones, those that are not late, or, for None, all."""
        made, touched = self._made, self._touched
        found: dict[Edge, Any] = {}
        for edge, held in node.edges:
            if held in touched and (late is None or _is_late(node.value, edge) == late):
                found[edge] = made[held] if held in made else self.of(held)
        for edge, text in self._changes.get(id(node.value), {}).items():
            if late is None or _is_late(node.value, edge) == late:
                found[edge] = text
        return found


def _is_late(value: object, edge: Edge) -> bool:
    """Whether an edge of something that is built at once can still be set afterwards."""
    if isinstance(value, functools._lru_cache_wrapper) and edge.key == "__wrapped__":
        return False
    return edge.kind == "attr" or (isinstance(value, types.FunctionType) and edge.kind != "cell")


def _function(function: types.FunctionType, parts: Parts) -> types.FunctionType:
    return rebuilt_function(function, _closure(function, parts), function.__globals__)


def _closure(function: types.FunctionType, parts: Parts) -> tuple[Any, ...]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return tuple(parts.get(Edge("cell", name), cell) for name, cell in cells)


def _partial(value: functools.partial[Any], parts: Parts) -> Any:
    func, args, keywords = (
        parts.get(Edge("part", name), getattr(value, name)) for name in ("func", "args", "keywords")
    )
    made = type(value)(func, *args, **keywords)
    made.__dict__.update(value.__dict__)
    return made


def _method(value: types.MethodType, parts: Parts) -> types.MethodType:
    return types.MethodType(
        parts.get(Edge("part", "__func__"), value.__func__),
        parts.get(Edge("part", "__self__"), value.__self__),
    )


def _builtin_method(value: types.BuiltinMethodType, parts: Parts) -> Any:
    return getattr(parts[Edge("part", "__self__")], value.__name__)


def _tuple(value: tuple[Any, ...], parts: Parts) -> Any:
    entries = [parts.get(Edge("index", number), held) for number, held in enumerate(value)]
    made = tuple.__new__(type(value), entries)
    own = instance_dict(value)
    if own:
        instance_dict_of(made).update(own)
    return made


def _cached(value: Any, parts: Parts) -> Any:
    """An ``lru_cache`` around the changed function, and empty: the old answers are another candidate's."""
    function = parts.get(Edge("attr", "__wrapped__"), value.__wrapped__)
    made = functools.lru_cache(**value.cache_parameters())(function)
    made.__dict__.update({**vars(value), "__wrapped__": function})
    return made


def _set(value: Any, parts: Parts) -> Any:
    return type(value)(parts.get(Edge("member", number), held) for number, held in enumerate(members(value)))


def _mapping_proxy(value: types.MappingProxyType[Any, Any], parts: Parts) -> Any:
    return types.MappingProxyType({key: parts.get(Edge("item", key), held) for key, held in value.items()})


_BUILDERS: tuple[tuple[Any, Callable[[Any, Parts], Any]], ...] = (
    (types.FunctionType, _function),
    (functools.partial, _partial),
    (functools._lru_cache_wrapper, _cached),
    (types.MethodType, _method),
    (types.BuiltinMethodType, _builtin_method),
    (tuple, _tuple),
    ((set, frozenset), _set),
    (types.MappingProxyType, _mapping_proxy),
)


@functools.lru_cache(maxsize=4096)
def _builder_of(kind: Any) -> Callable[[Any, Parts], Any] | None:
    """How to build a copy of an object of this class, None where its shell can be changed."""
    return next((build for kinds, build in _BUILDERS if issubclass(kind, kinds)), None)


def _put(shell: Any, edge: Edge, held: Any) -> None:
    """Let ``shell`` hold something else on ``edge``, past any ``__setattr__`` of its class."""
    if isinstance(shell, type):
        put_in_class(shell, edge, held)
        return
    match edge.kind:
        case "contents":
            shell.cell_contents = held
        case "item":
            dict.__setitem__(shell, edge.key, held)
        case "index" if isinstance(shell, deque):
            deque.__setitem__(shell, int(str(edge.key)), held)
        case "method":
            instance_dict_of(shell)[str(edge.key)] = types.MethodType(held, shell)
        case "special":
            put_on_class(shell, str(edge.key), held)
        case "global" | "module_attr" | "import":
            put_variable(shell.__globals__, edge, held)
        case "part":
            setattr(shell, str(edge.key), held)
        case "index":
            list.__setitem__(shell, int(str(edge.key)), held)
        case _:
            slot = slots(type(shell)).get(str(edge.key))
            if slot is not None:
                slot.__set__(shell, held)
            else:
                instance_dict_of(shell)[str(edge.key)] = held
