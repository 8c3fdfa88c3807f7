"""The error of a mean over evenly spaced positions, from how its two halves differ.

n positions, evenly spaced with one random shift, give a mean of lower variance than two independent
sets of n / 2; but where the second set fills the gaps of the first, their difference is no longer a
measure of that variance by itself (systematic sampling: Cochran, Sampling Techniques, 1977, chapter
8). With g(h) = E[(I(a) - I(a + h))^2] / 2 over the pairs that a path holds, and q(h) = 2 (1 - h)
g(h), it is exactly

    V_n = integral of q over [0, 1] - sum of q(k / n) / n for k < n,

the error of a Riemann sum. Seen are the mean square P of draws about the mean of their half, which
is the sum for n / 2, and the mean square E of half the halves' difference, which is the sum for n
less P. E / P tells how fast g levels off: an exponential g, as of values that jump at random places
(ReLU), fits what networks do (V_n within a quarter, in tests/engine/test_explain_error.py). From
there `excess` has V_n / E: 1 for white noise; 1/3 for small spacing, whether values jump or change
smoothly.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Doubles = npt.NDArray[np.float64]

_RATES = np.geomspace(0.1, 1000, 120)
_FINE = np.linspace(0, 1, 4097)


class SystematicError:
    """Squared differences of halves, seen and as errors, pooled over the elements of a query."""

    def __init__(self) -> None:
        self._even: dict[int, tuple[Tensor, Tensor]] = {}
        self._independent: Tensor | float = 0.0

    def add(self, energy: Tensor, draws: int, inner: Tensor | None) -> None:
        """Count a cluster of `draws`: the square of half its halves' difference (Q,).

        `inner` (Q,) is the mean square of draws about their half's mean; None: the halves are
        independent. Both are sums over elements.
        """
        if inner is None:
            self._independent = self._independent + energy
            return
        seen, within = self._even.get(draws, (0.0, 0.0))
        self._even[draws] = seen + energy, within + inner

    def factor(self) -> Tensor:
        """Error over squared difference of the halves of all clusters together: (Q,)."""
        error = seen = torch.as_tensor(self._independent, dtype=torch.float64)
        for draws, (energy, within) in self._even.items():
            ratio = (energy / within.clamp(min=1e-300)).numpy()
            error = error + energy * torch.from_numpy(excess(draws, ratio))
            seen = seen + energy
        return torch.where(seen > 0, error / seen.clamp(min=1e-300), 1.0)


def excess(draws: int, ratio: Doubles) -> Doubles:
    """V_n / E for n = `draws` (even, at least 4) where E / P is `ratio`; between 1/3 and 1."""
    ratios, factors = _table(draws)
    return np.interp(ratio, ratios, factors, left=1 / 3, right=1.0)


@cache
def _table(n: int) -> tuple[Doubles, Doubles]:
    """E / P and V_n / E for exponential g of growing rate."""
    rate = _RATES[:, None]

    def q(h: Doubles) -> Doubles:
        values: Doubles = 2 * (1 - h) * -np.expm1(-rate * h)
        return values

    whole = np.trapezoid(q(_FINE), _FINE, axis=1)
    every = q(np.arange(n) / n).mean(1)
    half = q(np.arange(0, n, 2) / n).mean(1)
    return (every - half) / half, (whole - every) / (every - half)
