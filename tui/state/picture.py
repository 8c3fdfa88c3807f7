"""The picture that was chosen: waited for, refused, or open."""

from __future__ import annotations

from collections.abc import Iterator

from engine.types import Prediction
from engine.worker.protocol import Command, Failed, Open, Opened
from tui.state.failures import is_failure_of


class ChosenPicture:
    """`path` is the picture chosen ("" for none), `opened` the one on the screen.

    They differ while the worker opens a picture, and while it waits for a network. `refused` is
    the path that could not be opened last. `play_on_arrival` says whether the attack was asked
    for before there was a picture.
    """

    def __init__(self, ids: Iterator[int]) -> None:
        self.path = ""
        self.refused = ""
        self.opened: Opened | None = None
        self.play_on_arrival = False
        self._ids = ids
        self._run = 0

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """What the network sees in the open picture."""
        return self.opened.predictions if self.opened else ()

    @property
    def waits(self) -> bool:
        """Whether the chosen picture is not the open one."""
        return bool(self.path) and (self.opened is None or self.opened.path != self.path)

    def choose(self, path: str) -> None:
        """Choose a picture."""
        self.path, self.refused = path, ""

    def open(self) -> list[Command]:
        """Ask for the chosen picture."""
        self._run = next(self._ids)
        return [Open(self._run, self.path)]

    def take(self, event: Opened) -> bool:
        """Bring in an answer; False for that of an earlier request."""
        if event.run_id != self._run:
            return False
        self.opened = event
        return True

    def take_failure(self, event: Failed) -> None:
        """The picture cannot be opened: the one before, if any, stays."""
        if is_failure_of(event, Open) and event.run_id == self._run != 0:
            self.refused = self.path
            self.play_on_arrival = False
            if self.opened is not None:
                self.path = self.opened.path

    def forget(self) -> None:
        """Another network has come: nothing is open."""
        self.opened = None
