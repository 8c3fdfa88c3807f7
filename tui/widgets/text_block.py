"""A few words that wrap at blanks within the lines that there are."""

from __future__ import annotations

from rich.cells import cell_len
from textual.strip import Strip

from tui.draw.cells import line, piece
from tui.draw.colors import RGB, TEXT
from tui.draw.text import fit
from tui.widgets.canvas import Canvas


def wrap(words: str, width: int, height: int) -> list[str]:
    """`words` broken at blanks into at most `height` lines; the last ends in an ellipsis if cut."""
    lines: list[str] = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if cell_len(longer) > width and lines[-1] and len(lines) < height:
            lines.append(word)
        else:
            lines[-1] = longer
    return [fit(one, width) for one in lines[:height]]


class TextBlock(Canvas):
    """Safe text in one colour."""

    def __init__(self, *, id: str | None = None, color: RGB = TEXT, classes: str = "") -> None:
        super().__init__(id=id, classes=classes)
        self.words = ""
        self._color = color

    def show(self, words: str, color: RGB | None = None) -> None:
        """Show these words, which must be safe for a terminal."""
        self.words = words
        self._color = color or self._color
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """The lines that fit."""
        return [line(piece(words, self._color)) for words in wrap(self.words, width, height)]
