"""Evidence: what was asked for, and what is shown of it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.types import ByteArray, Evidence, ExplainSettings, Query
from engine.worker.protocol import Command, Explain, Explained, Failed
from tui.state.attack import AttackView
from tui.state.failures import is_failure_of


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """An explanation that is waited for, of a picture under an attack (0: none had begun)."""

    run_id: int
    attack: int


class EvidenceView:
    """`shown` is the evidence on the screen, `asked` what is waited for (None: nothing).

    The worker explains one thing at a time. `attack` is the run of the attack that the evidence
    shown belongs to, `picture` the adversarial picture that was explained.
    """

    def __init__(self, ids: Iterator[int]) -> None:
        self.asked: EvidenceRequest | None = None
        self.shown: Evidence | None = None
        self.attack = 0
        self.picture: ByteArray | None = None
        self._ids = ids

    @property
    def running(self) -> bool:
        """Whether an explanation has been asked for whose end has not come."""
        return self.asked is not None

    @property
    def complete(self) -> bool:
        """Whether all of what was asked for is shown."""
        return not self.running and self.shown is not None and self.shown.done

    def ask(
        self, queries: tuple[Query, ...], settings: ExplainSettings, attack: int
    ) -> list[Command]:
        """Ask for evidence; what was asked for before is not waited for."""
        self.asked = EvidenceRequest(next(self._ids), attack)
        return [Explain(self.asked.run_id, queries, settings)]

    def take(self, event: Explained, attack: AttackView) -> bool:
        """Bring in an answer; False for one that nobody waits for any more."""
        if self.asked is None or event.run_id != self.asked.run_id:
            return False
        self.shown, self.attack = event.evidence, self.asked.attack
        frame = attack.frame
        if frame and frame.step == event.evidence.step and self.attack == attack.run:
            self.picture = frame.picture
        if event.evidence.done:
            self.asked = None
        return True

    def take_failure(self, event: Failed) -> None:
        """What was asked for does not come, if it is that which has failed."""
        if self.asked and is_failure_of(event, Explain) and event.run_id == self.asked.run_id:
            self.asked = None

    def stop_waiting(self) -> None:
        """What was asked for does not come; what is shown stays."""
        self.asked = None

    def forget(self) -> None:
        """Nothing has been explained."""
        self.asked = self.shown = self.picture = None
        self.attack = 0
