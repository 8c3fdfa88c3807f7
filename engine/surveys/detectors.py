"""How well a figure tells adversarial from clean pictures. Pure; may import numpy and sklearn.

All functions take pairs: the k-th clean and the k-th adversarial value belong to one picture, and
pictures are what is resampled or held out, never single values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.types import Side

Doubles = npt.NDArray[np.float64]

FEW = 5
"""Pairs from which on an interval is told."""
RESAMPLES = 2000
"""Bootstrap resamples behind a 95 % interval."""
ALLOWED = 0.05
"""False positives at which the true-positive rate is reported."""
LARGE = 1500
"""Pairs above which the matrix of all comparisons is not kept."""
FOLDS = 5
TREES = 200


def auroc(clean: Doubles, adversarial: Doubles) -> float:
    """Probability that a clean value is higher than an adversarial one, ties counting half.

    The Mann-Whitney statistic divided by the number of comparisons; nan without values.
    """
    if not len(clean) or not len(adversarial):
        return float("nan")
    ordered = np.sort(adversarial)
    below = np.searchsorted(ordered, clean, "left")
    up_to = np.searchsorted(ordered, clean, "right")
    return float((below + up_to).mean() / 2 / len(adversarial))


def interval(
    clean: Doubles, adversarial: Doubles, seed: int, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95 % bootstrap interval of `auroc`: percentiles over resampled pairs (Efron 1979).

    nan for fewer than `FEW` pairs, which tell nothing of their spread. The interval of a perfect
    separation has no width, which says more about the number of pairs than about the figure.
    """
    n = len(clean)
    if n < FEW:
        return float("nan"), float("nan")
    rng = np.random.default_rng([seed, 0xB007])
    if n > LARGE:
        draws = [rng.integers(n, size=n) for _ in range(resamples)]
        areas = np.array([auroc(clean[d], adversarial[d]) for d in draws])
    else:
        above = (clean[:, None] > adversarial) + 0.5 * (clean[:, None] == adversarial)
        counts = rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)
        areas = np.einsum("bi,bi->b", counts @ above, counts) / n**2
    low, high = np.quantile(areas, [0.025, 0.975])
    return float(low), float(high)


def roc(clean: Doubles, adversarial: Doubles, side: str) -> tuple[Doubles, Doubles, Doubles]:
    """False positive rates, true positive rates and thresholds, from (0, 0) to (1, 1).

    Calls a picture adversarial whose value is at or beyond the threshold, "below" or "above".
    """
    from sklearn.metrics import roc_curve

    sign = 1.0 if side == "above" else -1.0
    truth = np.repeat([0, 1], [len(clean), len(adversarial)])
    scores = sign * np.concatenate([clean, adversarial])
    false, true, thresholds = roc_curve(truth, scores, drop_intermediate=False)
    return false, true, sign * thresholds


@dataclass(frozen=True, slots=True)
class Detector:
    """A figure used as a detector; the fields are those of `engine.types.Separation`."""

    positive: Side
    pairs: int
    auroc: float
    low: float
    high: float
    tpr: float
    threshold: float
    side: Literal["below", "above"]
    higher: float
    false: Doubles
    true: Doubles


def detect(
    clean: Doubles,
    adversarial: Doubles,
    seed: int,
    resamples: int = RESAMPLES,
    positive: Side = "clean",
) -> Detector:
    """All that can be said about a figure from its values on pairs.

    `positive` is the side whose values are asked to be higher. Side and threshold are chosen on the
    same pictures on which they are judged: with few pairs the true-positive rate is a little too
    good. Pairs with a value that is not finite are left out.
    """
    finite = np.isfinite(clean) & np.isfinite(adversarial)
    clean, adversarial = clean[finite], adversarial[finite]
    if not len(clean):
        nan, empty = float("nan"), np.zeros(0)
        return Detector(positive, 0, nan, nan, nan, nan, nan, "below", nan, empty, empty)
    area = auroc(clean, adversarial)
    side: Literal["below", "above"] = "above" if area < 0.5 else "below"
    false, true, thresholds = roc(clean, adversarial, side)
    at = int(np.flatnonzero(false <= ALLOWED + 1e-12)[-1])
    ties = clean == adversarial
    low, high = interval(clean, adversarial, seed, resamples)
    if positive == "adversarial":
        area, low, high = 1 - area, 1 - high, 1 - low
    return Detector(
        positive=positive,
        pairs=len(clean),
        auroc=area,
        low=low,
        high=high,
        tpr=float(true[at]),
        threshold=float(thresholds[at]),
        side=side,
        higher=float(((clean > adversarial) + 0.5 * ties).mean()),
        false=false,
        true=true,
    )


@dataclass(frozen=True, slots=True)
class Learned:
    """Cross-validated detector on sorted values: scores out of fold, adversarial ones higher."""

    name: str
    accuracy: float
    detector: Detector


def learned(clean: Doubles, adversarial: Doubles, seed: int) -> Iterator[Learned]:
    """Logistic regression and a random forest on features (n, D) of both sides, as the blog's.

    Cross-validated by picture: both sides of a picture are in the same fold. Values are divided
    by their typical size in the training folds, since attributions may be of any order of
    magnitude. Fewer than 2 x FOLDS pairs give nothing.
    """
    n = len(clean)
    if n < 2 * FOLDS:
        return
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng([seed, 0xF01D])
    fold = rng.permutation(np.arange(n) % FOLDS)
    x = np.concatenate([clean, adversarial])
    y = np.repeat([0, 1], n)
    folds = np.concatenate([fold, fold])
    models: dict[str, Callable[[], Any]] = {
        "logistic regression": lambda: make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=2000)
        ),
        "random forest": lambda: RandomForestClassifier(TREES, random_state=seed, n_jobs=1),
    }
    for name, make in models.items():
        score = np.zeros(2 * n)
        for k in range(FOLDS):
            train = folds != k
            size = np.abs(x[train]).mean() or 1.0
            model = make().fit(x[train] / size, y[train])
            score[~train] = model.predict_proba(x[~train] / size)[:, 1]
        accuracy = float(((score > 0.5) == y).mean())
        detector = detect(score[:n], score[n:], seed, positive="adversarial")
        yield Learned(name, accuracy, detector)
