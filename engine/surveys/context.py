"""What the work on a picture needs beside the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from engine.explainers import Background
from engine.models.classifier import Classifier
from engine.pictures.background import BACKGROUND_LIMIT, PictureSet, other_pictures
from engine.pictures.likeness import LookAlikes
from engine.surveys.experiment import Item, Plan
from engine.types import Experiment
from engine.types.generators import finish

KEPT = 256
"""Background pictures kept decoded."""


@dataclass(frozen=True, slots=True)
class WorkContext:
    """All that the work needs. `rows` is the number of pictures in an explanation's batch,
    `background` the fixed set (None: there is none).
    """

    classifier: Classifier
    experiment: Experiment
    plan: Plan
    rows: int
    background: PictureSet | None

    @classmethod
    def make(
        cls, classifier: Classifier, experiment: Experiment, plan: Plan, rows: int
    ) -> WorkContext:
        """A context with its background, decoded once and kept."""
        how, device = classifier.preprocessing, classifier.device
        paths = plan.background
        background = PictureSet(paths, how, device, min(len(paths), KEPT)) if paths else None
        return cls(classifier, experiment, plan, rows, background)

    def path(self, item: Item) -> str:
        """Where the picture is."""
        return str(Path(self.experiment.folder).expanduser() / item.name)

    def background_for(self, item: Item, pictures: Tensor) -> Background | None:
        """The fixed set without what shows the item or one of `pictures` (P, 3, H, W) of it."""
        if self.background is None:
            return None
        alike = LookAlikes(pictures.cpu().numpy(), self.classifier.preprocessing)
        paths = self.background.paths
        others = set(finish(other_pictures(self.path(item), alike, paths)))
        indices = [k for k, path in enumerate(paths) if path in others]
        if self.experiment.background is None:
            indices = indices[:BACKGROUND_LIMIT]
        return Others(self.background, indices)


class Others:
    """A background without one of its pictures."""

    def __init__(self, whole: PictureSet, indices: Sequence[int]) -> None:
        self._whole = whole
        self._indices = indices

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self._indices)

    def batch(self, indices: Sequence[int]) -> Tensor:
        """The pictures `indices`, (n, 3, H, W)."""
        return self._whole.batch([self._indices[index] for index in indices])
