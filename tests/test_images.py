"""Images are found in whatever form they come, and known by their content."""

from __future__ import annotations

import base64
import copy
import gc
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.codec import decode, encode
from gepa_core.images import Image, Referring, image_of, images_in, references_in, replace_references
from gepa_core.jsonable import Limits, to_jsonable
from gepa_core.types import Step

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
FILES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0" + bytes(64),
    "image/gif": b"GIF89a" + bytes(64),
    "image/webp": b"RIFF\x00\x01\x02\x03WEBP" + bytes(64),
}
ENCODED = base64.b64encode(PNG).decode()
IMAGE = Image(media_type="image/png", data=PNG)


@pytest.mark.parametrize("media_type", FILES)
@pytest.mark.parametrize(
    "form",
    [
        bytes,
        bytearray,
        base64.b64encode,
        lambda data: base64.b64encode(data).decode(),
        lambda data: base64.encodebytes(data).decode(),
        lambda data: f"data:application/octet-stream;base64,{base64.b64encode(data).decode()}",
    ],
)
def test_each_form_is_the_same_reference(media_type: str, form: Any) -> None:
    found = to_jsonable({"photo": [form(FILES[media_type])]})
    image = Image(media_type=media_type, data=FILES[media_type])
    assert found == {"photo": [image.reference]}
    assert list(images_in(found)) == [image]


def test_an_image_of_pillow_is_found() -> None:
    pillow = pytest.importorskip("PIL.Image")
    (red,) = images_in(to_jsonable([pillow.new("RGB", (4, 4), "red")]))
    (ink,) = images_in(to_jsonable([pillow.new("CMYK", (4, 4), "red")]))  # PNG knows no such colours
    assert (red.media_type, ink.media_type) == ("image/png", "image/png")
    assert red.digest == next(images_in(to_jsonable(pillow.new("RGB", (4, 4), "red")))).digest


def test_images_inside_of_a_text_are_found_and_the_text_around_them_stays() -> None:
    found = to_jsonable(f"before ![a](data:image/png;base64,{ENCODED}) and data:text/plain;base64,QUJD after")
    assert found == (
        f"before ![a]({IMAGE.reference}) and data:text/plain;base64,<4 characters, sha256 d9cae0dbdbf078b2>"
        " after"
    )
    assert list(images_in(found)) == [IMAGE]


@pytest.mark.parametrize(
    "text",
    [
        "/9j/ is how a JPEG begins",
        "iVBORw0KGgo",
        "R0lGODlh and more",
        "UklGR" + "A" * 80,
        "GIF89a",
        IMAGE.reference,
    ],
)
def test_texts_that_only_begin_like_an_image_stay(text: str) -> None:
    found = to_jsonable(text)
    assert found == text
    assert not isinstance(found, Referring)


def test_a_stored_trajectory_has_the_reference_alone() -> None:
    step = Step(kind="model", name="m", inputs=to_jsonable({"photo": PNG}))
    stored = decode(encode(step), Step)
    assert stored == step
    assert list(images_in(stored.inputs)) == []
    assert ENCODED not in encode(step)


def test_a_text_keeps_its_images_when_it_is_made_json_again_copied_or_pickled() -> None:
    found = to_jsonable({"é": PNG, "text": f"ü {IMAGE.data_url}"})
    for again in (to_jsonable(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert again == found
        assert [image.data for image in images_in(again)] == [PNG, PNG]
    assert json.loads(json.dumps(found)) == found


def test_a_text_that_is_cut_says_so_and_keeps_its_images() -> None:
    found = to_jsonable(f"{'x' * 500} {IMAGE.data_url}", Limits(chars=300))
    assert isinstance(found, Referring)
    assert "cut: " in found
    assert list(images_in(found)) == [IMAGE]


def test_equal_images_are_held_once_for_as_long_as_someone_holds_them() -> None:
    first, second = (image_of(bytes(PNG + b"once")) for _ in range(2))
    assert first is second
    data = first.data if first else b""
    del first, second
    gc.collect()
    third = image_of(data)
    assert third is not None
    assert third.data == data


def test_references_are_found_in_order_and_replaced() -> None:
    other = Image(media_type="image/gif", data=FILES["image/gif"])
    text = f"{other.reference} {IMAGE.reference} {other.reference}"
    assert references_in(text) == [other.digest, IMAGE.digest]
    assert replace_references(text, {IMAGE.digest: "[it]"}.get) == f"{other.reference} [it] {other.reference}"


@given(st.text() | st.binary())
def test_no_text_and_no_bytes_are_an_error(value: object) -> None:
    assert "unreadable" not in str(to_jsonable(value)) or "unreadable" in str(value)
