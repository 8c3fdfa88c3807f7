"""From the network's tensors to the arrays of an estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from engine.evidence.estimate import Float32Array
from engine.types import Score

if TYPE_CHECKING:
    from torch import Tensor

    from engine.explainers.base import Request


def scores(logits: Tensor, score: Score) -> Tensor:
    """What is explained, (N, C): the logits, or their softmax probabilities."""
    return logits if score == "logit" else logits.softmax(1)


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
    if values.device.type == "cuda":
        import torch

        # Quicker than into memory that may be paged out.
        values = torch.empty(values.shape, dtype=values.dtype, pin_memory=True).copy_(values)
    return values.cpu().numpy()


def completeness_gap(
    values: Float32Array, request: Request, expected: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """How far the values (Q, C, h, w) are from summing to score less `expected` (Q,): (Q,)."""
    sums: npt.NDArray[np.float64] = values.sum((1, 2, 3), dtype=np.float64)
    return sums - (request.score_values - expected)
