"""The survey: its settings, the latest frame of it, and what is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from engine.types import (
    AttackSettings,
    Execution,
    Experiment,
    ExplainSettings,
    ModelSettings,
    Separation,
    SurveyFrame,
)
from engine.types.survey import RULES
from engine.worker.protocol import Command, Failed, SteerSurvey, Survey, SurveyProgress
from tui.state.failures import is_failure_of

Asked = tuple[Experiment, Execution]
"""What is asked, and where it is done."""
ALL = "all"
"""In place of a statistic's name: all of them are looked at."""


class SurveyView:
    """The survey of this session, if there is one: `settings` is None until one was begun.

    `frame` says whether it runs, is paused, or has ended; `error` why there will be no other
    frame. `statistic` is the figure that is looked at, or `ALL`.
    """

    def __init__(self, ids: Iterator[int]) -> None:
        self.settings: Asked | None = None
        self.frame: SurveyFrame | None = None
        self.error = ""
        self.statistic = ALL
        self._stop_asked = False
        self._ids = ids
        self._run = 0

    # --- what is asked of the worker ------------------------------------------------------------

    def start(self, settings: Asked) -> list[Command]:
        """Begin a survey, or go on with the one in its folder."""
        self.settings, self.frame, self.error = settings, None, ""
        self._stop_asked = False
        self._run = next(self._ids)
        return [Survey(self._run, *settings)]

    def pause_or_go_on(self) -> list[Command]:
        """Hold the survey, or let it go on; a stopped one is begun again where it ended."""
        state = self.frame.state if self.frame else ""
        if self.settings is not None and (self.error or state == "stopped"):
            return self.start(self.settings)
        if state == "running":
            return [SteerSurvey("pause")]
        return [SteerSurvey("resume")] if state == "paused" else []

    def stop(self) -> list[Command]:
        """End after the pictures in work."""
        self._stop_asked = self.running
        return [SteerSurvey("stop")] if self.running else []

    # --- what is known --------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether pictures are being worked on, or could be after a pause."""
        begun = self.settings is not None and not self.error
        return begun and (self.frame is None or self.frame.state in ("running", "paused"))

    @property
    def ending(self) -> bool:
        """Whether it was asked to end and the pictures in work are still waited for."""
        return self._stop_asked and self.running

    def take(self, event: SurveyProgress) -> bool:
        """Bring in an answer; False for that of another survey."""
        if event.run_id != self._run:
            return False
        self.frame = event.frame
        return True

    def take_failure(self, event: Failed) -> None:
        """The survey has ended with an error, if it is this one that has failed."""
        if is_failure_of(event, Survey) and event.run_id == self._run != 0:
            self.error = event.message

    def rows(self) -> tuple[Separation, ...]:
        """Results of the chosen statistic, or of all."""
        if self.frame is None:
            return ()
        chosen = (self.statistic, "confidence")
        rows = self.frame.separations
        return tuple(r for r in rows if self.statistic == ALL or r.statistic in chosen)

    def next_statistic(self) -> None:
        """Look at the next statistic alone; after the last one at all of them."""
        rows = self.frame.separations if self.frame else ()
        names = [ALL, *dict.fromkeys(row.statistic for row in rows)]
        at = names.index(self.statistic) if self.statistic in names else -1
        self.statistic = names[(at + 1) % len(names)]


def default_settings(
    paths: tuple[str, ...],
    model: ModelSettings,
    attack: AttackSettings,
    explain: ExplainSettings,
) -> Asked:
    """What the form begins with: the browsed folder, in a run folder that is not there yet."""
    folder = next((path for path in paths if Path(path).expanduser().is_dir()), "")
    number = next(n for n in count(1) if not Path(f"survey-{n}").exists())
    attack = replace(attack, stop="never", seed=0)
    experiment = Experiment(
        folder,
        model,
        attacks=tuple(replace(attack, target=rule) for rule in RULES),
        explanations=(replace(explain, seconds=None, draws=None, seed=0),),
    )
    return experiment, Execution(f"survey-{number}")
