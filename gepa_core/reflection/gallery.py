"""The images of a run's trajectories, as files in its directory that are named for their content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gepa_core.errors import StoreError
from gepa_core.images import Image, digest_of
from gepa_core.private import make_directory, write

LARGEST = 3_750_000
"""Bytes of the largest image that is kept and shown: 5 MB in base64, the most that every provider takes."""

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp"}


class Gallery:
    """Keeps each image once, in a file that only the user can read.

    A file is whole before it has its name, and is written before the trajectory that refers to it is stored.
    So a run that was killed finds every image that its stored trajectories name.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, images: Iterable[Image]) -> None:
        """Write those of ``images`` that are not there yet and not larger than `LARGEST`.

        Raises:
            StoreError: one cannot be written.
        """
        try:
            for image in {each.digest: each for each in images if len(each.data) <= LARGEST}.values():
                path = self._path(image.digest, _SUFFIXES[image.media_type])
                if not path.exists():
                    make_directory(self._directory)
                    write(path, image.data)
        except OSError as error:
            raise self._error(f"cannot be written: {error}") from error

    def find(self, digest: str) -> Image | None:
        """The image that is known by ``digest``; None when it is not there.

        Raises:
            StoreError: its file cannot be read, or is not what was written.
        """
        for media_type, suffix in _SUFFIXES.items():
            path = self._path(digest, suffix)
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise self._error(f"cannot be read: {error}") from error
            if digest_of(data) != digest:
                raise self._error(f"were changed: {path.name!r} is not the image that it was; delete it")
            return Image(media_type=media_type, data=data)
        return None

    def _path(self, digest: str, suffix: str) -> Path:
        return self._directory / f"{digest}{suffix}"

    def _error(self, what: str) -> StoreError:
        return StoreError(f"the images in {str(self._directory)!r} {what}")
