"""How many colours the terminal has, and the palette that every view shares.

Imports numpy and the standard library only: the mode is set before Textual is imported, which
reads its own colour settings at import.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

ColorMode = Literal["truecolor", "256", "16", "none"]
COLOR_MODES: tuple[ColorMode, ...] = get_args(ColorMode)
RGB = tuple[int, int, int]

TEXT: RGB = (214, 217, 224)
QUIET: RGB = (138, 144, 156)
FAINT: RGB = (82, 88, 100)
TRACK: RGB = (38, 42, 50)
GROUND: RGB = (17, 19, 24)
ACCENT: RGB = (240, 208, 112)
"""The cursor, and what is selected."""
CLEAN: RGB = (98, 166, 222)
ADVERSARIAL: RGB = (240, 160, 88)
ORIGINAL: RGB = (110, 160, 240)
TARGET: RGB = (236, 104, 92)

# Evidence against, none, evidence for: lightness grows with the size of the value and the two
# hues differ for every common kind of colour blindness (after ColorBrewer's RdBu).
AGAINST: tuple[RGB, ...] = ((18, 44, 78), (40, 104, 168), (96, 172, 220), (196, 230, 250))
FOR: tuple[RGB, ...] = ((82, 20, 30), (178, 44, 52), (232, 112, 84), (253, 214, 190))
# The same with the colours of small palettes, which a nearest match would mix with others.
AGAINST_256: tuple[RGB, ...] = (
    (0, 0, 135), (0, 95, 135), (0, 95, 175), (0, 135, 215), (95, 175, 255), (175, 215, 255),
)  # fmt: skip
FOR_256: tuple[RGB, ...] = (
    (95, 0, 0), (135, 0, 0), (175, 0, 0), (215, 95, 95), (255, 135, 95), (255, 215, 175),
)  # fmt: skip
AGAINST_16: tuple[RGB, ...] = ((0, 0, 170), (85, 85, 255), (85, 255, 255))
FOR_16: tuple[RGB, ...] = ((170, 0, 0), (255, 85, 85), (255, 255, 85))

_mode: ColorMode = "truecolor"


def configure(mode: ColorMode) -> None:
    """Set the colour mode of this process. Call it before the first drawing."""
    global _mode
    _mode = mode


def current() -> ColorMode:
    """The colour mode set by `configure` (truecolor until then)."""
    return _mode


def hexadecimal(color: RGB) -> str:
    """`#rrggbb`, as style sheets want it."""
    return "#{:02x}{:02x}{:02x}".format(*color)


_CUBE = (0, 95, 135, 175, 215, 255)
_STANDARD: tuple[RGB, ...] = (
    (0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0),
    (0, 0, 170), (170, 0, 170), (0, 170, 170), (170, 170, 170),
    (85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85),
    (85, 85, 255), (255, 85, 255), (85, 255, 255), (255, 255, 255),
)  # fmt: skip


@lru_cache(maxsize=2)
def _palette(mode: Literal["256", "16"]) -> npt.NDArray[np.uint8]:
    """The colours that a terminal of this mode shows, (n, 3).

    The greys of the 6x6x6 cube are left out: the ramp has finer ones.
    """
    if mode == "16":
        return np.array(_STANDARD, dtype=np.uint8)
    cube = [(r, g, b) for r in _CUBE for g in _CUBE for b in _CUBE if not r == g == b]
    ramp = [(8 + 10 * i,) * 3 for i in range(24)]
    return np.array([(0, 0, 0), *ramp, (255, 255, 255), *cube], dtype=np.uint8)


@lru_cache(maxsize=2)
def _nearest(mode: Literal["256", "16"]) -> npt.NDArray[np.uint8]:
    """Nearest colour of the palette for each 5-bit colour: (32, 32, 32, 3).

    Distances are weighted by how well the eye sees each channel.
    """
    palette = _palette(mode)
    weight = np.sqrt(np.array([3.0, 5.9, 1.6], dtype=np.float32))
    level = (np.arange(32, dtype=np.float32) * 255 / 31)[:, None]
    plane = np.stack(np.broadcast_arrays(level, level.T), axis=-1).reshape(-1, 2) * weight[1:]
    weighted = palette.astype(np.float32) * weight
    across = ((plane[:, None, :] - weighted[None, :, 1:]) ** 2).sum(-1)
    table = np.empty((32, 32 * 32, 3), dtype=np.uint8)
    for red in range(32):
        along = (level[red, 0] * weight[0] - weighted[:, 0]) ** 2
        table[red] = palette[(across + along).argmin(axis=1)]
    return table.reshape(32, 32, 32, 3)


_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32)
_DITHER = ((_BAYER + 0.5) / 16 - 0.5)[:, :, None]


def quantise(
    picture: npt.NDArray[np.uint8], mode: ColorMode, *, dither: bool = False
) -> npt.NDArray[np.uint8]:
    """`picture` (H, W, 3) in colours that the terminal has.

    Truecolor keeps 6 bits a channel: steps of 4/255 are below what the eye sees, equal
    neighbours can share a run, and noise below half a step is not sent. `dither` (ordered,
    4x4, so that a still picture stays still) matters to photographs at 256 and 16 colours.
    """
    if mode in ("truecolor", "none"):
        level = (picture.astype(np.uint16) * 63 + 127) // 255
        return ((level * 255 + 31) // 63).astype(np.uint8)
    if dither:
        height, width = picture.shape[:2]
        tile = np.tile(_DITHER, (height // 4 + 1, width // 4 + 1, 1))[:height, :width]
        # The greys of the 256 lie 10 apart, the other colours 40.
        chroma = np.ptp(picture, axis=-1, keepdims=True)
        spread = np.clip(chroma * 0.5, 8, 24) if mode == "256" else 80.0
        picture = np.clip(picture + tile * spread, 0, 255).astype(np.uint8)
    red, green, blue = np.moveaxis(picture >> 3, -1, 0)
    nearest: npt.NDArray[np.uint8] = _nearest("256" if mode == "256" else "16")[red, green, blue]
    return nearest
