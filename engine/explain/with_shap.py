"""SHAP's own GradientExplainer, in chunks, so that its running mean streams.

Shap gets a network with a single output, the score of the class that is asked for, so that its
choice of classes by rank plays no part. It seeds numpy's global generator and draws smoothing
from torch's: both are put back as they were after every chunk.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from engine.explain.base import (
    Background,
    Estimate,
    PictureClass,
    as_array,
    as_maps,
    check_background,
    check_finite,
    check_queries,
    scores,
)
from engine.explain.expected.error_accumulator import Moments
from engine.explain.expected.estimator import ENOUGH, errors, why_stop
from engine.explain.pacing import ChunkSize, Clock
from engine.models.classifier import Classifier
from engine.types import ExplainSettings, Score

CHUNKS = 20
"""Chunks that the samples are split into: enough to tell the error."""
LARGEST = 10
"""Samples in a chunk at most."""
BACKGROUND = 50
"""Background pictures that shap holds at a time; of a larger set, each chunk draws its own."""


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


def with_shap(
    classifier: Classifier,
    pictures: Tensor,
    queries: Sequence[PictureClass],
    background: Background | None,
    settings: ExplainSettings,
) -> Iterator[Estimate | None]:
    """Running means of shap's values, one after each chunk of samples; None within one.

    All classes of a chunk share its seed, and with it shap's draws. With a layer, values are
    shap's: gradient x activation at the layer's input. Errors come from the spread of the
    chunks' means.

    Raises:
        UserError: as `engine.explain.expected.estimator.expected`.
    """
    clock = Clock()
    with torch.no_grad():
        logits = classifier(pictures)
    check_queries(classifier, pictures, queries, logits)
    backdrop = check_background(background, pictures)
    layer = None if settings.layer is None else classifier.layer(settings.layer)
    every = scores(logits, settings.score).cpu().double().numpy()
    score_values = np.array([every[p, c] for p, c in queries])
    explainers: dict[int, ShapOfOne] = {}
    size = int(np.clip(settings.samples // CHUNKS, 1, LARGEST))
    chunk = ChunkSize(size, size, fixed=size)
    moments: Moments | None = None
    held: Tensor | None = None
    base: dict[int, npt.NDArray[np.float64]] = {}
    samples, number = 0, 0
    while samples < settings.samples:
        count = min(chunk.most, settings.samples - samples)
        seed = chunk_seed(settings.seed, number)
        try:
            if held is None or len(backdrop) > BACKGROUND:
                indices = choose(len(backdrop), seed)
                held = backdrop.batch(indices)
                with torch.no_grad():
                    found = scores(classifier(held), settings.score).cpu().double().numpy()
                for row, index in zip(found, indices, strict=True):
                    base[index] = np.array([row[c] for _, c in queries])
                explainers.clear()
            each = []
            for p, c in queries:
                if c not in explainers:
                    network = OneScore(classifier.module, settings.score, c)
                    explainers[c] = ShapOfOne(network, layer, held, size, settings.smoothing)
                each.append(explainers[c](pictures[p], count, seed))
                with clock.paused():
                    yield None
            values = torch.stack(each)
        except (RuntimeError, MemoryError) as error:
            chunk.halve(error, count)
            continue
        check_finite(values, "a value of shap")
        if moments is None:
            moments = Moments(values.shape, classifier.device, settings.seed)
        moments.add(values.to(classifier.device), None, weight=count)
        samples, number = samples + count, number + 1
        reading = moments.read(samples, 0.0)
        expected = np.mean(list(base.values()), 0)
        spread, deviations = errors(reading)
        mean = as_array(as_maps(reading.values))
        gap = mean.sum((1, 2, 3), dtype=np.float64) - (score_values - expected)
        meaning = f"gradient x activation at the input of {settings.layer}: no completeness"
        notes = ("" if layer is None else meaning, chunk.note)
        result = Estimate(
            samples=samples,
            total=settings.samples,
            values=mean,
            standard_error=spread,
            deviations=deviations,
            degrees=None if reading.degrees is None else reading.degrees.cpu().numpy(),
            score_values=score_values,
            expected=expected,
            gap=gap if layer is None else np.full_like(gap, np.nan),
            seconds=clock.seconds,
            note="; ".join(note for note in notes if note),
        )
        reason = why_stop(result, settings, trusted=moments.seen >= ENOUGH)
        with clock.paused():
            yield replace(result, done=bool(reason), reason=reason)
        if reason:
            return


def chunk_seed(seed: int, number: int) -> int:
    """Shap's `rseed` of the number-th chunk."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def choose(count: int, seed: int) -> list[int]:
    """Background pictures for shap to hold: all, or `BACKGROUND` at random."""
    if count <= BACKGROUND:
        return list(range(count))
    return sorted(np.random.default_rng(seed).permutation(count)[:BACKGROUND].tolist())


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
            found = self._explainer.shap_values(picture[None], nsamples=samples, rseed=seed)
        # One picture, and one output in the last axis.
        return torch.from_numpy(np.asarray(found, dtype=np.float32)[0, ..., 0])


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
