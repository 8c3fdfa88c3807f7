"""Running means of attributions with errors that are right for clustered, stratified draws.

Every cluster of draws (all on one background picture) has a mean; two independent halves of it
tell how well that mean is known. After M of L clusters, drawn without replacement, the squared
error of the mean of the cluster means is estimated without bias by two-stage sampling theory
(Cochran, Sampling Techniques, 1977, eq. 10.15), with f = M / L:

    (1 - f) s^2 / M + f / M^2 * sum of ((half1 - half2) / 2)^2

where s^2 is the variance among cluster means. Once all clusters were visited (f = 1) the
differences between background pictures, which are no error, are out of it. Halves that are not
independent, the second filling the gaps of the first, have their differences scaled (`spacing`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.explain.spacing import Spacing

MEMORY = 2**29
"""Bytes that the running sums should stay below; fewer deviations are kept above it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The state of a `Moments`: see `engine.explain.base.Estimate` for the three fields."""

    values: Tensor
    variance: Tensor | None
    deviations: Tensor | None
    degrees: Tensor | None = None


def pooled(product: Tensor) -> Tensor:
    """Sums (Q,) over the elements of (Q, ...), in double precision on the CPU."""
    return product.flatten(1).sum(1).cpu().double()


class _Spread:
    """How evenly clusters contribute to an error: for effective degrees of freedom."""

    def __init__(self) -> None:
        self.sum: Tensor | float = 0.0
        self.squares: Tensor | float = 0.0

    def add(self, part: Tensor) -> None:
        """Count a cluster's squared deviations (Q,), pooled over elements."""
        self.sum = self.sum + part
        self.squares = self.squares + part**2

    def error(self, scale: float, lost: int) -> tuple[Tensor, Tensor]:
        """(V, V^2 / degrees), each (Q,), of an error of `scale` times the sum (Welch 1947)."""
        total = torch.as_tensor(self.sum)
        degrees = (total**2 / torch.as_tensor(self.squares).clamp(min=1e-300) - lost).clamp(min=1)
        return total * scale, (total * scale) ** 2 / degrees


