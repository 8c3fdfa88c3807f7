"""One pass over the background: takes draws from the plan, integrates them, closes clusters."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch

from engine.explainers.expected.error_accumulator import ErrorAccumulator, MeanAndError, energy
from engine.explainers.expected.probing import ProbedPicture, Prober
from engine.explainers.expected.sampling_design import Cluster, PlannedPass
from engine.explainers.path_integral import Draws, Paths, Sums


class StratifiedPass:
    """A pass that is being worked through, a slice of draws at a time."""

    def __init__(
        self,
        planned: PlannedPass,
        paths: Paths,
        prober: Prober,
        accumulator: ErrorAccumulator,
        smoothing: float,
        noise: torch.Generator,
    ) -> None:
        self._planned = planned
        self._paths = paths
        self._prober = prober
        self._accumulator = accumulator
        self._smoothing = smoothing
        self._noise = noise
        self._places = [
            (number, half, float(u))
            for number, cluster in enumerate(planned.clusters)
            for half, positions in enumerate(cluster.halves)
            for u in positions
        ]
        self._at = 0
        self._probed: dict[int, ProbedPicture] = {}
        self._drawn = 0
        self._open: dict[int, Sums] = {}
        self._in_open = 0
        self.changed = False
        """Whether the last slice changed the estimate."""

    @property
    def left(self) -> int:
        """Draws not yet made."""
        return len(self._places) - self._at

    def advance(self, size: int) -> Generator[None, None, int]:
        """Make the next draws, at most `size`; returns how many. Changes nothing if it raises."""
        places = self._places[self._at : self._at + size]
        fresh = sorted({number for number, _, _ in places} - self._probed.keys())
        if fresh:
            if not self._accumulator.empty:  # before there is anything to see nothing may wait
                together = min(self._prober.together, len(places) * len(self._paths.pictures))
                end = max(fresh[-1] + 1, fresh[0] + together)
                fresh = list(range(fresh[0], min(end, len(self._planned.clusters))))
            probed = self._prober.probe([self._planned.clusters[n].background for n in fresh])
            self._probed |= dict(zip(fresh, probed, strict=True))
        points = torch.cat([self._probed[number].point for number, _, _ in places])
        shape = (len(self._paths.pictures), len(places))
        positions, weights = np.empty(shape), np.empty(shape)
        for i, (number, _, u) in enumerate(places):
            for p, density in enumerate(self._probed[number].densities):
                positions[p, i], weights[p, i] = density(u)
        before, jitter = self._noise.get_state(), None
        if self._smoothing:
            # Draw by draw: what comes from one call depends on how much is asked for.
            each = [torch.randn(points.shape[1:], generator=self._noise) for _ in places]
            jitter = torch.stack(each).mul_(self._smoothing).to(points.device)
        keys = [(number, half) for number, half, _ in places]
        starts = [i for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]
        lengths = [b - a for a, b in zip(starts, [*starts[1:], len(keys)], strict=True)]
        draws = Draws(points, positions, weights, jitter)
        try:
            sums = yield from self._paths.integrate(draws, lengths)
        except (RuntimeError, MemoryError):
            self._noise.set_state(before)
            raise
        self._at += len(places)
        for number, _, _ in places:
            self._prober.drawn_from(self._probed[number])
        self.changed = self._accumulator.empty
        for start, length, row in zip(starts, lengths, sums, strict=True):
            self._fold(*keys[start], length, row)
        return len(places)

    def _fold(self, number: int, half: int, length: int, row: Sums) -> None:
        """Add a sum over `length` draws of a half; close the cluster with its last draw."""
        if half in self._open:
            for total, more in zip(self._open[half], row, strict=True):
                total.add_(more)
        else:
            self._open[half] = Sums(row.values.clone(), row.squares.clone())
        self._in_open += length
        if self._in_open < sum(map(len, self._planned.clusters[number].halves)):
            return
        self._count(self._planned.clusters[number])
        self.changed = True
        self._drawn += self._in_open
        self._in_open = 0
        self._open = {}
        del self._probed[number]

    def _count(self, cluster: Cluster) -> None:
        """Give the accumulator the open cluster, of which all draws are in."""
        sizes = [len(positions) for positions in cluster.halves if len(positions)]
        means = [self._open[at].values.div_(size) for at, size in enumerate(sizes)]
        if len(means) == 1:
            self._accumulator.add(means[0], None)
            return
        inner = None
        # Noise is independent from draw to draw, however evenly they are spaced.
        if cluster.even and not self._smoothing:
            each = zip(means, self._open.values(), sizes, strict=True)
            inner = torch.stack([sums.squares / n - energy(m) for m, sums, n in each]).mean(0)
        mean, half = (means[0] + means[1]).div_(2), (means[0] - means[1]).div_(2)
        self._accumulator.add(mean, half, draws=sum(sizes), inner=inner)

    def read(self) -> MeanAndError:
        """The estimate from all closed clusters; from the first one's draws while there is none.

        A pass in work counts by its draws times the part of it that is done: a few clusters
        alone would make a good estimate from earlier passes worse.
        """
        if self._accumulator.empty:
            total = torch.stack([half.values for half in self._open.values()]).sum(0)
            return MeanAndError(total / self._in_open, None, None)
        clusters = self._accumulator.clusters
        part = clusters / len(self._planned.clusters)
        return self._accumulator.read(self._drawn * part, clusters / self._planned.strata)

    def close(self) -> None:
        """Fold a finished pass into the mean."""
        self._accumulator.end_pass(self._drawn, self._accumulator.clusters / self._planned.strata)
