"""Bars, curves and histograms in eighth blocks and braille: numbers in, characters out. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.types import FloatArray
from tui.draw import colors
from tui.draw.cells import CellGrid, blend, pack
from tui.draw.colors import RGB

Dots = npt.NDArray[np.bool_]
UNIT = 1e-4
"""Share of the elements below which the count axis is linear, above which it is logarithmic."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_RISING = " ▁▂▃▄▅▆▇█"
# Bit of each braille dot by its place in the 4 x 2 of a cell.
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.int32)


def bar(share: float, width: int) -> str:
    """A horizontal bar of `share` in [0, 1] of `width` cells, in steps of an eighth."""
    eighths = round(min(1.0, max(0.0, share)) * width * 8) if share == share else 0
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else ""))[:width]


def braille(dots: Dots) -> npt.NDArray[np.str_]:
    """Characters (rows, columns) for dots (4 rows, 2 columns); a blank for a cell without any."""
    rows, columns = dots.shape[0] // 4, dots.shape[1] // 2
    cells = dots.reshape(rows, 4, columns, 2).transpose(0, 2, 1, 3)
    code = (cells * _BITS).sum(axis=(2, 3))
    code = np.where(code == 0, 0x20, code + 0x2800).astype(np.uint32)
    return code.view("<U1").reshape(rows, columns)


def _rows_of(values: FloatArray, height: int) -> npt.NDArray[np.intp]:
    """Rows of dots, from the top, for values in [0, 1]."""
    return np.rint((1 - np.clip(values, 0, 1)) * (height - 1)).astype(np.intp)


def curve(
    places: FloatArray,
    values: FloatArray,
    size: tuple[int, int],
    *,
    dashed: bool = False,
) -> Dots:
    """Dots (rows, columns) of a line through points.

    `places` are columns of dots, rising; `values` lie in [0, 1] from bottom to top. Points
    that are not finite are left out.
    """
    rows, columns = size
    dots = np.zeros(size, dtype=bool)
    finite = np.isfinite(values)
    if not finite.any():
        return dots
    places, values = places[finite], values[finite]
    across = np.arange(round(float(places[0])), round(float(places[-1])) + 1)
    across = across[(across >= 0) & (across < columns)]
    level = _rows_of(np.interp(across, places, values), rows)
    # Each column reaches half-way to its neighbours, so that steep parts stay one thin line.
    jump = np.diff(level)
    after, before = level.copy(), level.copy()
    after[:-1] += np.sign(jump) * (np.abs(jump) // 2)
    before[1:] -= np.sign(jump) * (np.maximum(np.abs(jump) - 1, 0) // 2)
    low = np.minimum(np.minimum(before, after), level)
    high = np.maximum(np.maximum(before, after), level)
    row = np.arange(rows)[:, None]
    line = (row >= low) & (row <= high)
    if dashed:
        line &= (across % 4 < 2) | (high - low > 2)
    dots[:, across] = line
    return dots


def band(places: FloatArray, low: FloatArray, high: FloatArray, size: tuple[int, int]) -> Dots:
    """Every other dot of the area between two lines; see `curve` for the units."""
    rows, columns = size
    dots = np.zeros(size, dtype=bool)
    finite = np.isfinite(low) & np.isfinite(high)
    if not finite.any():
        return dots
    places = places[finite]
    across = np.arange(round(float(places[0])), round(float(places[-1])) + 1)
    across = across[(across >= 0) & (across < columns)]
    top = _rows_of(np.interp(across, places, high[finite]), rows)
    bottom = _rows_of(np.interp(across, places, low[finite]), rows)
    row = np.arange(rows)[:, None]
    dots[:, across] = (row >= top) & (row <= bottom) & ((row + across) % 2 == 0)
    return dots


def rebin(edges: FloatArray, counts: FloatArray, columns: int) -> FloatArray:
    """Counts a bin of the given width, averaged over `columns` equal parts of the range.

    The area is kept: the mean over all columns is the mean over all bins.
    """
    total = np.concatenate([[0.0], np.cumsum(counts, dtype=np.float64)])
    places = np.linspace(edges[0], edges[-1], columns + 1)
    result: FloatArray = np.diff(np.interp(places, edges, total)) * columns / len(counts)
    return result


def _height(counts: FloatArray) -> FloatArray:
    height: FloatArray = np.log1p(np.clip(counts, 0, None) / UNIT)
    return height


def histogram(
    edges: FloatArray, clean: FloatArray | None, adversarial: FloatArray | None, grid: CellGrid
) -> float:
    """Draw one or two histograms over each other onto `grid`; the share of the highest bin.

    `clean` and `adversarial` are counts or shares on the bins between `edges`; both are drawn
    as shares of their sum. Heights grow with log(1 + share / `UNIT`). Clean is filled,
    adversarial is an outline, so that the two can be told apart without colour.
    """
    clean, adversarial = (
        None if part is None or not part.sum() > 0 else part / part.sum()
        for part in (clean, adversarial)
    )
    rows, columns = grid.height, grid.width
    parts = [part for part in (clean, adversarial) if part is not None]
    wide = [rebin(edges, part, 2 * columns) for part in parts]
    top = max([float(part.max()) for part in wide], default=0.0)
    if top <= 0:
        return 0.0
    full = float(_height(np.array(top)))
    plain = colors.current() == "none"
    filled = np.zeros((rows, columns), dtype=np.intp)
    if clean is not None:
        height = _height(rebin(edges, clean, columns)) / full * rows * 8
        filled = np.clip(np.rint(height)[None] - 8 * np.arange(rows)[::-1, None], 0, 8)
        filled = filled.astype(np.intp)
        shades = np.array(list("  " + "░" * 4 + "▒" * 3 if plain else _RISING))
        grid.text[:] = shades[filled]
        grid.fg[filled > 0] = pack(_filled())
    if adversarial is not None:
        height = _height(wide[-1]) / full
        level = np.where(height > 0, height, np.nan)
        marks = braille(_outline(level, 4 * rows))
        here = marks != " "
        grid.text[here] = marks[here]
        grid.fg[here] = pack(colors.ADVERSARIAL)
        grid.bg[here & (filled >= 4)] = pack(_filled())
    return top


def _filled() -> RGB:
    return blend(colors.CLEAN, colors.GROUND, 0.62)


def _outline(level: FloatArray, height: int) -> Dots:
    """The upper edge of columns of dots, with upright parts where it jumps."""
    floor = height - 1
    top = np.where(np.isfinite(level), _rows_of(np.nan_to_num(level), height), floor)
    beside = np.concatenate([[floor], top[:-1]])
    low, high = np.minimum(top, beside), np.maximum(top, beside)
    row = np.arange(height)[:, None]
    line: Dots = (row >= low) & (row <= high) & ((row < floor) | np.isfinite(level))
    return line
