"""Save pixels so that they can be read again exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.pictures.fitting import FITTED, to_bytes
from engine.types import FloatArray
from engine.types.files import write_atomically


def save_picture(pixels: FloatArray, folder: Path, stem: str) -> tuple[Path, Path]:
    """Save pixels (3, H, W) in [0, 1] as `stem`.npy (float32, exact) and `stem`.png (8 bits).

    Raises:
        BadFolder: the folder cannot be written.
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
