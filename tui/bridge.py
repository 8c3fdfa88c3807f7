"""From the worker's threads to the screen: one inbox, in order, that never grows with the rate.

Events that supersede one another (frames, running explanations, progress) wait for the screen's
timer, and only the latest of each kind and run is kept. All others are kept and wake the screen
at once. Imports neither the screens nor the engine's insides.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from engine.worker.protocol import (
    Event,
    EvidenceTraced,
    Explained,
    Progress,
    Status,
    Stepped,
)


def slot(event: Event) -> Hashable | None:
    """The slot in which a later event replaces `event`; None for events that are never dropped.

    Frames carry the whole trace, explanations the whole running mean, so that nothing is lost
    with the ones replaced; the last of a run is kept nevertheless.
    """
    if isinstance(event, Stepped):
        frame = event.frame
        last = frame.finished and frame.step == len(frame.trace) - 1
        return None if last else (Stepped, event.run_id)
    if isinstance(event, Explained):
        return None if event.evidence.done else (Explained, event.run_id)
    if isinstance(event, EvidenceTraced):
        return (EvidenceTraced, event.run_id)
    if isinstance(event, Progress):
        return None if event.finished else Progress
    if isinstance(event, Status):
        return Status
    return None


class Bridge:
    """An inbox that any thread may fill and that the screen's thread empties.

    Args:
        wake: called from the emitting thread when an event arrived that should not wait for
            the timer; must not block.
    """

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._inbox: dict[Hashable, Event] = {}
        self._count = 0
        self._awake = False

    def emit(self, event: Event) -> None:
        """Take an event from any thread; never blocks, never raises."""
        key = slot(event)
        with self._lock:
            if key is None:
                self._count += 1
                self._inbox[self._count] = event
            else:
                self._inbox.pop(key, None)  # to the end: order is that of the latest arrival
                self._inbox[key] = event
            ring = key is None and not self._awake
            self._awake = self._awake or ring
        if ring:
            self._wake()

    def drain(self) -> list[Event]:
        """Everything that arrived since the last call, oldest first."""
        with self._lock:
            events = list(self._inbox.values())
            self._inbox.clear()
            self._awake = False
        return events
