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


def fit(image: Image.Image, how: Preprocessing) -> FloatArray:
    """Resize and crop as torchvision's classification presets do.

    A picture that this program saved at the network's size is taken as it is.

    Returns:
        (3, crop, crop) float32 in [0, 1].
    """
    from PIL import Image

    width, height = image.size
    if FITTED in image.info and width == height == how.crop:
        return _to_unit(image)
    short, long = sorted((width, height))
    longer = int(how.resize * long / short)
    size = (how.resize, longer) if width <= height else (longer, how.resize)
    if size != image.size:
        image = image.resize(size, Image.Resampling[how.interpolation.upper()])
    left = round((image.width - how.crop) / 2.0)
    top = round((image.height - how.crop) / 2.0)
    return _to_unit(image.crop((left, top, left + how.crop, top + how.crop)))  # pads with black


def _to_unit(image: Image.Image) -> FloatArray:
    return np.asarray(image, dtype=np.float32).transpose(2, 0, 1) / np.float32(255.0)


def to_bytes(pixels: FloatArray) -> ByteArray:
    """(3, H, W) in [0, 1] to (H, W, 3) in 0..255, rounded to nearest."""
    return (np.clip(pixels, 0.0, 1.0) * 255.0).round().astype(np.uint8).transpose(1, 2, 0)


def for_display(pixels: FloatArray, limit: int = DISPLAY_LIMIT) -> ByteArray:
    """(3, H, W) in [0, 1] to bytes, mean-pooled so that no side exceeds `limit`."""
    factor = -(-max(pixels.shape[1:]) // limit)
    if factor > 1:
        height, width = (side // factor * factor for side in pixels.shape[1:])
        blocks = pixels[:, :height, :width].reshape(
            3, height // factor, factor, width // factor, factor
        )
        pixels = blocks.mean(axis=(2, 4))
    return to_bytes(pixels)
