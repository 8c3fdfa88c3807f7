"""Loading a network; the one before stays until the new one is there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from engine.types import ModelSettings
from engine.worker import protocol as ev
from engine.worker.jobs.base import Urgency, WorkerJob
from engine.worker.reporter import Reporter

if TYPE_CHECKING:
    from engine.models.classifier import Classifier


class LoadJob(WorkerJob):
    """Loads the network of `settings` and hands it to `loaded`."""

    name = "load"
    command = ev.LoadModel
    urgency = Urgency.LOAD

    def __init__(
        self, reporter: Reporter, settings: ModelSettings, loaded: Callable[[Classifier], None]
    ) -> None:
        super().__init__(reporter, doing=f"loading {settings.name}")
        self._settings = settings
        self._loaded = loaded

    def chunks(self) -> Generator[None, None, None]:
        """A chunk is a step of `catalog.load`, told as `Progress`."""
        yield  # so that it is said what comes before torchvision is imported
        from engine.models import catalog

        began, first = time.monotonic(), -1
        steps = catalog.load(self._settings)
        try:
            while True:
                at = next(steps)
                if at.total and first < 0:
                    began, first = time.monotonic(), at.done
                elapsed = time.monotonic() - began
                rate = (at.done - first) / elapsed if at.total and elapsed > 0.2 else math.nan
                left = (at.total - at.done) / rate if math.isfinite(rate) and rate > 0 else math.nan
                self.doing = at.what
                unit = "B" if at.total else ""
                self.reporter.emit(ev.Progress(at.what, at.done, at.total, unit, rate, left))
                yield
        except StopIteration as end:
            classifier: Classifier = end.value
        finally:
            self.reporter.emit(ev.Progress(self.doing, finished=True))
        self._loaded(classifier)
