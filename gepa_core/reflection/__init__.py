"""The parts of reflection: what the model is shown, and how a new text is read from its answer.

`gepa_core.defaults.reflection` puts them together; a plugin of your own may use them too.
"""

from __future__ import annotations

from gepa_core.reflection.answer import extract_text
from gepa_core.reflection.attaching import with_images
from gepa_core.reflection.extracted import (
    Empty,
    Extracted,
    NewText,
    NoText,
    Refused,
    TooLong,
    Truncated,
    Unchanged,
    Unusable,
)
from gepa_core.reflection.gallery import Gallery
from gepa_core.reflection.prompt import render_prompt
from gepa_core.reflection.template import DEFAULT_TEMPLATE, check_template

__all__ = [
    "DEFAULT_TEMPLATE",
    "Empty",
    "Extracted",
    "Gallery",
    "NewText",
    "NoText",
    "Refused",
    "TooLong",
    "Truncated",
    "Unchanged",
    "Unusable",
    "check_template",
    "extract_text",
    "render_prompt",
    "with_images",
]
