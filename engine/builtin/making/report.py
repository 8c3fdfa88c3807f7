"""What a training run reports: accuracy, confusions, calibration. Pure; imports numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)


def accuracy(probabilities: Floats, truth: Ints) -> float:
    """The share of rows of `probabilities` (n, classes) whose largest entry is the truth (n,)."""
    return float((probabilities.argmax(1) == truth).mean())


def calibration_error(probabilities: Floats, truth: Ints, bins: int = 15) -> float:
    """Expected calibration error with equally wide bins (Guo et al. 2017, eq. 3)."""
    sure = probabilities.max(1)
    right = probabilities.argmax(1) == truth
    which = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = (
        abs(float(right[which == b].mean()) - float(sure[which == b].mean())) * (which == b).mean()
        for b in np.unique(which)
    )
    return float(sum(gaps))


def reliability(probabilities: Floats, truth: Ints) -> list[str]:
    """A Markdown table: in each range of confidence, how many pictures and how many right."""
    sure = probabilities.max(1)
    right = probabilities.argmax(1) == truth
    rows = ["| confidence | pictures | mean confidence | right |", "|---|---:|---:|---:|"]
    for low, high in pairwise(_EDGES):
        inside = (sure > low) & (sure <= high)
        if inside.any():
            rows.append(
                f"| {low:g} to {high:g} | {int(inside.sum())} | {sure[inside].mean():.4f} "
                f"| {right[inside].mean():.4f} |"
            )
    return rows


def confusions(probabilities: Floats, truth: Ints, labels: Sequence[str]) -> list[str]:
    """A Markdown table of the confusion matrix's entries off the diagonal, most frequent first."""
    guess = probabilities.argmax(1)
    matrix = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(matrix, (truth, guess), 1)
    counts = matrix.sum(1)
    np.fill_diagonal(matrix, 0)
    rows = ["| drawn | taken for | times | of |", "|---|---|---:|---:|"]
    for flat in np.argsort(-matrix, axis=None, kind="stable"):
        i, j = divmod(int(flat), len(labels))
        if matrix[i, j] == 0:
            break
        rows.append(f"| {labels[i]} | {labels[j]} | {matrix[i, j]} | {counts[i]} |")
    return rows if len(rows) > 2 else ["No picture was taken for another class."]


def by_class(probabilities: Floats, truth: Ints, labels: Sequence[str]) -> list[str]:
    """A Markdown table of accuracy and mean confidence of each class."""
    right = probabilities.argmax(1) == truth
    sure = probabilities.max(1)
    rows = ["| class | right | mean confidence |", "|---|---:|---:|"]
    for k, label in enumerate(labels):
        mine = truth == k
        if mine.any():
            rows.append(f"| {label} | {right[mine].mean():.3f} | {sure[mine].mean():.3f} |")
    return rows
