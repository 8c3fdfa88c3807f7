"""Importance sampling along a path: look where the score changes.

The gradient of a probability is all but zero where the class is certain or out of question:
d p / d z = p (1 - p) d(log-odds) / d z. A few forward passes along the path show where p (1 - p)
is not small; positions are drawn from a density in proportion to it (mixed with the uniform
one) and weighted by the inverse, which leaves every mean unbiased whatever the density is.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Probe = Callable[[list[Array]], list[Array]]
"""Positions on each of R paths -> probabilities (classes, positions) on each."""

CELLS = 256
UNIFORM = 0.2
"""Share of the uniform density: no weight exceeds 1 / UNIFORM."""
START = (0.25, 0.5, 0.75)
HALVINGS = 2
PER_HALVING = 2

_edges = np.linspace(0, 1, CELLS + 1)
_middles = (np.arange(CELLS) + 0.5) / CELLS


class PathDensity:
    """A density on [0, 1], constant on `CELLS` cells, mean 1."""

    def __init__(self, density: Array) -> None:
        self.density = density / density.mean()
        self._cumulative = np.concatenate([[0.0], np.cumsum(self.density)]) / CELLS

    def __call__(self, u: float) -> tuple[float, float]:
        """A position that has the density's distribution if u is uniform, and its weight."""
        a = float(np.interp(u, self._cumulative, _edges))
        return a, 1 / float(self.density[min(int(a * CELLS), CELLS - 1)])


FLAT = PathDensity(np.ones(CELLS))


def find_densities(ends: list[tuple[Array, Array]], probe: Probe) -> list[PathDensity]:
    """A density for each path, from probabilities at its ends (classes,) and where `probe` looks.

    Intervals in which most of the density lies are halved, a few times over.
    """
    nodes = [np.array([0.0, 1.0]) for _ in ends]
    probabilities = [np.stack(pair, 1) for pair in ends]
    wanted = [np.array(START) for _ in ends]
    for _ in range(HALVINGS + 1):
        for r, probed in enumerate(probe(wanted)):
            at = np.concatenate([nodes[r], wanted[r]])
            order = np.argsort(at)
            nodes[r] = at[order]
            probabilities[r] = np.concatenate([probabilities[r], probed], 1)[:, order]
        densities = [_density(t, p) for t, p in zip(nodes, probabilities, strict=True)]
        wanted = [_widest(t, d) for t, d in zip(nodes, densities, strict=True)]
    return [PathDensity(UNIFORM + (1 - UNIFORM) * d) for d in densities]


def _density(nodes: Array, probabilities: Array) -> Array:
    """Root mean square over classes of p (1 - p), each scaled to mean 1; log-odds are linear."""
    p = np.clip(probabilities, 1e-30, 1 - 1e-7)
    odds = np.log(p) - np.log1p(-p)
    line = np.stack([np.interp(_middles, nodes, row) for row in odds])
    steep = np.exp(-np.logaddexp(0, line) - np.logaddexp(0, -line))
    scaled = steep / steep.mean(1, keepdims=True)
    density = np.sqrt((scaled**2).mean(0))
    density /= density.mean()
    return np.asarray(density)


def _widest(nodes: Array, density: Array) -> Array:
    """Middles of the intervals where the density could hide most: width x its maximum."""
    cell = np.minimum((nodes * CELLS).astype(int), CELLS)
    peaks = [density[lo : max(hi, lo + 1)].max() for lo, hi in pairwise(cell)]
    best = np.argsort(np.diff(nodes) * np.array(peaks))[-PER_HALVING:]
    middles: Array = (nodes[best] + nodes[best + 1]) / 2
    return middles
