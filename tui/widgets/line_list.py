"""A list of one-line entries that draws only what is visible: 100,000 cost what 20 cost."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.draw.rows import selection


class LineList(ScrollView, can_focus=True, inherit_bindings=False):
    """Entries 0 .. count-1 with a cursor. Subclasses say how an entry is drawn.

    Binds the vertical keys and enter only, so that all others reach the screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("enter", "select", "Choose", show=False),
    ]
    DEFAULT_CSS = """
    LineList { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """

    class Moved(Message):
        """The cursor stands on another entry, or other entries are visible."""

        def __init__(self, lines: LineList) -> None:
            super().__init__()
            self.lines = lines

        @property
        def control(self) -> LineList:
            """The list."""
            return self.lines

    class Selected(Message):
        """Enter was pressed on an entry, or it was clicked."""

        def __init__(self, lines: LineList, index: int) -> None:
            super().__init__()
            self.lines = lines
            self.index = index

        @property
        def control(self) -> LineList:
            """The list."""
            return self.lines

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.count = 0
        self.cursor = 0

    def line(self, index: int, width: int, *, current: bool) -> list[Segment]:
        """Entry `index` in at most `width` cells; `current` where the cursor stands."""
        raise NotImplementedError

    def set_count(self, count: int, cursor: int | None = None) -> None:
        """There are `count` entries now; the cursor stays within them."""
        self.count = count
        self.cursor = max(0, min(self.cursor if cursor is None else cursor, count - 1))
        self.virtual_size = Size(1, count)
        self.refresh()
        self._follow()

    @property
    def visible_range(self) -> range:
        """The entries that can be seen."""
        first = self.scroll_offset.y
        return range(first, min(self.count, first + max(0, self.size.height)))

    def move_to(self, index: int) -> None:
        """Put the cursor on an entry and make it visible."""
        index = max(0, min(index, self.count - 1))
        if index != self.cursor:
            self._refresh_entry(self.cursor)
            self.cursor = index
            self._refresh_entry(index)
        self._follow()
        self.post_message(self.Moved(self))

    def refresh_entry(self, index: int) -> None:
        """Draw an entry again if it can be seen."""
        if index in self.visible_range:
            self._refresh_entry(index)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.move_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by what is visible at once."""
        self.move_to(self.cursor + by * max(1, self.size.height - 1))

    def action_select(self) -> None:
        """Choose the entry under the cursor."""
        if self.count:
            self.post_message(self.Selected(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Choose the entry that was clicked."""
        index = event.y + self.scroll_offset.y
        if index < self.count:
            self.move_to(index)
            self.action_select()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._follow()
        self.post_message(self.Moved(self))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other entries are visible."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Moved(self))

    def on_focus(self) -> None:
        """The cursor looks different."""
        self._refresh_entry(self.cursor)

    def on_blur(self) -> None:
        """The cursor looks different."""
        self._refresh_entry(self.cursor)

    def render_line(self, y: int) -> Strip:
        """Line `y` of what is visible."""
        width = self.scrollable_content_region.width
        index = y + self.scroll_offset.y
        if index >= self.count:
            return Strip.blank(width, self.rich_style)
        current = index == self.cursor
        strip = Strip(self.line(index, width, current=current)).adjust_cell_length(width)
        if current:
            strip = strip.apply_style(selection(self.has_focus))
        return strip.apply_style(self.rich_style)

    def _refresh_entry(self, index: int) -> None:
        self.refresh(Region(0, index - self.scroll_offset.y, self.size.width, 1))

    def _follow(self) -> None:
        height = self.size.height
        if not height:
            return
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)
