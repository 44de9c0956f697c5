"""For tests of apps, and of what the adapter makes of them: a scripted model and the properties to hold."""

from gepa_llamaindex.testing.models import Ask, Client, ScriptedLLM
from gepa_llamaindex.testing.properties import Shape, check_shape

__all__ = ["Ask", "Client", "ScriptedLLM", "Shape", "check_shape"]
