"""What the screen knows of a survey: settings, the latest frame, what is looked at. Plain data."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

from engine.types import (
    AttackSettings,
    Attribution,
    Evidence,
    ExplainSettings,
    ModelSettings,
    Prediction,
    Separation,
    SurveyFrame,
    SurveySettings,
)
from engine.worker.protocol import Command, Failed, SteerSurvey, Survey, SurveyProgress
from tui.state import thresholds as survey_thresholds

ALL = "all"
FIRST_RUN = 1_000_000
"""Run ids of surveys lie above those of everything else."""


class SurveyView:
    """The survey of this session, if there is one."""

    def __init__(self) -> None:
        self.settings: SurveySettings | None = None
        self.frame: SurveyFrame | None = None
        self.error = ""
        self.statistic = ALL
        self.ending = False
        self._ids = count(FIRST_RUN)
        self._run = 0

    # --- what is asked of the worker ------------------------------------------------------------

    def start(self, settings: SurveySettings) -> list[Command]:
        """Begin a survey, or go on with the one in its folder."""
        self.settings, self.frame, self.error = settings, None, ""
        self.ending = False
        self._run = next(self._ids)
        return [Survey(self._run, settings)]

    def pause_or_go_on(self) -> list[Command]:
        """Hold the survey, or let it go on; a stopped one is begun again where it ended."""
        if self.frame is not None and self.frame.state == "running":
            return [SteerSurvey("pause")]
        if self.frame is not None and self.frame.state == "paused":
            return [SteerSurvey("resume")]
        if self.settings is not None and (self.error or (self.frame and self.stopped)):
            return self.start(self.settings)
        return []

    def stop(self) -> list[Command]:
        """End after the pictures in work."""
        if not self.running:
            return []
        self.ending = True
        return [SteerSurvey("stop")]

    # --- what is known --------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether pictures are being worked on, or could be after a pause."""
        begun = self.settings is not None and not self.error
        return begun and (self.frame is None or self.frame.state in ("running", "paused"))

    @property
    def stopped(self) -> bool:
        """Whether it was ended before it was finished."""
        return self.frame is not None and self.frame.state == "stopped"

    def take(self, event: SurveyProgress | Failed) -> bool:
        """Bring in an event; False for one of another survey."""
        if event.run_id != self._run:
            return False
        if isinstance(event, Failed):
            self.error = event.message
            return True
        self.frame = event.frame
        self.ending = self.ending and self.running
        if event.frame.state == "finished" and self.settings is not None:
            self._remember(self.settings, event.frame)
        return True

    def _remember(self, settings: SurveySettings, frame: SurveyFrame) -> None:
        try:
            survey_thresholds.remember(settings.model, settings.explanations, frame)
        except OSError as error:
            note = f"thresholds cannot be remembered: {error}"
            self.frame = replace(frame, notes=(*frame.notes, note))

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
) -> SurveySettings:
    """What the form begins with: the browsed folder, in a run folder that is not there yet."""
    folder = next((path for path in paths if Path(path).expanduser().is_dir()), "")
    number = next(n for n in count(1) if not Path(f"survey-{n}").exists())
    explain = replace(explain, seconds=None, draws=None, seed=0)
    return SurveySettings(
        folder,
        f"survey-{number}",
        model,
        methods=(attack.method,),
        epsilons=(attack.epsilon,),
        alpha=attack.alpha,
        steps=attack.steps,
        explanations=(explain,),
    )


def threshold_words(
    model: ModelSettings,
    evidence: Evidence,
    attribution: Attribution | None,
    prediction: Prediction | None,
    method: tuple[str, str],
) -> str:
    """What a survey's threshold says of an attribution; empty where none speaks to it.

    Thresholds are about each picture's own top class, and about the samples they were found with.
    """
    if attribution is None or not evidence.done:
        return ""
    if prediction is not None and attribution.query.class_index != prediction.index:
        return ""
    found = survey_thresholds.lookup(model, evidence.settings, method)
    if found is None:
        return ""
    return survey_thresholds.sentence(found, attribution.statistics.get(found.statistic, 0.0))
