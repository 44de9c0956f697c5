"""What adapters share: finding texts in a live object graph and copying only the paths to them.

It imports no framework. An adapter subclasses `Policy`, calls `walk`, makes components of the sites it
wants, and builds each candidate with `copy_with`; a `TemplateGuard` turns texts into framework templates.
"""

from gepa_core.appgraph.copying import PathCopy, copy_with, copyable, path_copy
from gepa_core.appgraph.edges import Edge, Hop, path_text
from gepa_core.appgraph.errors import CannotCopy
from gepa_core.appgraph.guard import TemplateGuard, Unguardable
from gepa_core.appgraph.matching import TextPattern
from gepa_core.appgraph.naming import NameForms, unique_names
from gepa_core.appgraph.policy import Policy
from gepa_core.appgraph.walk import Graph, Site, walk

__all__ = [
    "CannotCopy",
    "Edge",
    "Graph",
    "Hop",
    "NameForms",
    "PathCopy",
    "Policy",
    "Site",
    "TemplateGuard",
    "TextPattern",
    "Unguardable",
    "copy_with",
    "copyable",
    "path_copy",
    "path_text",
    "unique_names",
    "walk",
]
