"""For tests of apps, and of what the adapter makes of them: a scripted model and the properties to hold."""

from gepa_llamaindex.testing.models import Ask, Client, ScriptedLLM
from gepa_llamaindex.testing.properties import PROPERTIES, check_shape, marked
from gepa_llamaindex.testing.shape import Shape

__all__ = ["PROPERTIES", "Ask", "Client", "ScriptedLLM", "Shape", "check_shape", "marked"]
