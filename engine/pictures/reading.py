"""Decode a picture file and fit it to a network's input.

Decoding follows what a viewer shows: EXIF orientation applied, first frame of an animation,
transparency over white, any mode to 8-bit RGB.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.pictures.fitting import FITTED, Preprocessing, fit
from engine.types import BadPicture, FloatArray

if TYPE_CHECKING:
    from PIL import Image


def decode(path: str | os.PathLike[str], about: int | None = None) -> Image.Image:
    """The picture in `path` as 8-bit RGB.

    With `about` a JPEG is decoded to fewer pixels, which is quicker, but at least so many a side.

    Raises:
        BadPicture: missing, not a picture, damaged, or too large to be decoded safely.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    name = os.fspath(path)
    if Path(name).exists() and not (Path(name).is_file() or Path(name).is_dir()):
        raise BadPicture(f"{name} is not a regular file: give a picture file.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(name) as opened:
                if about is not None and FITTED not in opened.info:
                    opened.draft(None, (about, about))
                opened.seek(0)
                image = ImageOps.exif_transpose(opened)
                image.load()
        rgb = _to_rgb(image)
        rgb.info = {FITTED: opened.info[FITTED]} if FITTED in opened.info else {}
        return rgb
    except FileNotFoundError:
        raise BadPicture(f"{name} does not exist: check the path.") from None
    except IsADirectoryError:
        raise BadPicture(f"{name} is a folder: give a picture file.") from None
    except UnidentifiedImageError:
        raise BadPicture(f"{name} is not a picture that can be read.") from None
    except Image.DecompressionBombError:
        raise BadPicture(f"{name} is too large to be decoded safely: make it smaller.") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadPicture(f"{name} is damaged or cannot be read: {error}.") from error


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


def read(path: str | os.PathLike[str], preprocessing: Preprocessing) -> FloatArray:
    """Decode and fit a picture; an array saved as .npy is taken as it is.

    Returns:
        (3, crop, crop) float32 in [0, 1].

    Raises:
        BadPicture: the file cannot be read, or the array does not fit the network.
    """
    if Path(path).suffix.lower() == ".npy":
        return _read_array(os.fspath(path), preprocessing)
    return fit(decode(path), preprocessing)


def _read_array(name: str, preprocessing: Preprocessing) -> FloatArray:
    try:
        array = np.load(name, allow_pickle=False)
    except FileNotFoundError:
        raise BadPicture(f"{name} does not exist: check the path.") from None
    except (OSError, ValueError, EOFError) as error:
        raise BadPicture(f"{name} is not a plain numpy array: {error}.") from error
    return check_pixels(array, preprocessing, name)


def check_pixels(array: object, preprocessing: Preprocessing, name: str) -> FloatArray:
    """Pixels (3, crop, crop) as float32 if they are what a network takes.

    Raises:
        BadPicture: another shape or type, or values outside of [0, 1]; names them as `name`.
    """
    shape = (3, preprocessing.crop, preprocessing.crop)
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype.kind != "f":
        got = f"{array.shape} {array.dtype}" if isinstance(array, np.ndarray) else "an archive"
        raise BadPicture(f"{name} must hold floats of shape {shape} for this network, not {got}.")
    if not (np.isfinite(array).all() and array.min() >= 0.0 and array.max() <= 1.0):
        raise BadPicture(f"{name} must hold pixels in [0, 1].")
    return array.astype(np.float32)
