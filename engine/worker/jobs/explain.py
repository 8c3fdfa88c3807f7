"""Explaining classes of the open picture."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from engine.worker import protocol as ev
from engine.worker.jobs.base import (
    WAITING_FOR_PICTURES,
    Urgency,
    WorkerJob,
    waits_for_pictures,
)
from engine.worker.picture_finder import Listing
from engine.worker.reporter import Reporter

if TYPE_CHECKING:
    from engine.worker.open_picture import OpenPicture


class ExplainJob(WorkerJob):
    """Explains what `command` asks, with a background from `listing` once that is whole."""

    name = "explain"
    command = ev.Explain
    urgency = Urgency.EXPLAIN

    def __init__(
        self, reporter: Reporter, command: ev.Explain, picture: OpenPicture, listing: Listing
    ) -> None:
        super().__init__(reporter, command.run_id, f"explaining with {command.settings.explainer}")
        self._asked = command
        self._picture = picture
        self._listing = listing

    @property
    def ready(self) -> bool:
        """Not before the background can be chosen."""
        return not waits_for_pictures(self._asked.settings, self._listing)

    @property
    def waiting(self) -> str:
        """For the list of pictures, as long as the background cannot be chosen."""
        return "" if self.ready else WAITING_FOR_PICTURES

    def chunks(self) -> Generator[None, None, None]:
        """A chunk is one of the explainer's; evidence is told as `Explained`."""
        asked, emit = self._asked, self.reporter.emit
        browsed = self._listing.paths or ()
        try:
            for evidence in self._picture.explain(asked.queries, asked.settings, browsed):
                if evidence is not None:
                    emit(ev.Explained(self.run_id, evidence))
                    pace = evidence.rate, evidence.seconds_left
                    emit(
                        ev.Progress(self.doing, evidence.samples, evidence.total, "samples", *pace)
                    )
                yield
        finally:
            emit(ev.Progress(self.doing, finished=True))
