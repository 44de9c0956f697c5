"""New texts by a proposer of the package gepa: the adapter's ``propose_new_texts`` or the user's own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gepa_core.errors import GepaError, ProposalDropped
from gepa_core.faults import classify, describe
from gepa_core.mutation import MutationRequest
from gepa_core.types import Json, content_id
from gepa_reference.records import dataset_of

if TYPE_CHECKING:
    from gepa.core.adapter import ProposalFn


def propose(proposer: ProposalFn, request: MutationRequest, kept: Path) -> Mapping[str, str]:
    """Ask ``proposer``, or take what it answered before the run was interrupted.

    Its calls of a model are its own business: they are neither counted nor stored, so the answer is.

    Args:
        kept: the file that the answer is kept in.

    Raises:
        ProposalDropped: the proposer failed, or there are no records to learn from.
        Exception: a fault of the network or of a model, as it was raised.
    """
    names = [component.name for component in request.components]
    dataset = dataset_of((each.outcome.trajectory for each in request.minibatch), names)
    if not dataset:
        raise ProposalDropped("no-records: the adapter made no records of the minibatch")
    texts = dict(request.parent.texts)
    question = content_id([texts, dataset, names])
    known = _read(kept, question)
    if known is not None:
        return known
    asked = [name for name in names if name in dataset]
    answer = _ask(proposer, texts, dataset, asked)
    if not isinstance(answer, Mapping) or not all(isinstance(answer.get(name, ""), str) for name in asked):
        raise ProposalDropped(f"proposer: it returned {type(answer).__name__}, not texts by component")
    new = {name: answer[name] for name in asked if name in answer}
    _write(kept, question, new)
    return new


def _ask(
    proposer: ProposalFn, texts: dict[str, str], dataset: Mapping[str, list[Json]], names: list[str]
) -> Mapping[str, str]:
    try:
        return proposer(texts, dataset, names)  # type: ignore[arg-type]
    except GepaError:
        raise
    except Exception as error:
        if classify(error).kind != "candidate":
            raise
        raise ProposalDropped(f"proposer: {describe(error)}") from error


def _read(kept: Path, question: str) -> Mapping[str, str] | None:
    """The answer that was kept, if it is one to this question."""
    if not kept.exists():
        return None
    told = json.loads(kept.read_text("utf-8"))
    texts: Mapping[str, str] = told["texts"]
    return texts if told["question"] == question else None


def _write(kept: Path, question: str, texts: Mapping[str, str]) -> None:
    """Whole or not at all: a run may be killed at any time."""
    kept.parent.mkdir(exist_ok=True)
    unfinished = kept.with_suffix(".tmp")
    unfinished.write_text(json.dumps({"question": question, "texts": texts}, ensure_ascii=False), "utf-8")
    os.replace(unfinished, kept)
