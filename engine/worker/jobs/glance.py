"""Predictions for the list of pictures, when there is nothing else to do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TYPE_CHECKING

from engine.types import Prediction, UserError
from engine.worker import protocol as ev
from engine.worker.jobs.base import Urgency, WorkerJob
from engine.worker.reporter import Reporter

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

TOGETHER = 8
"""Pictures classified in one chunk."""


class GlanceJob(WorkerJob):
    """Classifies pictures as soon as there is a network; one that cannot be read fails alone.

    `classifier` gives the network that is loaded by then; `predictions` are those made by it so
    far, and are added to.
    """

    name = "glance"
    command = ev.Glance
    urgency = Urgency.GLANCE

    def __init__(
        self,
        reporter: Reporter,
        paths: Sequence[str],
        classifier: Callable[[], Classifier | None],
        predictions: dict[str, Prediction],
    ) -> None:
        super().__init__(reporter, doing="predicting the pictures in the list")
        self._paths = deque(paths)
        self._classifier = classifier
        self._predictions = predictions

    @property
    def ready(self) -> bool:
        """Not before there is a network."""
        return self._classifier() is not None

    def chunks(self) -> Generator[None, None, None]:
        """A chunk is a batch of pictures, told as `Glanced` in their order."""
        while self._paths:
            size = min(TOGETHER, len(self._paths))
            batch = [self._paths.popleft() for _ in range(size)]
            reasons = self._classify(path for path in batch if path not in self._predictions)
            for path in batch:
                reason = reasons.get(path, "")
                prediction = None if reason else self._predictions[path]
                self.reporter.emit(ev.Glanced(path, prediction, reason))
            if self._paths:
                yield

    def _classify(self, paths: Iterable[str]) -> dict[str, str]:
        """Predict pictures; why some of them cannot be."""
        import torch

        from engine.pictures.reading import read

        classifier = self._classifier()
        assert classifier is not None
        reasons: dict[str, str] = {}
        pictures: dict[str, torch.Tensor] = {}
        for path in paths:
            try:
                pictures[path] = torch.from_numpy(read(path, classifier.preprocessing))
            except UserError as error:
                reasons[path] = str(error).removeprefix(path).strip()
        if pictures:
            with torch.no_grad():
                logits = classifier(torch.stack(list(pictures.values())).to(classifier.device))
            best = logits.softmax(1).max(1)
            for path, index, value in zip(pictures, best.indices, best.values, strict=True):
                label = classifier.labels[int(index)]
                self._predictions[path] = Prediction(int(index), label, float(value))
        return reasons
