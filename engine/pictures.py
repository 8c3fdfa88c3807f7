"""Pictures: find, decode and fit them to a network's input. Knows Pillow, not torch's networks.

Decoding follows what a viewer shows: EXIF orientation applied, first frame of an animation,
transparency over white, any mode to 8-bit RGB.
"""

from __future__ import annotations

import os
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.types import ByteArray, FloatArray, UserError

if TYPE_CHECKING:
    import torch
    from PIL import Image

SUFFIXES = (
    *(".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".jp2", ".npy", ".pgm", ".png"),
    *(".ppm", ".tga", ".tif", ".tiff", ".webp", ".avif"),
)
"""File name endings that count as pictures inside folders; a file given by name is always tried."""

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


def find_pictures(path: str | os.PathLike[str]) -> Iterator[str]:
    """Yield the picture files at `path` (a file or a folder, recursively), sorted by name.

    Lazy: a folder is read when its turn comes. Hidden entries are left out; a folder reached
    twice through links is listed once.

    Raises:
        UserError: `path` does not exist or cannot be read.
    """
    root = Path(path).expanduser()
    if not root.exists():
        raise UserError(f"{root} does not exist: check the path.")
    if not root.is_dir():
        yield str(root)
        return
    yield from _walk(str(root), set())


def _walk(folder: str, seen: set[str]) -> Iterator[str]:
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        with os.scandir(folder) as entries:
            found = sorted(
                (entry.name, entry.is_dir())
                for entry in entries
                # Neither pipes nor devices: reading one could wait for ever.
                if entry.name[0] != "." and (entry.is_dir() or entry.is_file())
            )
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror}.") from error
    for name, is_folder in found:
        full = os.path.join(folder, name)  # noqa: PTH118 (Path objects cost too much at 100,000)
        if is_folder:
            yield from _walk(full, seen)
        elif os.path.splitext(name)[1].lower() in SUFFIXES:  # noqa: PTH122
            yield full


def decode(path: str | os.PathLike[str]) -> Image.Image:
    """The picture in `path` as 8-bit RGB.

    Raises:
        UserError: missing, not a picture, damaged, or too large to be decoded safely.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    name = os.fspath(path)
    if Path(name).exists() and not (Path(name).is_file() or Path(name).is_dir()):
        raise UserError(f"{name} is not a regular file: give a picture file.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(name) as opened:
                opened.seek(0)
                image = ImageOps.exif_transpose(opened)
                image.load()
        rgb = _to_rgb(image)
        rgb.info = {FITTED: opened.info[FITTED]} if FITTED in opened.info else {}
        return rgb
    except FileNotFoundError:
        raise UserError(f"{name} does not exist: check the path.") from None
    except IsADirectoryError:
        raise UserError(f"{name} is a folder: give a picture file.") from None
    except UnidentifiedImageError:
        raise UserError(f"{name} is not a picture that can be read.") from None
    except Image.DecompressionBombError:
        raise UserError(f"{name} is too large to be decoded safely: make it smaller.") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise UserError(f"{name} is damaged or cannot be read: {error}.") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode.startswith(("I", "F")):  # 16 or 32 bits a channel, grey
        values = np.asarray(image, dtype=np.float64)
        top = 65535.0 if image.mode.startswith("I") else max(1.0, float(values.max(initial=0)))
        grey = np.clip(values / top * 255.0, 0, 255).round().astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, over).convert("RGB")
    return image.convert("RGB")


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


def read(path: str | os.PathLike[str], how: Preprocessing) -> FloatArray:
    """Decode and fit a picture; an array saved as .npy is taken as it is.

    Returns:
        (3, crop, crop) float32 in [0, 1].

    Raises:
        UserError: the file cannot be read, or the array does not fit the network.
    """
    if Path(path).suffix.lower() == ".npy":
        return _read_array(os.fspath(path), how)
    return fit(decode(path), how)


def _read_array(name: str, how: Preprocessing) -> FloatArray:
    try:
        array = np.load(name, allow_pickle=False)
    except FileNotFoundError:
        raise UserError(f"{name} does not exist: check the path.") from None
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{name} is not a plain numpy array: {error}.") from error
    shape = (3, how.crop, how.crop)
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype.kind != "f":
        got = f"{array.shape} {array.dtype}" if isinstance(array, np.ndarray) else "an archive"
        raise UserError(f"{name} must hold floats of shape {shape} for this network, not {got}.")
    if not (np.isfinite(array).all() and array.min() >= 0.0 and array.max() <= 1.0):
        raise UserError(f"{name} must hold pixels in [0, 1].")
    return array.astype(np.float32)


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


class PictureSet:
    """Pictures fitted to a network, decoded when asked for; serves as a background.

    At most `cache` pictures are kept in memory, so that a large set costs no more than a small
    one. A picture that cannot be read is listed in `skipped`, and the next readable one stands in
    for it.

    Raises:
        UserError: `paths` is empty.
    """

    def __init__(
        self, paths: Sequence[str], how: Preprocessing, device: torch.device, cache: int = 64
    ) -> None:
        if not paths:
            raise UserError("no background pictures: give a folder with --background.")
        self.paths = tuple(paths)
        self.skipped: dict[int, str] = {}
        self._how = how
        self._device = device
        self._cache: OrderedDict[int, FloatArray] = OrderedDict()
        self._limit = cache

    def __len__(self) -> int:
        return len(self.paths)

    def batch(self, indices: Sequence[int]) -> torch.Tensor:
        """Pictures by index: (len(indices), 3, H, W) in [0, 1] on the device.

        Raises:
            UserError: none of the pictures can be read.
        """
        import torch

        stacked = np.stack([self._get(int(index)) for index in indices])
        return torch.from_numpy(stacked).to(self._device)

    def _get(self, index: int) -> FloatArray:
        while True:
            while index in self.skipped:
                index = (index + 1) % len(self.paths)
            if index in self._cache:
                self._cache.move_to_end(index)
                return self._cache[index]
            try:
                picture = read(self.paths[index], self._how)
            except UserError as error:
                self.skipped[index] = str(error)
                if len(self.skipped) == len(self.paths):
                    raise UserError(
                        f"none of the {len(self.paths)} background pictures can be read; the"
                        f" last one: {error}"
                    ) from error
                continue
            self._cache[index] = picture
            if len(self._cache) > self._limit:
                self._cache.popitem(last=False)
            return picture
