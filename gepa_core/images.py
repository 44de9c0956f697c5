"""Images: found in what an app was given and said, and known by their content.

In a trajectory an image is a reference, a short text such as ``<image/png, 512 bytes, sha256 …>``. The text
that is made while the app runs still holds the image (`Referring`); once stored, it is a text like any other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

import attrs

_DIGITS = 32
_LEAST = 32
"""Bytes of the smallest file that is taken for an image: the first few alone also begin ordinary texts."""
_KINDS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)
"""What the files of each kind begin with: the kinds that providers of multimodal models take."""
_ENCODED = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR")
"""The same beginnings in base64."""
_DATA_URL = re.compile(r"data:[\w.+/-]*(?:;[\w.=+-]+)*;base64,(?=[A-Za-z0-9+/_=-])")
_AFTER_DATA = " \t\r\n\"'`()<>[]{},;\\"
"""What may stand behind a data URL in a text. To look for these is far quicker than to match the rest."""
_REFERENCE = re.compile(rf"<image/(?:png|jpeg|gif|webp), \d+ bytes, sha256 ([0-9a-f]{{{_DIGITS}}})>")


@attrs.frozen(kw_only=True, slots=False)  # for the weak references and the cached digest
class Image:
    """An image file.

    Attributes:
        media_type: ``"image/png"``, ``"image/jpeg"``, ``"image/gif"`` or ``"image/webp"``.
        data: the file.
        name: what a prompt that shows it calls it, such as ``"image-1"``.
    """

    media_type: str
    data: bytes = attrs.field(repr=False)
    name: str = ""

    @cached_property
    def digest(self) -> str:
        """The first 32 hexadecimal digits of the file's SHA-256."""
        return digest_of(self.data)

    @property
    def reference(self) -> str:
        """What stands for it in a trajectory."""
        return f"<{self.media_type}, {len(self.data)} bytes, sha256 {self.digest}>"

    @property
    def base64(self) -> str:
        """The file in base64."""
        return base64.b64encode(self.data).decode("ascii")

    @property
    def data_url(self) -> str:
        """The file as a URL that holds it."""
        return f"data:{self.media_type};base64,{self.base64}"


_HELD: WeakValueDictionary[str, Image] = WeakValueDictionary()
"""Images that some trajectory holds: an agent sends the same ones with each of its calls."""
_DECODED: WeakValueDictionary[bytes, Image] = WeakValueDictionary()
"""The same by the hash of what was decoded, which takes far longer than to hash it."""


class Referring(str):
    """A text with references to images that still holds the images. As a text it is like any other."""

    images: tuple[Image, ...]

    def __new__(cls, text: str, images: Sequence[Image]) -> Referring:
        made = super().__new__(cls, text)
        made.images = tuple(images)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Referring, (str(self), self.images)


def digest_of(data: bytes) -> str:
    """What an image is known by."""
    return hashlib.sha256(data).hexdigest()[:_DIGITS]


def image_of(data: bytes) -> Image | None:
    """The image that the file ``data`` is, told by how it begins; None when it is none."""
    if len(data) < _LEAST:
        return None
    found = (media_type for beginning, media_type in _KINDS if beginning.match(data))
    media_type = next(found, None)
    if media_type is None:
        return None
    image = Image(media_type=media_type, data=data)
    return _HELD.setdefault(image.digest, image)


def image_in_bytes(data: bytes) -> Image | None:
    """The image that ``data`` is, or is in base64."""
    if data.startswith(tuple(each.encode() for each in _ENCODED)):
        return _decoded(data.decode("ascii", "replace"))
    return image_of(data)


def image_of_pillow(value: object) -> Image | None:
    """An image of the package Pillow as a PNG file; None when ``value`` is none. Imports nothing."""
    if not any(kind.__module__.startswith("PIL.") for kind in type(value).__mro__):
        return None
    image: Any = value
    if not callable(getattr(image, "save", None)):
        return None
    buffer = io.BytesIO()
    try:
        image.save(buffer, format="PNG")
    except OSError:  # colours that PNG does not know
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, format="PNG")
    return image_of(buffer.getvalue())


def with_references(text: str) -> str:
    """``text`` with a reference in place of each file that it holds.

    Such are data URLs, and a text that is a whole image in base64. A data URL of anything else keeps its
    beginning, with length and hash in place of the file.

    Returns:
        A `Referring` where there are images; ``text`` itself where there is no file.
    """
    if text.startswith(_ENCODED):
        image = _decoded(text)
        return text if image is None else Referring(image.reference, [image])
    if ";base64," not in text:
        return text
    pieces: list[str] = []
    images: list[Image] = []
    end = 0
    while (match := _DATA_URL.search(text, end)) is not None:
        pieces.append(text[end : match.start()])
        end = _end_of_data(text, match.end())
        data = text[match.end() : end]
        image = _decoded(data)
        if image is None:
            digest = hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            pieces.append(f"{match[0]}<{len(data)} characters, sha256 {digest}>")
        else:
            images.append(image)
            pieces.append(image.reference)
    replaced = "".join([*pieces, text[end:]])
    return Referring(replaced, images) if images else replaced


def _end_of_data(text: str, start: int) -> int:
    found = (text.find(character, start) for character in _AFTER_DATA)
    return min((place for place in found if place >= 0), default=len(text))


def _decoded(text: str) -> Image | None:
    """The image whose file ``text`` is in base64, line breaks allowed; None when it is none."""
    if not text.isascii():
        return None
    encoded = text.encode()
    key = hashlib.sha256(encoded).digest()
    known = _DECODED.get(key)
    if known is not None:
        return known
    if b"\n" in encoded:
        encoded = b"".join(encoded.split())
    try:
        image = image_of(binascii.a2b_base64(encoded, strict_mode=True))
    except binascii.Error:
        return None
    if image is not None:
        _DECODED[key] = image
    return image


def images_in(value: object) -> Iterator[Image]:
    """The images that texts inside of a JSON value still hold, in order."""
    if isinstance(value, Referring):
        yield from value.images
    elif isinstance(value, Mapping):
        for held in value.values():
            yield from images_in(held)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for held in value:
            yield from images_in(held)


def references_in(text: str) -> list[str]:
    """The digests of the images that ``text`` refers to, in order, each once."""
    return list(dict.fromkeys(_REFERENCE.findall(text)))


def replace_references(text: str, replacement: Callable[[str], str | None]) -> str:
    """``text`` with references replaced by what ``replacement`` gives for a digest; None leaves one."""
    return _REFERENCE.sub(lambda match: replacement(match[1]) or match[0], text)
