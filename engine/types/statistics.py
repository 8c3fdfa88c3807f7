"""Which statistics of an attribution there are: a record each, from which all else is derived.

`engine.evidence.statistics` measures attributions and computes these figures with their errors;
screens and tables take names, labels and meanings from here. May import numpy only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from engine.types.choices import FloatArray


@dataclass(frozen=True, slots=True)
class Measured:
    """What has been measured of an attribution, once for all statistics.

    `count` elements, their sum `total`, and the sum of their absolute values `absolute`, in the
    score's units. `values` (count,) and the `quantiles` that statistics ask for, by their level,
    are empty where only cheap statistics are computed.
    """

    count: int
    total: float
    absolute: float
    values: FloatArray = field(default_factory=lambda: np.empty(0))
    quantiles: Mapping[float, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statistic:
    """A figure of an attribution: its key in records and tables, and how it is computed.

    `label` is its short name on the screen, `meaning` a phrase for tables and reports. `unit` is
    that of the explained score (logits or probability), or none. A `cheap` one follows from the two
    sums; others need the values or `quantiles` (levels in [0, 1]), which takes longer: their errors
    are computed at the end of an explanation only. `spared` is its place among those that a table
    leaves out first where lines are few; 0: it stays.
    """

    name: str
    label: str
    meaning: str
    compute: Callable[[Measured], float]
    unit: Literal["score", ""] = "score"
    cheap: bool = False
    quantiles: tuple[float, ...] = ()
    spared: int = 0


def _quantile(level: float, spared: int, label: str = "", meaning: str = "") -> Statistic:
    """A quantile by linear interpolation between order statistics, as numpy's default."""
    name = f"q{round(100 * level):02d}"
    return Statistic(
        name=name,
        label=label or name,
        meaning=meaning or f"{round(100 * level)} % quantile",
        compute=lambda measured: measured.quantiles[level],
        quantiles=(level,),
        spared=spared,
    )


STATISTICS: dict[str, Statistic] = {
    statistic.name: statistic
    for statistic in (
        Statistic(
            "mean",
            "mean",
            "mean of the attribution over all elements",
            lambda measured: measured.total / measured.count,
            cheap=True,
        ),
        Statistic(
            "mean_abs",
            "mean |φ|",
            "mean of its absolute value: how much is going on",
            lambda measured: measured.absolute / measured.count,
            cheap=True,
        ),
        Statistic(
            "positive",
            "for",
            "sum of what speaks for the class",
            lambda measured: (measured.absolute + measured.total) / 2,
            cheap=True,
        ),
        Statistic(
            "negative",
            "against",
            "sum of what speaks against it (below zero)",
            lambda measured: (measured.total - measured.absolute) / 2,
            cheap=True,
        ),
        Statistic(
            "max", "max", "largest value", lambda measured: float(measured.values.max()), spared=6
        ),
        _quantile(0.05, 4),
        _quantile(0.25, 1),
        _quantile(0.50, 3, "median", "median"),
        _quantile(0.75, 2),
        _quantile(0.95, 5),
        Statistic(
            "iqr",
            "IQR",
            "distance from the 25 % to the 75 % quantile",
            lambda measured: measured.quantiles[0.75] - measured.quantiles[0.25],
            quantiles=(0.25, 0.75),
        ),
        Statistic(
            "coherence",
            "coherence",
            "sum / sum of absolute values, in [-1, 1]",
            lambda measured: measured.total / measured.absolute if measured.absolute > 0 else 0.0,
            unit="",
            cheap=True,
        ),
    )
}
"""The statistics by name, in the order in which they are shown."""
