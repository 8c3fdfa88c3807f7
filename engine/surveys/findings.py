"""From records to what is shown: arms, separations, and the pairs at both ends. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.surveys.detectors import RESAMPLES, Detector, auroc, detect, learned
from engine.surveys.experiment import Arm, Plan
from engine.surveys.records import ArmRecord, Figures, PictureRecord, unpack_features
from engine.types import Experiment, Separation, SurveyArm, SurveyedPair
from engine.types.statistics import STATISTICS

Doubles = npt.NDArray[np.float64]

SHOWN = "mean_abs"
"""The statistic by which pairs are ranked."""
CONFIDENCE = "confidence"
NO_EXPLANATION = "no explanation"
ENDS = 10
"""Pairs shown at each end."""
BINS = 40
ROC_POINTS = 65


def median(values: Sequence[float]) -> float:
    """The median; nan of nothing."""
    return float(np.median(values)) if values else float("nan")


@dataclass(frozen=True, slots=True)
class Sides:
    """A picture under an arm whose goal was reached."""

    picture: PictureRecord
    arm: ArmRecord

    def figures(self, explanation: str) -> tuple[Figures, Figures] | None:
        """Clean and adversarial figures of an explanation; None where there are none."""
        adversarial = self.arm.adversarial.get(explanation)
        if adversarial is None:
            return None
        own = self.arm.clean if explanation in self.arm.clean else self.picture.clean
        return own[explanation], adversarial


class Findings:
    """All figures of a run's records, put together once."""

    def __init__(
        self, experiment: Experiment, plan: Plan, records: Iterable[PictureRecord]
    ) -> None:
        self.experiment = experiment
        self.arms = plan.arms
        self.explanations = plan.explanations
        self.records = sorted(records, key=lambda record: record.index)
        self._tried: dict[str, list[Sides]] = {arm.key: [] for arm in self.arms}
        for record in self.records:
            for one in record.arms:
                self._tried[one.key].append(Sides(record, one))

    def tried(self, key: str) -> list[Sides]:
        """Every picture under an arm."""
        return self._tried[key]

    def reached(self, key: str) -> list[Sides]:
        """Pictures under an arm whose goal was reached: those that are compared."""
        return [sides for sides in self._tried[key] if sides.arm.reached]

    def pairs(self, key: str, explanation: str) -> list[tuple[Figures, Figures]]:
        """Clean and adversarial figures of the explained pictures of an arm."""
        pairs = (sides.figures(explanation) for sides in self.reached(key))
        return [pair for pair in pairs if pair is not None]

    def survey_arms(self) -> tuple[SurveyArm, ...]:
        """How the arms have fared."""
        return tuple(map(self._survey_arm, self.arms))

    def _survey_arm(self, arm: Arm) -> SurveyArm:
        reached = self.reached(arm.key)
        steps = [s.arm.success_step for s in reached if s.arm.success_step is not None]
        return SurveyArm(
            arm.key,
            arm.name,
            arm.control,
            arm.attack,
            len(self.tried(arm.key)),
            len(reached),
            median(steps) if arm.control != "noise" else float("nan"),
            (
                median([sides.picture.confidence for sides in reached]),
                median([sides.arm.confidence for sides in reached]),
            ),
        )

    def values(self, key: str, explanation: str, statistic: str) -> tuple[Doubles, Doubles]:
        """Clean and adversarial values of a statistic over the pairs of an arm."""
        pairs = self.pairs(key, explanation)
        clean = np.array([one.statistics[statistic] for one, _ in pairs], dtype=np.float64)
        other = np.array([two.statistics[statistic] for _, two in pairs], dtype=np.float64)
        return clean, other

    def separations(
        self, statistics: Sequence[str] | None = None, resamples: int = RESAMPLES
    ) -> tuple[Separation, ...]:
        """Statistics (None: all) under every arm and explanation, beside confidence alone."""
        statistics = tuple(STATISTICS) if statistics is None else statistics
        rows = []
        for arm in self.arms:
            reached = self.reached(arm.key)
            clean = np.array([sides.picture.confidence for sides in reached])
            other = np.array([sides.arm.confidence for sides in reached])
            rows.append(
                self._separation(arm.key, NO_EXPLANATION, CONFIDENCE, clean, other, resamples)
            )
            for name in self.explanations:
                for statistic in statistics:
                    values = self.values(arm.key, name, statistic)
                    if len(values[0]):
                        rows.append(self._separation(arm.key, name, statistic, *values, resamples))
        return tuple(rows)

    def _separation(
        self, arm: str, name: str, statistic: str, clean: Doubles, other: Doubles, resamples: int
    ) -> Separation:
        detector = detect(clean, other, self.experiment.seed, resamples)
        return separation(arm, name, statistic, detector, clean, other)

    def learned(self) -> Iterator[tuple[Separation, float]]:
        """The blog's detectors on sorted values with their accuracies, one after another."""
        none = np.zeros(0)
        for arm in self.arms:
            for name in self.explanations:
                pairs = self.pairs(arm.key, name)
                if not pairs:
                    continue
                clean = np.stack([unpack_features(one.features) for one, _ in pairs])
                other = np.stack([unpack_features(two.features) for _, two in pairs])
                for each in learned(clean, other, self.experiment.seed):
                    row = separation(arm.key, name, each.name, each.detector, none, none)
                    yield row, each.accuracy

    def ends(self) -> tuple[tuple[SurveyedPair, ...], tuple[SurveyedPair, ...]]:
        """The most and the least separable pairs of the first arm and explanation."""
        arm = self.arms[0]
        name, explanation = next(iter(self.explanations.items()))
        clean, other = self.values(arm.key, name, SHOWN)
        finite = np.isfinite(clean) & np.isfinite(other)
        clean, other = clean[finite], other[finite]
        if len(clean) < 2:
            return (), ()
        explained = (s for s in self.reached(arm.key) if s.figures(name) is not None)
        reached = [sides for sides, both in zip(explained, finite, strict=True) if both]
        spread = float(clean.std()) or 1.0
        sign = 1.0 if auroc(clean, other) >= 0.5 else -1.0
        distance = sign * (clean - other) / spread
        order = np.argsort(-distance, kind="stable")
        root = self.experiment.folder
        pairs = [
            SurveyedPair(
                f"{root.rstrip('/')}/{reached[k].picture.name}",
                arm.key,
                replace(arm.attack, seed=reached[k].arm.seed),
                replace(explanation.settings, seed=reached[k].arm.seed),
                float(clean[k]),
                float(other[k]),
                float(distance[k]),
            )
            for k in order
        ]
        half = (len(pairs) + 1) // 2
        least = pairs[max(half, len(pairs) - ENDS) :]
        return tuple(pairs[: min(ENDS, half)]), tuple(reversed(least))


