"""The line of keys: as many whole entries as fit, help and quit always among them."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.strip import Strip

from tui.draw.cells import style
from tui.draw.colors import ACCENT, QUIET
from tui.state.keys import KEYS, Key
from tui.widgets.canvas import Canvas


def fitting(keys: tuple[Key, ...], width: int) -> list[Key]:
    """The keys of lowest rank that fit into `width` cells, in the order of the table."""
    room = width
    chosen: set[str] = set()
    for key in sorted((key for key in keys if key.rank), key=lambda key: key.rank):
        room -= len(key.cap) + len(key.label) + 3
        if room < 0:
            break
        chosen.add(key.keys)
    return [key for key in keys if key.keys in chosen]


class KeyBar(Canvas):
    """One line; a click does what the key does."""

    def draw(self, width: int, height: int) -> list[Strip]:
        """Caps and labels."""
        segments = [Segment(" ")]
        for key in fitting(KEYS, width - 1):
            segments.append(Segment(key.cap, style(ACCENT)))
            segments.append(Segment(f" {key.label}  ", style(QUIET)))
        return [Strip(segments)]

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does."""
        left = 1
        for key in fitting(KEYS, self.size.width - 1):
            left += len(key.cap) + len(key.label) + 3
            if event.x < left:
                await self.app.run_action(key.action, default_namespace=self.screen)
                return
