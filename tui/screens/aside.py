"""What the main screen and the screens that are opened from it have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.state.workspace import Session

if TYPE_CHECKING:
    from tui.app import XawayApp


class SessionScreen(Screen[None]):
    """A screen about the session of its app."""

    @property
    def xaway(self) -> XawayApp:
        """The app, with its own type."""
        return cast("XawayApp", self.app)

    @property
    def session(self) -> Session:
        """What is known of the work."""
        return self.xaway.session


class Aside(SessionScreen):
    """A screen beside the main one, with the main screen's keys for the look of heatmaps."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", show=False),
        Binding("h", "main('heat_mode')", show=False),
        Binding("o", "main('overlay')", show=False),
        Binding("f", "main('scale')", show=False),
        Binding("q", "app.leave", show=False),
    ]

    def show(self) -> None:
        """Show what there is now."""
        raise NotImplementedError

    def action_main(self, name: str) -> None:
        """What the key does on the main screen."""
        getattr(self.xaway.main, f"action_{name}")()
        self.show()

    async def action_dismiss(self, result: None = None) -> None:
        """Back to the main screen."""
        self.dismiss(None)
