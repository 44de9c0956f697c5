"""Every distribution of the workspace says what an index and a user need to know of it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = sorted(
    path.parent for group in ("adapters", "plugins") for path in ROOT.glob(f"{group}/*/pyproject.toml")
)
PROJECTS = [ROOT, *MEMBERS]

each_project = pytest.mark.parametrize("directory", PROJECTS, ids=lambda path: path.name)


def read(directory: Path) -> dict[str, Any]:
    return tomllib.loads((directory / "pyproject.toml").read_text("utf-8"))


def names() -> set[str]:
    return {read(directory)["project"]["name"] for directory in PROJECTS}


def packages(directory: Path) -> list[str]:
    return list(read(directory)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def is_bounded(requirement: Requirement) -> bool:
    """Whether a requirement says from which version on it holds."""
    return any(part.operator in (">=", "==", "~=") for part in requirement.specifier)


def test_the_members_are_found() -> None:
    assert {"gepa-core", "gepa-langchain", "gepa-offline"} <= names()


@each_project
def test_metadata_is_complete(directory: Path) -> None:
    project = read(directory)["project"]
    assert {"name", "version", "description", "readme", "license", "requires-python"} <= set(project)
    assert project["license"] == "MIT"
    assert project["requires-python"] == ">=3.11"
    assert re.fullmatch(r"\d+\.\d+\.\d+", project["version"])


@each_project
def test_the_readme_says_something(directory: Path) -> None:
    readme = (directory / read(directory)["project"]["readme"]).read_text("utf-8")
    assert readme.startswith("# ")
    assert len(readme.split()) > 20, "say what it is and how to install it"


@each_project
def test_packages_exist_and_are_typed(directory: Path) -> None:
    for package in packages(directory):
        assert (directory / package / "__init__.py").is_file()
        assert (directory / package / "py.typed").is_file(), "users' type checkers look for py.typed"


@each_project
def test_dependencies_are_members_or_have_a_range(directory: Path) -> None:
    unbounded = [
        text
        for text in read(directory)["project"]["dependencies"]
        if (requirement := Requirement(text)).name not in names() and not is_bounded(requirement)
    ]
    assert unbounded == []


def test_extras_of_the_core_are_members_or_have_a_range() -> None:
    extras = read(ROOT)["project"]["optional-dependencies"]
    assert {"langchain", "litellm"} <= set(extras)
    unknown = [
        f"{extra}: {text}"
        for extra, texts in extras.items()
        for text in texts
        if (requirement := Requirement(text)).name not in names() and not is_bounded(requirement)
    ]
    assert unknown == []


def test_every_member_is_checked_by_the_import_rules() -> None:
    rules = read(ROOT)["tool"]["importlinter"]
    (independence,) = (contract for contract in rules["contracts"] if contract["type"] == "independence")
    ours = [package for member in MEMBERS for package in packages(member)]
    assert sorted(rules["root_packages"]) == sorted(["gepa_core", *ours])
    assert sorted(independence["modules"]) == sorted(ours)


def test_every_member_is_a_source_of_the_workspace() -> None:
    assert set(read(ROOT)["tool"]["uv"]["sources"]) == names()


def test_every_distribution_has_a_heading_in_the_changelog() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(names())


def test_constraints_are_exact_and_name_no_host_and_no_path() -> None:
    lines = (ROOT / ".ci" / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    exact = re.compile(r"[a-z0-9][a-z0-9.-]*==[0-9][\w.!]*( ; [\w\s.'<>=!()]+)?")
    assert [line for line in pins if not exact.fullmatch(line)] == []
    assert [line for line in pins if "/" in line or "@" in line] == []


def test_constraints_cover_what_the_workspace_names() -> None:
    text = (ROOT / ".ci" / "constraints.txt").read_text("utf-8")
    pinned = {line.partition("==")[0] for line in text.splitlines() if "==" in line}
    named = {Requirement(text).name.lower() for directory in PROJECTS for text in requirements(directory)}
    assert sorted(named - pinned - names()) == [], "run make constraints"


def test_the_floors_are_those_that_the_adapters_declare() -> None:
    lines = (ROOT / ".ci" / "floors.txt").read_text("utf-8").splitlines()
    pins = {
        found[1]: Version(found[2]) for line in lines if (found := re.fullmatch(r"([\w-]+)==([\d.]+)", line))
    }
    declared = {
        requirement.name: Version(part.version)
        for member in MEMBERS
        if member.parent.name == "adapters"
        for text in read(member)["project"]["dependencies"]
        if (requirement := Requirement(text)).name not in {"attrs", *names()}
        for part in requirement.specifier
        if part.operator == ">="
    }
    assert {"langchain-core", "llama-index-core"} <= set(declared)
    assert {name: pins.get(name) for name in declared} == declared


def requirements(directory: Path) -> list[str]:
    """All requirements of a pyproject: dependencies, extras and groups."""
    pyproject = read(directory)
    lists = [
        pyproject["project"]["dependencies"],
        *pyproject["project"].get("optional-dependencies", {}).values(),
        *pyproject.get("dependency-groups", {}).values(),
    ]
    return [text for texts in lists for text in texts]
