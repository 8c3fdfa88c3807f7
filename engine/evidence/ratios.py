"""How many times as large a statistic is on the adversarial side, with its 95 % interval.

Both sides share their draws, and with them much of their errors. Each pair of deviations that
`perturbed` made gives a draw from the error of log(adversarial / clean), half the difference of
the logarithms of the two ratios, in which the shared part cancels. The interval is symmetric on the
logarithm: it stays above zero and is the same, inverted, for clean / adversarial.
"""

from __future__ import annotations

from math import exp, inf, log, nan

import numpy as np

from engine.evidence.statistics import Pairs, interval, rms
from engine.types.records import Ratio

Side = tuple[dict[str, float], Pairs, float, float]
"""Statistics, their perturbed pairs, the variance of the attribution's error, its degrees."""


def ratios(clean: Side, adversarial: Side) -> dict[str, Ratio]:
    """(ratio, low, high) of each statistic that is above zero on both sides.

    low and high are nan where the error is not known: without deviations, for statistics whose
    errors are computed at the end, and where a deviation takes the statistic to zero or beyond.
    """
    figures = clean[0], adversarial[0]
    return {
        name: _ratio(name, clean, adversarial)
        for name in clean[0]
        if all(0 < figure[name] < inf for figure in figures)
    }


def _ratio(name: str, clean: Side, adversarial: Side) -> Ratio:
    ratio = adversarial[0][name] / clean[0][name]
    draws = []
    if len(clean[1]) == len(adversarial[1]):
        for (up, down), (other_up, other_down) in zip(clean[1], adversarial[1], strict=True):
            figures = [moved.get(name, nan) for moved in (up, down, other_up, other_down)]
            if not all(0 < figure < inf for figure in figures):
                return ratio, nan, nan
            a, b, c, d = map(log, figures)
            draws.append((c - a - (d - b)) / 2)
    # Errors of a logarithm are relative ones.
    variances = [side[2] / side[0][name] ** 2 for side in (clean, adversarial)]
    reach = interval(variances, [clean[3], adversarial[3]], len(draws)) * rms(np.array(draws))
    if not 0 < reach < inf:
        return ratio, nan, nan
    # Beyond what a float holds the interval is as good as unbounded.
    reach = min(reach, 300.0)
    return ratio, ratio * exp(-reach), ratio * exp(reach)
