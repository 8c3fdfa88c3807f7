"""Evidence along the attack's iterations, beside the attack while it plays."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from engine.types import EvidencePoint, Query
from engine.worker import protocol as ev
from engine.worker.jobs.attack import AttackJob
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

TRACED = "mean_abs"
"""The statistic on the evidence's time axis."""


class TraceJob(WorkerJob):
    """Explains the iterations that are due, in order, for target and original class.

    It stays while the attack grows; put again after it was dropped, it goes on where it was,
    unless it has failed: it would fail again.
    """

    name = "trace"
    command = ev.TraceEvidence
    urgency = Urgency.TRACE
    beside = AttackJob.name

    def __init__(
        self,
        reporter: Reporter,
        run_id: int,
        asked: ev.TraceEvidence,
        picture: OpenPicture,
        listing: Listing,
    ) -> None:
        super().__init__(reporter, run_id)
        self.share = asked.share
        self._asked = asked
        self._picture = picture
        self._listing = listing
        self._step = 0
        self._failed = False
        self._points: list[EvidencePoint] = []

    @property
    def ready(self) -> bool:
        """Whether an iteration is due, and the background can be chosen."""
        return self._is_due() and not waits_for_pictures(self._asked.settings, self._listing)

    @property
    def waiting(self) -> str:
        """For the list of pictures, as long as the background cannot be chosen."""
        return WAITING_FOR_PICTURES if self._is_due() and not self.ready else ""

    def _is_due(self) -> bool:
        """Whether the attack has an iteration to explain; moves on to it."""
        attack = self._picture.attack
        if attack is None or self._failed:
            return False
        last = len(attack.trace) - 1
        while self._step <= last:
            if self._step % self._asked.every == 0 or (self._step == last and attack.finished):
                self.doing = f"evidence at step {self._step}"
                return True
            self._step += 1
        return False

    def chunks(self) -> Generator[None, None, None]:
        """A chunk is one of the explainer's; after every iteration all points are told."""
        while True:
            if self._is_due():
                try:
                    yield from self._explain(self._step)
                except Exception:
                    self._failed = True
                    raise
                self._step += 1
                points = tuple(sorted(self._points, key=lambda p: (p.step, p.class_index)))
                self.reporter.emit(ev.EvidenceTraced(self.run_id, TRACED, points))
            yield

    def _explain(self, step: int) -> Generator[None, None, None]:
        attack = self._picture.attack
        assert attack is not None
        labels = [label for label in (attack.target, attack.original) if label is not None]
        queries = tuple(Query("adversarial", label.index) for label in labels)
        browsed = self._listing.paths or ()
        for evidence in self._picture.explain(queries, self._asked.settings, browsed, step):
            if evidence is None or not evidence.done:
                yield
                continue
            self._points += [
                EvidencePoint(
                    step,
                    one.query.class_index,
                    one.statistics[TRACED],
                    one.errors[TRACED],
                    one.interval,
                )
                for one in evidence.attributions
            ]
