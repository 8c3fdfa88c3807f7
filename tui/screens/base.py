"""What screens know of the app (`Host`) and of the work, and the keys that several share."""

from __future__ import annotations

from typing import ClassVar, Protocol, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

from engine.worker.protocol import Command, Event
from tui.state.look import Look
from tui.state.workspace import Workspace


class Host(Protocol):
    """The app, as far as screens know it.

    `paths` are the files and folders being browsed, `save_folder` is where pictures are saved to,
    `hints` says whether hints are shown at all.
    """

    workspace: Workspace
    paths: tuple[str, ...]
    save_folder: str
    hints: bool

    @property
    def hints_used(self) -> frozenset[str]:
        """Names of the hints that are not shown again."""

    def use_hint(self, name: str) -> None:
        """The user did what a hint tells."""

    def send(self, *commands: Command) -> None:
        """Send commands to the worker; never waits."""


class WorkspaceScreen(Screen[None]):
    """A screen about the work. `take` and `show_look` are called on all that are open."""

    @property
    def host(self) -> Host:
        """The app."""
        return cast(Host, self.app)

    @property
    def workspace(self) -> Workspace:
        """All that is known of the work."""
        return self.host.workspace

    def take(self, event: Event) -> None:
        """Show what an event has changed. The workspace has taken it already."""

    def show_look(self) -> None:
        """Draw heatmaps anew: `workspace.look` has changed."""

    def action_heat_mode(self) -> None:
        """Signed, absolute or positive evidence."""
        self._change_look(self.workspace.look.next_mode())

    def action_overlay(self) -> None:
        """Evidence over the picture, or alone."""
        self._change_look(self.workspace.look.turn_overlay())

    def action_scale(self) -> None:
        """One scale of colours for all, or one each."""
        self._change_look(self.workspace.look.turn_scale())

    def _change_look(self, look: Look) -> None:
        self.workspace.look = look
        for screen in self.app.screen_stack:
            if isinstance(screen, WorkspaceScreen):
                screen.show_look()


class HeatmapScreen(WorkspaceScreen):
    """A screen of heatmaps over the main one: `show` draws all of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", show=False),
        Binding("h", "heat_mode", show=False),
        Binding("o", "overlay", show=False),
        Binding("f", "scale", show=False),
        Binding("q", "app.leave", show=False),
    ]

    def show(self) -> None:
        """Show what there is now."""
        raise NotImplementedError

    def show_look(self) -> None:
        """Draw the heatmaps anew."""
        self.show()

    async def action_dismiss(self, result: None = None) -> None:
        """Back to the main screen."""
        self.dismiss(None)
