"""The keys, by what they are about."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.strip import Strip

from tui.draw.cells import line, piece
from tui.draw.colors import ACCENT, TEXT
from tui.draw.text import pad
from tui.state.keys import KEYS
from tui.widgets.canvas import Canvas

SIGNS = (
    ("red, +", "evidence for the class"),
    ("blue, −", "evidence against it"),
    ("▸", "the target class"),
    ("•", "the original class"),
)


def help_lines() -> list[Strip]:
    """All keys, grouped, and what the signs mean."""
    lines: list[Strip] = []
    for group in dict.fromkeys(key.group for key in KEYS):
        lines += [Strip([])] if lines else []
        lines.append(line(piece(group, TEXT, bold=True)))
        for key in KEYS:
            if key.group == group and key.help:
                lines.append(line(piece("  " + pad(key.cap, 8), ACCENT), piece(key.help, TEXT)))
    lines += [Strip([]), line(piece("Signs", TEXT, bold=True))]
    lines += [
        line(piece("  " + pad(sign, 8), ACCENT), piece(meaning, TEXT)) for sign, meaning in SIGNS
    ]
    return lines


class HelpLines(Canvas):
    """The text of the panel."""

    def draw(self, width: int, height: int) -> list[Strip]:
        """All lines."""
        return help_lines()


class HelpScreen(ModalScreen[None]):
    """A panel that any of its keys closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,enter", "dismiss", "Back", show=False),
        Binding("q", "app.leave", "Quit", show=False),
    ]

    def compose(self) -> ComposeResult:
        """The keys in a panel that scrolls where it must."""
        with Vertical(classes="dialog", id="help") as box:
            box.border_title = "Keys"
            box.border_subtitle = "↑↓ scroll · esc back"
            with VerticalScroll():
                text = HelpLines()
                text.styles.height = len(help_lines())
                yield text

    async def action_dismiss(self, result: None = None) -> None:
        """Close the panel."""
        self.dismiss(None)
