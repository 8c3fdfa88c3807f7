"""Pictures and heatmaps as the pixels that a terminal can show: arrays in, arrays out. Pure.

A cell of a terminal is about twice as high as wide: an upper half-block with two colours shows
two square pixels. `tui.draw.half_blocks` makes strips of them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.types import ByteArray, FloatArray
from tui.draw import colors

RAMP = " .:-=+*#%@"
"""Characters of growing ink, for terminals without colour."""
HeatMode = Literal["signed", "absolute", "positive"]
TOLERANCE = 4
"""Difference to what is on the screen, in 1/255 a channel, that is not sent again."""


def fitted_size(height: int, width: int, columns: int, rows: int) -> tuple[int, int]:
    """Size (height, width) in square pixels of a picture fitted into `columns` x `rows` cells.

    The aspect is kept; the height is even, so that the picture fills whole cells.
    """
    scale = min(columns / width, 2 * rows / height)
    return (
        min(2 * rows, max(2, 2 * round(height * scale / 2))),
        min(columns, max(1, round(width * scale))),
    )


# No matrix products here: their threads would wait for the cores that the network is using.
def _averaged(values: FloatArray, count: int) -> FloatArray:
    """The first axis of `values` in `count` equal parts, each the mean over its extent."""
    edges = np.linspace(0, len(values), count + 1)
    whole = np.minimum(edges.astype(np.intp), len(values) - 1)
    rest = (edges - whole).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    total = np.zeros((len(values) + 1, *values.shape[1:]), dtype=np.float32)
    np.cumsum(values, axis=0, out=total[1:])
    parts: FloatArray = np.diff(total[whole] + rest * values[whole], axis=0)
    parts *= count / len(values)
    return parts


def _enlarged(values: FloatArray, count: int, smooth: bool) -> FloatArray:
    """The first axis of `values` at `count` places: between the two nearest, or the nearest."""
    place = (np.arange(count) + 0.5) * len(values) / count - 0.5
    place = np.clip(place, 0, len(values) - 1)
    if not smooth:
        return values[np.floor(place + 0.5).astype(np.intp)]
    low = place.astype(np.intp)
    high = np.minimum(low + 1, len(values) - 1)
    share = (place - low).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    between: FloatArray = values[low] * (1 - share) + values[high] * share
    return between


def resample(
    values: FloatArray | ByteArray, height: int, width: int, *, smooth: bool = True
) -> FloatArray:
    """`values` (H, W) or (H, W, C) at another size.

    Down: the mean over the area that a new pixel covers. Up: bilinear if `smooth`, else the
    nearest.
    """
    result: FloatArray = values.astype(np.float32)
    if values.shape[:2] == (height, width):
        return result
    for count in (height, width):
        shrinks = count <= len(result)
        result = _averaged(result, count) if shrinks else _enlarged(result, count, smooth)
        result = result.swapaxes(0, 1)
    return result


def fit_picture(picture: ByteArray, columns: int, rows: int) -> ByteArray:
    """`picture` (H, W, 3) resampled to the pixels that so many cells can show."""
    height, width = fitted_size(picture.shape[0], picture.shape[1], columns, rows)
    small = resample(picture, height, width)
    pixels: ByteArray = np.clip(small + 0.5, 0, 255).astype(np.uint8)
    return pixels


def settle(shown: ByteArray | None, pixels: ByteArray, tolerance: int = TOLERANCE) -> ByteArray:
    """`pixels`, but for those that differ from `shown` by less than the eye sees.

    The comparison is with what is on the screen, so that slow drifts are not lost. `shown`
    itself where nothing differs.
    """
    if shown is None or shown.shape != pixels.shape:
        return pixels
    difference = np.abs(shown.astype(np.int16) - pixels).max(axis=-1, keepdims=True)
    near = difference <= tolerance
    return shown if near.all() else np.where(near, shown, pixels)


def luminance(picture: ByteArray) -> FloatArray:
    """Rec. 709 luma of (H, W, 3), 0..255."""
    red, green, blue = np.moveaxis(picture.astype(np.float32), -1, 0)
    result: FloatArray = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return result


def ink(values: FloatArray, ramp: str = RAMP) -> list[str]:
    """Lines of characters whose ink grows with `values` (rows, columns) in [0, 1]."""
    index = np.clip(np.nan_to_num(values) * len(ramp), 0, len(ramp) - 1).astype(np.intp)
    return ["".join(line) for line in np.array(list(ramp))[index]]


# --- heat ---------------------------------------------------------------------------------------


def default_scale(heat: FloatArray, cells: tuple[int, int] | None = None) -> float:
    """The 99th percentile of |heat|, at least the smallest positive number.

    With `cells` (columns, rows) that of the values as drawn there, which are means and smaller.
    """
    if cells is not None and min(cells) > 0:
        height, width = fitted_size(heat.shape[0], heat.shape[1], *cells)
        heat = resample(heat, min(height, heat.shape[0]), min(width, heat.shape[1]))
    finite = np.abs(heat[np.isfinite(heat)])
    if not finite.size:
        return 1.0
    top = float(np.percentile(finite, 99)) or float(finite.max())
    return top or 1.0


def in_mode(heat: FloatArray, mode: HeatMode) -> FloatArray:
    """What `mode` shows of `heat`: all, its absolute value, or its positive part."""
    if mode == "absolute":
        return np.abs(heat)
    return np.clip(heat, 0, None) if mode == "positive" else heat


@lru_cache(maxsize=4)
def _diverging(mode: colors.ColorMode) -> npt.NDArray[np.float32]:
    """511 colours from -1 (against) over 0 to 1 (for): smooth, or steps of a small palette."""
    pairs = {
        "256": (colors.AGAINST_256, colors.FOR_256),
        "16": (colors.AGAINST_16, colors.FOR_16),
    }
    arms = []
    for arm in pairs.get(mode, (colors.AGAINST, colors.FOR)):
        knots = np.array([colors.GROUND, *arm], dtype=np.float32)
        place = np.linspace(0, len(arm), 256)
        if mode in pairs:
            place = np.rint(place)
        columns = [np.interp(place, range(len(knots)), knots[:, c]) for c in range(3)]
        arms.append(np.stack(columns, axis=-1))
    return np.concatenate([arms[0][:0:-1], arms[1]]).astype(np.float32)


def heat_pixels(heat: FloatArray, scale: float, underlay: ByteArray | None = None) -> ByteArray:
    """Colours (H, W, 3) of `heat` (H, W): red for, blue against, dark for nothing.

    Values beyond `scale` are clipped. Over `underlay` (H, W, 3), made grey and dim, a value
    covers the picture the more the larger it is.
    """
    mode = colors.current()
    level = np.clip(np.nan_to_num(heat) / scale, -1, 1)
    painted = _diverging(mode)[np.rint(255 + 255 * level).astype(np.intp)]
    if underlay is not None:
        grey = 16 + 0.45 * luminance(underlay)[..., None]
        size = np.abs(level)[..., None]
        cover = np.clip(1.6 * size, 0, 1) ** 0.8
        if mode in ("256", "16"):
            cover = (size > 0.15).astype(np.float32)
        painted = grey * (1 - cover) + painted * cover
    pixels: ByteArray = np.clip(painted + 0.5, 0, 255).astype(np.uint8)
    return pixels


FOR_INK = "·+*#"
AGAINST_INK = "·-=%"


def heat_text(heat: FloatArray, scale: float) -> list[str]:
    """Lines of characters for `heat` (rows, columns): `+ * #` for, `- = %` against, dots near 0."""
    level = np.clip(np.nan_to_num(heat) / scale, -1, 1)
    index = np.clip(np.abs(level) * 4, 0, 3).astype(np.intp)
    table = np.array([list(AGAINST_INK), list(FOR_INK)])
    return ["".join(line) for line in table[(level > 0).astype(np.intp), index]]


def spot_in_fitted(
    cursor: tuple[int, int], shape: tuple[int, ...], size: tuple[int, int]
) -> tuple[int, int]:
    """The pixel of a fitted picture in the middle of a value's place."""
    row = int((cursor[0] + 0.5) * size[0] / shape[0])
    column = int((cursor[1] + 0.5) * size[1] / shape[1])
    return min(row, size[0] - 1), min(column, size[1] - 1)


def place_in_fitted(
    shape: tuple[int, ...], cells: tuple[int, int], x: int, y: int
) -> tuple[int, int] | None:
    """Row and column in an array of `shape`, fitted and centred in `cells`, under a cell.

    None beside the picture.
    """
    columns, rows = cells
    height, width = fitted_size(shape[0], shape[1], columns, rows)
    left, above = (columns - width) // 2, (rows - height // 2) // 2
    across, down = x - left, y - above
    if not (0 <= across < width and 0 <= down < height // 2):
        return None
    row = int((2 * down + 1) * shape[0] / height)
    column = int((across + 0.5) * shape[1] / width)
    return min(row, shape[0] - 1), min(column, shape[1] - 1)
