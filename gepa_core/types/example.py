"""What it is run on."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

Split: TypeAlias = Literal["train", "val", "test"]


@attrs.frozen(kw_only=True)
class Example:
    """One input with whatever the metric needs.

    Attributes:
        inputs: what the system is run on.
        expected: what a good output is, if the data says; shown to the reflection model (train only).
        data: what the metric is given: the user's own row where one was passed, else this example.
        id: the hash of the content, unique within the split.
        split: which of the three data sets it belongs to.
    """

    inputs: object
    expected: object = None
    data: object = attrs.field(default=None, repr=False)
    id: str = ""
    split: Split = "train"
