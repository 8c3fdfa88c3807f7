"""The line of pages of a small window."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip

from tui.draw.cells import style
from tui.draw.colors import ACCENT, QUIET
from tui.widgets.canvas import Canvas

PAGES = ("Pictures", "Attack", "Evidence", "Settings")


class PageBar(Canvas):
    """The names of the pages, each with its key; the one shown stands out."""

    class Turned(Message):
        """A page was clicked."""

        def __init__(self, page: int) -> None:
            super().__init__()
            self.page = page

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._page = 1

    def show(self, page: int) -> None:
        """Page 1 .. 4 is shown."""
        self._page = page
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """One line."""
        segments = []
        for page, name in enumerate(PAGES, start=1):
            current = page == self._page
            ink = style(ACCENT, bold=True) if current else style(QUIET)
            mark = "▸" if current else " "
            segments.append(Segment(f"{mark}{page} {name}  ", ink))
        return [Strip(segments)]

    def on_click(self, event: events.Click) -> None:
        """Turn to the page under the mouse."""
        left = 0
        for page, name in enumerate(PAGES, start=1):
            left += len(name) + 5
            if event.x < left:
                self.post_message(self.Turned(page))
                return
