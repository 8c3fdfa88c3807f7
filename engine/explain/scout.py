"""Forward passes that come before the draws: scores at the background, and where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.explain.base import Background
from engine.explain.paths import Paths
from engine.explain.warp import FLAT, Warp, explore
from engine.types import Score

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scouted:
    """A background picture as a point of the head's space (1, ...), with a warp per picture."""

    point: Tensor
    warps: tuple[Warp, ...]


class Scout:
    """Prepares background pictures, in batches of at most `rows`."""

    def __init__(self, paths: Paths, background: Background, score: Score, rows: int) -> None:
        self.paths = paths
        self.background = background
        self.score = score
        self.rows = rows
        self.base: dict[int, Doubles] = {}
        """Scores of the queries (Q,) at each background picture seen so far."""

    @property
    def expected(self) -> Doubles:
        """Mean scores (Q,) over the background pictures seen so far."""
        mean: Doubles = np.mean(list(self.base.values()), 0)
        return mean

    def prepare(self, indices: Sequence[int]) -> list[Scouted]:
        """Look at the paths that begin at background pictures `indices`."""
        points = self.paths.head.embed(self.background.batch(indices))
        pictures = range(len(self.paths.pictures))
        low = [self._scores(p, points) for p in pictures]
        for n, index in enumerate(indices):
            self.base[index] = self.paths.spread([low[p][:, n] for p in pictures])
        warps = [[FLAT] * len(indices) for _ in pictures]
        if self.score == "probability":  # gradients of logits are about as large everywhere
            warps = [self._explore(p, points, low[p]) for p in pictures]
        return [
            Scouted(points[n : n + 1], tuple(warps[p][n] for p in pictures))
            for n in range(len(indices))
        ]

    def _explore(self, p: int, points: Tensor, low: Doubles) -> list[Warp]:
        end = self.paths.ends[p : p + 1]
        high = self.paths.scores(end, p)[:, 0]

        def probe(wanted: list[Doubles]) -> list[Doubles]:
            which = [n for n, positions in enumerate(wanted) for _ in positions]
            a = torch.tensor(np.concatenate(wanted), dtype=points.dtype, device=points.device)
            found = self._scores(p, points[which], end, a.view(-1, *[1] * (points.dim() - 1)))
            return list(np.split(found, np.cumsum([len(w) for w in wanted])[:-1], axis=1))

        return explore([(low[:, n], high) for n in range(len(points))], probe)

    def _scores(
        self, p: int, points: Tensor, end: Tensor | None = None, a: Tensor | None = None
    ) -> Doubles:
        """Scores (classes, n) at `points`, or a part `a` of the way from there to `end`."""
        found = []
        for start in range(0, len(points), self.rows):
            part = points[start : start + self.rows]
            if end is not None and a is not None:
                part = torch.lerp(part, end, a[start : start + self.rows])
            found.append(self.paths.scores(part, p))
        return np.concatenate(found, 1)
