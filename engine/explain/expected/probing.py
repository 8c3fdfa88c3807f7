"""Forward passes that come before the draws: scores at the background, and where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.explain.base import Background
from engine.explain.expected.importance import FLAT, Warp, explore
from engine.explain.path_integral import Paths
from engine.types import Score

Doubles = npt.NDArray[np.float64]

TOGETHER = 8
"""Background pictures looked at together at most: they may have to be decoded first."""


@dataclass(frozen=True, slots=True)
class Scouted:
    """A background picture: its number, as a point of the head's space (1, ...), its scores (Q,).

    `warps` has one for each explained picture.
    """

    background: int
    point: Tensor
    scores: Doubles
    warps: tuple[Warp, ...]


class Scout:
    """Prepares background pictures, in batches of at most `rows`."""

    def __init__(self, paths: Paths, background: Background, score: Score, rows: int) -> None:
        self.paths = paths
        self.background = background
        self.score = score
        self.rows = rows
        self.together = TOGETHER if score == "logit" else 1
        """Background pictures that are looked at together, because a pass is cheaper by the row."""
        self._base: dict[int, Doubles] = {}

    @property
    def expected(self) -> Doubles:
        """Mean scores (Q,) over the background pictures drawn from so far."""
        mean: Doubles = np.mean(list(self._base.values()), 0)
        return mean

    def drawn_from(self, scouted: Scouted) -> None:
        """Count a background picture's scores from now on."""
        self._base[scouted.background] = scouted.scores

    def prepare(self, indices: Sequence[int]) -> list[Scouted]:
        """Look at the paths that begin at background pictures `indices`."""
        points = self.paths.head.embed(self.background.batch(indices))
        pictures = range(len(self.paths.pictures))
        routes = [(p, n) for p in pictures for n in range(len(indices))]
        low = self._look(points, routes, [np.zeros(1) for _ in routes])
        base = [
            self.paths.spread([f[:, 0] for (_, at), f in zip(routes, low, strict=True) if at == n])
            for n in range(len(indices))
        ]
        warps = [FLAT] * len(routes)
        if self.score == "probability":  # gradients of logits are about as large everywhere
            high = [self.paths.scores(self.paths.ends[p : p + 1], p)[:, 0] for p in pictures]
            ends = [(found[:, 0], high[p]) for (p, _), found in zip(routes, low, strict=True)]
            warps = explore(ends, lambda wanted: self._look(points, routes, wanted))
        by_route = dict(zip(routes, warps, strict=True))
        return [
            Scouted(index, points[n : n + 1], base[n], tuple(by_route[p, n] for p in pictures))
            for n, index in enumerate(indices)
        ]

    def _look(
        self, points: Tensor, routes: Sequence[tuple[int, int]], wanted: Sequence[Doubles]
    ) -> list[Doubles]:
        """Scores (classes, positions) on each route: from point n to picture p."""
        stops = [
            (p, n, float(a)) for (p, n), some in zip(routes, wanted, strict=True) for a in some
        ]
        size, together = self.rows, self.paths.head.bottleneck
        found: list[Doubles] = []
        while stops:
            # Where scores depend on the point alone, all pictures share a pass.
            batch = [stop for stop in stops[:size] if together or stop[0] == stops[0][0]]
            stops = stops[len(batch) :]
            a = torch.tensor([a for *_, a in batch], dtype=points.dtype, device=points.device)
            start = points[[n for _, n, _ in batch]]
            end = self.paths.ends[[p for p, *_ in batch]]
            between = torch.lerp(start, end, a.view(-1, *[1] * (points.dim() - 1)))
            found += self.paths.scores_of(between, [p for p, *_ in batch])
        cuts = np.cumsum([len(some) for some in wanted])
        return [
            np.stack(found[end - len(some) : end], 1)
            for end, some in zip(cuts, wanted, strict=True)
        ]
