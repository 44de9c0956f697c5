"""Nothing that is read can execute: what the source may not call, and where it may after all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for root in ("gepa_core", "adapters", "plugins")
    for path in (REPOSITORY / root).rglob("*.py")
    if "tests" not in path.parts and ".venv" not in path.parts
)

FORBIDDEN_MODULES = {
    "cloudpickle", "code", "codeop", "dill", "joblib", "marshal", "pickle", "pickletools", "runpy", "shelve",
}  # fmt: skip
FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__", "execfile"}
FORBIDDEN_ATTRIBUTES = {
    "exec_module", "format_map", "from_string", "full_load", "load_module", "unsafe_load",
}  # fmt: skip

ALLOWED = {
    ("gepa_core/appgraph/overlays.py", "__import__"): "the app's own import statements",
    ("gepa_core/appgraph/policy.py", "import_module"): "modules that the app has imported or is importing",
    ("gepa_core/cli/targets.py", "import_module"): "what the user names on the command line",
    ("gepa_core/testing/requirements.py", "import_module"): "modules that a suite names",
    ("gepa_core/testing/suites/processes.py", "import_module"): "the test module of whoever runs the suite",
    ("gepa_core/testing/suites/processes.py", "exec_module"): "the test module of whoever runs the suite",
    ("adapters/agents/gepa_agents/policy.py", "import_module"): "what the agent is about to import itself",
    ("plugins/ray/gepa_ray/pickling.py", "cloudpickle"): "what a run and its own workers send each other",
}
"""File and call, and what is imported or executed there: never what was read from a run or a model said."""


def calls(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every use of something that is forbidden, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
            yield from ((name, node.lineno) for name in names if name.partition(".")[0] in FORBIDDEN_MODULES)
        elif isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ATTRIBUTES:
            yield node.attr, node.lineno
        elif isinstance(node, ast.Constant) and node.value == "__import__":
            yield "__import__", node.lineno
        elif isinstance(node, ast.Call):
            yield from _call(node)


def _call(node: ast.Call) -> Iterator[tuple[str, int]]:
    """Calls that are harmless or not by what they are called with."""
    function, name = node.func, ast.unparse(node.func)
    if name == "yaml.load" or any(one.arg == "shell" for one in node.keywords):
        yield name, node.lineno
    if name in ("os.system", "os.popen"):
        yield name, node.lineno
    if name.endswith("Environment") and name.rpartition(".")[2] != "SandboxedEnvironment":
        yield name, node.lineno
    if name.endswith("import_module") and not isinstance(node.args[0], ast.Constant | ast.JoinedStr):
        yield "import_module", node.lineno
    # A template in the source is ours; one in a variable may be a model's, with {x.__class__} in it.
    is_format = isinstance(function, ast.Attribute) and function.attr == "format"
    if is_format and not isinstance(function.value, ast.Constant):  # type: ignore[attr-defined]
        yield "format of a variable", node.lineno


OWN_TEMPLATES = {
    "gepa_core/cli/components.py": "a sentence of the module",
    "gepa_core/cli/dry_run.py": "a sentence of the module",
    "gepa_core/cli/live.py": "a form that the module's own callers pass",
    "plugins/offline/gepa_offline/domains/multi_hop/__init__.py": "sentences of the simulated corpus",
    "plugins/offline/gepa_offline/domains/multi_hop/corpus.py": "sentences of the simulated corpus",
    "plugins/offline/gepa_offline/domains/multi_hop/kinds.py": "sentences of the simulated corpus",
}
"""Files that fill in templates of their own which are not written where they are filled in."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_nothing_executes_what_was_read(path: Path) -> None:
    """No pickle, eval, exec or yaml, no shell, jinja2 only in its sandbox, no foreign template in format."""
    name = str(path.relative_to(REPOSITORY))
    found = [
        (what, line)
        for what, line in calls(ast.parse(path.read_text("utf-8")))
        if (name, what) not in ALLOWED
        and not (what in ("format of a variable", "format_map") and name in OWN_TEMPLATES)
    ]
    assert found == []


def test_the_exceptions_are_needed() -> None:
    """An exception that nothing needs any more would let something new through."""
    used = {
        (str(path.relative_to(REPOSITORY)), what)
        for path in SOURCES
        for what, _ in calls(ast.parse(path.read_text("utf-8")))
    }
    assert [one for one in ALLOWED if one not in used] == []
    assert [one for one in OWN_TEMPLATES if one not in {name for name, _ in used}] == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "eval(answer)",
        "builtins.exec_module(x)",
        "yaml.load(text)",
        "jinja2.Environment()",
        "template.format(x=1)",
        "subprocess.run(text, shell=True)",
        "os.system(text)",
    ],
)
def test_the_search_finds_them(source: str) -> None:
    """Or it would be no search."""
    assert list(calls(ast.parse(source)))
