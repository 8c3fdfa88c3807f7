"""Shap's explainer of a network with a single output.

Shap gets a network with one output, the score of the class that is asked for, so that its choice
of classes by rank plays no part. It seeds numpy's global generator and draws smoothing from
torch's: both are put back as they were after every chunk.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from engine.explainers.arrays import scores
from engine.types import Score


class OneScore(nn.Module):
    """Pixels (N, 3, H, W) to the score of one class, (N, 1)."""

    def __init__(self, module: nn.Module, score: Score, index: int) -> None:
        super().__init__()
        self.module = module
        self.score = score
        self.index = index

    def forward(self, x: Tensor) -> Tensor:
        """The score of class `index`."""
        return scores(self.module(x), self.score)[:, self.index : self.index + 1]


class ShapOfOne:
    """Shap's explainer of a network with one output; it runs the whole background when made."""

    def __init__(
        self,
        network: nn.Module,
        layer: nn.Module | None,
        background: Tensor,
        batch: int,
        smoothing: float = 0.0,
    ) -> None:
        import shap

        model = network if layer is None else (network, layer)
        with _undisturbed():
            self._explainer = shap.GradientExplainer(
                model, background, batch_size=batch, local_smoothing=smoothing
            )

    def __call__(self, picture: Tensor, samples: int, seed: int) -> Tensor:
        """Its values for `picture` (3, H, W): (C, h, w) on the CPU."""
        with _undisturbed():
            torch.manual_seed(seed)
            values = self._explainer.shap_values(picture[None], nsamples=samples, rseed=seed)
        # One picture, and one output in the last axis.
        return torch.from_numpy(np.asarray(values, dtype=np.float32)[0, ..., 0])


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Generators are as they were afterwards; gradients are on, warnings off."""
    state = np.random.get_state()  # noqa: NPY002 - what shap uses
    try:
        with torch.random.fork_rng(), warnings.catch_warnings(), torch.enable_grad():
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
