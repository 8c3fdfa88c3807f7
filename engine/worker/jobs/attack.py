"""An attack that plays. Where the job is, iterations go on; pausing drops it."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING

from engine.worker import protocol as ev
from engine.worker.jobs.base import Urgency, WorkerJob
from engine.worker.reporter import Reporter

if TYPE_CHECKING:
    from engine.attacks.attack_run import AttackRun


class AttackJob(WorkerJob):
    """Iterates until the attack ends, or until step `until`.

    A few steps asked for by key are no playing: frames say so where `until` is given.
    """

    name = "attack"
    command = ev.StartAttack
    urgency = Urgency.ATTACK

    def __init__(
        self, reporter: Reporter, run_id: int, attack: AttackRun, until: int | None = None
    ) -> None:
        super().__init__(reporter, run_id, "attacking")
        self._attack = attack
        self._until = until

    def chunks(self) -> Generator[None, None, None]:
        """A chunk is an iteration, told as `Stepped`."""
        attack, until = self._attack, self._until
        while True:
            began = time.perf_counter()
            moved = attack.advance()
            if moved:
                self.reporter.iterated(time.perf_counter() - began)
            goes_on = moved and not attack.finished and (until is None or attack.cursor < until)
            frame = attack.frame(playing=goes_on and until is None)
            self.reporter.emit(ev.Stepped(self.run_id, frame))
            if not goes_on:
                return
            yield
