"""The files that a page of the docs shows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
_FILE = re.compile(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def files_of(page: str) -> dict[str, str]:
    """Content by name of the files on a page: a name in backticks and a colon, then a block."""
    return dict(_FILE.findall((DOCS / page).read_text("utf-8")))


def install(page: str, directory: Path) -> Path:
    """Write a page's files into ``directory``, with the metadata that an installation would bring."""
    files = files_of(page)
    for name, content in files.items():
        (directory / name).write_text(content, "utf-8")
    project = tomllib.loads(files["pyproject.toml"])["project"]
    about = directory / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", "utf-8"
    )
    lines: list[str] = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return directory
