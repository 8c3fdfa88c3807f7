"""SHAP's own GradientExplainer, in chunks, so that its running mean streams.

All classes of a chunk share its seed, and with it shap's draws. With a layer, values are shap's:
gradient x activation at the layer's input. Errors come from the spread of the chunks' means.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from engine.explainers.base import Explainer, Reading, Request
from engine.explainers.checks import check_finite
from engine.explainers.pacing import ChunkSize
from engine.types.settings import AtLayer, Compared, ExplainSettings, Sampled

if TYPE_CHECKING:
    from torch import Tensor

    from engine.explainers.expected.error_accumulator import ErrorAccumulator
    from engine.explainers.single_output import ShapOfOne

MAPS = 60
"""Maps a query, counted in the code: sums, errors, deviations, and what the reader holds."""
CHUNKS = 20
"""Chunks that the samples are split into: enough to tell the error."""
LARGEST = 10
"""Samples in a chunk at most."""
BACKGROUND = 50
"""Background pictures that shap holds at a time; of a larger set, each chunk draws its own."""


@dataclass(frozen=True, kw_only=True)
class Settings(Sampled, AtLayer, Compared, ExplainSettings):
    """shap's own explainer; at a layer it gives gradient times activation."""


def maps(settings: ExplainSettings, rows: int) -> int:
    """`MAPS`, whatever the settings: shap makes one pass a sample."""
    return MAPS


def explainer(request: Request) -> Explainer:
    """Begin shap's values; `samples` counts shap's.

    Raises:
        UserError: the layer does not exist.
    """
    return ShapValues(request)


class ShapValues:
    """Running means of shap's values: see `engine.explainers.base.Explainer`."""

    def __init__(self, request: Request) -> None:
        settings = request.settings
        self._request = request
        self._layer = None
        self._note = ""
        if settings.layer is not None:
            self._layer = request.classifier.layer(settings.layer)
            self._note = f"gradient x activation at the input of {settings.layer}: no completeness"
        self._batch = int(np.clip(settings.samples // CHUNKS, 1, LARGEST))
        self._held: Tensor | None = None
        self._explainers: dict[int, ShapOfOne] = {}
        self._base: dict[int, npt.NDArray[np.float64]] = {}
        self._accumulator: ErrorAccumulator | None = None
        self._samples = 0
        self._chunks = 0
        self.chunk = ChunkSize(self._batch, self._batch, fixed=self._batch)

    def advance(self, size: int) -> Generator[None, None, int]:
        """Let shap make one chunk of every query."""
        import torch

        from engine.explainers.expected.error_accumulator import ErrorAccumulator

        classifier, settings = self._request.classifier, self._request.settings
        seed = chunk_seed(settings.seed, self._chunks)
        held = self._hold_background(seed)
        chunks = []
        for picture, index in self._request.queries:
            if index not in self._explainers:
                self._explainers[index] = self._explain_class(index, held)
            chunks.append(self._explainers[index](self._request.pictures[picture], size, seed))
            yield
        values = torch.stack(chunks)
        check_finite(values, "a value of shap")
        if self._accumulator is None:
            self._accumulator = ErrorAccumulator(values.shape, classifier.device, settings.seed)
        self._accumulator.add(values.to(classifier.device), None, weight=size)
        self._samples, self._chunks = self._samples + size, self._chunks + 1
        return size

    def _hold_background(self, seed: int) -> Tensor:
        """The background pictures of this chunk, whose scores count from now on."""
        import torch

        from engine.explainers.arrays import scores

        background, score = self._request.background, self._request.settings.score
        if self._held is None or len(background) > BACKGROUND:
            indices = choose(len(background), seed)
            self._held = background.batch(indices)
            with torch.no_grad():
                result = scores(self._request.classifier(self._held), score).cpu().double().numpy()
            for row, index in zip(result, indices, strict=True):
                self._base[index] = np.array([row[c] for _, c in self._request.queries])
            self._explainers.clear()
        return self._held

    def _explain_class(self, index: int, background: Tensor) -> ShapOfOne:
        from engine.explainers.single_output import OneScore, ShapOfOne

        settings = self._request.settings
        network = OneScore(self._request.classifier.module, settings.score, index)
        return ShapOfOne(network, self._layer, background, self._batch, settings.smoothing)

    def read(self) -> Reading:
        """The mean over all chunks so far."""
        from engine.explainers.expected.error_accumulator import ENOUGH

        assert self._accumulator is not None
        base = list(self._base.values())
        reading = self._accumulator.read(self._samples, 0.0).reading(
            self._request,
            np.mean(base, 0),
            complete=self._layer is None,
            trusted=self._accumulator.seen >= ENOUGH,
            note=self._note,
        )
        return replace(reading, spread=np.std(base, 0))


def chunk_seed(seed: int, number: int) -> int:
    """Shap's `rseed` of the number-th chunk."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def choose(count: int, seed: int) -> list[int]:
    """Background pictures for shap to hold: all, or `BACKGROUND` at random."""
    if count <= BACKGROUND:
        return list(range(count))
    return sorted(np.random.default_rng(seed).permutation(count)[:BACKGROUND].tolist())
