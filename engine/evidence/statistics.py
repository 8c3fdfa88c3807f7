"""Statistics of attributions and their errors: the only place that computes them.

Which there are is told in `engine.types.statistics`.

May import numpy, scipy, `engine.types` and what pools a picture; torch stays outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isnan

import numpy as np
import numpy.typing as npt

from engine.pictures.fitting import mean_pooled
from engine.types import NORMAL
from engine.types.statistics import STATISTICS, Measured

Array = npt.NDArray[np.floating]
Pairs = list[tuple[dict[str, float], dict[str, float]]]

SAMPLED = 20_000
"""Elements of an attribution from which the range of a histogram is taken."""
BINS = 41
LONGEST = 112
"""Longest side of a heat grid: more cells than a terminal has."""


def statistics(values: Array) -> dict[str, float]:
    """The figures of `STATISTICS` for an attribution of any shape."""
    flat = np.asarray(values, dtype=np.float32).ravel()
    levels = {level for statistic in STATISTICS.values() for level in statistic.quantiles}
    measured = Measured(
        count=flat.size,
        total=float(flat.sum(dtype=np.float64)),
        absolute=float(np.abs(flat).sum(dtype=np.float64)),
        values=flat,
        quantiles=_quantiles(flat, sorted(levels)),
    )
    return {name: statistic.compute(measured) for name, statistic in STATISTICS.items()}


def _cheap(total: float, absolute: float, count: int) -> dict[str, float]:
    """The statistics that follow from the sum and the sum of absolute values."""
    measured = Measured(count, total, absolute)
    return {name: each.compute(measured) for name, each in STATISTICS.items() if each.cheap}


def _quantiles(flat: Array, levels: Sequence[float]) -> dict[float, float]:
    """Quantiles by linear interpolation between order statistics: one partition for all."""
    place = np.array(levels) * (flat.size - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, flat.size - 1)
    ordered = np.partition(flat, np.unique(np.concatenate([low, high])))
    between = ordered[low] + (place - low) * (ordered[high] - ordered[low])
    return dict(zip(levels, map(float, between), strict=True))


def perturbed(values: Array, deviations: Array, thorough: bool = True) -> Pairs:
    """Statistics of values + deviation and values - deviation, for each deviation (G, ...).

    Half their differences are draws from the error of the statistics: the even part, by which
    noise inflates mean |phi|, cancels. Without `thorough` only cheap ones are there (the others
    take most of the time).
    """
    if thorough:
        return [(statistics(values + each), statistics(values - each)) for each in deviations]
    flat = values.ravel()
    total, moved = float(flat.sum(dtype=np.float64)), np.empty_like(flat)
    pairs = []
    for each in deviations:
        shift = float(each.sum(dtype=np.float64))
        above = np.abs(np.add(flat, each.ravel(), out=moved), out=moved).sum()
        below = np.abs(np.subtract(flat, each.ravel(), out=moved), out=moved).sum()
        pairs.append(
            (
                _cheap(total + shift, float(above), flat.size),
                _cheap(total - shift, float(below), flat.size),
            )
        )
    return pairs


def half_differences(pairs: Pairs, name: str) -> Array:
    """Draws (G,) from the error of a statistic, from what `perturbed` found; fewer if unknown."""
    return np.array([(up[name] - down[name]) / 2 for up, down in pairs if name in up])


def rms(draws: Array) -> float:
    """Root mean square; nan of nothing."""
    return float(np.sqrt(np.mean(draws**2))) if len(draws) else float("nan")


def standard_errors(values: Array, deviations: Array | None) -> dict[str, float]:
    """Standard errors of `statistics(values)`; nan where `deviations` (G, ...) are unknown."""
    pairs = [] if deviations is None else perturbed(values, deviations)
    return {name: rms(half_differences(pairs, name)) for name in STATISTICS}


def interval(variances: Sequence[float], degrees: Sequence[float], deviations: int) -> float:
    """Standard errors that a 95 % interval reaches to each side of a sum or difference.

    Student's t. Two things limit its degrees of freedom: those of the parts, whose errors have
    these `variances` and `degrees` (pooled as Welch 1947 does), and that a root mean square of
    so many `deviations` has as many; their reciprocals add up, as the variances of two factors do.
    Always finite: 1.96 where no error is there to be reached, and as with a single degree of
    freedom where that of a part is not known.
    """
    from scipy.special import stdtrit

    parts = [
        (v, 1.0 if isnan(nu) else max(nu, 1.0))
        for v, nu in zip(variances, degrees, strict=True)
        if 0 < v < inf
    ]
    if not parts or not deviations:
        return NORMAL
    # Shares of the sum: squares of tiny probabilities' variances would underflow.
    total = sum(v for v, _ in parts)
    freedom = 1.0 / (sum((v / total) ** 2 / nu for v, nu in parts) + 1.0 / deviations)
    return float(stdtrit(max(freedom, 1.0), 0.975))


def noise_floor(standard_error: Array) -> float:
    """Mean |phi| of an attribution that is nothing but normal noise of this `standard_error`."""
    return float(np.mean(standard_error, dtype=np.float64)) * float(np.sqrt(2 / np.pi))


def relative_error(
    values: npt.NDArray[np.float32], deviations: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Standard error of mean |phi| over mean |phi| for each query (Q,); 0 where phi is 0.

    Args:
        values: (Q, ...).
        deviations: (G, Q, ...), see `engine.evidence.estimate.Estimate`.
    """
    out = np.zeros(len(values))
    for q, each in enumerate(values):
        pairs = perturbed(each, deviations[:, q], thorough=False)
        scale = float(np.abs(each).mean())
        if scale > 0:
            out[q] = rms(half_differences(pairs, "mean_abs")) / scale
    return out


