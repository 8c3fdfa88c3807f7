"""What the device's thread works on, and the long work itself as generators.

Each generator does one chunk between two `next()`; the worker decides which goes on.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING

from engine.types import EvidencePoint, Prediction, Query, UserError
from engine.worker import protocol as ev

if TYPE_CHECKING:
    from engine.models.classifier import Classifier
    from engine.worker.open_picture import Session
    from engine.worker.survey_job import SurveyJob

log = logging.getLogger(__name__)

GLANCES = 8
"""Pictures classified in one chunk for the list."""
BEAT = 0.5
"""Seconds between two `Status` events while something runs."""
TRACED = "mean_abs"
"""The statistic on the evidence's time axis."""


class Tasks:
    """The loaded network, the open picture, and the work on them; tells all through `emit`."""

    def __init__(self, emit: Callable[[ev.Event], None]) -> None:
        self.emit = emit
        self.browsed: list[str] = []
        self.classifier: Classifier | None = None
        self.session: Session | None = None
        self.run_id = 0
        self.playing = False
        self.glances: deque[str] = deque()
        self.surveying: SurveyJob | None = None
        self._until: int | None = None
        self._known: dict[str, Prediction] = {}
        self._traced: dict[tuple[int, int], EvidencePoint] = {}
        self._rate = float("nan")
        self._doing = ""
        self._told = 0.0

    # --- short work ---------------------------------------------------------------------------

    def open(self, command: ev.Open) -> None:
        """Open a picture in place of the one before."""
        from engine.worker.open_picture import Session

        if self.classifier is None:
            raise UserError("no network is loaded: choose one first.")
        self.playing = False
        self._traced.clear()
        self.session = Session(self.classifier, command.path, self.browsed)
        self.run_id = command.run_id
        opened = self.session.opened(command.run_id)
        self.emit(opened)
        self._tell(command.path, opened.predictions[0])

    def start(self, command: ev.StartAttack) -> None:
        """Begin an attack on the open picture."""
        if self.session is None:
            raise UserError("no picture is open: open one first.")
        self.playing = False
        self.run_id = command.run_id
        self._traced.clear()
        self._until, self._rate = None, float("nan")
        self.session.start(command.settings)
        self.playing = command.play
        self.show()

    def move(self, command: ev.Play | ev.Pause | ev.StepBy | ev.Seek) -> None:
        """Play, pause, step or seek."""
        session = self.session
        if session is None or session.settings is None:
            raise UserError("there is no attack yet: start one first.")
        last = len(session.trace) - 1
        self.playing, self._until = False, None
        match command:
            case ev.Play():
                session.seek(last)
                self.playing = not session.finished
            case ev.Seek(step):
                session.seek(step)
            case ev.StepBy(n):
                wanted = session.cursor + n
                session.seek(wanted)
                if wanted > last and not session.finished:  # the rest is computed chunk by chunk
                    self.playing, self._until = True, wanted
        if self._until is None:
            self.show()

    def save(self, folder: str) -> None:
        """Save the picture at the cursor."""
        if self.session is None or self.session.settings is None:
            raise UserError("there is no attack to save: start one first.")
        self.emit(self.session.save(folder))

    def list_models(self) -> None:
        """Tell which networks there are."""
        from engine.models.catalog import list_networks

        self.emit(ev.ModelsListed(list_networks()))

    def show(self) -> None:
        """Tell what the cursor is on."""
        if self.session is not None and self.session.settings is not None:
            # A few steps asked for by key are no playing.
            playing = self.playing and self._until is None
            self.emit(ev.Stepped(self.run_id, self.session.frame(playing)))

    # --- long work ----------------------------------------------------------------------------

    def load(self, command: ev.LoadModel) -> Iterator[None]:
        """Load a network; the one before stays until the new one is there."""
        task = f"loading {command.settings.name}"
        self.say(task)
        yield
        from engine.models import catalog

        began, first = time.monotonic(), -1
        steps = catalog.load(command.settings)
        try:
            while True:
                at = next(steps)
                if at.total and first < 0:
                    began, first = time.monotonic(), at.done
                elapsed = time.monotonic() - began
                rate = (at.done - first) / elapsed if at.total and elapsed > 0.2 else float("nan")
                left = (at.total - at.done) / rate if rate > 0 else float("nan")
                task = at.what
                unit = "B" if at.total else ""
                self.emit(ev.Progress(task, at.done, at.total, unit, rate, left))
                self.beat(task)
                yield
        except StopIteration as end:
            loaded: Classifier = end.value
        finally:
            self.emit(ev.Progress(task, finished=True))
        self.classifier, self.session = loaded, None
        self._known.clear()
        self.emit(ev.Loaded(loaded.info()))
        self.say("")

    def attack(self) -> None:
        """One iteration of the attack that plays."""
        session = self.session
        assert session is not None
        began = time.perf_counter()
        moved = session.advance()
        seconds = time.perf_counter() - began
        if moved:
            rate = 1.0 / max(seconds, 1e-9)
            self._rate = rate if self._rate != self._rate else 0.8 * self._rate + 0.2 * rate
        self.playing = moved and not session.finished
        if self._until is not None and session.cursor >= self._until:
            self.playing, self._until = False, None
        self.show()
        self.beat("attacking")

    def explain(self, command: ev.Explain) -> Iterator[None]:
        """Explain classes of the open picture."""
        if self.session is None:
            raise UserError("no picture is open: there is nothing to explain.")
        task = f"explaining with {command.settings.explainer}"
        self.say(task)
        try:
            for found in self.session.explain(command.queries, command.settings):
                if found is not None:
                    self.emit(ev.Explained(command.run_id, found))
                    pace = found.rate, found.seconds_left
                    self.emit(ev.Progress(task, found.samples, found.total, "samples", *pace))
                self.beat(task)
                yield
        finally:
            self.emit(ev.Progress(task, finished=True))

    def trace_evidence(self, wish: ev.TraceEvidence) -> Iterator[None]:
        """Explain the iterations that are due, in order, for target and original class."""
        session = self.session
        if session is None or not session.trace:
            return
        labels = [label for label in (session.target, session.original) if label is not None]
        queries = tuple(Query("adversarial", label.index) for label in labels)
        for step in count():
            if step >= len(session.trace):  # it grows while the attack plays
                return
            is_end = step == len(session.trace) - 1 and session.finished
            if (step % wish.every and not is_end) or (step, labels[0].index) in self._traced:
                continue
            for found in session.explain(queries, wish.settings, step):
                self.beat(f"evidence at step {step}")
                if found is None or not found.done:
                    yield
                    continue
                for one in found.attributions:
                    index = one.query.class_index
                    self._traced[step, index] = EvidencePoint(
                        step, index, one.statistics[TRACED], one.errors[TRACED], one.interval
                    )
            points = tuple(self._traced[key] for key in sorted(self._traced))
            self.emit(ev.EvidenceTraced(self.run_id, TRACED, points))
            yield

    def survey(self, command: ev.Survey) -> Iterator[None]:
        """Run a survey with the loaded network, which it keeps."""
        if self.classifier is None:
            raise UserError("no network is loaded: choose one first.")
        from engine.worker.survey_job import SurveyJob

        self.surveying = SurveyJob(command, self.emit)
        return self._surveyed(self.surveying.chunks(self.classifier))

    @property
    def survey_begun(self) -> bool:
        """Whether the last survey that was asked for has something to show."""
        return self.surveying is not None and self.surveying.begun

    def _surveyed(self, chunks: Iterator[None]) -> Iterator[None]:
        for _ in chunks:
            self.beat("survey")
            yield

    def glance(self) -> None:
        """Classify the next pictures of the list; a bad one fails alone."""
        import torch

        from engine.pictures.reading import read

        classifier = self.classifier
        assert classifier is not None
        paths: list[str] = []
        pictures: list[torch.Tensor] = []
        while self.glances and len(paths) < GLANCES:
            path = self.glances.popleft()
            if path in self._known:
                self._tell(path, self._known[path])
                continue
            try:
                pictures.append(torch.from_numpy(read(path, classifier.preprocessing)))
                paths.append(path)
            except UserError as error:
                self.emit(ev.Glanced(path, None, str(error).removeprefix(path).strip()))
        if paths:
            with torch.no_grad():
                logits = classifier(torch.stack(pictures).to(classifier.device))
            top = logits.softmax(1).max(1)
            for path, index, value in zip(paths, top.indices, top.values, strict=True):
                label = classifier.labels[int(index)]
                self._tell(path, Prediction(int(index), label, float(value)))
        self.beat("predicting the pictures in the list")

    # --- telling ------------------------------------------------------------------------------

    def forget_trace(self) -> None:
        """Start the evidence trace anew."""
        self._traced.clear()

    def _tell(self, path: str, prediction: Prediction) -> None:
        self._known[path] = prediction
        self.emit(ev.Glanced(path, prediction))

    def beat(self, doing: str) -> None:
        """Say what is being done, when it changes and now and then."""
        if doing != self._doing or time.monotonic() - self._told > BEAT:
            self.say(doing)

    def rest(self) -> None:
        """Say, once, that nothing is being done."""
        if self._doing:
            self.say("")

    def say(self, doing: str) -> None:
        """Tell the status line."""
        self._doing, self._told = doing, time.monotonic()
        device = str(self.classifier.device) if self.classifier else ""
        self.emit(ev.Status(doing, device, _memory(device), self._rate))

    def fail(self, task: str, error: Exception, run_id: int) -> None:
        """Tell of a failure in one sentence; what is unexpected goes to the log as well."""
        if isinstance(error, UserError):
            message = str(error)
        elif "out of memory" in str(error).lower() or isinstance(error, MemoryError):
            log.exception("%s ran out of memory", task)
            message = f"out of memory in {task}: close other programs or use a smaller network."
        else:
            log.exception("%s failed", task)
            message = f"{task} failed: {type(error).__name__}: {error} (details are in the log)."
        self.emit(ev.Failed(task, message, run_id))


def _memory(device: str) -> int:
    """Bytes in use on the device, or by this process where the device is the CPU."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.memory_allocated(device)
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
