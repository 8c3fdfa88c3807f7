"""A part of the screen under a line with its title; the line lights up with the focus inside."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.strip import Strip
from textual.widget import Widget

from tui.draw.cells import style
from tui.draw.colors import ACCENT, FAINT, QUIET, RGB, TEXT
from tui.draw.rows import row
from tui.draw.text import ELLIPSIS, SEPARATOR, first_fitting, fit, fit_apart, fit_parts
from tui.widgets.canvas import Canvas


class Title(Canvas):
    """`Title  note ─────────`. Its own widget, so that a new note repaints this line only."""

    DEFAULT_CSS = "Title { width: 1fr; height: 1; }"

    def __init__(self, title: str, color: RGB = TEXT) -> None:
        super().__init__()
        self._heading = title
        self._notes: tuple[str, ...] = ()
        self._others: Sequence[str] = ()
        self._color = color
        self._lit = False

    def set(self, *notes: str, title: str | None = None) -> None:
        """Change the note beside the title (safe text), or the title as well.

        Of several notes, longest first, the first that fits is shown, else those parts of the
        last that do.
        """
        self._notes, self._others = notes, ()
        if title is not None:
            self._heading = title
        self.redraw()

    def set_name(self, name: str, *others: str) -> None:
        """Have a name as the note, and cut it so that it can be told from `others`."""
        self._notes, self._others = (name,), (name, *others)
        self.redraw()

    def light(self, lit: bool) -> None:
        """Show whether the focus is below this line."""
        self._lit = lit
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """One line."""
        color = ACCENT if self._lit else self._color
        note = self._note(max(0, width - 3 - cell_len(self._heading)))
        note = f"  {note}" if note else ""
        segments = row([(self._heading, style(color, bold=True)), (note, style(QUIET))], width - 1)
        rule = width - 1 - sum(cell_len(segment.text) for segment in segments)
        segments.append(
            Segment(" " + ("━" if self._lit else "─") * rule, style(ACCENT if self._lit else FAINT))
        )
        return [Strip(segments)]

    def _note(self, room: int) -> str:
        if self._others:
            cut = fit_apart(self._others, room)[0]
        else:
            last = self._notes[-1] if self._notes else ""
            whole = first_fitting(self._notes, room) or fit_parts(last.split(SEPARATOR), room)
            cut = whole or fit(last, room)
        return "" if cut == ELLIPSIS else cut


class Pane(Vertical):
    """A title line over something."""

    def __init__(
        self,
        title: str,
        *content: Widget,
        id: str | None = None,
        classes: str = "",
        color: RGB = TEXT,
    ) -> None:
        super().__init__(id=id, classes=f"pane {classes}")
        self.heading = Title(title, color)
        self._content = content

    def compose(self) -> ComposeResult:
        """The line, then the content."""
        yield self.heading
        yield from self._content

    def on_descendant_focus(self) -> None:
        """Light the line."""
        self.heading.light(True)

    def on_descendant_blur(self) -> None:
        """Put it out."""
        self.heading.light(False)
