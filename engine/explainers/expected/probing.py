"""Forward passes that come before the draws: scores at the background, and where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.explainers.base import Background
from engine.explainers.expected.importance import FLAT, PathDensity, find_densities
from engine.explainers.path_integral import Paths
from engine.types import Score

Doubles = npt.NDArray[np.float64]

TOGETHER = 8
"""Background pictures probed together at most: they may have to be decoded first."""


@dataclass(frozen=True, slots=True)
class ProbedPicture:
    """A background picture, and where to look on the paths from it.

    `background` is its number, `point` (1, ...) it in the space in which the paths run, `scores`
    (Q,) are its scores; `densities` has one for each explained picture.
    """

    background: int
    point: Tensor
    scores: Doubles
    densities: tuple[PathDensity, ...]


class Prober:
    """Probes background pictures and their paths, in batches of at most `rows`."""

    def __init__(self, paths: Paths, background: Background, score: Score, rows: int) -> None:
        self.paths = paths
        self.background = background
        self.score = score
        self.rows = rows
        self.together = TOGETHER if score == "logit" else 1
        """Background pictures that are probed together, because a pass is cheaper by the row."""
        self._base: dict[int, Doubles] = {}

    @property
    def expected(self) -> Doubles:
        """Mean scores (Q,) over the background pictures drawn from so far."""
        mean: Doubles = np.mean(list(self._base.values()), 0)
        return mean

    @property
    def spread(self) -> Doubles:
        """Standard deviation (Q,) of the same."""
        deviation: Doubles = np.std(list(self._base.values()), 0)
        return deviation

    def drawn_from(self, probed: ProbedPicture) -> None:
        """Count a background picture's scores from now on."""
        self._base[probed.background] = probed.scores

    def probe(self, indices: Sequence[int]) -> list[ProbedPicture]:
        """Probe the paths that begin at background pictures `indices`."""
        points = self.paths.explained.embed(self.background.batch(indices))
        pictures = range(len(self.paths.pictures))
        routes = [(p, n) for p in pictures for n in range(len(indices))]
        low = self._scores_at(points, routes, [np.zeros(1) for _ in routes])
        begins = dict(zip(routes, (score[:, 0] for score in low), strict=True))
        base = [self.paths.spread([begins[p, n] for p in pictures]) for n in range(len(indices))]
        densities = [FLAT] * len(routes)
        if self.score == "probability":  # gradients of logits are about as large everywhere
            high = [self.paths.scores(self.paths.ends[p : p + 1], p)[:, 0] for p in pictures]
            ends = [(begins[route], high[route[0]]) for route in routes]
            densities = find_densities(ends, lambda wanted: self._scores_at(points, routes, wanted))
        by_route = dict(zip(routes, densities, strict=True))
        return [
            ProbedPicture(
                background=index,
                point=points[n : n + 1],
                scores=base[n],
                densities=tuple(by_route[p, n] for p in pictures),
            )
            for n, index in enumerate(indices)
        ]

    def _scores_at(
        self, points: Tensor, routes: Sequence[tuple[int, int]], wanted: Sequence[Doubles]
    ) -> list[Doubles]:
        """Scores (classes, positions) on each route: from point n to picture p."""
        stops = [
            (p, n, float(a)) for (p, n), some in zip(routes, wanted, strict=True) for a in some
        ]
        size, together = self.rows, self.paths.explained.bottleneck
        probed: list[Doubles] = []
        while stops:
            # Where scores depend on the point alone, all pictures share a pass.
            batch = [stop for stop in stops[:size] if together or stop[0] == stops[0][0]]
            stops = stops[len(batch) :]
            a = torch.tensor([a for *_, a in batch], dtype=points.dtype, device=points.device)
            start = points[[n for _, n, _ in batch]]
            end = self.paths.ends[[p for p, *_ in batch]]
            between = torch.lerp(start, end, a.view(-1, *[1] * (points.dim() - 1)))
            probed += self.paths.scores_of(between, [p for p, *_ in batch])
        cuts = np.cumsum([len(some) for some in wanted])
        return [
            np.stack(probed[end - len(some) : end], 1)
            for end, some in zip(cuts, wanted, strict=True)
        ]
