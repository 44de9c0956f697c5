"""Rollouts on their way to a worker and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from gepa_core.codec import decode, encode
from gepa_core.errors import ConfigurationError, GepaError
from gepa_core.faults import describe, portable
from gepa_core.types import Rollout, Trajectory
from gepa_ray.pickling import dumps, loads
from gepa_ray.unpicklable import explained


def pack_question(texts: Mapping[str, str], inputs: Any) -> bytes:
    """Texts and inputs.

    Raises:
        ConfigurationError: the inputs cannot be pickled.
    """
    try:
        question = dumps((dict(texts), inputs))
    except Exception as error:
        raise ConfigurationError(
            f"an example cannot be sent to Ray's workers: {explained(inputs, error)}. Give plain data in the"
            " data sets, such as texts, numbers, dicts and lists"
        ) from error
    return question


def unpack_question(question: bytes) -> tuple[dict[str, str], Any]:
    """What `pack_question` packed.

    Raises:
        ConfigurationError: it cannot be read here.
    """
    try:
        texts, inputs = loads(question)
    except Exception as error:
        raise ConfigurationError(
            f"an example cannot be read by a worker of Ray: {describe(error)}. Workers need the same packages"
            " as this process"
        ) from error
    return texts, inputs


def pack_answer(found: Any) -> bytes:
    """What a system returned, or the `GepaError` that it raised.

    An error that the app raised keeps its name, its message and whose fault it was. The output goes as it
    is, since a metric may want the object; so do the steps, or as the run would store them where a
    framework's object among them cannot be pickled.
    """
    if isinstance(found, Rollout) and isinstance(found.error, Exception):
        found = attrs.evolve(found, error=portable(found.error))
    for prepared in (_as_it_is, _with_stored_steps):
        try:
            answer = dumps(prepared(found))
        except Exception as error:
            problem = error
        else:
            return answer
    output = found.output if isinstance(found, Rollout) else found
    return dumps(
        ConfigurationError(
            f"what the app returned cannot be brought back from Ray's workers: {explained(output, problem)}."
            " Return plain data from it"
        )
    )


def _as_it_is(found: Any) -> Any:
    return found


def _with_stored_steps(found: Any) -> Any:
    if isinstance(found, Rollout) and isinstance(found.trajectory, Trajectory):
        return attrs.evolve(found, trajectory=decode(encode(found.trajectory), Trajectory))
    return found


def unpack_answer(answer: bytes) -> Any:
    """What the system returned.

    Raises:
        GepaError: it raised it.
        ConfigurationError: what it returned cannot be read here.
    """
    try:
        found = loads(answer)
    except Exception as error:
        raise ConfigurationError(
            f"what the app returned on a worker of Ray cannot be read here: {describe(error)}. This process"
            " needs the same packages as the workers, or the app has to return plain data"
        ) from error
    if isinstance(found, GepaError):
        raise found
    return found
