"""What adapters share: finding texts in a live object graph and copying only the paths to them.

It imports no framework. An adapter subclasses `Policy`, calls `walk`, makes components of the sites it
wants, and builds each candidate with `copy_with`; a `TemplateGuard` turns texts into framework templates.
`Plans` keeps what was worked out for the candidates used last; `wording` tells instructions from labels.

A text that no object holds is read from the source of functions (`read_uses` with a `Dialect`), recognised in
what is sent, and replaced there (`Rewriting`); `infer` tells such a text from several versions of a message.
"""

from gepa_core.appgraph.boundary import Change, Rewriting, canonical_role, described, known
from gepa_core.appgraph.constants import Constant, constants_in
from gepa_core.appgraph.copying import PathCopy, copy_with, copyable, path_copy
from gepa_core.appgraph.edges import Edge, Hop, path_text
from gepa_core.appgraph.errors import CannotCopy
from gepa_core.appgraph.guard import TemplateGuard, Unguardable
from gepa_core.appgraph.inferring import infer
from gepa_core.appgraph.matching import TextPattern
from gepa_core.appgraph.naming import NameForms, unique_names
from gepa_core.appgraph.plans import Plans, changed_texts, check_names
from gepa_core.appgraph.policy import Policy
from gepa_core.appgraph.sent import Sent, guarded, of_named, without_known
from gepa_core.appgraph.source import read_uses
from gepa_core.appgraph.uses import Dialect, Literal, Uses
from gepa_core.appgraph.walk import Graph, Site, walk
from gepa_core.appgraph.wording import LABELS, is_instruction, why_no_instruction
from gepa_core.appgraph.written import Match, Written, filled, values_in

__all__ = [
    "LABELS",
    "CannotCopy",
    "Change",
    "Constant",
    "Dialect",
    "Edge",
    "Graph",
    "Hop",
    "Literal",
    "Match",
    "NameForms",
    "PathCopy",
    "Plans",
    "Policy",
    "Rewriting",
    "Sent",
    "Site",
    "TemplateGuard",
    "TextPattern",
    "Unguardable",
    "Uses",
    "Written",
    "canonical_role",
    "changed_texts",
    "check_names",
    "constants_in",
    "copy_with",
    "copyable",
    "described",
    "filled",
    "guarded",
    "infer",
    "is_instruction",
    "known",
    "of_named",
    "path_copy",
    "path_text",
    "read_uses",
    "unique_names",
    "values_in",
    "walk",
    "why_no_instruction",
    "without_known",
]
