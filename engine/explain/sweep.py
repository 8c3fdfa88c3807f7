"""One sweep in work: takes draws from the plan, integrates them, closes clusters."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch
from torch import Tensor

from engine.explain.draws import Sweep
from engine.explain.moments import Moments, Reading
from engine.explain.paths import Draws, Paths
from engine.explain.scout import Scout, Scouted


class OpenSweep:
    """A sweep that is being worked through, a slice of draws at a time."""

    def __init__(self, sweep: Sweep, paths: Paths, scout: Scout, moments: Moments) -> None:
        self._sweep = sweep
        self._paths = paths
        self._scout = scout
        self._moments = moments
        self._places = [
            (number, half, float(u))
            for number, cluster in enumerate(sweep.clusters)
            for half, positions in enumerate(cluster.halves)
            for u in positions
        ]
        self._at = 0
        self._scouted: dict[int, Scouted] = {}
        self._drawn = 0
        self._open: dict[int, Tensor] = {}
        self._in_open = 0
        self.changed = False
        """Whether the last slice changed the estimate."""

    @property
    def left(self) -> int:
        """Draws not yet made."""
        return len(self._places) - self._at

    def advance(
        self, size: int, smoothing: float, noise: torch.Generator
    ) -> Generator[None, None, int]:
        """Make the next draws, at most `size`; returns how many. Changes nothing if it raises."""
        places = self._places[self._at : self._at + size]
        fresh = sorted({number for number, _, _ in places} - self._scouted.keys())
        if fresh:
            found = self._scout.prepare([self._sweep.clusters[n].background for n in fresh])
            self._scouted |= dict(zip(fresh, found, strict=True))
        points = torch.cat([self._scouted[number].point for number, _, _ in places])
        shape = (len(self._paths.pictures), len(places))
        positions, weights = np.empty(shape), np.empty(shape)
        for i, (number, _, u) in enumerate(places):
            for p, warp in enumerate(self._scouted[number].warps):
                positions[p, i], weights[p, i] = warp(u)
        jitter = None
        if smoothing > 0:
            jitter = torch.randn(points.shape, generator=noise).mul_(smoothing).to(points.device)
        keys = [(number, half) for number, half, _ in places]
        starts = [i for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]
        lengths = [b - a for a, b in zip(starts, [*starts[1:], len(keys)], strict=True)]
        sums = yield from self._paths.integrate(Draws(points, positions, weights, jitter), lengths)
        self._at += len(places)
        self.changed = self._moments.empty
        for start, length, row in zip(starts, lengths, sums, strict=True):
            self._fold(*keys[start], length, row)
        return len(places)

    def _fold(self, number: int, half: int, length: int, row: Tensor) -> None:
        """Add a sum over `length` draws of a half; close the cluster with its last draw."""
        if half in self._open:
            self._open[half].add_(row)
        else:
            self._open[half] = row.clone()
        self._in_open += length
        first, second = (len(positions) for positions in self._sweep.clusters[number].halves)
        if self._in_open < first + second:
            return
        mean = self._open[0].div_(first)
        if second:
            other = self._open[1].div_(second)
            self._moments.add((mean + other).div_(2), (mean - other).div_(2))
        else:
            self._moments.add(mean, None)
        self.changed = True
        self._drawn += self._in_open
        self._in_open = 0
        self._open = {}
        del self._scouted[number]

    def read(self) -> Reading:
        """The estimate from all closed clusters; from the first one's draws while there is none.

        A sweep in work counts by its draws times the part of it that is done: a few clusters
        alone would make a good estimate from earlier sweeps worse.
        """
        if self._moments.empty:
            total = torch.stack(list(self._open.values())).sum(0)
            return Reading(total / self._in_open, None, None)
        part = self._moments.clusters / len(self._sweep.clusters)
        return self._moments.read(self._drawn * part, self._moments.clusters / self._sweep.strata)

    def close(self) -> None:
        """Fold a finished sweep into the mean."""
        self._moments.end_sweep(self._drawn, self._moments.clusters / self._sweep.strata)