def separation(
    arm: str, name: str, statistic: str, detector: Detector, clean: Doubles, other: Doubles
) -> Separation:
    """A detector with the curves that are drawn of it; `clean` and `other` may be empty."""
    edges = bins(clean, other)
    places = np.linspace(0.0, 1.0, ROC_POINTS)
    true = np.zeros(ROC_POINTS)
    if len(detector.false):  # the curve is a staircase: the highest step at or before each place
        at = np.searchsorted(detector.false, places + 1e-12, "right") - 1
        true = detector.true[at]
    return Separation(
        arm=arm,
        explanation=name,
        statistic=statistic,
        pairs=detector.pairs,
        auroc=detector.auroc,
        low=detector.low,
        high=detector.high,
        tpr=detector.tpr,
        threshold=detector.threshold,
        side=detector.side,
        higher=detector.higher,
        roc=np.stack([places, true]),
        edges=edges,
        clean=counts(clean, edges),
        adversarial=counts(other, edges),
        positive=detector.positive,
    )


def bins(clean: Doubles, other: Doubles) -> Doubles:
    """Edges of equal bins over the middle 98 % of both sides together."""
    both = np.concatenate([clean, other])
    both = both[np.isfinite(both)]
    if not len(both):
        return np.linspace(0.0, 1.0, BINS + 1)
    low, high = (float(each) for each in np.quantile(both, [0.01, 0.99]))
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, BINS + 1)


def counts(values: Doubles, edges: Doubles) -> Doubles:
    """Values in each bin; the outer bins hold what lies beyond them too."""
    inside = np.clip(values[np.isfinite(values)], edges[0], edges[-1])
    return np.histogram(inside, edges)[0].astype(np.float64)
