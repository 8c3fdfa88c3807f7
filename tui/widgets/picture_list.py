"""The pictures found, with a filter on top and what the network sees in each beside its name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widgets import Input

from engine.types import Prediction
from tui.draw.cells import style
from tui.draw.colors import ACCENT, FAINT, QUIET, TEXT
from tui.draw.rows import row
from tui.draw.text import fit_middle, pad, percent, safe
from tui.widgets.line_list import LineList

GLANCE_DELAY = 0.15
"""Seconds that the list stands still before its visible pictures are asked for."""


class Rows(LineList):
    """The rows of the list: a name, and the top prediction once it is known."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.paths: list[str] = []
        self.shown: list[int] = []
        self.seen: dict[str, Prediction | str] = {}
        self.opened = ""
        self.empty = ""
        """What stands where there are no rows."""

    def render_line(self, y: int) -> Strip:
        """A row, or the text that stands for none."""
        if y == 0 and not self.count and self.empty:
            width = self.scrollable_content_region.width
            return Strip(row([("  " + self.empty, style(QUIET))], width)).adjust_cell_length(width)
        return super().render_line(y)

    def line(self, index: int, width: int, *, current: bool) -> list[Segment]:
        """Name, prediction, percentage."""
        number = self.shown[index]
        path = self.paths[number]
        seen = self.seen.get(path)
        mark = "●" if path == self.opened else " "
        bright = isinstance(seen, Prediction)
        says, chance = seen if isinstance(seen, str) else "", ""
        if isinstance(seen, Prediction):
            says, chance = seen.name, percent(seen.probability).replace(" ", "")
        left = max(8, (width - 9) * 11 // 20)
        right = max(0, width - left - 10)
        # Folders are left out for want of room; the filter knows them.
        name = safe(os.path.splitext(os.path.basename(path))[0])  # noqa: PTH119, PTH122
        return row(
            [
                (mark + " ", style(ACCENT)),
                (pad(fit_middle(name, left), left), style(TEXT if bright or current else QUIET)),
                (" ", style(TEXT)),
                (pad(fit_middle(safe(says), right), right), style(QUIET if bright else FAINT)),
                (pad(chance, 7, right=True), style(QUIET)),
            ],
            width,
        )


class FilterInput(Input):
    """The filter; enter and the arrow down lead back to the list, escape clears it first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "leave", "Back to the list", show=False),
        Binding("escape", "give_up", "Back to the whole list", show=False),
    ]

    class Left(Message):
        """The user has done with the filter."""

    def action_leave(self) -> None:
        """Give the keyboard back."""
        self.post_message(self.Left())

    def action_give_up(self) -> None:
        """Show everything again."""
        self.value = ""
        self.action_leave()


class PictureList(Vertical):
    """Pictures to choose from. `Chosen` says which; `Visible` which of them are in sight."""

    class Chosen(Message):
        """A picture is to be opened."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    class Counted(Message):
        """How many pictures there are: `3 of 12`, `12…` while they are being found."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Visible(Message):
        """These pictures are in sight and not yet classified."""

        def __init__(self, paths: tuple[str, ...]) -> None:
            super().__init__()
            self.paths = paths

    def __init__(self, roots: Iterable[str], *, id: str | None = None, classes: str = "") -> None:
        super().__init__(id=id, classes=classes)
        self._roots = tuple(root.rstrip("/\\") for root in roots)
        self._keys: list[str] = []
        self._query = ""
        self._done = False
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """The filter and the rows."""
        yield FilterInput(placeholder="/ filter", compact=True, id="filter")
        yield Rows(id="rows")

    @property
    def rows(self) -> Rows:
        """The list itself."""
        return self.query_one(Rows)

    @property
    def paths(self) -> list[str]:
        """All pictures found so far."""
        return self.rows.paths

    def add(self, paths: tuple[str, ...], done: bool) -> None:
        """More pictures were found."""
        rows = self.rows
        first = len(rows.paths)
        names = [self._relative(path) for path in paths]
        rows.paths += paths
        self._keys += [name.casefold() for name in names]
        rows.shown += [
            number for number in range(first, len(rows.paths)) if self._query in self._keys[number]
        ]
        self._done = done
        rows.set_count(len(rows.shown))
        self._count()
        self._ask_later()

    def tell(self, path: str, seen: Prediction | str) -> None:
        """What the network sees in a picture, or why it sees nothing."""
        self.rows.seen[path] = seen
        for index in self.rows.visible_range:
            if self.rows.paths[self.rows.shown[index]] == path:
                self.rows.refresh_entry(index)

    def forget(self) -> None:
        """Another network: what the one before saw does not count any more."""
        self.rows.seen.clear()
        self.rows.refresh()
        self._ask_later()

    def mark(self, path: str) -> None:
        """Say which picture is open."""
        self.rows.opened = path
        self.rows.refresh()

    def filter(self, text: str) -> None:
        """Show the pictures whose name contains `text`; the cursor stays on its picture."""
        rows = self.rows
        at = rows.shown[rows.cursor] if rows.count else -1
        query = text.strip().casefold()
        if query == self._query:
            return
        within: Iterable[int] = range(len(self._keys))
        if query.startswith(self._query):
            within = rows.shown
        self._query = query
        keys = self._keys
        rows.shown = [number for number in within if query in keys[number]]
        rows.empty = "no name matches: esc shows all" if query else ""
        rows.set_count(len(rows.shown), rows.shown.index(at) if at in rows.shown else 0)
        self._count()
        self._ask_later()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.filter(event.value)

    @on(FilterInput.Left)
    def _filter_left(self, event: FilterInput.Left) -> None:
        event.stop()
        self.rows.focus()

    @on(LineList.Selected)
    def _selected(self, event: LineList.Selected) -> None:
        event.stop()
        rows = self.rows
        self.post_message(self.Chosen(rows.paths[rows.shown[event.index]]))

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        event.stop()
        self._ask_later()

    def _ask_later(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(GLANCE_DELAY, self._ask)

    def _ask(self) -> None:
        rows = self.rows
        unknown = tuple(
            path
            for index in rows.visible_range
            if (path := rows.paths[rows.shown[index]]) not in rows.seen
        )
        if unknown:
            self.post_message(self.Visible(unknown))

    def _count(self) -> None:
        total, shown = len(self.rows.paths), len(self.rows.shown)
        more = "" if self._done else "…"
        of = f"{shown:,} of {total:,}" if self._query else f"{total:,}"
        self.post_message(self.Counted(of + more))

    def _relative(self, path: str) -> str:
        for root in self._roots:
            if path.startswith((root + "/", root + "\\")):
                return path[len(root) + 1 :]
        return os.path.basename(path)  # noqa: PTH119 - 100,000 of them
