"""The survey as a job of the worker: events out, pause and stop in."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from engine.models.classifier import Classifier
from engine.survey.execution import SurveyRun
from engine.types import SurveyFrame, SurveyState
from engine.worker import protocol as ev

TASK = "survey"
BEAT = 0.5
"""Seconds between two `Progress` events."""


class SurveyJob:
    """A running survey that can be held, let go on, and ended after the items in work."""

    def __init__(self, command: ev.Survey, emit: Callable[[ev.Event], None]) -> None:
        self.paused = False
        self._command = command
        self._emit = emit
        self._run: SurveyRun | None = None
        self._frame: SurveyFrame | None = None
        self._stop = False

    @property
    def begun(self) -> bool:
        """Whether there is something to see."""
        return self._frame is not None

    def steer(self, wish: str) -> None:
        """Do as `SteerSurvey` says."""
        self.paused = wish == "pause"
        if wish == "stop":
            self._stop = True
            if self._run is not None:
                self._run.stop()
        if self._frame is not None and self._frame.state in ("running", "paused"):
            self._tell(self._frame, "paused" if self.paused else "running")

    def chunks(self, classifier: Classifier) -> Iterator[None]:
        """The work; `next()` does one chunk.

        Raises:
            UserError: see `SurveyRun`.
        """
        yield  # so that the command is seen to have been taken before the pictures are listed
        self._run = run = SurveyRun(self._command.settings, classifier)
        if self._stop:
            run.stop()
        told = 0.0
        frames = run.frames()
        try:
            for frame in frames:
                if frame is not None:
                    self._tell(frame, frame.state)
                    told = 0.0
                if time.monotonic() - told > BEAT:
                    told = time.monotonic()
                    self._progress()
                yield
        finally:
            frames.close()  # type: ignore[attr-defined]  # a generator
            self._emit(ev.Progress(TASK, finished=True))

    def _tell(self, frame: SurveyFrame, state: SurveyState) -> None:
        self._frame = replace(frame, state=state)
        self._emit(ev.SurveyProgress(self._command.run_id, self._frame))

    def _progress(self) -> None:
        frame = self._frame
        if frame is None or frame.state in ("finished", "stopped"):
            return
        left = frame.seconds_left if frame.done else math.nan
        rate = frame.rate if frame.done else math.nan
        self._emit(ev.Progress(TASK, frame.done, frame.total, "pictures", rate, left))
