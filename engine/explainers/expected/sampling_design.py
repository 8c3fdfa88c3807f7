"""Where to look: which background pictures, and which positions on the path to the picture.

Draws come in clusters, one background picture each. A cluster's positions are two evenly spaced
sets (halves), each shifted at random; each draw by itself is uniform over background and [0, 1),
so every mean of cluster means is unbiased. The even spacing is what saves samples: along one
path the integrand is smooth at the scale of the spacing, between paths it is not. The second
half lies in the gaps of the first, which makes one set of twice the density; `systematic_error`
tells what the difference of such halves says of the error. With fewer than four draws, or an odd
number, the halves are independent. A stratified pass visits every background picture, or as many as
the samples allow, in random order without replacement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.float64]

FIRST = 4
"""Draws per background picture in the first pass (two sets of two)."""
GROWTH = 4
"""Each pass has this many times the draws of the one before, up to `LAST` per picture."""
LAST = 64
CLUSTERS = 12
"""Pairs of sets that a pass should have, so that the error is known well enough."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Draws on background picture `background` at two sets of positions in [0, 1)."""

    background: int
    halves: tuple[Positions, Positions]

    @property
    def even(self) -> bool:
        """Whether the two sets together are evenly spaced, not independent."""
        return fills(sum(map(len, self.halves)))


@dataclass(frozen=True, slots=True)
class PlannedPass:
    """Clusters in random order; `strata` is how many a full pass would have."""

    clusters: tuple[Cluster, ...]
    strata: int

    @property
    def samples(self) -> int:
        """Number of draws."""
        return sum(len(half) for cluster in self.clusters for half in cluster.halves)


def plan(samples: int, background: int) -> list[tuple[int, int]]:
    """(clusters, draws) of each pass; draws add up to `samples`."""
    strata = background * -(-CLUSTERS // background)
    if samples < 2 * FIRST * strata:
        wanted = max(CLUSTERS, samples // FIRST)
        return [(max(1, min(strata, samples // 2, wanted)), samples)]
    sizes, each, left = [], FIRST, samples
    while left:
        size = min(each * strata, left)
        if left - size < size:
            size = left
        sizes.append((strata, size))
        left -= size
        each = min(each * GROWTH, LAST)
    return sizes


def passes(samples: int, background: int, seed: int) -> Iterator[PlannedPass]:
    """The passes of `plan`, drawn with `seed`."""
    rng = np.random.default_rng([seed, 0xD4A35])
    for count, draws in plan(samples, background):
        copies = -(-CLUSTERS // background)
        order = rng.permutation(np.repeat(np.arange(background), copies))[:count]
        # Halves of equal size, but for one draw too many.
        pairs, more = divmod(draws // 2, count)
        sizes = 2 * (pairs + (rng.permutation(count) < more))
        sizes[-1] += draws % 2
        clusters = tuple(
            Cluster(int(b), _halves(int(size), rng)) for b, size in zip(order, sizes, strict=True)
        )
        yield PlannedPass(clusters, background * copies)


def fills(draws: int) -> bool:
    """Whether the second half of so many draws lies in the gaps of the first."""
    return draws >= 4 and draws % 2 == 0


def _halves(draws: int, rng: np.random.Generator) -> tuple[Positions, Positions]:
    first = rng.random()
    second = (first + 0.5) % 1 if fills(draws) else rng.random()
    return _spaced(draws - draws // 2, first, rng), _spaced(draws // 2, second, rng)


def _spaced(count: int, shift: float, rng: np.random.Generator) -> Positions:
    """Evenly spaced positions in random order, the first `shift` spacings from 0."""
    return rng.permutation((np.arange(count) + shift) / max(count, 1))
