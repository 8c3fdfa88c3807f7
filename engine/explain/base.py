"""What all explainers share: the background, the running estimate, checks of the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.models.classifier import Classifier
from engine.types import Score, UserError

Float32Array = npt.NDArray[np.float32]
PictureClass = tuple[int, int]
"""One thing to explain: index of the picture, index of the class."""


class Background(Protocol):
    """The pictures that stand for "no evidence"; decoded when asked for, not before."""

    def __len__(self) -> int:
        """Number of pictures."""
        ...

    def batch(self, indices: Sequence[int]) -> Tensor:
        """The pictures `indices`, (n, 3, H, W) in [0, 1], on the network's device."""
        ...


class TensorBackground:
    """A background that lies in memory: pictures (B, 3, H, W) in [0, 1]."""

    def __init__(self, pictures: Tensor) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        """Number of pictures B."""
        return len(self.pictures)

    def batch(self, indices: Sequence[int]) -> Tensor:
        """The pictures `indices`, (n, 3, H, W)."""
        return self.pictures[list(indices)]


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
    `engine.types.Attribution`. `reason` says why nothing follows; empty until `done`.

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


def scores(logits: Tensor, score: Score) -> Tensor:
    """What is explained, (N, C): the logits, or their softmax probabilities."""
    return logits if score == "logit" else logits.softmax(1)


def check_queries(
    classifier: Classifier, pictures: Tensor, queries: Sequence[PictureClass], logits: Tensor
) -> None:
    """Refuse what cannot be explained.

    Raises:
        UserError: no query, a class or picture out of range, a network with one output or
            none, or pictures that are not (P, 3, H, W).
    """
    if pictures.dim() != 4 or not len(pictures):
        raise UserError(f"pictures to explain must be (P, 3, H, W), not {tuple(pictures.shape)}.")
    if logits.dim() != 2 or logits.shape[1] < 2:
        raise UserError(
            f"{classifier.name} has a single output (shape {tuple(logits.shape[1:])}): explaining"
            " a class takes a classifier with at least two classes."
        )
    if not queries:
        raise UserError("nothing to explain: choose at least one class.")
    for picture, index in queries:
        if not 0 <= index < logits.shape[1]:
            raise UserError(
                f"class {index} does not exist: {classifier.name} has classes 0 to"
                f" {logits.shape[1] - 1}."
            )
        if not 0 <= picture < len(pictures):
            raise UserError(f"picture {picture} does not exist: {len(pictures)} were given.")


def compact(pictures: Tensor, queries: Sequence[PictureClass]) -> tuple[Tensor, list[PictureClass]]:
    """The pictures that are asked about, and the queries with their numbers among these."""
    used = sorted({picture for picture, _ in queries})
    return pictures[used], [(used.index(picture), index) for picture, index in queries]


def check_background(background: Background | None, pictures: Tensor) -> Background:
    """The background if there is one that fits the pictures.

    Raises:
        UserError: none, empty, or of another size than the pictures.
    """
    if background is None or not len(background):
        raise UserError(
            "SHAP values need background pictures and there are none: browse a folder with more"
            " than one picture, or name a folder with --background."
        )
    shape = background.batch([0]).shape[1:]
    if shape != pictures.shape[1:]:
        raise UserError(
            f"background pictures are {tuple(shape)}, the explained ones"
            f" {tuple(pictures.shape[1:])}: they must have the same size."
        )
    return background


def check_finite(values: Tensor, what: str) -> None:
    """Refuse values that are infinite or not a number.

    Raises:
        UserError: with `what` and what can be done.
    """
    if not bool(torch.isfinite(values.sum())):
        raise UserError(
            f"{what} is not a number or infinite: the values so far are kept. Check the"
            " network's weights, or try another layer or --score logit."
        )


def as_maps(values: Tensor) -> Tensor:
    """(Q, ...) as (Q, C, h, w): vectors become C single cells, token rows a strip (C, 1, T).

    Maps are square, since pictures are: (Q, h, h, C) is taken for channels that come last, as in
    torchvision's Swin.
    """
    if values.dim() == 2:
        return values[:, :, None, None]
    if values.dim() == 3:
        return values.transpose(1, 2)[:, :, None]
    if values.dim() == 4 and values.shape[1] == values.shape[2] != values.shape[3]:
        return values.permute(0, 3, 1, 2)
    return values.flatten(4).mean(4) if values.dim() > 4 else values


def as_array(values: Tensor) -> Float32Array:
    """The values as an array in the computer's own memory, which a CPU's tensor shares."""
    if values.device.type == "cuda":  # quicker than into memory that may be paged out
        values = torch.empty(values.shape, dtype=values.dtype, pin_memory=True).copy_(values)
    return values.cpu().numpy()
