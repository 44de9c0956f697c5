"""To which rollout a call belongs: by the object it is made on, by the call around it, or by the context."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

from gepa_llamaindex.recorder import Recorder

_CURRENT: ContextVar[Recorder | None] = ContextVar("gepa_llamaindex_recorder", default=None)
_BY_OBJECT: dict[int, Recorder] = {}
_BY_SPAN: dict[str, Recorder] = {}


@contextlib.contextmanager
def recording(recorder: Recorder, own: Iterable[object]) -> Iterator[None]:
    """Route to ``recorder`` what happens in this context, and on the objects ``own`` in any thread.

    Args:
        own: objects that nobody else has, such as the copies that were made for this rollout. They are
            kept alive until the end.
    """
    objects = {id(one): one for one in own}
    _BY_OBJECT.update(dict.fromkeys(objects, recorder))
    token = _CURRENT.set(recorder)
    try:
        yield
    finally:
        _CURRENT.reset(token)
        for key in objects:
            _BY_OBJECT.pop(key, None)
        for span_id in recorder.span_ids():
            _BY_SPAN.pop(span_id, None)


def recorder_for(instance: object, parent: str | None) -> Recorder | None:
    """The rollout that a call on ``instance`` inside of span ``parent`` belongs to."""
    return _BY_OBJECT.get(id(instance)) or _BY_SPAN.get(parent or "") or _CURRENT.get()


def open_span(span_id: str, recorder: Recorder) -> None:
    """Calls inside of this span belong to ``recorder``."""
    _BY_SPAN[span_id] = recorder


def recorder_of(span_id: str | None) -> Recorder | None:
    """The rollout that an announced span belongs to."""
    return _BY_SPAN.get(span_id or "")


def close_span(span_id: str) -> None:
    """The span is over."""
    _BY_SPAN.pop(span_id, None)


def routes() -> int:
    """How many objects and spans are routed at the moment: none when no rollout is running."""
    return len(_BY_OBJECT) + len(_BY_SPAN)
