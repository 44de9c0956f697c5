"""The reflection prompt's template: what may stand in it, and the default."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gepa_core.errors import ConfigurationError

REQUIRED = ("current_text", "requirements", "examples")
OPTIONAL = ("task", "component")
_SLOT = re.compile(r"\{(" + "|".join((*REQUIRED, *OPTIONAL)) + r")\}")

DEFAULT_TEMPLATE = """\
You improve one text inside an AI system, so that the system does better on inputs it has not met yet.

## Task
{task}

## The component
{component}

## Current text
{current_text}

## Requirements
{requirements}

## Examples
The system ran with the current text on these examples. Higher scores are better.

{examples}

## What to write
Write a new version of the current text.
- Learn from the examples what holds in general: which rules, facts, steps or output forms the system was
  missing or got wrong. State each one so that it also serves inputs that look different from these.
- Keep what works. Whatever the examples do not speak against stays, in substance.
- Write down every rule that is needed. Whoever follows the new text sees that text alone: neither these
  examples, nor the feedback, nor the version before it.
- Do not copy what is particular to one example, such as its names, numbers or answer, unless it is a fact
  that other inputs need too.
- Keep to every requirement above.

Reason first if that helps, without fenced blocks. Then give the whole new text in one fenced block, and
nothing after it. If the text has fenced blocks of its own, make the fence around it longer than theirs.
"""


def check_template(template: str) -> None:
    """Refuse a template that would not show what a rewrite needs.

    Raises:
        ConfigurationError: required placeholders are missing; the message names them.
    """
    present = set(_SLOT.findall(template))
    missing = [f"{{{name}}}" for name in REQUIRED if name not in present]
    if missing:
        raise ConfigurationError(
            f"the reflection template lacks {', '.join(missing)}: it must contain "
            f"{', '.join(f'{{{name}}}' for name in REQUIRED)}, and may contain "
            f"{', '.join(f'{{{name}}}' for name in OPTIONAL)}; all other braces are ordinary text"
        )


def fill_template(template: str, sections: Mapping[str, str]) -> str:
    """``template`` with its placeholders replaced in one pass: braces in a section stay as they are."""
    return _SLOT.sub(lambda match: sections[match[1]], template)


def fixed_length(template: str) -> int:
    """Characters of ``template`` that are not placeholders."""
    return len(_SLOT.sub("", template))
