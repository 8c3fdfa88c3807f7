"""Choose one of many names by typing a part of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.fuzzy import FuzzySearch
from textual.screen import ModalScreen
from textual.widgets import Input

from engine.types import fold_name
from tui.draw.cells import style
from tui.draw.colors import ACCENT, QUIET, TEXT
from tui.draw.rows import row
from tui.draw.text import pad, safe
from tui.widgets.line_list import LineList

HELP = "enter choose · esc back"
MOST_ALIGNMENTS = 2000
"""Ways to find the query's letters in a name up to which the matcher may try them all."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose: what is returned, its name, and a note beside it."""

    value: str
    name: str
    note: str = ""


def matches(search: FuzzySearch, query: str, choices: list[Choice]) -> list[int]:
    """Indices of the choices that fit `query`, best first; all of them for an empty query."""
    words = fold_name(query.strip())
    if not words:
        return list(range(len(choices)))
    names = [fold_name(choice.name) for choice in choices]
    found = []
    for index, name in enumerate(names):
        if words == choices[index].note:  # such as a class's number
            found.append((-math.inf, index))
            continue
        ways = 1 if words in name else alignments(words, name)
        if ways:
            score = search.match(words, name)[0] if ways <= MOST_ALIGNMENTS else 1.0
            found.append((-score, index))
    return [index for _, index in sorted(found)]


def alignments(letters: str, text: str) -> int:
    """In how many ways `letters` can be found in `text`, in order."""
    ways = [1] + [0] * len(letters)
    for character in text:
        for place in range(len(letters), 0, -1):
            if letters[place - 1] == character:
                ways[place] += ways[place - 1]
    return ways[-1]


class Choices(LineList):
    """The names that match."""

    def __init__(self, choices: list[Choice]) -> None:
        super().__init__(id="choices")
        self.choices = choices
        self.shown = list(range(len(choices)))
        self.current = ""

    def line(self, index: int, width: int, *, current: bool) -> list[Segment]:
        """Name and note."""
        choice = self.choices[self.shown[index]]
        mark = "● " if choice.value == self.current else "  "
        note = safe(choice.note)
        room = max(8, width - 3 - len(note))
        name = pad(safe(choice.name), room)
        return row([(mark, style(ACCENT)), (name, style(TEXT)), (note, style(QUIET))], width)


class PickerScreen(ModalScreen[str | None]):
    """A field to type in, and the names that match. Gives the value chosen, or None.

    Args:
        title: stands on the border.
        choices: what can be chosen, in this order while nothing is typed.
        current: the value chosen so far.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, title: str, choices: Iterable[Choice], current: str = "") -> None:
        super().__init__()
        self._title_text = title
        self._choices = list(choices)
        self._current = current
        self._search = FuzzySearch()

    def compose(self) -> ComposeResult:
        """The field over the list."""
        with Vertical(classes="dialog", id="picker") as box:
            box.border_title = self._title_text
            box.border_subtitle = HELP
            yield Input(placeholder="type a part of the name", compact=True, id="query")
            yield Choices(self._choices)

    def on_mount(self) -> None:
        """Begin at what was chosen before."""
        values = [choice.value for choice in self._choices]
        cursor = values.index(self._current) if self._current in values else 0
        lines = self._lines
        lines.current = self._current
        lines.can_focus = False
        lines.set_count(len(values), cursor)
        self.query_one(Input).focus()

    @property
    def _lines(self) -> Choices:
        return self.query_one(Choices)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        lines = self._lines
        lines.shown = matches(self._search, event.value, self._choices)
        lines.set_count(len(lines.shown), 0)
        self.query_one("#picker").border_subtitle = HELP if lines.shown else "nothing matches"

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._lines.action_select()

    @on(LineList.Selected)
    def _chosen(self, event: LineList.Selected) -> None:
        self.dismiss(self._choices[self._lines.shown[event.index]].value)

    def action_move(self, by: int) -> None:
        """Move the cursor while typing."""
        self._lines.action_move(by)

    def action_page(self, by: int) -> None:
        """Move the cursor by a page while typing."""
        self._lines.action_page(by)

    async def action_dismiss(self, result: str | None = None) -> None:
        """Leave without a choice."""
        self.dismiss(result)
