"""The same engine without a screen: send commands to a worker and wait for its events."""

from __future__ import annotations

import queue
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from engine.types import (
    AttackSettings,
    Evidence,
    ExplainSettings,
    Frame,
    ListedModel,
    ModelInfo,
    ModelSettings,
    Query,
    SurveyFrame,
    SurveySettings,
    UserError,
    find_class,
)
from engine.worker import protocol as ev
from engine.worker.scheduler import Worker

E = TypeVar("E")


class Engine:
    """A worker that is waited for. Use as a context manager.

    Failures are raised as `UserError`; progress is drawn on standard error if it is a terminal.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._events: queue.SimpleQueue[ev.Event] = queue.SimpleQueue()
        self._worker = Worker(self._events.put, threads)
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[amount]}", markup=False),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> Engine:
        self._worker.start()
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()
        self._worker.stop(5.0)

    def _wait(self, kind: type[E], last: Callable[[E], bool] = lambda event: True) -> E:
        """The first event of a kind for which `last` holds."""
        while True:
            event = self._events.get()
            match event:
                case ev.Failed(message=message):
                    raise UserError(message)
                case ev.Stopped():
                    raise UserError("the engine has ended.")
                case ev.Progress():
                    self._draw(event)
                case _ if isinstance(event, kind):
                    if isinstance(event, ev.Stepped):
                        self._draw_steps(event.frame)
                    if last(event):
                        return event

    def _draw(self, progress: ev.Progress) -> None:
        amount = ""
        if progress.unit == "B":
            amount = f"{progress.done / 1e6:.1f} of {progress.total / 1e6:.1f} MB"
        elif progress.total:
            amount = f"{progress.done:g} of {progress.total:g} {progress.unit}"
        self._bar(progress.task, progress.done, progress.total or None, amount, progress.finished)

    def _draw_steps(self, frame: Frame) -> None:
        steps = frame.settings.iterations
        self._bar("attacking", frame.step, steps, f"{frame.step} of {steps}", bool(frame.finished))

    def _bar(
        self, task: str, done: float, total: float | None, amount: str, finished: bool
    ) -> None:
        bars = self._progress.tasks
        if finished or (bars and bars[0].description != task):
            for bar in list(bars):
                self._progress.remove_task(bar.id)
        if finished:
            return
        if not self._progress.tasks:
            self._progress.add_task(task, total=total, amount=amount)
        self._progress.update(
            self._progress.tasks[0].id, completed=done, total=total, amount=amount
        )

    # --- what scripts ask for -----------------------------------------------------------------

    def load(self, settings: ModelSettings) -> ModelInfo:
        """Load a network."""
        self._worker.send(ev.LoadModel(settings))
        return self._wait(ev.Loaded).info

    def models(self) -> tuple[ListedModel, ...]:
        """All networks that can be loaded."""
        self._worker.send(ev.ListModels())
        return self._wait(ev.ModelsListed).models

    def browse(self, folder: str) -> None:
        """Take the pictures of a folder as those being browsed."""
        self._worker.send(ev.FindPictures((folder,)))
        self._wait(ev.Found, lambda found: found.done)

    def open(self, path: str) -> ev.Opened:
        """Open a picture."""
        self._worker.send(ev.Open(1, path))
        return self._wait(ev.Opened)

    def attack(self, settings: AttackSettings) -> Frame:
        """Run an attack on the open picture to its end; the last frame tells all."""
        self._worker.send(ev.StartAttack(2, settings, play=True))
        return self._wait(ev.Stepped, lambda event: bool(event.frame.finished)).frame

    def explain(
        self, info: ModelInfo, class_name: str | None, settings: ExplainSettings, opened: ev.Opened
    ) -> Evidence:
        """Explain a class of the open picture (None: the predicted one)."""
        index = opened.original.index if class_name is None else find_class(class_name, info.labels)
        self._worker.send(ev.Explain(3, (Query("clean", index),), settings))
        return self._wait(ev.Explained, lambda event: event.evidence.done).evidence

    def save(self, folder: str) -> ev.Saved:
        """Save the adversarial picture."""
        self._worker.send(ev.Save(folder))
        return self._wait(ev.Saved)

    def survey(self, settings: SurveySettings, show: Callable[[SurveyFrame], None]) -> SurveyFrame:
        """Run a survey with the loaded network; the last frame tells all."""
        self._progress.stop()  # `show` draws instead
        self._worker.send(ev.Survey(4, settings))

        def shown(event: ev.SurveyProgress) -> bool:
            show(event.frame)
            return event.frame.state in ("finished", "stopped")

        return self._wait(ev.SurveyProgress, shown).frame

    def stop_survey(self) -> None:
        """End the survey after the items in work; safe in a signal handler."""
        self._worker.send(ev.SteerSurvey("stop"))

    def compare(self, folders: tuple[str, ...]) -> str:
        """Runs side by side, as Markdown."""
        self._worker.send(ev.CompareSurveys(folders))
        return self._wait(ev.SurveysCompared).text
