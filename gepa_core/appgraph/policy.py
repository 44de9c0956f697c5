"""What an adapter decides about an object graph: where texts are, what is shared, what to drop."""

from __future__ import annotations

import enum
import importlib
import sys
import types
from collections.abc import Collection

import attrs

from gepa_core.appgraph.edges import Hop

CLIENT_PACKAGES = frozenset(
    (
        "aiohttp",
        "anthropic",
        "boto3",
        "botocore",
        "chromadb",
        "faiss",
        "google",
        "grpc",
        "httpcore",
        "httpx",
        "litellm",
        "mcp",
        "numpy",
        "openai",
        "opentelemetry",
        "pandas",
        "pydantic_core",
        "pymongo",
        "redis",
        "requests",
        "sqlalchemy",
        "tenacity",
        "tiktoken",
        "torch",
        "transformers",
        "urllib3",
    )
)
"""Root packages whose objects are clients, data or machinery, and hold no prompts."""

TRANSPARENT_STDLIB = frozenset(("builtins", "collections", "functools", "types"))
"""Modules of the standard library whose objects are containers or callables that may hold an app's parts."""


@attrs.define(eq=False, kw_only=True)
class Policy:
    """What the walk asks. Subclass it; every method has a default that suits any framework.

    Attributes:
        framework: root packages of the framework: their functions' globals and their class attributes
            are not an app's own and are not looked at.
        max_items: containers with more entries than this are data and are not looked into.
        shares_globals: whether the functions of one module see the same replaced variables in a copy. It
            suits adapters that replace a module's variable wherever it is read.
    """

    framework: Collection[str] = ()
    max_items: int = 2_000
    shares_globals: bool = False

    def is_opaque(self, value: object) -> bool:
        """Whether ``value`` is shared by all candidates and not looked into: models, clients, stores.

        By default classes, modules, enum members, most objects of the standard library (locks, threads,
        loggers, files, executors, tasks) and of known clients.
        """
        if isinstance(value, type | types.ModuleType | enum.Enum):
            return True
        root = root_package(type(value))
        if root in sys.stdlib_module_names:
            return root not in TRANSPARENT_STDLIB
        return root in CLIENT_PACKAGES

    def is_site(self, hop: Hop, text: str) -> bool:
        """Whether ``text``, held by ``hop.owner`` on ``hop.edge``, is worth reporting to the adapter."""
        del hop, text
        return False

    def follows(self, hop: Hop, held: object) -> bool:
        """Whether ``held``, which is not opaque, is looked into when it is reached by ``hop``."""
        del hop, held
        return True

    def cached(self, owner: object) -> Collection[str]:
        """Names of attributes of ``owner`` that are computed from others: neither followed nor copied."""
        del owner
        return ()

    def follows_globals(self, function: types.FunctionType) -> bool:
        """Whether the module variables that ``function`` reads belong to the app."""
        return self.is_apps_own(function.__module__)

    def follows_class(self, kind: type) -> bool:
        """Whether the data attributes of the class ``kind`` belong to the app."""
        return self.is_apps_own(kind.__module__)

    def follows_methods(self, kind: type) -> bool:
        """Whether the methods of the class ``kind`` are looked into for module variables that they read.

        A changed one is put on the instance, where special methods such as ``__call__`` are not looked up;
        those are left out, see `follows_special`. Off by default.
        """
        del kind
        return False

    def follows_special(self, kind: type) -> bool:
        """Whether ``__call__``, properties, static and class methods of ``kind`` are looked into as well.

        A copy with a changed one is of a subclass made for it, which has the same name. Off by default.
        """
        del kind
        return False

    def follows_type(self, kind: type) -> bool:
        """Whether the class ``kind`` is looked into because objects of it are made while the app runs.

        Where something in it differs, the app's functions find a class derived from it instead. Say so only
        of those that `gepa_core.appgraph.classes.can_differ`, and let `is_opaque` pass them. Off by default.
        """
        del kind
        return False

    def follows_module(self, module: types.ModuleType) -> bool:
        """Whether what a function reads from ``module`` by attribute is looked into. Off by default."""
        del module
        return False

    def imported(self, name: str) -> types.ModuleType | None:
        """The module of this name that a function imports when it runs. By default only if it is loaded.

        One that another thread is importing is waited for: half of its variables are not there yet.
        """
        return importlib.import_module(name) if sys.modules.get(name) is not None else None

    def is_apps_own(self, module: str | None) -> bool:
        """Whether a module is the user's: not the framework's, the standard library's, or installed."""
        root = (module or "").partition(".")[0]
        if not root or root in self.framework or root in sys.stdlib_module_names - {"__main__"}:
            return False
        file = getattr(sys.modules.get(module or ""), "__file__", None) or ""
        return "site-packages" not in file and "dist-packages" not in file


def root_package(kind: type) -> str:
    """The first part of the name of the module that defines ``kind``."""
    return (kind.__module__ or "").partition(".")[0]
