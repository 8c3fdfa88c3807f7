"""What a worker is asked and what it answers, whichever worker it is.

`Status` and `Progress` follow the clock and are left out; of what supersedes the one before, the
last counts.
"""

from __future__ import annotations

import queue
from collections.abc import Callable

from engine.worker import Worker
from engine.worker import protocol as ev

from .fake_worker import FakeWorker

STEPS = 6
"""Iterations of the attacks that are played to their end."""


class Talk:
    """A worker, what it is asked, and what it answers."""

    def __init__(self, make: Callable[[Callable[[ev.Event], None]], Worker | FakeWorker]) -> None:
        self._inbox: queue.SimpleQueue[ev.Event] = queue.SimpleQueue()
        self.worker = make(self._inbox.put)
        self.worker.start()
        self.opened: ev.Opened | None = None
        self.told: list[ev.Event] = []

    def ask(
        self, command: ev.Command, last: Callable[[ev.Event], bool] = lambda event: True
    ) -> list[ev.Event]:
        """All that a command is answered with, up to the event for which `last` holds, at least.

        Only that is waited for; what is told at once is read to its end.
        """
        self.worker.send(command)
        events = self._read(last)
        self.worker.send(ev.ListModels())
        return [*events, *self._read(lambda event: isinstance(event, ev.ModelsListed))[:-1]]

    def at_once(self, command: ev.Command) -> list[ev.Event]:
        """All that a command is answered with which needs no time, if there is anything."""
        self.worker.send(command)
        self.worker.send(ev.ListModels())
        return self._read(lambda event: isinstance(event, ev.ModelsListed))[:-1]

    def _read(self, last: Callable[[ev.Event], bool]) -> list[ev.Event]:
        events: list[ev.Event] = []
        while not events or not last(events[-1]):
            event = self._inbox.get(timeout=60)
            self.told.append(event)
            if isinstance(event, ev.Status | ev.Progress):
                continue
            if events and superseded(events[-1], event):
                events.pop()
            events.append(event)
        return events


def superseded(before: ev.Event, after: ev.Event) -> bool:
    """Whether `after` tells all that `before` did."""
    same = type(before) is type(after) and runs([before]) == runs([after])
    return same and isinstance(after, ev.Explained | ev.EvidenceTraced)


def runs(events: list[ev.Event]) -> list[tuple[type, int]]:
    """Kinds and runs of events."""
    return [(type(event), getattr(event, "run_id", 0)) for event in events]


def failures(events: list[ev.Event]) -> list[tuple[type, int]]:
    """Whose failures these are: nothing else may be among them, and each says why."""
    assert all(isinstance(event, ev.Failed) and event.message for event in events)
    return [(event.command, event.run_id) for event in events]  # type: ignore[attr-defined]


def frames(events: list[ev.Event]) -> list[tuple[int, int, bool, int, str]]:
    """Run, step, whether it plays, steps so far, why it ended: of each frame."""
    assert all(isinstance(event, ev.Stepped) for event in events)
    shown = [(event.run_id, event.frame) for event in events]  # type: ignore[attr-defined]
    return [(run, f.step, f.playing, len(f.trace), f.finished) for run, f in shown]


def found_all(event: ev.Event) -> bool:
    return isinstance(event, ev.Found) and event.done


def plays(event: ev.Event) -> bool:
    return isinstance(event, ev.Stepped) and event.frame.playing


def whole(event: ev.Event) -> bool:
    """Whether the trace has come to the attack's end."""
    return isinstance(event, ev.EvidenceTraced) and event.points[-1].step == STEPS


def ended(event: ev.Event) -> bool:
    """Whether an attack is at its end, or an explanation."""
    if isinstance(event, ev.Explained):
        return event.evidence.done
    return isinstance(event, ev.Stepped) and bool(event.frame.finished)
