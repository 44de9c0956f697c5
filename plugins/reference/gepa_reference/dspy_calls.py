"""The model calls of a DSPy program, by DSPy's own callbacks. Imported only where DSPy is in use."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import attrs
import dspy  # type: ignore[import-untyped]
from dspy.utils.callback import BaseCallback  # type: ignore[import-untyped]

from gepa_core.faults import classify, describe
from gepa_core.jsonable import to_jsonable
from gepa_core.marks import texts_in
from gepa_core.types import Step, Usage

T = TypeVar("T")

_COLLISIONS = 20
_WATCHING = contextvars.ContextVar("gepa_reference_watching", default=False)


def _is_worth_logging(record: logging.LogRecord) -> bool:
    """DSPy logs the mean score of every evaluation. Ours are of one example, and there are hundreds."""
    return record.levelno > logging.INFO or not _WATCHING.get()


logging.getLogger("dspy.evaluate.evaluate").addFilter(_is_worth_logging)


@attrs.define(eq=False)
class _Call:
    model: Any
    sent: Any
    began: float
    seconds: float = 0.0
    outputs: Any = None
    error: BaseException | None = None


class WatchedCalls(BaseCallback):  # type: ignore[misc]
    """Takes down the calls of one rollout. See `gepa_reference.calls.Calls`."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._problem = ""

    def made_by(self, evaluate: Callable[[], T]) -> T:
        """See `Calls.made_by`.

        Each evaluation forgets the progress bars of all others. One that is made in that moment, before
        the program runs, fails with a KeyError about itself, and the evaluation is begun again.
        """
        for _ in range(_COLLISIONS):
            try:
                return evaluate()
            except KeyError as error:
                if "tqdm" not in str(error):
                    raise
        return evaluate()

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A call begins."""
        sent = inputs.get("messages") or inputs.get("prompt")
        self._calls[call_id] = _Call(instance, sent, time.monotonic())

    def on_lm_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A call has ended."""
        call = self._calls[call_id]
        call.seconds = time.monotonic() - call.began
        call.outputs, call.error = outputs, exception

    def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:  # noqa: ARG002
        """An evaluation of one example begins: it needs no progress bar of its own."""
        instance.display_progress = False

    def on_module_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:  # noqa: ARG002
        """A module has ended; the program itself ends last, so that what it recovered from is forgotten."""
        self._problem = describe(exception) if isinstance(exception, Exception) else ""

    @property
    def problem(self) -> str:
        """See `Calls.problem`."""
        return self._problem

    @property
    def fault(self) -> Exception | None:
        """See `Calls.fault`."""
        last = next(reversed(self._calls.values()), None)
        if last is None or not isinstance(last.error, Exception):
            return None
        return None if classify(last.error).kind == "candidate" else last.error

    def steps(self, texts: Mapping[str, str]) -> list[Step]:
        """See `Calls.steps`."""
        return [_step(call, texts) for call in self._calls.values()]


@contextlib.contextmanager
def watch() -> Iterator[WatchedCalls]:
    """Take down the calls that are made inside of the block, in its thread and those that DSPy starts."""
    calls = WatchedCalls()
    token = _WATCHING.set(True)
    try:
        with dspy.context(callbacks=[*dspy.settings.callbacks, calls]):
            yield calls
    finally:
        _WATCHING.reset(token)


def _step(call: _Call, texts: Mapping[str, str]) -> Step:
    entry = _history(call)
    sent = to_jsonable(call.sent if entry is None else entry.get("messages") or call.sent)
    said = "\n".join(_spaced(text) for text in texts_in(sent))
    return Step(
        kind="model",
        name=str(getattr(call.model, "model", "") or type(call.model).__name__),
        inputs=sent,
        output=to_jsonable(call.outputs),
        error="" if not isinstance(call.error, Exception) else describe(call.error),
        usage=_usage(entry),
        seconds=call.seconds,
        components=tuple(name for name, text in texts.items() if text.strip() and _spaced(text) in said),
    )


def _history(call: _Call) -> Mapping[str, Any] | None:
    """What the model itself wrote down of the call, found by the object that it returned."""
    entries = list(getattr(call.model, "history", ()))
    return next((one for one in reversed(entries) if one.get("outputs") is call.outputs), None)


def _usage(entry: Mapping[str, Any] | None) -> Usage:
    if entry is not None and getattr(entry.get("response"), "cache_hit", False):
        return Usage(calls=1)
    usage = (entry or {}).get("usage") or {}
    sent, received = usage.get("prompt_tokens"), usage.get("completion_tokens")
    cost = (entry or {}).get("cost")
    return Usage(
        calls=1,
        input_tokens=sent or 0,
        output_tokens=received or 0,
        dollars=cost or 0.0,
        unmetered=int(sent is None or received is None),
        unpriced=int(cost is None),
    )


def _spaced(text: str) -> str:
    """DSPy indents instructions, so only the words are compared."""
    return " ".join(text.split())
