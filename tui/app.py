"""The app: the workspace, the worker's lifetime, and the way of an event to the screens."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import ClassVar, Protocol

from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.theme import Theme

from engine.types import AttackSettings, ExplainSettings, ModelSettings, UserError
from engine.worker.protocol import (
    Command,
    Event,
    Failed,
    FindPictures,
    ListModels,
    Loaded,
    LoadModel,
)
from tui.bridge import Bridge
from tui.draw import colors
from tui.draw.colors import hexadecimal
from tui.screens.base import Host, WorkspaceScreen
from tui.screens.main import MainScreen
from tui.state.failures import is_failure_of
from tui.state.remembered import State
from tui.state.workspace import Workspace

FRAME = 0.1
"""Seconds between two looks at the inbox: a terminal over SSH shows no more than that."""
PATIENCE = 0.3
"""Seconds that quitting waits for the worker."""

THEME = Theme(
    name="xaway",
    primary=hexadecimal(colors.CLEAN),
    secondary=hexadecimal(colors.ADVERSARIAL),
    accent=hexadecimal(colors.ACCENT),
    warning=hexadecimal(colors.ADVERSARIAL),
    error=hexadecimal(colors.TARGET),
    success=hexadecimal(colors.CLEAN),
    foreground=hexadecimal(colors.TEXT),
    background=hexadecimal(colors.GROUND),
    surface=hexadecimal(colors.GROUND),
    panel=hexadecimal(colors.TRACK),
    dark=True,
    variables={
        "quiet": hexadecimal(colors.QUIET),
        "faint": hexadecimal(colors.FAINT),
        "scrollbar": hexadecimal(colors.FAINT),
        "scrollbar-background": hexadecimal(colors.GROUND),
        "scrollbar-hover": hexadecimal(colors.QUIET),
        "scrollbar-background-hover": hexadecimal(colors.GROUND),
        "scrollbar-active": hexadecimal(colors.ACCENT),
        "scrollbar-background-active": hexadecimal(colors.GROUND),
        "input-cursor-background": hexadecimal(colors.ACCENT),
        "input-selection-background": hexadecimal(colors.FAINT),
    },
)


class WorkerLike(Protocol):
    """What the app needs of `engine.worker.Worker`."""

    def start(self) -> None:
        """Begin to work."""

    def send(self, command: Command) -> None:
        """Take a command; never waits."""

    def stop(self, timeout: float) -> bool:
        """End; True if it ended within `timeout` seconds."""


class Wake(Message):
    """Something arrived that does not wait for the timer."""


class XawayApp(App[int]):
    """The program on the screen.

    Args:
        paths: files and folders to browse.
        model, attack, explain: the settings to begin with.
        make_worker: makes the worker; its argument takes events on any thread.
        hints: whether the hints of the first minute are shown.
        state: what is remembered from earlier starts.
        save_folder: where `w` saves to.
    """

    CSS_PATH = "app.tcss"
    TITLE = "xaway"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "Quit", show=False, priority=True),
        Binding("ctrl+c", "how_to_leave", show=False),
    ]

    def __init__(
        self,
        paths: tuple[str, ...],
        model: ModelSettings,
        attack: AttackSettings,
        explain: ExplainSettings,
        *,
        make_worker: Callable[[Callable[[Event], None]], WorkerLike],
        hints: bool = True,
        state: State | None = None,
        save_folder: str = ".",
    ) -> None:
        super().__init__()
        self.register_theme(THEME)
        self.theme = THEME.name
        self.paths = paths
        self.workspace = Workspace(model, attack, explain)
        self.hints = hints
        self.state = state or State()
        self.save_folder = save_folder
        self.main = MainScreen()
        self._bridge = Bridge(lambda: self.post_message(Wake()))
        self._device = make_worker(self._bridge.emit)
        self._left = False
        self.worker_ended = True
        """After the app has ended: whether the worker's thread has, too."""

    def get_default_screen(self) -> Screen[None]:
        """The main screen lies under all others."""
        return self.main

    def on_mount(self) -> None:
        """Paint first; everything slow happens in the worker."""
        self._catch_signals()
        self._device.start()
        self.set_interval(FRAME, self._drain)
        self.send(FindPictures(self.paths), *self.workspace.load(self.workspace.network.settings))
        self.send(ListModels())
        if self.state.note:
            self.notify(self.state.note, severity="warning", markup=False)

    # --- to the worker --------------------------------------------------------------------------

    def send(self, *commands: Command) -> None:
        """Send commands to the worker."""
        for command in commands:
            self._device.send(command)

    # --- from the worker ------------------------------------------------------------------------

    def on_wake(self) -> None:
        """Look at once."""
        self._drain()

    def _drain(self) -> None:
        if not self.main.is_mounted:
            return
        for event in self._bridge.drain():
            if self.workspace.take(event):
                self._took(event)

    def _took(self, event: Event) -> None:
        if isinstance(event, Loaded):
            self._remember(self.state.with_model(self.workspace.network.settings))
        failed = isinstance(event, Failed) and is_failure_of(event, LoadModel)
        if isinstance(event, Loaded) or failed:
            self.send(*self.workspace.open_waiting())
        for screen in self.screen_stack:
            if isinstance(screen, WorkspaceScreen):
                screen.take(event)

    # --- what is remembered ---------------------------------------------------------------------

    @property
    def hints_used(self) -> frozenset[str]:
        """Hints that are not shown again."""
        return self.state.hints_used

    def use_hint(self, name: str) -> None:
        """The user did what a hint tells."""
        if name not in self.state.hints_used:
            self._remember(self.state.with_hint(name))

    def _remember(self, state: State) -> None:
        self.state = state
        try:
            state.save()
        except UserError as error:
            self.notify(str(error), severity="warning", markup=False)

    # --- the end --------------------------------------------------------------------------------

    def action_leave(self, code: int = 0) -> None:
        """Quit at once, whatever the worker does."""
        self._stop_worker()
        self.exit(code)

    def action_how_to_leave(self) -> None:
        """Ctrl-C, which a slip of the hand sends as well: work is lost by intent only."""
        self.notify("ctrl+q quits, and q outside of a text.")

    async def action_quit(self) -> None:
        """Textual's own way out."""
        self.action_leave()

    def on_unmount(self) -> None:
        """However the app ends, the worker does."""
        self._stop_worker()

    def _stop_worker(self) -> None:
        if not self._left:
            self._left = True
            self.worker_ended = self._device.stop(PATIENCE)

    def _catch_signals(self) -> None:
        """A closed terminal or a kill ends the app as `q` does."""
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is None:
                continue
            try:
                loop.add_signal_handler(number, self.action_leave, 128 + number)
            except (NotImplementedError, RuntimeError, ValueError):
                return  # no signals here: Windows, or not the main thread


_HOST: type[Host] = XawayApp  # so that the type check compares what screens take the app for
