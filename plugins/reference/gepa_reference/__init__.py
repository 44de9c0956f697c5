"""Adapters of the PyPI package gepa, run under gepa-core unchanged.

`optimize` takes the place of ``gepa.optimize``, `optimize_dspy` that of ``dspy.GEPA``. `wrap` makes an
adapter a system that `gepa_core.optimize` takes, with `ReferenceSystem.metric` and
`ReferenceSystem.hooks` to go with it.
"""

from __future__ import annotations

from gepa_reference.api import optimize
from gepa_reference.dspy_program import DspyModel, optimize_dspy, wrap_dspy
from gepa_reference.system import ReferenceSystem, wrap

__all__ = ["DspyModel", "ReferenceSystem", "optimize", "optimize_dspy", "wrap", "wrap_dspy"]
