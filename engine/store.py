"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from engine.pictures import FITTED, to_bytes
from engine.types import FloatArray, UserError


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a file beside `path`, then put it in its place.

    Raises:
        UserError: the folder cannot be made or written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):  # such as a file where the folder should be
            part.unlink(missing_ok=True)
        raise UserError(f"{path} cannot be written: {error.strerror or error}.") from error


def save_picture(pixels: FloatArray, folder: Path, stem: str) -> tuple[Path, Path]:
    """Save pixels (3, H, W) in [0, 1] as `stem`.npy (float32, exact) and `stem`.png (8 bits).

    Raises:
        UserError: the folder cannot be written.
    """
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text(FITTED, "pixels as the network sees them: not to be resized again")
    npy, png = folder / f"{stem}.npy", folder / f"{stem}.png"
    image = Image.fromarray(to_bytes(pixels))
    write_atomically(npy, lambda file: np.save(file, pixels.astype(np.float32)))
    write_atomically(png, lambda file: image.save(file, format="PNG", pnginfo=text))
    return npy, png
