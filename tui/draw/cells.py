"""A grid of cells with a character and two colours each, and short ways to lines of text. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.draw import colors
from tui.draw.colors import RGB
from tui.draw.text import wrap

_NONE = -1


@lru_cache(maxsize=4096)
def _style(fg: RGB | None, bg: RGB | None, bold: bool, reverse: bool) -> Style:
    return Style(
        color=Color.from_rgb(*fg) if fg else None,
        bgcolor=Color.from_rgb(*bg) if bg else None,
        bold=bold or None,
        reverse=reverse or None,
    )


def style(
    fg: RGB | None = None, bg: RGB | None = None, *, bold: bool = False, reverse: bool = False
) -> Style:
    """A cached style; without colours where the terminal has none."""
    if colors.current() == "none":
        fg = bg = None
    return _style(fg, bg, bold, reverse)


def piece(
    text: str, fg: RGB | None = None, *, bold: bool = False, reverse: bool = False
) -> Segment:
    """A run of text. The text must be safe for a terminal already (see `tui.draw.text.safe`)."""
    return Segment(text, style(fg, bold=bold, reverse=reverse))


def line(*pieces: Segment) -> Strip:
    """A line of text."""
    return Strip([part for part in pieces if part.text])


def notice(text: str, width: int, height: int) -> list[Strip]:
    """Quiet text in the middle of an empty area, broken into lines where it must be."""
    rows = [row for row in wrap(text, max(1, width - 2), height) if row]
    above = (height - len(rows)) // 2
    middle = [
        line(piece(" " * ((width - cell_len(row)) // 2)), piece(row, colors.QUIET)) for row in rows
    ]
    return [Strip.blank(width)] * above + middle


class CellGrid:
    """Cells to write to; every character must be one cell wide."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.text: npt.NDArray[np.str_] = np.full((height, width), " ", dtype="<U1")
        self.fg = np.full((height, width), _NONE, dtype=np.int32)
        self.bg = np.full((height, width), _NONE, dtype=np.int32)
        self.bold = np.zeros((height, width), dtype=bool)

    def write(
        self, row: int, column: int, text: str, fg: RGB | None = None, *, bold: bool = False
    ) -> None:
        """Write `text` from a cell on; what lies outside the grid is cut."""
        if not 0 <= row < self.height:
            return
        first = max(0, -column)
        text = text[first : self.width - column] if column < self.width else ""
        span = slice(column + first, column + first + len(text))
        self.text[row, span] = list(text)
        self.fg[row, span] = pack(fg)
        self.bold[row, span] = bold

    def strips(self) -> list[Strip]:
        """The grid as strips, a segment for each run of equal style."""
        look = np.stack([self.fg, self.bg, self.bold.astype(np.int32)], axis=-1)
        starts = np.ones((self.height, self.width), dtype=bool)
        starts[:, 1:] = (look[:, 1:] != look[:, :-1]).any(axis=-1)
        strips = []
        for row in range(self.height):
            begin = np.flatnonzero(starts[row]).tolist()
            text = "".join(self.text[row])
            segments = [
                Segment(text[a:b], style(unpack(fg), unpack(bg), bold=bool(bold)))
                for a, b, (fg, bg, bold) in zip(
                    begin, [*begin[1:], self.width], look[row, begin].tolist(), strict=True
                )
            ]
            strips.append(Strip(segments, self.width))
        return strips


def pack(color: RGB | None) -> int:
    """A colour as a number; -1 for none."""
    return _NONE if color is None else color[0] << 16 | color[1] << 8 | color[2]


def unpack(packed: int) -> RGB | None:
    """The colour that `pack` made a number of."""
    return None if packed < 0 else (packed >> 16, packed >> 8 & 255, packed & 255)


def blend(color: RGB, ground: RGB, share: float) -> RGB:
    """`share` of `color` on `ground`."""
    mixed = [round(a * share + b * (1 - share)) for a, b in zip(color, ground, strict=True)]
    return (mixed[0], mixed[1], mixed[2])


def joined(
    blocks: Iterable[list[Strip]], widths: Iterable[int], height: int, gap: int
) -> list[Strip]:
    """Blocks of strips side by side, each padded to its width, with blanks between them."""
    rows: list[list[Segment]] = [[] for _ in range(height)]
    for number, (block, width) in enumerate(zip(blocks, widths, strict=True)):
        for y in range(height):
            if number and gap:
                rows[y].append(Segment(" " * gap))
            strip = block[y] if y < len(block) else Strip([], 0)
            rows[y].extend(strip.adjust_cell_length(width))
    return [Strip(row) for row in rows]
