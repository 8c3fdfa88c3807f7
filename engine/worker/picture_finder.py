"""Lists pictures on a thread of its own: that touches no device and must not wait for torch."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.worker import protocol as ev
from engine.worker.reporter import failure

BATCH = 256
"""Paths in one `Found` event."""


class Listing:
    """The pictures that are browsed. `paths` is None until all of them have been found."""

    def __init__(self, paths: tuple[str, ...] | None = None) -> None:
        self.paths = paths


class PictureFinder:
    """Lists what `FindPictures` names; see the module's docstring.

    Args:
        emit: called with every event, on the finder's threads.
        ended: called when a listing has ended, whether it failed or not.
        ending: set when nothing is to be told any more.
    """

    def __init__(
        self,
        emit: Callable[[ev.Event], None],
        ended: Callable[[], None],
        ending: threading.Event,
    ) -> None:
        self._emit = emit
        self._ended = ended
        self._ending = ending

    def start(self, command: ev.FindPictures) -> Listing:
        """Begin to list; returns at once."""
        listing = Listing()
        threading.Thread(
            target=self._run, args=(command, listing), name="picture finder", daemon=True
        ).start()
        return listing

    def _run(self, command: ev.FindPictures, listing: Listing) -> None:
        paths: list[str] = []
        told = 0
        from engine.builtin import sample_folder
        from engine.pictures import finding

        for place in command.paths or (str(sample_folder()),):
            try:
                for path in finding.find_pictures(place):
                    if self._ending.is_set():
                        return
                    paths.append(path)
                    if len(paths) - told >= BATCH:
                        self._tell(ev.Found(tuple(paths[told:]), done=False))
                        told = len(paths)
            except Exception as error:  # whatever it is, nobody must wait for ever
                self._tell(failure(ev.FindPictures, error))
        listing.paths = tuple(paths)
        self._tell(ev.Found(tuple(paths[told:]), done=True))
        self._ended()

    def _tell(self, event: ev.Event) -> None:
        if not self._ending.is_set():
            self._emit(event)
