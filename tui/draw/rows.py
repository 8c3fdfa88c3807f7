"""Rows of styled text, cut to their width, and the ground under the entry with the cursor."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from tui.draw import colors
from tui.draw.cells import style
from tui.draw.colors import RGB
from tui.draw.text import ELLIPSIS, fit

SELECTED: RGB = (54, 60, 74)
SELECTED_ELSEWHERE: RGB = (32, 36, 44)

Part = tuple[str, Style]


def selection(focused: bool) -> Style:
    """What lies under the entry with the cursor, here or in a list that has not the focus."""
    if colors.current() == "none":
        return Style(reverse=focused, underline=not focused)
    return style(bg=SELECTED if focused else SELECTED_ELSEWHERE)


def row(parts: Iterable[Part], width: int) -> list[Segment]:
    """Texts after one another, cut with an ellipsis at `width` cells. Texts must be `safe`."""
    segments: list[Segment] = []
    left = width
    for text, ink in parts:
        if cell_len(text) > left:
            cut = fit(text, left)
            if cut == ELLIPSIS and segments:  # apart from a whole number before it
                cut = f" {cut}" if left > 1 else ""
            segments.append(Segment(cut, ink))
            break
        segments.append(Segment(text, ink))
        left -= cell_len(text)
    return segments


def width_of(parts: Iterable[Part]) -> int:
    """Cells that the texts take."""
    return sum(cell_len(text) for text, _ in parts)
