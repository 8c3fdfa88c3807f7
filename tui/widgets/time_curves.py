"""What the time axis draws: probabilities and evidence of classes over iterations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.types import EvidencePoint, FloatArray, Frame
from tui.draw import colors
from tui.draw.colors import RGB


@dataclass(frozen=True, slots=True)
class Curve:
    """One class over iterations, in the units of the axis; `reach` is half a 95 % interval."""

    target: bool
    steps: FloatArray
    values: FloatArray
    reach: FloatArray | None = None

    @property
    def color(self) -> RGB:
        """Warm for the target, blue for the original class."""
        return colors.TARGET if self.target else colors.ORIGINAL

    def at(self, step: int) -> tuple[float, float] | None:
        """Value and reach at a step that is known."""
        index = np.flatnonzero(self.steps == step)
        if not index.size or not np.isfinite(self.values[index[0]]):
            return None
        reach = float("nan") if self.reach is None else float(self.reach[index[0]])
        return float(self.values[index[0]]), reach


def probability_curves(frame: Frame) -> list[Curve]:
    """Original class, then target where there is one."""
    steps = np.array([record.step for record in frame.trace], dtype=float)
    original = np.array([record.probability_original for record in frame.trace])
    curves = [Curve(False, steps, original)]
    if frame.target is not None:
        target = np.array([record.probability_target for record in frame.trace])
        curves.append(Curve(True, steps, target))
    return curves


def evidence_curves(frame: Frame, points: Iterable[EvidencePoint]) -> list[Curve]:
    """A curve for the original class and one for the target, of the points that there are."""
    by_class: dict[int, list[EvidencePoint]] = {}
    for point in sorted(points, key=lambda point: point.step):
        by_class.setdefault(point.class_index, []).append(point)
    wanted = [(False, frame.original)]
    if frame.target is not None:
        wanted.append((True, frame.target))
    return [
        Curve(
            is_target,
            np.array([p.step for p in own], dtype=float),
            np.array([p.value for p in own]),
            np.array([p.interval * p.error for p in own]),
        )
        for is_target, label in wanted
        if (own := by_class.get(label.index))
    ]
