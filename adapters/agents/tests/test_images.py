"""Images that an agent sends to its model are references in the trajectory, and still at hand."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from gepa_agents import AgentsAdapter
from gepa_offline import OfflineServer, serve
from openai import OpenAI

from gepa_core import optimize
from gepa_core.codec import encode
from gepa_core.defaults.reflection import ReflectiveMutation
from gepa_core.images import image_of, images_in
from gepa_core.lm import CallableModel

from . import fakes
from .conftest import run

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
ENCODED = base64.b64encode(PNG).decode()


def chat_parts(photo: str) -> list[dict[str, Any]]:
    return [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{photo}"}},
    ]


def responses_parts(photo: str) -> list[dict[str, Any]]:
    return [
        {"type": "input_text", "text": "What is it?"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{photo}"},
    ]


def anthropic_parts(photo: str) -> list[dict[str, Any]]:
    source = {"type": "base64", "media_type": "image/png", "data": photo}
    return [{"type": "image", "source": source}, {"type": "text", "text": "What is it?"}]


@pytest.mark.parametrize("parts", [chat_parts, responses_parts, anthropic_parts])
def test_a_trajectory_refers_to_an_image_and_holds_it_until_it_is_stored(parts: Any) -> None:
    client, endpoint = fakes.chat(fakes.message("a cat"))

    def agent(photo: str) -> str:
        said = [{"role": "system", "content": "Name it."}, {"role": "user", "content": parts(photo)}]
        answer = client.chat.completions.create(model="eyes", messages=said)
        return str(answer.choices[0].message.content)

    (step,) = run(AgentsAdapter().wrap(agent), {}, ENCODED).trajectory.steps
    assert ENCODED in json.dumps(endpoint.sent)
    image = image_of(PNG)
    assert image is not None
    assert list(images_in(step.inputs)) == [image]
    assert image.reference in encode(step)
    assert ENCODED not in encode(step)


def test_a_reflection_over_http_is_shown_what_the_agent_saw(tmp_path: Path) -> None:
    def metric(_row: Any, output: str) -> float:
        return min(len(output), 999) / 1000

    with serve(log_requests=True) as server, OpenAI(base_url=server.base_url, api_key="offline") as client:

        def agent(photo: str) -> str:
            said: list[Any] = [
                {"role": "system", "content": "Name what is in the picture."},
                {"role": "user", "content": chat_parts(photo)},
            ]
            answer = client.chat.completions.create(model="simulated-task", messages=said)
            return str(answer.choices[0].message.content)

        def reflect(messages: list[Any]) -> str:
            answer = client.chat.completions.create(model="simulated-reflection", messages=messages)
            return str(answer.choices[0].message.content)

        optimize(
            agent,
            trainset=[_photo(number) for number in range(3)],
            valset=[_photo(number) for number in range(3, 6)],
            metric=metric,
            reflection_lm=CallableModel(function=reflect),
            budget=20,
            run_dir=tmp_path,
            plugins=[ReflectiveMutation(images=2)],
        )
        images = _images_by_model(server)
    assert images["simulated-task"] == {1}
    assert images["simulated-reflection"] == {2}


def _photo(number: int) -> str:
    return base64.b64encode(PNG + bytes([number])).decode()


def _images_by_model(server: OfflineServer) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for record in server.requests():
        found.setdefault(record.model, set()).add(record.images)
    return found
