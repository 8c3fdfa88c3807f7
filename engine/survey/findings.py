"""From records to what is shown: arms, separations, and the pairs at both ends. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.evidence.statistics import STATISTICS
from engine.survey.detectors import RESAMPLES, Detector, detect, learned
from engine.survey.experiment import Arm
from engine.survey.records import ArmRecord, Figures, PictureRecord, unpack_features
from engine.types import (
    ExplainSettings,
    Separation,
    SurveyArm,
    SurveyedPair,
    SurveySettings,
)

Doubles = npt.NDArray[np.float64]

SHOWN = "mean_abs"
"""The statistic by which pairs are ranked."""
CONFIDENCE = "confidence"
NO_EXPLANATION = "no explanation"
ENDS = 10
"""Pairs shown at each end."""
BINS = 40
ROC_POINTS = 65


def explanation_name(settings: ExplainSettings) -> str:
    """Such as `input, logit` or `shap: features.7 difference, probability`.

    Without a name in front the explainer is expected gradients.
    """
    where = "input"
    if settings.layer is not None:
        where = settings.layer
        if settings.explainer == "expected" and settings.layer_form == "difference":
            where += " difference"
    smoothing = f", smoothing {settings.smoothing:g}" if settings.smoothing else ""
    explainer = "" if settings.explainer == "expected" else f"{settings.explainer}: "
    return f"{explainer}{where}, {settings.score}{smoothing}"


def explanation_names(settings: SurveySettings) -> tuple[str, ...]:
    """Names of the explanations; the last one is the pair background's, if it is asked for."""
    names = [explanation_name(one) for one in settings.explanations]
    if len(set(names)) < len(names):  # they differ in something less often asked for
        names = [f"{name} ({number})" for number, name in enumerate(names, 1)]
    if settings.paired is not None:
        names.append(f"pair: {names[settings.explanations.index(settings.paired)]}")
    return tuple(names)


def median(values: Sequence[float]) -> float:
    """The median; nan of nothing."""
    return float(np.median(values)) if values else float("nan")


@dataclass(frozen=True, slots=True)
class Sides:
    """A picture under an arm whose goal was reached."""

    picture: PictureRecord
    arm: ArmRecord

    def figures(self, explanation: int) -> tuple[Figures, Figures] | None:
        """Clean and adversarial figures of an explanation (the pair background's: the last)."""
        if explanation < len(self.arm.fixed):
            return self.picture.fixed[explanation], self.arm.fixed[explanation]
        return (self.arm.pair[0], self.arm.pair[1]) if self.arm.pair else None


class Findings:
    """All figures of a run's records, gathered once."""

    def __init__(
        self, settings: SurveySettings, arms: Sequence[Arm], records: Iterable[PictureRecord]
    ) -> None:
        self.settings = settings
        self.arms = tuple(arms)
        self.names = explanation_names(settings)
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

    def survey_arms(self) -> tuple[SurveyArm, ...]:
        """How the arms have fared."""
        found = []
        for arm in self.arms:
            reached = self.reached(arm.key)
            steps = [s.arm.success_step for s in reached if s.arm.success_step is not None]
            found.append(
                SurveyArm(
                    arm.key,
                    arm.name,
                    arm.control,
                    arm.attack,
                    len(self.tried(arm.key)),
                    len(reached),
                    median(steps) if arm.control != "noise" else float("nan"),
                    (
                        median([s.picture.confidence for s in reached]),
                        median([s.arm.confidence for s in reached]),
                    ),
                )
            )
        return tuple(found)

    def values(self, key: str, explanation: int, statistic: str) -> tuple[Doubles, Doubles]:
        """Clean and adversarial values of a statistic over the pairs of an arm."""
        pairs = [sides.figures(explanation) for sides in self.reached(key)]
        known = [pair for pair in pairs if pair is not None]
        clean = np.array([one.statistics[statistic] for one, _ in known], dtype=np.float64)
        other = np.array([two.statistics[statistic] for _, two in known], dtype=np.float64)
        return clean, other

    def separations(
        self, statistics: Sequence[str] = tuple(STATISTICS), resamples: int = RESAMPLES
    ) -> tuple[Separation, ...]:
        """Every statistic under every arm and explanation, beside confidence alone."""
        found = []
        for arm in self.arms:
            reached = self.reached(arm.key)
            clean = np.array([sides.picture.confidence for sides in reached])
            other = np.array([sides.arm.confidence for sides in reached])
            found.append(
                self._separation(arm.key, NO_EXPLANATION, CONFIDENCE, clean, other, resamples)
            )
            for number, name in enumerate(self.names):
                for statistic in statistics:
                    values = self.values(arm.key, number, statistic)
                    if len(values[0]):
                        found.append(self._separation(arm.key, name, statistic, *values, resamples))
        return tuple(found)

    def _separation(
        self, arm: str, name: str, statistic: str, clean: Doubles, other: Doubles, resamples: int
    ) -> Separation:
        found = detect(clean, other, self.settings.seed, resamples)
        return separation(arm, name, statistic, found, clean, other)

    def learned(self) -> Iterator[tuple[Separation, float]]:
        """The blog's detectors on sorted values with their accuracies, one after another."""
        for arm in self.arms:
            for number, name in enumerate(self.names):
                pairs = [sides.figures(number) for sides in self.reached(arm.key)]
                known = [pair for pair in pairs if pair is not None]
                if not known:
                    continue
                clean = np.stack([unpack_features(one.features) for one, _ in known])
                other = np.stack([unpack_features(two.features) for _, two in known])
                for each in learned(clean, other, self.settings.seed):
                    none = np.zeros(0)
                    row = separation(arm.key, name, each.name, each.detector, none, none)
                    yield row, each.accuracy

    def ends(self) -> tuple[tuple[SurveyedPair, ...], tuple[SurveyedPair, ...]]:
        """The most and the least separable pairs of the first arm and explanation."""
        arm = self.arms[0]
        reached = self.reached(arm.key)
        clean, other = self.values(arm.key, 0, SHOWN)
        if len(clean) < 2:
            return (), ()
        spread = float(clean.std()) or 1.0
        sign = 1.0 if detect(clean, other, 0, 2).side == "below" else -1.0
        distance = sign * (clean - other) / spread
        explain = self.settings.explanations[0]
        order = np.argsort(-distance, kind="stable")
        root = self.settings.folder
        pairs = [
            SurveyedPair(
                f"{root.rstrip('/')}/{reached[k].picture.name}",
                arm.key,
                replace(arm.attack, seed=reached[k].arm.seed),
                replace(explain, seed=reached[k].arm.seed),
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
    arm: str, name: str, statistic: str, found: Detector, clean: Doubles, other: Doubles
) -> Separation:
    """A detector with the curves that are drawn of it; `clean` and `other` may be empty."""
    edges = bins(clean, other)
    places = np.linspace(0.0, 1.0, ROC_POINTS)
    true = np.zeros(ROC_POINTS)
    if len(found.false):  # the curve is a staircase: the highest step at or before each place
        at = np.searchsorted(found.false, places + 1e-12, "right") - 1
        true = found.true[at]
    return Separation(
        arm=arm,
        explanation=name,
        statistic=statistic,
        pairs=found.pairs,
        auroc=found.auroc,
        low=found.low,
        high=found.high,
        tpr=found.tpr,
        threshold=found.threshold,
        side=found.side,
        higher=found.higher,
        roc=np.stack([places, true]),
        edges=edges,
        clean=counts(clean, edges),
        adversarial=counts(other, edges),
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