class Moments:
    """Mean, squared error per element and deviations of a growing number of clusters.

    Clusters come in sweeps over the background. Each sweep is unbiased by itself; sweeps are
    averaged with weights that the caller fixes before it sees any value.
    """

    def __init__(self, shape: torch.Size, device: torch.device, seed: int) -> None:
        elements = 4 * shape.numel()
        self.groups = 8 if 30 * elements <= MEMORY else 4
        self._rng = np.random.default_rng([seed, 0x5EED])
        self._shape = shape
        self._device = device
        self._weight = 0.0
        # Sums over finished sweeps; most estimates need no second sweep, and no room for them.
        self._values: Tensor | float = 0.0
        self._variance: Tensor | float = 0.0
        self._deviations: Tensor | float = 0.0
        self._pooled = (torch.zeros(()), torch.zeros(()))
        self.seen = 0
        self._start()

    @property
    def empty(self) -> bool:
        """Whether no cluster has been counted yet."""
        return self.seen == 0

    def _zeros(self, *leading: int) -> Tensor:
        return torch.zeros(*leading, *self._shape, device=self._device)

    def _start(self) -> None:
        self.clusters = 0
        self._counted = 0.0
        self._mean = self._zeros()
        self._squares = self._zeros()
        self._halves = self._zeros()
        self._within = self._zeros(self.groups)
        self._between = self._zeros(self.groups)
        self._between_signs = np.zeros(self.groups)
        self._columns = (self._shuffled(), self._shuffled())
        self._spread_between = _Spread()
        self._spread_within = _Spread()
        self._spacing = Spacing()

    def _shuffled(self) -> npt.NDArray[np.float64]:
        """Columns of +-1, orthogonal within each run of `groups` clusters, randomly signed."""
        g = self.groups
        hadamard = np.array([[1.0]])
        while len(hadamard) < g:
            hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
        signs = self._rng.choice([-1.0, 1.0], g)
        columns: npt.NDArray[np.float64] = hadamard[:, self._rng.permutation(g)] * signs
        return columns

    def add(
        self,
        mean: Tensor,
        half: Tensor | None,
        weight: float = 1.0,
        draws: int = 0,
        inner: Tensor | None = None,
    ) -> None:
        """Count a cluster: its mean, and half the difference between its two halves (or None).

        `weight` is for clusters of independent draws, in proportion to their number; stratified
        ones count alike. `draws` and `inner`: see `Spacing.add`.
        """
        column = self.clusters % self.groups
        if column == 0:
            self._columns = (self._shuffled(), self._shuffled())
        self.clusters += 1
        self.seen += 1
        self._counted += weight
        delta = mean - self._mean
        self._mean.add_(delta, alpha=weight / self._counted)
        product = delta.mul(mean - self._mean).mul_(weight)
        self._squares.add_(product)
        self._spread_between.add(pooled(product))
        signs = self._columns[0][:, column] * weight**0.5
        self._between_signs += signs
        for g, sign in enumerate(signs):
            self._between[g].add_(mean, alpha=float(sign))
        if half is not None:
            self._halves.addcmul_(half, half)
            energy = pooled(half**2)
            self._spread_within.add(energy)
            self._spacing.add(energy, draws, inner)
            for g, sign in enumerate(self._columns[1][:, column]):
                self._within[g].add_(half, alpha=float(sign))

    def end_sweep(self, weight: float, fraction: float = 1.0) -> None:
        """Close the sweep; it counts `weight` in the mean over sweeps from now on."""
        if self.clusters and weight > 0:
            variance, deviations = self._sweep_error(fraction)
            self._weight += weight
            self._values = self._mean.mul_(weight).add_(self._values)
            if variance is not None and deviations is not None:
                self._variance = variance.mul_(weight**2).add_(self._variance)
                self._deviations = deviations.mul_(weight).add_(self._deviations)
                one, two = self._sweep_pooled(fraction)
                self._pooled = (
                    self._pooled[0].to(one) + one * weight**2,
                    self._pooled[1].to(two) + two * weight**4,
                )
        self._start()

    def _sweep_pooled(self, fraction: float) -> tuple[Tensor, Tensor]:
        m = self.clusters
        one, two = self._spread_within.error(min(fraction, 1.0) / m**2, 0)
        factor = self._spacing.factor()
        one, two = one * factor, two * factor**2
        if fraction >= 1:
            return one, two
        more = self._spread_between.error((1 - fraction) / (self._counted * (m - 1)), 1)
        return one + more[0], two + more[1]

    def _sweep_error(self, fraction: float) -> tuple[Tensor | None, Tensor | None]:
        m = self.clusters
        factor = self._spacing.factor() * min(fraction, 1.0)
        factor = factor.to(self._mean).view(-1, *[1] * (len(self._shape) - 1))
        if m < 2 and fraction < 1:
            return None, None
        variance, deviations = self._halves * (factor / m**2), self._within * (factor.sqrt() / m)
        if fraction >= 1:
            return variance, deviations
        outer = (1 - fraction) / (self._counted * (m - 1))
        variance.add_(self._squares, alpha=outer)
        for each, between, sign in zip(deviations, self._between, self._between_signs, strict=True):
            each.add_(between, alpha=outer**0.5)
            each.sub_(self._mean, alpha=outer**0.5 * float(sign))
        return variance, deviations

    def read(self, weight: float, fraction: float) -> Reading:
        """The estimate so far; the open sweep counts `weight` and has visited `fraction`."""
        if self.clusters == 0 or (self._weight and self.clusters < 2 and fraction < 1):
            total = max(self._weight, 1e-30)
            if not self._weight:
                return Reading(self._zeros(), None, None)
            return Reading(
                torch.as_tensor(self._values / total),
                torch.as_tensor(self._variance / total**2),
                torch.as_tensor(self._deviations / total),
                self._pooled[0] ** 2 / self._pooled[1],
            )
        variance, deviations = self._sweep_error(fraction)
        total = self._weight + weight
        values = (self._values + self._mean * weight) / total
        if variance is None or deviations is None:
            return Reading(values, None, None)
        variance.mul_(weight**2).add_(self._variance).div_(total**2)
        deviations.mul_(weight).add_(self._deviations).div_(total)
        one, two = self._sweep_pooled(fraction)
        one = one * weight**2 + self._pooled[0].to(one)
        two = two * weight**4 + self._pooled[1].to(two)
        return Reading(values, variance, deviations, one**2 / two.clamp(min=1e-300))
