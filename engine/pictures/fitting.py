"""From a decoded picture to a network's input, and to what a screen shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.types import ByteArray, FloatArray

if TYPE_CHECKING:
    from PIL import Image

FITTED = "xaway-tui"
"""Key of the text in a PNG that this program saved: its pixels are a network's input already."""

DISPLAY_LIMIT = 256
"""Longest side, in pixels, of a picture sent to the screen: more than a terminal can show."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """From a decoded picture to the network's input: resize the shorter side, crop the centre.

    `resize` and `crop` in pixels; `interpolation` is Pillow's name (`bilinear`, `bicubic` ...);
    `mean` and `std` are per channel in [0, 1] units and are applied inside the classifier.
    """

    resize: int = 256
    crop: int = 224
    interpolation: str = "bilinear"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)


def fit(image: Image.Image, preprocessing: Preprocessing) -> FloatArray:
    """Resize and crop as torchvision's classification presets do.

    A picture that this program saved at the network's size is taken as it is.

    Returns:
        (3, crop, crop) float32 in [0, 1].
    """
    from PIL import Image

    width, height = image.size
    resize, crop = preprocessing.resize, preprocessing.crop
    if FITTED in image.info and width == height == crop:
        return _to_unit(image)
    short, long = sorted((width, height))
    longer = int(resize * long / short)
    size = (resize, longer) if width <= height else (longer, resize)
    if size != image.size:
        image = image.resize(size, Image.Resampling[preprocessing.interpolation.upper()])
    left = round((image.width - crop) / 2.0)
    top = round((image.height - crop) / 2.0)
    return _to_unit(image.crop((left, top, left + crop, top + crop)))  # pads with black


def _to_unit(image: Image.Image) -> FloatArray:
    return np.asarray(image, dtype=np.float32).transpose(2, 0, 1) / np.float32(255.0)


def to_bytes(pixels: FloatArray) -> ByteArray:
    """(3, H, W) in [0, 1] to (H, W, 3) in 0..255, rounded to nearest."""
    return (np.clip(pixels, 0.0, 1.0) * 255.0).round().astype(np.uint8).transpose(1, 2, 0)


def for_display(pixels: FloatArray, limit: int = DISPLAY_LIMIT) -> ByteArray:
    """(3, H, W) in [0, 1] to bytes, mean-pooled so that no side exceeds `limit`."""
    return to_bytes(mean_pooled(pixels, limit))


def mean_pooled(values: FloatArray, longest: int) -> FloatArray:
    """`values` (..., h, w) averaged to at most `longest` cells a side; themselves if they fit.

    Cells average blocks of whole elements, of nearly equal size: nothing is weighted, as it would
    have to be for a size that the caller chooses (`tui.draw.pixels.resample`).
    """
    for axis in (-2, -1):
        size = values.shape[axis]
        cells = size // -(-size // longest)
        if cells < size:
            edges = np.linspace(0, size, cells + 1).astype(int)
            counts = np.diff(edges).astype(values.dtype)
            # Not a matrix product: its threads would wait for the cores that the network uses.
            sums = np.add.reduceat(values, edges[:-1], axis=axis)
            values = sums / (counts[:, None] if axis == -2 else counts)
    return values
