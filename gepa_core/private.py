"""Files and directories that nobody but their owner can read, whatever the umask, and never half written."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

_FILE = 0o600
_DIRECTORY = 0o700


def make_directory(path: Path) -> None:
    """Make ``path`` and those of its parents that are missing. What is there is left as it is.

    Raises:
        OSError: it cannot be made, or there is a file of that name.
    """
    missing = [path]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for directory in reversed(missing):
        directory.mkdir(mode=_DIRECTORY, exist_ok=True)


def touch(path: Path) -> None:
    """Make the file ``path`` if need be, and keep others out of it if it is ours.

    Raises:
        OSError: it cannot be made.
    """
    path.touch(mode=_FILE)
    if path.stat().st_mode & 0o077:
        with contextlib.suppress(PermissionError):  # another user's file, who may have meant to share it
            path.chmod(_FILE)


def write(path: Path, content: str | bytes) -> None:
    """Write a file in one step: at every moment it is what it was or what it becomes.

    A new file is its owner's alone; one that is replaced keeps its permissions.

    Args:
        content: texts are written as UTF-8, halves of surrogate pairs as their escapes.

    Raises:
        OSError: it cannot be written.
    """
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    mode = path.stat().st_mode & 0o777 if path.exists() else _FILE
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE), "wb") as file:
            file.write(data)
        unfinished.chmod(mode)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
