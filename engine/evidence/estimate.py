"""A running explanation, in arrays: what explainers give and evidence is made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A running explanation of Q (picture, class) pairs; arrays are the reader's own.

    `values` (Q, C, h, w) is the estimate so far, in the score's units per input element, and
    `standard_error` the error of each of its elements (None while unknown, and for methods that
    do not sample). `deviations` (G, Q, C, h, w) are G independent draws from the distribution of
    the estimate's error, as estimated: the mean over G of their squares is an unbiased estimate
    of the squared error of any element or sum of elements, whichever elements and queries it
    combines. They carry the errors of statistics (`engine.evidence.statistics`), differences
    between queries among them. `degrees` (Q,) are the effective degrees of freedom of the error
    (Welch 1947): few where few background pictures carry the class; Student's t with as many gives
    intervals. `score_values`, `expected` and `gap` are (Q,): see
    `engine.types.Attribution`; `spread` (Q,) is the standard deviation of the scores over the
    background (None where there is none). `reason` says why nothing follows; empty until `done`.

    Where not all queries are explained together, Q are those of a block: the first of them is
    number `first`, and `left` queries come in later blocks.
    """

    samples: int
    total: int
    values: Float32Array
    standard_error: Float32Array | None
    deviations: Float32Array | None
    degrees: npt.NDArray[np.float64] | None
    score_values: npt.NDArray[np.float64]
    expected: npt.NDArray[np.float64]
    gap: npt.NDArray[np.float64]
    seconds: float
    done: bool = False
    reason: str = ""
    note: str = ""
    first: int = 0
    left: int = 0
    spread: npt.NDArray[np.float64] | None = None
