"""The survey: events out; pause, resume and stop in."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from engine.types import SurveyFrame, SurveyState
from engine.worker import protocol as ev
from engine.worker.jobs.base import Urgency, WorkerJob
from engine.worker.reporter import Reporter

if TYPE_CHECKING:
    from engine.models.classifier import Classifier
    from engine.surveys.execution import SurveyRun

BEAT = 0.5
"""Seconds between two `Progress` events."""


class SurveyJob(WorkerJob):
    """A survey that can be held, let go on, and ended after the items in work.

    It comes last, but for its beginning: so that it is seen to be there, and can be stopped.
    """

    name = "survey"
    command = ev.Survey
    urgency = Urgency.SURVEY

    def __init__(self, reporter: Reporter, command: ev.Survey, classifier: Classifier) -> None:
        super().__init__(reporter, command.run_id, "survey")
        self._asked = command.experiment, command.execution
        self._classifier = classifier
        self._run: SurveyRun | None = None
        self._frame: SurveyFrame | None = None
        self._paused = self._stop = False

    @property
    def priority(self) -> int:
        """Urgent until there is something to see."""
        return Urgency.SURVEY_BEGINS if self._frame is None else self.urgency

    @property
    def ready(self) -> bool:
        """Whether it is not held; it begins in any case."""
        return self._frame is None or not self._paused

    def steer(self, wish: Literal["pause", "resume", "stop"]) -> None:
        """Do as `SteerSurvey` says."""
        self._paused = wish == "pause"
        if wish == "stop":
            self._stop = True
            if self._run is not None:
                self._run.stop()
        if self._frame is not None and self._frame.state in ("running", "paused"):
            self._tell(self._frame)

    def chunks(self) -> Generator[None, None, None]:
        """A chunk is one of `SurveyRun`'s; its frames are told as `SurveyProgress`.

        Raises:
            UserError: see `SurveyRun`.
        """
        yield  # so that the command is seen to have been taken before the pictures are listed
        from engine.surveys.execution import SurveyRun

        self._run = run = SurveyRun(*self._asked, self._classifier)
        if self._stop:
            run.stop()
        told = 0.0
        frames = run.frames()
        try:
            for frame in frames:
                if frame is not None:
                    self._tell(frame)
                    told = 0.0
                if time.monotonic() - told > BEAT:
                    told = time.monotonic()
                    self._progress()
                yield
        finally:
            frames.close()  # type: ignore[attr-defined]  # a generator
            self.reporter.emit(ev.Progress(self.doing, finished=True))

    def _tell(self, frame: SurveyFrame) -> None:
        state: SurveyState = "paused" if self._paused else "running"
        ended = frame.state in ("finished", "stopped")
        self._frame = frame if ended else replace(frame, state=state)
        self.reporter.emit(ev.SurveyProgress(self.run_id, self._frame))

    def _progress(self) -> None:
        frame = self._frame
        if frame is None or frame.state in ("finished", "stopped"):
            return
        left = frame.seconds_left if frame.done else math.nan
        rate = frame.rate if frame.done else math.nan
        self.reporter.emit(ev.Progress(self.doing, frame.done, frame.total, "pictures", rate, left))
