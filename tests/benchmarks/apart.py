"""Running something in a process of its own, so that memory and imports of another are not seen."""

from __future__ import annotations

import importlib
import multiprocessing
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from tests.benchmarks.row import Row

T = TypeVar("T")


def call_apart(function: Callable[..., T], *arguments: Any) -> T:
    """What a function of a module returns."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def peak() -> float:
    """The most memory that this process ever held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(group: str, full: bool) -> list[Row]:
    """The rows of one module."""
    module = importlib.import_module(f"tests.benchmarks.{group}")
    rows: list[Row] = module.rows(full)
    return rows


def measure_apart(group: str, full: bool) -> list[Row]:
    """The same in a new process."""
    return call_apart(measure, group, full)
