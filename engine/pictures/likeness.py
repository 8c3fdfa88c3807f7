"""Which files show the same picture, whatever their format: told by what they look like."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np

from engine.pictures.fitting import FITTED, Preprocessing, fit
from engine.pictures.reading import decode, read
from engine.types import FloatArray, UserError

CELLS = 16
"""Cells on each side of a thumbnail: fine enough for what is shown, too coarse for an attack."""
REDUCED = 96
"""Pixels on each side that a file is decoded to for its thumbnail, where that is fewer."""
ALIKE = 0.025
"""Mean absolute difference of thumbnails up to which they are of the same picture.

Measured on the 67 samples at 112 pixels and 250 photographs at 224. The same picture: JPEG of
quality 50 at most 0.008, WebP 0.005, half the size 0.009; attacked (FGSM, the largest) 0.004 at
epsilon 8/255, 0.008 at 16/255, 0.018 at 32/255. Two different ones: at least 0.049 (two drawn
spider webs), 0.076 among the photographs. Decoding a JPEG to fewer pixels adds at most 0.015.
"""
TOGETHER = 16
"""Thumbnails made at a time, between two looks of the caller at something else."""


class LookAlikes:
    """Leaves out the files that show one of `pictures` (P, 3, H, W), fitted with `how`."""

    def __init__(self, pictures: FloatArray, how: Preprocessing) -> None:
        self._explained = [_pooled(picture) for picture in pictures]
        self._how = how

    def others(self, paths: Sequence[str]) -> Generator[None, None, list[str]]:
        """Those of `paths` that show something else, or cannot be read, in their order."""
        thumbnails = yield from _thumbnails(paths, self._how)
        return [
            path
            for path, shown in zip(paths, thumbnails, strict=True)
            if shown is None or not any(_alike(shown, one) for one in self._explained)
        ]


def count_different(
    paths: Sequence[str], how: Preprocessing, enough: int
) -> Generator[None, None, int]:
    """How many different pictures the files show; `enough` if they are as many or more."""
    different: list[FloatArray] = []
    for start in range(0, len(paths), TOGETHER):
        for shown in (yield from _thumbnails(paths[start : start + TOGETHER], how)):
            if shown is not None and not any(_alike(shown, one) for one in different):
                different.append(shown)
            if len(different) == enough:
                return enough
    return len(different)


def _alike(one: FloatArray, other: FloatArray) -> bool:
    return float(np.abs(one - other).mean()) <= ALIKE


def _thumbnails(
    paths: Sequence[str], how: Preprocessing
) -> Generator[None, None, list[FloatArray | None]]:
    """A thumbnail of each file, None where it cannot be read."""
    thumbnails: list[FloatArray | None] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(paths), TOGETHER):
            some = paths[start : start + TOGETHER]
            thumbnails += pool.map(lambda path: _thumbnail(path, how), some)
            yield
    return thumbnails


def _thumbnail(path: str, how: Preprocessing) -> FloatArray | None:
    """Made once as long as the file's size and time of change stay."""
    try:
        stat = os.stat(path)  # noqa: PTH116
        return _make_thumbnail(path, how, stat.st_size, stat.st_mtime_ns)
    except (OSError, UserError):
        return None


@lru_cache(maxsize=4096)
def _make_thumbnail(path: str, how: Preprocessing, size: int, changed: int) -> FloatArray:
    """`size` and `changed` are part of the cache's key."""
    from PIL import Image

    if how.crop <= REDUCED or how.crop > how.resize or Path(path).suffix.lower() == ".npy":
        return _pooled(read(path, how))
    image = decode(path, about=round(how.resize * REDUCED / how.crop))
    if FITTED in image.info:
        return _pooled(fit(image, how))
    width, height = image.size
    side = min(width, height) * how.crop / how.resize  # of what `fit` would crop
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    small = image.resize((REDUCED, REDUCED), Image.Resampling.BILINEAR, box)
    return _pooled(np.asarray(small, np.float32).transpose(2, 0, 1) / np.float32(255))


def _pooled(picture: FloatArray) -> FloatArray:
    """Means (3, n, n) over cells of a picture (3, H, W); n is `CELLS`, or H where that is less."""
    side = picture.shape[1]
    edges = np.arange(min(CELLS, side)) * side // min(CELLS, side)
    widths = np.diff([*edges, side])
    sums = np.add.reduceat(np.add.reduceat(picture, edges, 1), edges, 2)
    pooled: FloatArray = sums / (widths[:, None] * widths)
    return pooled
