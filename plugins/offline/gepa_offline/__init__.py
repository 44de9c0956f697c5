"""A simulated language model, so that demo, tests and benchmarks need neither a key nor a network.

It simulates two things and nothing more: a task model that follows the rules an instruction states, and
a reflection model that rewrites an instruction after reading feedback. Figures that come from it say
something about search, and nothing about real models: call them simulated wherever you show them.
"""

from __future__ import annotations

from gepa_offline.domain import Domain
from gepa_offline.domains import all_domains, domain
from gepa_offline.judge import TaskRates
from gepa_offline.language_model import SimulatedLanguageModel, reflection_model
from gepa_offline.model import MODELS, REFLECTION_MODEL, TASK_MODEL, SimulatedModel
from gepa_offline.prompt import Answer, ToolCall
from gepa_offline.reflection.rates import ReflectionRates
from gepa_offline.server import Fault, OfflineServer, parse_fault, run_server, serve

__all__ = [
    "MODELS",
    "REFLECTION_MODEL",
    "TASK_MODEL",
    "Answer",
    "Domain",
    "Fault",
    "OfflineServer",
    "ReflectionRates",
    "SimulatedLanguageModel",
    "SimulatedModel",
    "TaskRates",
    "ToolCall",
    "all_domains",
    "domain",
    "parse_fault",
    "reflection_model",
    "run_server",
    "serve",
]
