"""Pixels as rows of half-blocks, or as characters where there is no colour: strips. Pure."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from engine.types import ByteArray, FloatArray
from tui.draw import colors, pixels
from tui.draw.cells import style
from tui.draw.pixels import HeatMode
from tui.draw.text import compact

HALF_BLOCK = "▀"
ARM = 3
"""Length in pixels of the arms of the cross that marks a value."""


@lru_cache(maxsize=8192)
def _color(packed: int) -> Color:
    # `Color.from_rgb` would spend most of its time on the colour's name.
    triplet = ColorTriplet(packed >> 16, packed >> 8 & 255, packed & 255)
    return Color("rgb", ColorType.TRUECOLOR, None, triplet)


@lru_cache(maxsize=8192)
def _cell(key: int, length: int) -> Segment:
    """`length` equal cells. `key` packs the upper colour (24 bits) above the lower one."""
    upper, lower = key >> 24, key & 0xFFFFFF
    if upper == lower:
        return Segment(" " * length, Style.from_color(None, _color(upper)))
    return Segment(HALF_BLOCK * length, Style.from_color(_color(upper), _color(lower)))


def half_blocks(painted: ByteArray) -> list[Strip]:
    """Strips of (2 rows, columns, 3) pixels, a segment for each run of equal cells.

    A cell of one colour is a blank on that colour: half of the bytes.
    """
    red, green, blue = np.moveaxis(painted.astype(np.int64), -1, 0)
    packed = red << 16 | green << 8 | blue
    keys = packed[0::2] << 24 | packed[1::2]
    rows, columns = keys.shape
    starts = np.ones(keys.shape, dtype=bool)
    starts[:, 1:] = keys[:, 1:] != keys[:, :-1]
    strips = []
    for row in range(rows):
        begin = np.flatnonzero(starts[row])
        lengths = np.diff(begin, append=columns).tolist()
        strips.append(Strip(map(_cell, keys[row, begin].tolist(), lengths), columns))
    return strips


def picture_strips(fitted: ByteArray, mode: colors.ColorMode) -> list[Strip]:
    """Strips of fitted pixels (2 rows, columns, 3); without colour, characters of growing ink."""
    if mode == "none":
        grey = pixels.luminance(fitted)
        return [
            Strip([Segment(line)], len(line))
            for line in pixels.ink((grey[0::2] + grey[1::2]) / 510)
        ]
    return half_blocks(colors.quantise(fitted, mode, dither=True))


def centred(strips: list[Strip], columns: int, rows: int) -> list[Strip]:
    """`strips` in the middle of an area of `columns` x `rows` cells."""
    above = max(0, (rows - len(strips)) // 2)
    padded = []
    for strip in strips:
        left = max(0, (columns - strip.cell_length) // 2)
        gap = [Segment(" " * left)] if left else []
        padded.append(Strip([*gap, *strip], left + strip.cell_length))
    return [Strip.blank(columns)] * above + padded


def heat_strips(
    heat: FloatArray,
    scale: float,
    cells: tuple[int, int],
    *,
    underlay: ByteArray | None = None,
    cursor: tuple[int, int] | None = None,
) -> list[Strip]:
    """`heat` (h, w) fitted into `cells` (columns, rows); `cursor` (row, column) is marked."""
    columns, rows = cells
    heat = np.nan_to_num(heat)
    height, width = pixels.fitted_size(heat.shape[0], heat.shape[1], columns, rows)
    spot = None if cursor is None else pixels.spot_in_fitted(cursor, heat.shape, (height, width))
    if colors.current() == "none":
        small = pixels.resample(heat, height // 2, width, smooth=False)
        strips = [Strip([Segment(text)], width) for text in pixels.heat_text(small, scale)]
        if spot is not None:
            strips[spot[0] // 2] = _reversed(strips[spot[0] // 2], spot[1])
        return strips
    small = pixels.resample(heat, height, width, smooth=False)
    below = None
    if underlay is not None:
        below = pixels.resample(underlay, height, width).astype(np.uint8)
    painted = pixels.heat_pixels(small, scale, below)
    if spot is not None:
        row, column = spot
        accent = np.array(colors.ACCENT)
        # Short arms: a move of the cursor must not have all lines sent again.
        beside = slice(max(0, column - ARM), column + ARM + 1)
        above = slice(max(0, row - ARM), row + ARM + 1)
        for arm in ((row, beside), (above, column)):
            painted[arm] = (0.5 * painted[arm] + 0.5 * accent).astype(np.uint8)
        painted[row, column] = accent
    return half_blocks(colors.quantise(painted, colors.current()))


def _reversed(strip: Strip, column: int) -> Strip:
    text = strip.text
    mark = Segment(text[column], Style(reverse=True))
    parts = [Segment(text[:column]), mark, Segment(text[column + 1 :])]
    return Strip([part for part in parts if part.text], len(text))


def scale_legend(scale: float, mode: HeatMode, width: int, note: str = "") -> Strip:
    """A line with the colour scale between its ends: `−1.2e−5 ▒▒▒▒ +1.2e−5  own scale`."""
    low = compact(-scale) if mode == "signed" else "0"
    high = compact(scale, sign=True)
    room = width - len(low) - len(high) - 2
    if note and room - len(note) - 2 >= 10:
        room -= len(note) + 2
    else:
        note = ""
    length = max(0, min(room, 24))
    values = np.linspace(-1.0 if mode == "signed" else 0.0, 1.0, max(length, 1))[None]
    quiet = style(colors.QUIET)
    if colors.current() == "none":
        ramp = [Segment(text) for text in pixels.heat_text(values, 1.0)]
    else:
        painted = colors.quantise(pixels.heat_pixels(values, 1.0), colors.current())
        ramp = list(half_blocks(np.repeat(painted, 2, axis=0))[0])
    parts = [Segment(f"{low} ", quiet), *(ramp if length else []), Segment(f" {high}", quiet)]
    if note:
        parts.append(Segment(f"  {note}", style(colors.FAINT)))
    return Strip(parts)
