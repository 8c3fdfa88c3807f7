"""Running means of attributions with errors that are right for clustered, stratified draws.

Every cluster of draws (all on one background picture) has a mean; two independent halves of it
tell how well that mean is known. After M of L clusters, drawn without replacement, the squared
error of the mean of the cluster means is estimated without bias by two-stage sampling theory
(Cochran, Sampling Techniques, 1977, eq. 10.15), with f = M / L:

    (1 - f) s^2 / M + f / M^2 * sum of ((half1 - half2) / 2)^2

where s^2 is the variance among cluster means. Once all clusters were visited (f = 1) the
differences between background pictures, which are no error, are out of it. Halves that are not
independent, the second filling the gaps of the first, have their differences scaled
(`systematic_error`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.explainers.arrays import as_array, as_maps, completeness_gap
from engine.explainers.base import Reading, Request
from engine.explainers.expected.systematic_error import SystematicError

DEVIATIONS = 8
"""How many are kept: more would tell errors of statistics better, and take more memory."""

ENOUGH = 8
"""Clusters of draws before the error is trusted enough to stop by it."""


@dataclass(frozen=True, slots=True)
class MeanAndError:
    """The state of an `ErrorAccumulator`: a mean (Q, ...), and what is known of its error.

    `variance` (Q, ...) is the squared standard error; `deviations` (G, Q, ...) and `degrees` (Q,)
    are those of an `Estimate` (`engine.evidence.estimate`). None while unknown.
    """

    values: Tensor
    variance: Tensor | None
    deviations: Tensor | None
    degrees: Tensor | None = None

    def reading(
        self,
        request: Request,
        expected: npt.NDArray[np.float64],
        *,
        complete: bool,
        trusted: bool,
        note: str,
    ) -> Reading:
        """As arrays, for the driver; `complete`: the values should sum to score less `expected`."""
        values = as_array(as_maps(self.values))
        gap = completeness_gap(values, request, expected)
        error = deviations = None
        if self.variance is not None and self.deviations is not None:
            error = as_array(as_maps(self.variance.sqrt()))
            maps = as_maps(self.deviations.flatten(0, 1))
            maps = maps.reshape(*self.deviations.shape[:2], *maps.shape[1:])
            deviations = as_array(maps)
        return Reading(
            values=values,
            expected=expected,
            gap=gap if complete else np.full_like(gap, np.nan),
            standard_error=error,
            deviations=deviations,
            degrees=None if self.degrees is None else self.degrees.cpu().numpy(),
            trusted=trusted,
            note=note,
        )


def energy(values: Tensor) -> Tensor:
    """Sums of squares (Q,) over the elements of (Q, ...), in double precision on the CPU."""
    flat = values.flatten(1)
    squares: Tensor = torch.linalg.vecdot(flat, flat)
    return squares.cpu().double()


class _Contributions:
    """How evenly clusters contribute to an error: for effective degrees of freedom."""

    def __init__(self) -> None:
        self.sum = _zero()
        self.squares = _zero()

    def add(self, part: Tensor) -> None:
        """Count a cluster's squared deviations (Q,), pooled over elements."""
        self.sum = self.sum + part
        self.squares = self.squares + part**2

    def error(self, scale: float, lost: int) -> tuple[Tensor, Tensor]:
        """(V, V^2 / degrees), each (Q,), of an error of `scale` times the sum (Welch 1947)."""
        degrees = (self.sum**2 / self.squares.clamp(min=1e-300) - lost).clamp(min=1)
        return self.sum * scale, (self.sum * scale) ** 2 / degrees


