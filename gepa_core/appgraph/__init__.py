"""What adapters share: finding texts in a live object graph and copying only the paths to them.

It imports no framework. An adapter subclasses `Policy`, calls `walk`, makes components of the sites it
wants, and builds each candidate with `copy_with`; a `TemplateGuard` turns texts into framework templates.
`Plans` keeps what was worked out for the candidates used last; `wording` tells instructions from labels.
"""

from gepa_core.appgraph.copying import PathCopy, copy_with, copyable, path_copy
from gepa_core.appgraph.edges import Edge, Hop, path_text
from gepa_core.appgraph.errors import CannotCopy
from gepa_core.appgraph.guard import TemplateGuard, Unguardable
from gepa_core.appgraph.matching import TextPattern
from gepa_core.appgraph.naming import NameForms, unique_names
from gepa_core.appgraph.plans import Plans, changed_texts, check_names
from gepa_core.appgraph.policy import Policy
from gepa_core.appgraph.walk import Graph, Site, walk
from gepa_core.appgraph.wording import LABELS, is_instruction, why_no_instruction

__all__ = [
    "LABELS",
    "CannotCopy",
    "Edge",
    "Graph",
    "Hop",
    "NameForms",
    "PathCopy",
    "Plans",
    "Policy",
    "Site",
    "TemplateGuard",
    "TextPattern",
    "Unguardable",
    "changed_texts",
    "check_names",
    "copy_with",
    "copyable",
    "is_instruction",
    "path_copy",
    "path_text",
    "unique_names",
    "walk",
    "why_no_instruction",
]
