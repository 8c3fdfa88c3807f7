"""Text that is wrapped at blanks within the lines that there are."""

from __future__ import annotations

from textual.strip import Strip

from tui.draw.cells import line, piece
from tui.draw.colors import RGB, TEXT
from tui.draw.text import wrap
from tui.widgets.canvas import Canvas


class TextBlock(Canvas):
    """Safe text in one colour."""

    def __init__(self, *, id: str | None = None, color: RGB = TEXT, classes: str = "") -> None:
        super().__init__(id=id, classes=classes)
        self.text = ""
        self._color = color

    def show(self, text: str, color: RGB | None = None) -> None:
        """Show this text, which must be safe for a terminal."""
        self.text = text
        self._color = color or self._color
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """The lines that fit."""
        return [line(piece(row, self._color)) for row in wrap(self.text, width, height)]