def symmetric_edges(values: Sequence[Array], bins: int = BINS) -> Array:
    """Edges (bins + 1,) of equal bins, symmetric about zero, that hold all of `values`.

    The range is the smallest of 1, 2, 5 x 10^k that holds 99 % of every attribution, so that
    it stands still while an estimate refines; values beyond it are counted in the outer bins.
    """
    reach = 0.0
    for each in values:
        flat = np.abs(each.ravel()[:: 1 + each.size // SAMPLED])
        place = min(flat.size - 1, int(0.99 * flat.size))
        reach = max(reach, float(np.partition(flat, place)[place]))
    if not reach > 0 or not np.isfinite(reach):
        reach = 1.0
    power = 10.0 ** np.floor(np.log10(reach))
    step = next(step for step in (1, 2, 5, 10) if step * power >= reach * (1 - 1e-9))
    return np.linspace(-step * power, step * power, bins + 1)


def histogram(values: Array, edges: Array) -> Array:
    """Share of the elements in each bin; the outer bins hold what lies beyond them too."""
    bins = len(edges) - 1
    scale = bins / (edges[-1] - edges[0])
    cell = np.clip((values.ravel() - edges[0]) * scale, 0, bins - 1).astype(np.int64)
    return np.bincount(cell, minlength=bins) / max(1, values.size)


def heat_grid(values: Array, longest: int = LONGEST) -> npt.NDArray[np.float32]:
    """Attribution (C, h, w) summed over channels and mean-pooled to at most `longest` cells.

    Cells average blocks of whole pixels, of nearly equal size; the result is (h', w') in the
    score's units per pixel.
    """
    summed = np.asarray(values, dtype=np.float32).sum(0)
    return np.asarray(mean_pooled(summed, longest), dtype=np.float32)


def heat_error(deviations: Array) -> npt.NDArray[np.float32]:
    """Standard error of `heat_grid` (h', w') from deviations (G, C, h, w)."""
    pooled = np.stack([heat_grid(each) for each in deviations])
    error: npt.NDArray[np.float32] = np.sqrt(np.mean(pooled**2, axis=0))
    return error