class ErrorAccumulator:
    """Mean, squared error per element and deviations of a growing number of clusters.

    Clusters come in passes over the background. Each pass is unbiased by itself; passes are
    averaged with weights that the caller fixes before it sees any value.
    """

    def __init__(self, shape: torch.Size, device: torch.device, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 0x5EED])
        self._shape = shape
        self._device = device
        self._weight = 0.0
        # Sums over finished passes; most estimates need no second pass, and no room for them.
        self._values: Tensor | None = None
        self._variance: Tensor | None = None
        self._deviations: Tensor | None = None
        self._pooled = (_zero(), _zero())
        self.seen = 0
        """Clusters counted so far, in all passes."""
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
        self._within = self._zeros(DEVIATIONS)
        self._between = self._zeros(DEVIATIONS)
        self._between_signs = np.zeros(DEVIATIONS)
        self._columns = (self._shuffled(), self._shuffled())
        self._spread_between = _Contributions()
        self._spread_within = _Contributions()
        self._systematic = SystematicError()

    def _shuffled(self) -> npt.NDArray[np.float64]:
        """Columns of +-1, orthogonal within each run of `DEVIATIONS` clusters, randomly signed."""
        hadamard = np.array([[1.0]])
        while len(hadamard) < DEVIATIONS:
            hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
        signs = self._rng.choice([-1.0, 1.0], DEVIATIONS)
        columns: npt.NDArray[np.float64] = hadamard[:, self._rng.permutation(DEVIATIONS)] * signs
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
        ones count alike. `draws` and `inner`: see `SystematicError.add`.
        """
        column = self.clusters % DEVIATIONS
        if column == 0:
            self._columns = (self._shuffled(), self._shuffled())
        self.clusters += 1
        self.seen += 1
        self._counted += weight
        delta = mean - self._mean
        self._mean.add_(delta, alpha=weight / self._counted)
        # The new mean is off by delta (1 - weight / counted): Welford's product in one factor.
        product = weight * (1 - weight / self._counted)
        self._squares.addcmul_(delta, delta, value=product)
        self._spread_between.add(energy(delta) * product)
        signs = self._columns[0][:, column] * weight**0.5
        self._between_signs += signs
        _spread_over(self._between, signs, mean)
        if half is not None:
            self._halves.addcmul_(half, half)
            within = energy(half)
            self._spread_within.add(within)
            self._systematic.add(within, draws, inner)
            _spread_over(self._within, self._columns[1][:, column], half)

    def end_pass(self, weight: float, fraction: float = 1.0) -> None:
        """Close the pass; it counts `weight` in the mean over passes from now on."""
        if self.clusters and weight > 0:
            error = self._pass_error(fraction, weight)
            self._weight += weight
            self._values = _plus(self._mean.mul_(weight), self._values)
            if error is not None:
                self._variance = _plus(error[0], self._variance)
                self._deviations = _plus(error[1], self._deviations)
                one, two = self._pass_pooled(fraction)
                self._pooled = (
                    self._pooled[0].to(one) + one * weight**2,
                    self._pooled[1].to(two) + two * weight**4,
                )
        self._start()

    def _pass_pooled(self, fraction: float) -> tuple[Tensor, Tensor]:
        m = self.clusters
        one, two = self._spread_within.error(min(fraction, 1.0) / m**2, 0)
        factor = self._systematic.factor()
        one, two = one * factor, two * factor**2
        if fraction >= 1:
            return one, two
        more = self._spread_between.error((1 - fraction) / (self._counted * (m - 1)), 1)
        return one + more[0], two + more[1]

    def _pass_error(self, fraction: float, scale: float) -> tuple[Tensor, Tensor] | None:
        """Squared error and deviations of `scale` times the open pass's mean, if known."""
        m = self.clusters
        if m < 2 and fraction < 1:
            return None
        factor = self._systematic.factor() * (min(fraction, 1.0) * (scale / m) ** 2)
        factor = factor.to(self._mean).view(-1, *[1] * (len(self._shape) - 1))
        variance, deviations = self._halves * factor, self._within * factor.sqrt()
        if fraction < 1:
            outer = scale**2 * (1 - fraction) / (self._counted * (m - 1))
            variance.add_(self._squares, alpha=outer)
            deviations.add_(self._between, alpha=outer**0.5)
            _spread_over(deviations, self._between_signs * -(outer**0.5), self._mean)
        return variance, deviations

    def read(self, weight: float, fraction: float) -> MeanAndError:
        """The estimate so far; the open pass counts `weight` and has visited `fraction`."""
        if not self.clusters:
            weight = 0.0
        total = self._weight + weight or 1.0
        error = self._pass_error(fraction, weight / total) if self.clusters else None
        if error is None and self._values is not None:  # the open pass does not tell enough yet
            if self._variance is None or self._deviations is None:
                return MeanAndError(self._values / self._weight, None, None)
            return MeanAndError(
                self._values / self._weight,
                self._variance / self._weight**2,
                self._deviations / self._weight,
                self._pooled[0] ** 2 / self._pooled[1].clamp(min=1e-300),
            )
        values = _plus(self._mean * (weight / total), self._values, 1 / total)
        if error is None:
            return MeanAndError(values, None, None)
        variance = _plus(error[0], self._variance, 1 / total**2)
        deviations = _plus(error[1], self._deviations, 1 / total)
        one, two = self._pass_pooled(fraction)
        one = one * weight**2 + self._pooled[0].to(one)
        two = two * weight**4 + self._pooled[1].to(two)
        return MeanAndError(values, variance, deviations, one**2 / two.clamp(min=1e-300))


def _zero() -> Tensor:
    """A sum of nothing, in double precision: in single, 1e-300 is 0 and keeps off no 0 / 0."""
    return torch.zeros((), dtype=torch.float64)


def _spread_over(sums: Tensor, signs: npt.NDArray[np.float64], values: Tensor) -> None:
    """Add `values` (Q, ...) times each of `signs` (G,) to `sums` (G, Q, ...), in one pass."""
    column = torch.from_numpy(signs).to(values)
    sums.view(len(signs), -1).addr_(column, values.flatten())


def _plus(part: Tensor, finished: Tensor | None, scale: float = 1.0) -> Tensor:
    """The open pass's `part`, to which `scale` times what the finished ones gave is added."""
    return part if finished is None else part.add_(finished, alpha=scale)
