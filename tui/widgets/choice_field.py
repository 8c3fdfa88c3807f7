"""Fields of a form that are no text: one of a few, or something picked from a long list."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from tui.draw.cells import style
from tui.draw.colors import ACCENT, FAINT, TEXT
from tui.draw.rows import row, selection
from tui.draw.text import safe
from tui.widgets.canvas import Canvas


class ChoiceField(Canvas, can_focus=True):
    """One of a few values; left and right (or space) change it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", show=False),
        Binding("right,space", "turn(1)", show=False),
    ]

    class Changed(Message):
        """Another value was chosen."""

    def __init__(self, values: tuple[str, ...], names: dict[str, str], value: str, id: str) -> None:
        super().__init__(id=id, classes="field")
        self._values = values
        self._names = names
        self.value = value

    def action_turn(self, by: int) -> None:
        """Take the next value or the one before."""
        at = self._values.index(self.value) + by
        self.value = self._values[at % len(self._values)]
        self.redraw()
        self.post_message(self.Changed())

    def on_click(self, event: events.Click) -> None:
        """Take the next value."""
        self.action_turn(1)

    def on_focus(self) -> None:
        """The arrows stand out."""
        self.redraw()

    def on_blur(self) -> None:
        """The arrows step back."""
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """The value between arrows."""
        arrow = style(ACCENT if self.has_focus else FAINT)
        name = self._names.get(self.value, self.value)
        parts = [("‹ ", arrow), (name, style(TEXT)), (" ›", arrow)]
        strip = Strip(row(parts, width)).adjust_cell_length(width)
        return [strip.apply_style(selection(True)) if self.has_focus else strip]


class PickField(Canvas, can_focus=True):
    """A value picked from a list of its own; enter opens the list."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "pick", show=False)]

    class Wanted(Message):
        """The list is to be opened."""

        def __init__(self, field: PickField) -> None:
            super().__init__()
            self.field = field

    def __init__(self, value: str, empty: str, id: str) -> None:
        super().__init__(id=id, classes="field")
        self.value = value
        self._empty = empty

    def set(self, value: str) -> None:
        """Take a value; '' for none."""
        self.value = value
        self.redraw()

    def action_pick(self) -> None:
        """Ask for the list."""
        self.post_message(self.Wanted(self))

    def on_click(self, event: events.Click) -> None:
        """Ask for the list."""
        self.action_pick()

    def on_focus(self) -> None:
        """Stand out."""
        self.redraw()

    def on_blur(self) -> None:
        """Step back."""
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """The value behind the sign of a list."""
        parts = [("▾ ", style(ACCENT if self.has_focus else FAINT))]
        parts.append((safe(self.value) or self._empty, style(TEXT)))
        strip = Strip(row(parts, width)).adjust_cell_length(width)
        return [strip.apply_style(selection(True)) if self.has_focus else strip]
