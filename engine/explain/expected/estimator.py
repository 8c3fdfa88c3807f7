"""Expected gradients by our own estimator: streaming, shared draws, known error.

phi = E over background b and position a of (x - b) * grad f_c(b + a (x - b)), the values that
SHAP's GradientExplainer estimates (Lundberg & Lee 2017; Erion et al. 2021). How the draws are
placed is told in `draws` (stratified, unbiased) and `warp` (importance sampling for
probabilities), the error in `moments`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

import numpy as np
import torch
from torch import Tensor

from engine.evidence.statistics import relative_error
from engine.explain.base import (
    Background,
    Estimate,
    Float32Array,
    PictureClass,
    as_array,
    as_maps,
    check_background,
    check_queries,
    compact,
    scores,
)
from engine.explain.expected.error_accumulator import Moments, Reading
from engine.explain.expected.probing import Scout
from engine.explain.expected.sampling_design import sweeps
from engine.explain.expected.stratified_pass import OpenSweep
from engine.explain.explained_input import Head, make_head
from engine.explain.pacing import PACE, ChunkSize, Clock, looking_up, most_rows
from engine.explain.path_integral import Paths
from engine.models.classifier import Classifier
from engine.types import ExplainSettings

ENOUGH = 8
"""Clusters of draws before the error is trusted enough to stop by it."""


def expected(
    classifier: Classifier,
    pictures: Tensor,
    queries: Sequence[PictureClass],
    background: Background | None,
    settings: ExplainSettings,
) -> Iterator[Estimate | None]:
    """Running estimates of expected gradients after each chunk of draws; None within one.

    Raises:
        UserError: input that cannot be explained (see `check_queries`, `check_background`,
            `make_head`), gradients that are not finite, a device too small for one sample.
    """
    clock = Clock()
    with torch.no_grad():
        logits = classifier(pictures)
    check_queries(classifier, pictures, queries, logits)
    backdrop = check_background(background, pictures)
    every = scores(logits, settings.score).cpu().double().numpy()
    score_values = np.array([every[p, c] for p, c in queries])
    pictures, queries = compact(pictures, queries)
    head = make_head(classifier, settings, pictures)
    paths = Paths(head, pictures, queries)
    rows = most_rows(pictures)
    scout = Scout(paths, backdrop, settings.score, rows)
    moments = Moments(paths.shape, classifier.device, settings.seed)
    most = max(1, rows // len(paths.pictures))
    chunk = ChunkSize(4, most, settings.draws)
    noise = torch.Generator().manual_seed(settings.seed)
    samples, told, changed = 0, 0.0, False
    last: Estimate | None = None

    def estimate(reading: Reading) -> Estimate:
        error, deviations = errors(reading)
        values = as_array(as_maps(reading.values))
        gap = values.sum((1, 2, 3), dtype=np.float64) - (score_values - scout.expected)
        notes = (meaning(head, settings), chunk.note)
        return Estimate(
            samples=samples,
            total=settings.samples,
            values=values,
            standard_error=error,
            deviations=deviations,
            degrees=None if reading.degrees is None else reading.degrees.cpu().numpy(),
            score_values=score_values,
            expected=scout.expected,
            gap=gap if head.complete else np.full_like(gap, np.nan),
            seconds=clock.seconds,
            note="; ".join(note for note in notes if note),
        )

    for planned in sweeps(settings.samples, len(backdrop), settings.seed):
        sweep = OpenSweep(planned, paths, scout, moments, settings.smoothing, noise)
        while sweep.left:
            begun = clock.seconds
            size = chunk.following(sweep.left, samples, begun, settings.seconds)
            try:
                size = yield from looking_up(sweep.advance(size), clock)
            except (RuntimeError, MemoryError) as error:
                chunk.halve(error, size)
                continue
            samples += size
            chunk.took(size, clock.seconds - begun, clock.seconds)
            changed = changed or sweep.changed
            ending = samples >= settings.samples or clock.seconds >= (settings.seconds or inf)
            early = last is not None and clock.seconds - told < PACE
            if early and not ending and settings.standard_error is None:
                with clock.paused():
                    yield None
                continue
            # Within a cluster nothing new is known: only the counters move.
            if changed or last is None:
                last, changed = estimate(sweep.read()), False
            told = clock.seconds
            last = replace(last, samples=samples, seconds=clock.seconds)
            reason = why_stop(last, settings, trusted=moments.seen >= ENOUGH)
            with clock.paused():
                yield replace(last, done=bool(reason), reason=reason)
            if reason:
                return
        sweep.close()


def errors(reading: Reading) -> tuple[Float32Array | None, Float32Array | None]:
    """`standard_error` and `deviations` of an `Estimate`."""
    variance, deviations = reading.variance, reading.deviations
    if variance is None or deviations is None:
        return None, None
    maps = as_maps(deviations.flatten(0, 1))
    maps = maps.reshape(*deviations.shape[:2], *maps.shape[1:])
    return as_array(as_maps(variance.sqrt())), as_array(maps)


def why_stop(estimate: Estimate, settings: ExplainSettings, trusted: bool = True) -> str:
    """Why no draw should follow, or an empty string; `trusted`: the error is known well."""
    if estimate.samples >= estimate.total:
        return "all samples drawn"
    if settings.seconds is not None and estimate.seconds >= settings.seconds:
        return "time is up"
    if settings.standard_error is None or estimate.deviations is None or not trusted:
        return ""
    worst = float(np.max(relative_error(estimate.values, estimate.deviations)))
    if worst <= settings.standard_error:
        return f"relative standard error is {worst:.2g}"
    return ""


def meaning(head: Head, settings: ExplainSettings) -> str:
    """What the values are where that is not plain SHAP."""
    if settings.layer is None:
        smoothed = "smoothed: the values sum to the mean score of noisy pictures"
        return smoothed if settings.smoothing else ""
    if not head.complete:
        return f"gradient x activation at the input of {settings.layer}: no completeness"
    note = f"gradient x difference of activations at the input of {settings.layer}"
    if not head.bottleneck:
        note += " (branches that bypass it stay at the explained picture)"
    return note
