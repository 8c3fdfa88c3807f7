"""The values of epsilon that the keys step through. Pure."""

from __future__ import annotations

EPSILONS = (
    *(0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 4 / 255, 0.02, 0.03, 0.04, 0.05),
    *(0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0),
)
"""The values that the keys step through; any other can be typed."""


def next_epsilon(epsilon: float, up: bool) -> float:
    """The neighbour of `epsilon` in `EPSILONS`; the end of the row beyond it."""
    if up:
        return next((e for e in EPSILONS if e > epsilon * 1.000001), EPSILONS[-1])
    return next((e for e in reversed(EPSILONS) if e < epsilon * 0.999999), EPSILONS[0])
